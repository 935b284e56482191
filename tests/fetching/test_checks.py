"""What comes is looked at before it counts: tiles, pictures, outlines, heights, tables."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely

from lunarcloud.archive import Picture, read_ground, read_outlines, read_prospector, read_topography
from lunarcloud.archive.shipped import DATA
from lunarcloud.errors import ArchiveError, StoreError
from lunarcloud.fetching import Fetched, carry_out, plan_fetch
from lunarcloud.fetching.checks import Came, came_of, require_pds3_tile, require_pds4_tile
from lunarcloud.fetching.sources import source_of
from lunarcloud.moon import GEOGRAPHIC, lunar_crs
from lunarcloud.testing.bad_archive import bad_archive
from lunarcloud.testing.wac import wac_picture
from tests.fetching.small_archive import content, originals

BOX, POND = shapely.box(10.0, 0.0, 20.0, 9.0), shapely.box(30.0, 0.0, 31.0, 1.0)


def served(name: str, data: bytes, tmp_path: Path, label: bytes = b"") -> Fetched:
    """What comes of a source of one file where the server has something for it."""
    piece = source_of(name).pieces[0]
    for path, given in ((piece.path, data), (piece.label, label)):
        if path:
            (tmp_path / "archive" / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "archive" / path).write_bytes(given)
    with bad_archive(tmp_path / "archive") as server:
        found = carry_out(plan_fetch(name, tmp_path / "to", mirror=server.url))
        asked = len(server.asked)
        assert carry_out(plan_fetch(name, tmp_path / "to", mirror=server.url)).files == found.files
        assert len(server.asked) == asked
    return found


def shapefile(folder: Path) -> bytes:
    """A zipped shapefile with LROC's attribute of names."""
    folder.mkdir()
    pyogrio.raw.write(
        folder / "MARE.shp",
        geometry=np.array([shapely.to_wkb(box) for box in (BOX, POND, POND)], dtype=object),
        field_data=[np.array(["Mare Testium", None, None], dtype=object)],
        fields=["MARE_NAME"],
        geometry_type="Polygon",
        crs=lunar_crs(GEOGRAPHIC).to_wkt(),
        driver="ESRI Shapefile",
    )
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, path.name)
    return held.getvalue()


def test_fetched_maria_are_outlines(tmp_path: Path) -> None:
    found = served("Maria", shapefile(tmp_path / "made"), tmp_path)
    assert found.files == (str(tmp_path / "to" / "LROC_GLOBAL_MARE_180.ZIP"),)
    mare, others = read_outlines(found.files[0])
    assert (mare.name, others.name) == ("Mare Testium", "unnamed")


def test_maria_cut_short_are_refused_and_not_kept(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot download LROC's maria from http://\S+ .*not a whole ZIP"):
        served("maria", shapefile(tmp_path / "made")[:-30], tmp_path)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("README.TXT", "elsewhere")
    with pytest.raises(StoreError, match=r"not a whole shapefile \(no \.dbf, \.shp, \.shx in it\)"):
        served("maria", held.getvalue(), tmp_path)
    assert content(tmp_path / "to") == {}


def test_the_fetched_mosaic_is_a_picture(tmp_path: Path) -> None:
    found = served("wac", wac_picture(np.full((720, 1440), 0.04, np.float32)), tmp_path)
    assert isinstance(read_ground(found.files[0]), Picture)


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"<html>", "no picture"), (wac_picture(np.ones((720, 1440), np.float32))[:-9], "not a readable")],
)
def test_a_mosaic_that_did_not_come_whole_is_not_kept(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(StoreError, match=f"{words}.*give its path instead"):
        served("wac", data, tmp_path)
    assert content(tmp_path / "to") == {}


def test_fetched_heights_are_topography(tmp_path: Path) -> None:
    image, label = (Path(str(DATA / f"LDEM_4.{kind}")).read_bytes() for kind in ("IMG", "LBL"))
    found = served("ldem_4", image, tmp_path, label)
    assert read_topography(found.files[0]).lmax == 719
    (tmp_path / "to" / "ldem_4.lbl").unlink()
    with pytest.raises(StoreError, match=r"ldem_4\.img: 2073598 bytes; its pixels are 2073600"):
        served("ldem_4", image[:-2], tmp_path, label)
    with pytest.raises(StoreError, match=r"ldem_4\.lbl: not a PDS3 file"):
        served("ldem_4", image, tmp_path, b"<html>")


def test_a_fetched_table_is_read(tmp_path: Path) -> None:
    table = b"".join(_row(*bounds) for bounds in ((-90, 0, -180, 180), (0, 90, -180, 180)))
    found = served("lpgrs_5deg", table, tmp_path)
    assert read_prospector(found.files[0]).abundance["FeO"].tolist() == [11.0, 11.0]
    (tmp_path / "to" / "lpgrs_high1_elem_abundance_5deg.tab").unlink()
    with pytest.raises(StoreError, match=r"1 pixels that cover 0\.5000 of the Moon"):
        served("lpgrs_5deg", _row(-90, 0, -180, 180), tmp_path)


def _row(*bounds: float) -> bytes:
    """A row of the archive's table: FeO is 11 %, all else little."""
    numbers = [1, *bounds, 22.0, 1.0, *[0.01] * 5, 0.11, *[1.0] * 3, *[0.0] * 45]
    return (" ".join(map(str, numbers)) + "\n").encode()


@pytest.mark.parametrize("cut", [1, 5000])
def test_a_tile_that_is_too_short_says_by_how_much(published: Path, cut: int) -> None:
    data = originals(published)["ui03n003.img"]
    require_pds3_tile(came_of("good.img", data, 0, b""))
    wanted = rf"bad\.img: its label says {len(data)} bytes, the file has {len(data) - cut}"
    with pytest.raises(ArchiveError, match=wanted):
        require_pds3_tile(came_of("bad.img", data[:-cut], 0, b""))


def test_a_page_in_the_place_of_a_tile_is_told(published: Path) -> None:
    with pytest.raises(ArchiveError, match=r"page\.img: not a PDS3 file: it must begin with PDS_VERSION_ID"):
        require_pds3_tile(came_of("page.img", b"<html>" * 9999, 0, b""))


def test_the_image_of_a_pds4_tile_is_the_one_of_its_label(published: Path) -> None:
    labels, images = originals(published, ".xml"), originals(published, ".tif")
    label, image = labels["uvvis_03n_003e.xml"], bytearray(images["uvvis_03n_003e.tif"])
    require_pds4_tile(_tif(image, label))
    image[-1] ^= 1
    with pytest.raises(ArchiveError, match=r"the label's MD5 is [0-9a-f]{32}, the file's"):
        require_pds4_tile(_tif(image, label))
    with pytest.raises(ArchiveError, match="its label says"):
        require_pds4_tile(_tif(image[:900], label))


def _tif(image: bytes | bytearray, label: bytes) -> Came:
    return came_of("uvvis_03n_003e.tif", bytes(image), 0, label)
