"""Cubes through GDAL: the right values wherever they lie, by windows, and never another file."""

import math
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from lunarcloud.archive import Wanted, find_cubes, instrument, missing_kind, read_rows
from lunarcloud.archive import rasters as rasters_room
from lunarcloud.archive.bands import BandRow
from lunarcloud.errors import ArchiveError
from lunarcloud.moon import RADIUS_M, grid
from lunarcloud.mosaic import resample as resample_room
from lunarcloud.mosaic.resample import resample
from lunarcloud.testing.bad_archive import bad_archive
from tests.archive.cube_files import EIGHT_NM, KAGUYA, cube_of, expected, read, write_array, write_raster

HALF = math.radians(RADIUS_M) / 2.0
WHOLE = (360, 720)
TILED: dict[str, Any] = {"tiled": True, "blockxsize": 128, "blockysize": 128, "compress": "deflate"}
#: Name of the file, its system, pixel, first corner, shape, and how it is written.
FILES: dict[str, tuple[str, float, tuple[float, float], tuple[int, int], dict[str, Any]]] = {
    "degrees.tif": ("IAU_2015:30100", 0.5, (-180.0, 90.0), WHOLE, TILED),
    "strips.tif": ("IAU_2015:30100", 0.5, (-180.0, 90.0), WHOLE, {}),
    "pixels.tif": ("IAU_2015:30110", HALF, (-360 * HALF, 180 * HALF), WHOLE, {"interleave": "pixel"}),
    "around.tif": ("+proj=eqc +lon_0=180 +R=1737400", HALF, (-360 * HALF, 180 * HALF), WHOLE, TILED),
    "isis.cub": ("IAU_2015:30110", HALF, (-360 * HALF, 180 * HALF), WHOLE, {}),
    "south.tif": ("IAU_2015:30135", 4000.0, (-8e5, 8e5), (400, 400), TILED),
}


@pytest.mark.parametrize("name", FILES)
def test_a_cube_is_where_its_reference_system_says(tmp_path: Path, name: str) -> None:
    system, size, corner, shape, options = FILES[name]
    image = cube_of(write_raster(tmp_path / name, system, size, corner, shape, **options))
    found, there = read(image)
    # A pixel's centre is half a pixel off at most: a quarter of a degree, 4.4e-4 in each direction at most,
    # and a hair of rounding.
    np.testing.assert_allclose(found[:, there], expected()[:, there], atol=2.5e-4)
    assert there.all() if shape == WHOLE else there[-20:].all()
    assert image.wavelengths == EIGHT_NM


def test_sixteen_bits_with_one_scaling_stay_as_they_are_and_others_become_steps(tmp_path: Path) -> None:
    dn = np.random.default_rng(1).integers(1000, 6000, (8, 18, 36)).astype(np.int16)
    dn[:, 3, 4] = -999
    path = write_array(tmp_path / "a.tif", dn, "IAU_2015:30100", 10.0, (-180.0, 90.0), nodata=-999)
    with rasterio.open(path, "r+") as stored:
        stored.scales, stored.offsets = (1.35e-4,) * 8, (6.3e-8,) * 8
    image = cube_of(path)
    assert (image.scaling_factor, image.offset, image.scalings) == (1.35e-4, 6.3e-8, ())
    window = read_rows(image, row_start=2, row_stop=9, col_start=1, col_stop=30)
    np.testing.assert_array_equal(window, dn[:, 2:9, 1:30])
    assert (missing_kind(window, image) != 0).sum() == 8
    wide = (dn.astype(np.uint16) * 10).astype(np.uint16)
    path = write_array(tmp_path / "b.tif", wide, "IAU_2015:30100", 10.0, (-180.0, 90.0), nodata=0)
    rows = tuple(
        BandRow(number=at + 1, wavelength_nm=nm, scaling=(1e-5, 0.0)) for at, nm in enumerate(EIGHT_NM)
    )
    made = cube_of(path, KAGUYA._replace(table=rows))
    found = read_rows(made, row_start=0, row_stop=18, col_start=0, col_stop=36) * made.scaling_factor
    np.testing.assert_allclose(found, wide * 1e-5, atol=made.scaling_factor / 2 + 1e-9)


def test_what_is_missing_or_off_scale_in_floats_is_missing(tmp_path: Path) -> None:
    data = np.full((8, 18, 36), 0.2, np.float32)
    data[:, 0, :4] = np.array([np.nan, -3.4e38, 7.0, -1.0])
    path = write_array(tmp_path / "a.tif", data, "IAU_2015:30100", 10.0, (-180.0, 90.0), nodata=-3.4e38)
    image = cube_of(path)
    kinds = missing_kind(read_rows(image, row_start=0, row_stop=1, col_start=0, col_stop=5), image)[0, 0]
    assert [bool(kind) for kind in kinds] == [True, True, True, True, False]


def test_whole_numbers_without_a_scaling_are_refused(tmp_path: Path) -> None:
    data = np.ones((8, 18, 36), np.int16)
    with pytest.raises(ArchiveError, match=r"without a scaling, .* give it with --bands"):
        cube_of(write_array(tmp_path / "a.tif", data, "IAU_2015:30100", 10.0, (-180.0, 90.0)))


def test_a_spectrometers_table_chooses_and_names_its_bands(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "m3.tif", *FILES["degrees.tif"][:4])
    rows = (BandRow(number=4, wavelength_nm=950.06, name="far"), BandRow(number=2, wavelength_nm=750.44))
    image = cube_of(path, Wanted(instrument("m3"), rows))
    assert (image.camera.bands, image.wavelengths) == (("far", "B002"), (950.06, 750.44))
    found, _ = read(image)
    np.testing.assert_allclose(found, expected()[[3, 1]], atol=2.5e-4)


def test_wavelengths_in_the_file_need_no_table(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", *FILES["degrees.tif"][:4])
    with pytest.raises(ArchiveError, match="does not say the wavelengths of its 8 bands"):
        cube_of(path, Wanted(instrument("kaguya-mi")))
    with rasterio.open(path, "r+") as stored:
        for at, nm in enumerate(EIGHT_NM, start=1):
            stored.update_tags(at, ns="IMAGERY", CENTRAL_WAVELENGTH_UM=str(nm / 1000.0))
    assert cube_of(path, Wanted(instrument("kaguya-mi"))).wavelengths == EIGHT_NM


def test_a_fine_cube_of_a_coarse_mosaic_is_read_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = cube_of(write_raster(tmp_path / "s.tif", *FILES["south.tif"][:4], **TILED))
    on = grid(2)
    whole, _ = resample(on, on.whole, [image], image.camera)
    monkeypatch.setattr(resample_room, "_READ_AT_ONCE", 8 * 50 * 50)
    sizes, real = [], rasters_room.read_raster

    def watched(image: Any, rows: slice, cols: slice) -> Any:
        sizes.append((rows.stop - rows.start) * (cols.stop - cols.start))
        return real(image, rows, cols)

    monkeypatch.setattr(rasters_room, "read_raster", watched)
    pieces, _ = resample(on, on.whole, [image], image.camera)
    assert np.array_equal(whole, pieces)
    assert max(sizes) <= 50 * 50
    assert len(sizes) > 60


def test_many_threads_read_one_cube_at_once(tmp_path: Path) -> None:
    """Each in a context of its own, as tasks run: GDAL holds Python's file by the context that opened it."""
    image = cube_of(write_raster(tmp_path / "a.tif", *FILES["degrees.tif"][:4], **TILED))

    def rows(start: int) -> Any:
        window = {"row_start": start, "row_stop": start + 40, "col_start": 0, "col_stop": 700}
        return copy_context().run(read_rows, image, **window)

    starts = [*range(0, 320, 40)] * 6
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(rows, starts))
    for start, found in zip(starts, together, strict=True):
        assert np.array_equal(found, rows(start))


def test_a_cube_on_the_web_is_read_by_ranges(tmp_path: Path) -> None:
    place = tmp_path / "served"
    place.mkdir()
    path = write_raster(place / "a.tif", "IAU_2015:30100", 0.1, (0.0, 45.0), (900, 900), **TILED)
    with bad_archive(place) as server:
        image = cube_of(f"{server.url}/a.tif?signature=x")
        near = read_rows(image, row_start=100, row_stop=110, col_start=100, col_stop=110)
        assert server.sent_bytes < path.stat().st_size / 4
        own = read_rows(cube_of(path), row_start=100, row_stop=110, col_start=100, col_stop=110)
    assert np.array_equal(near, own)
    assert "signature" not in image.source


def test_nothing_but_the_cube_itself_is_opened(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.cub", *FILES["isis.cub"][:4])
    # GDAL would take the reference system from it.
    (tmp_path / "a.prj").write_text("EPSG:4326")
    (tmp_path / "cube.prj").write_text("EPSG:4326")
    assert cube_of(path).placement.crs is None


@pytest.mark.parametrize(
    "pointer", ["^Core = secret.cub", "^CORE=/etc/passwd", "^ Core = /vsicurl/http://x/a"]
)
def test_an_isis_label_that_names_another_file_is_refused(tmp_path: Path, pointer: str) -> None:
    path = write_raster(tmp_path / "a.cub", *FILES["isis.cub"][:4])
    data = path.read_bytes()
    path.write_bytes(data.replace(b"    Format ", f"    {pointer}\n    Format ".encode(), 1))
    with pytest.raises(ArchiveError, match=r"its label names another file \(\^Core\)"):
        cube_of(path)
    path.write_bytes(data.replace(b"\nEnd\n", b"\nEnt\n"))
    with pytest.raises(ArchiveError, match="has no End in its first"):
        cube_of(path)


def test_a_virtual_raster_is_refused_whatever_its_name(tmp_path: Path) -> None:
    inner = write_raster(tmp_path / "inner.tif", *FILES["degrees.tif"][:4])
    text = f"<VRTDataset rasterXSize='720' rasterYSize='360'><!-- {inner} --></VRTDataset>"
    for name in ("a.vrt", "b.tif", "c.cub"):
        (tmp_path / name).write_text(text)
        with pytest.raises(
            ArchiveError, match="virtual rasters are not read, since they lead to other files"
        ):
            cube_of(tmp_path / name)


def test_what_cannot_be_used_is_a_problem_beside_what_can(tmp_path: Path) -> None:
    write_raster(tmp_path / "good.tif", *FILES["degrees.tif"][:4])
    write_array(
        tmp_path / "mars.tif", np.ones((8, 18, 36), np.float32), "IAU_2015:49900", 10.0, (-180.0, 90.0)
    )
    (tmp_path / "cut.tif").write_bytes((tmp_path / "good.tif").read_bytes()[:200])
    (tmp_path / "readme.md").write_text("words")
    found = find_cubes(str(tmp_path), KAGUYA)
    assert [image.product_id for image in found.tiles] == ["GOOD"]
    reasons = [problem.message for problem in found.problems]
    assert len(reasons) == 2
    assert "not a readable cube" in reasons[0]
    assert "is not of the Moon" in reasons[1]
    assert [place.rpartition("/")[2] for place in found.ignored] == ["readme.md"]


def test_pieces_that_do_not_fit_in_memory_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_raster(tmp_path / "a.tif", *FILES["degrees.tif"][:4])
    monkeypatch.setattr(rasters_room, "PIECE_BYTES", 1000)
    with pytest.raises(ArchiveError, match="write it in tiles, with gdal_translate -co TILED=YES"):
        cube_of(path)
