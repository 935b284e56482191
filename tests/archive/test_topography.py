"""Topography as LOLA maps, GeoTIFF and spherical harmonics, and what is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import numpy.typing as npt
import pyshtools
import pytest
import rasterio
from rasterio.transform import from_origin

from lunarcloud.archive.shipped import DATA
from lunarcloud.archive.topography import RadiusGrid, RadiusHarmonics, read_topography
from lunarcloud.errors import ArchiveError, GeometryError, LunarcloudError, NotFoundError
from lunarcloud.moon import RADIUS_M

ROWS = 36
LUNAR = "IAU_2015:30100"


def read_grid(place: str) -> RadiusGrid:
    found = read_topography(place)
    assert isinstance(found, RadiusGrid)
    return found


@pytest.fixture
def label() -> str:
    return (DATA / "LDEM_4.LBL").read_text(encoding="latin-1")


@pytest.fixture
def write_ldem(tmp_path: Path, label: str) -> Callable[..., Any]:
    """LDEM_4 with parts of its label replaced."""

    def write(*replaced: Any) -> Path:
        text = label
        for old, new in replaced:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "LDEM_4.LBL").write_text(text, encoding="latin-1")
        (tmp_path / "LDEM_4.IMG").write_bytes((DATA / "LDEM_4.IMG").read_bytes())
        return tmp_path / "LDEM_4.LBL"

    return write


@pytest.fixture
def heights() -> npt.NDArray[np.float32]:
    """Heights in metres with a hill in the north-east, rows from the north, longitude from -180."""
    lat = 90.0 - (np.arange(ROWS) + 0.5) * 180.0 / ROWS
    lon = -180.0 + (np.arange(2 * ROWS) + 0.5) * 180.0 / ROWS
    hill = np.exp(-((lat[:, np.newaxis] - 40) ** 2 + (lon - 100) ** 2) / 800.0)
    return (4000.0 * hill + 200.0 * np.sin(np.radians(3 * lon))).astype(np.float32)


@pytest.fixture
def write_tiff(tmp_path: Path) -> Callable[..., Any]:
    def write(
        values: npt.NDArray[Any],
        *,
        crs: str = LUNAR,
        left: float = -180.0,
        top: float = 90.0,
        pixel: float = 180.0 / ROWS,
        turned: bool = False,
        **options: Any,
    ) -> Path:
        path = tmp_path / "height.tif"
        transform = from_origin(left, top, pixel, pixel)
        if turned:
            transform = rasterio.Affine(pixel, 0.0, left, 0.0, pixel, -top)
        shape = {"height": values.shape[0], "width": values.shape[1], "count": 1, "dtype": values.dtype}
        unit = options.pop("unit", None)
        with rasterio.open(
            path, "w", driver="GTiff", crs=crs, transform=transform, **shape, **options
        ) as file:
            file.write(values, 1)
            if unit:
                file.units = (unit,)
        return path

    return write


def test_lola_map_is_radii_from_the_north_pole_and_zero_east() -> None:
    found = read_topography("lola4")
    assert isinstance(found, RadiusGrid)
    assert (found.name, found.radius_m.shape, found.first_lon, found.lmax) == (
        "LDEM_4",
        (720, 1440),
        0.125,
        719,
    )
    heights = found.radius_m - RADIUS_M
    # The label's own extremes; its lowest value is one unit below the pixels' own.
    assert (heights.max(), heights.min()) == (21008 * 0.5, -17757 * 0.5)
    # The highest summit lies north of Korolev on the far side, the lowest floor in Antoniadi.
    row, col = np.unravel_index(heights.argmax(), heights.shape)
    assert (89.875 - row / 4, 0.125 + col / 4) == pytest.approx((5.4, 201.4), abs=0.5)
    row, col = np.unravel_index(heights.argmin(), heights.shape)
    assert (89.875 - row / 4, 0.125 + col / 4) == pytest.approx((-70.4, 187.4), abs=0.5)


def test_label_or_image_may_be_named() -> None:
    by_label, by_image = read_topography(str(DATA / "LDEM_4.LBL")), read_topography(str(DATA / "LDEM_4.IMG"))
    assert by_label.digest == by_image.digest


def test_map_in_kilometres_by_its_label_becomes_metres(write_ldem: Callable[..., Any]) -> None:
    in_km = write_ldem(
        ("= METER\n", "= KILOMETER\n"), ("= 0.5\n", "= 0.0005\n"), ("= 1737400.\n", "= 1737.4\n")
    )
    whole = read_grid("lola4")
    np.testing.assert_allclose(read_grid(in_km).radius_m, whole.radius_m, rtol=1e-14)


@pytest.mark.parametrize(
    ("replaced", "words"),
    [
        ([("MAXIMUM_LATITUDE             = 90", "MAXIMUM_LATITUDE             = -90"),
          ("MINIMUM_LATITUDE             = -90", "MINIMUM_LATITUDE             = 90")],
         "upside down"),
        ([("LINE_PROJECTION_OFFSET       = 359.5", "LINE_PROJECTION_OFFSET       = -360.5")],
         "upside down or shifted"),
        ([("= 1737400.\n", "= 1737.4\n")], "kilometres were given for metres"),
        ([("SCALING_FACTOR        = 0.5", "SCALING_FACTOR        = 0.0005")],
         "kilometres were given for metres"),
        ([("= METER\n", "= KILOMETER\n")], "mean radius"),
        ([("= METER\n", "= FATHOM\n")], "unit 'FATHOM'"),
        ([("= 1737.4 <km>", "= 6371.0 <km>")], "A_AXIS_RADIUS 6371.0 km is not the Moon's"),
        ([("LINES                 = 720", "LINES                 = 719")], "not the whole Moon"),
        ([("4 <pix/deg>", "8 <pix/deg>")], "not the whole Moon"),
        ([("= EAST", "= WEST"), ("\"EAST\"", "\"WEST\"")][1:], "positive to the west"),
        ([("\"SIMPLE CYLINDRICAL\"", "\"POLAR STEREOGRAPHIC\"")], "projection 'POLAR STEREOGRAPHIC'"),
        ([("LSB_INTEGER", "LSB_BIT_STRING")], "LSB_BIT_STRING of 16 bits"),
        ([("SAMPLE_BITS           = 16", "SAMPLE_BITS           = 32")], "truncated or of another label"),
        ([("LSB_INTEGER", "MSB_INTEGER")], "another file or byte order"),
        ([("IMAGE_MAP_PROJECTION", "IMAGE_MAP_PROTECTION")], "no object IMAGE_MAP_PROJECTION"),
    ],
)  # fmt: skip
def test_map_that_its_label_contradicts_is_refused(
    write_ldem: Callable[..., Any], replaced: list[tuple[str, str]], words: str
) -> None:
    with pytest.raises(ArchiveError, match=words):
        read_topography(write_ldem(*replaced))


def test_truncated_map_is_refused(write_ldem: Callable[..., Any], tmp_path: Path) -> None:
    path = write_ldem()
    image = tmp_path / "LDEM_4.IMG"
    image.write_bytes(image.read_bytes()[:-1])
    with pytest.raises(ArchiveError, match="2073599 bytes, but the label's 720 x 1440 pixels are 2073600"):
        read_topography(path)


def test_geotiff_heights_are_above_the_mean_sphere(
    write_tiff: Callable[..., Any], heights: npt.NDArray[np.float32]
) -> None:
    found = read_topography(write_tiff(heights))
    assert isinstance(found, RadiusGrid)
    assert found.first_lon == -180.0 + 90.0 / ROWS
    np.testing.assert_allclose(found.radius_m - RADIUS_M, heights, atol=1e-6)


def test_geotiff_in_metres_along_the_equator(
    write_tiff: Callable[..., Any], heights: npt.NDArray[np.float32]
) -> None:
    degree = np.pi * RADIUS_M / 180.0
    path = write_tiff(
        heights, crs="IAU_2015:30110", left=-180 * degree, top=90 * degree, pixel=180 / ROWS * degree
    )
    assert read_grid(path).first_lon == pytest.approx(-177.5)


def test_geotiff_of_radii_in_kilometres_by_its_unit(
    write_tiff: Callable[..., Any], heights: npt.NDArray[np.float32]
) -> None:
    found = read_grid(write_tiff((heights.astype(np.float64) + RADIUS_M) / 1e3, unit="km"))
    np.testing.assert_allclose(found.radius_m - RADIUS_M, heights, atol=1e-3)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"turned": True}, ArchiveError, "upside down"),
        ({"crs": "EPSG:4326"}, GeometryError, "not of the Moon"),
        ({"top": 80.0}, ArchiveError, "needed is the whole Moon"),
        ({"pixel": 90.0 / ROWS}, ArchiveError, "needed is the whole Moon"),
        ({"unit": "feet"}, ArchiveError, "unit 'feet'"),
        ({"nodata": 200.0}, None, ""),
    ],
)
def test_geotiff_that_cannot_be_used_is_refused(
    write_tiff: Callable[..., Any],
    heights: npt.NDArray[np.float32],
    change: dict[str, Any],
    error: type[ArchiveError] | type[GeometryError] | None,
    words: str,
) -> None:
    if error is None:
        heights[3, 4] = change["nodata"]
        error, words = ArchiveError, "1 pixels are missing"
    with pytest.raises(error, match=words):
        read_topography(write_tiff(heights, **change))


def test_heights_in_kilometres_without_saying_so_are_refused(
    write_tiff: Callable[..., Any], heights: npt.NDArray[np.float32]
) -> None:
    with pytest.raises(ArchiveError, match="kilometres were given for metres"):
        read_topography(write_tiff(heights / 1000.0))


def test_file_that_is_no_tiff_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.tif").write_bytes(b"nothing")
    with pytest.raises(ArchiveError, match="not a readable GeoTIFF"):
        read_topography(tmp_path / "x.tif")


@pytest.mark.parametrize("change", [None, "'x y'", "(1, 2)", "1e400", "0", "-3", ""])
def test_label_with_any_line_wrong_is_refused_or_the_line_does_not_matter(
    label: str, change: str | None
) -> None:
    fs = fsspec.filesystem("memory")
    fs.pipe_file("/wrong/LDEM_4.IMG", (DATA / "LDEM_4.IMG").read_bytes())
    lines = label.split("\n")
    refused = 0
    for number in range(lines.index("  OBJECT                  = IMAGE"), len(lines)):
        line = [] if change is None else [lines[number].split("=")[0] + f"= {change}"]
        text = "\n".join([*lines[:number], *line, *lines[number + 1 :]])
        fs.pipe_file("/wrong/LDEM_4.LBL", text.encode("latin-1"))
        try:
            read_topography("memory://wrong/LDEM_4.LBL")
        except LunarcloudError:
            refused += 1
    # The lines that decide: size, type, scale, offset, projection, its offsets and limits.
    assert refused >= 8


@pytest.fixture
def shape() -> npt.NDArray[np.float64]:
    table = np.random.default_rng(2).standard_normal((2, 7, 7)) * 300.0 * np.tril(np.ones((7, 7)))
    table[1, :, 0] = 0.0
    table[0, 0, 0] = 1_737_151.0
    return table


@pytest.mark.parametrize("name", ["shape.sh", "shape.bshc"])
def test_shapes_of_pyshtools_are_read(tmp_path: Path, shape: npt.NDArray[np.float64], name: str) -> None:
    kind = "bshc" if name.endswith("bshc") else "shtools"
    pyshtools.SHCoeffs.from_array(shape).to_file(str(tmp_path / name), format=kind)
    found = read_topography(tmp_path / name)
    assert isinstance(found, RadiusHarmonics)
    assert (found.name, found.lmax) == ("shape", 6)
    np.testing.assert_array_equal(found.table, shape)


@pytest.mark.parametrize(
    ("factor", "words"),
    [(1e-3, "kilometres were given for metres"), (3.67, "another body"), (0.0, "another body, or heights")],
)
def test_shape_of_another_unit_or_body_is_refused(
    tmp_path: Path, shape: npt.NDArray[np.float64], factor: float, words: str
) -> None:
    pyshtools.SHCoeffs.from_array(shape * factor).to_file(str(tmp_path / "shape.sh"))
    with pytest.raises(ArchiveError, match=words):
        read_topography(tmp_path / "shape.sh")


@pytest.mark.parametrize("name", ["shape.sh", "shape.bshc"])
def test_truncated_shape_is_refused(tmp_path: Path, shape: npt.NDArray[np.float64], name: str) -> None:
    kind = "bshc" if name.endswith("bshc") else "shtools"
    path = tmp_path / name
    pyshtools.SHCoeffs.from_array(shape).to_file(str(path), format=kind)
    path.write_bytes(path.read_bytes()[:-80])
    with pytest.raises(ArchiveError, match="truncated"):
        read_topography(path)


def test_unknown_kind_and_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="unknown kind of topography 'png'"):
        read_topography("moon.png")
    with pytest.raises(NotFoundError):
        read_topography(tmp_path / "LDEM_9.LBL")
