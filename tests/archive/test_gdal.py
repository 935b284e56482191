"""Rasters that try to lead elsewhere: no other file is read, and no server is asked."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from lunarcloud.archive import read_ground, read_topography
from lunarcloud.archive.gridded import Gridded
from lunarcloud.errors import ArchiveError
from lunarcloud.testing.wac import wac_picture

SOMEWHERE = np.zeros(1)


class _Noting(http.server.BaseHTTPRequestHandler):
    """A server that only notes what it is asked for."""

    asked: list[str]

    def do_HEAD(self) -> None:
        self.asked.append(self.path)
        self.send_error(404)

    def do_GET(self) -> None:
        self.do_HEAD()

    def log_message(self, *_: object) -> None:
        """Tests print no requests."""


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """The address of a server, and what it was asked for."""
    seen: list[str] = []
    handler = type("Handler", (_Noting,), {"asked": seen})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", seen
        server.shutdown()


def _tiff(path: Path, kind: str = "int16", **tags: str) -> Path:
    """Heights of the whole Moon, or grey; tags as of subdatasets."""
    place, size = from_origin(-180.0, 90.0, 1.0, 1.0), {"height": 180, "width": 360, "count": 1}
    with rasterio.open(
        path, "w", "GTiff", crs="IAU_2015:30100", transform=place, dtype=kind, **size
    ) as stored:
        stored.write(np.random.default_rng(1).integers(0, 5000, (1, 180, 360)).astype(kind))
        stored.update_tags(ns="SUBDATASETS", **tags)
    return path


def _vrt(source: object) -> str:
    return f"""<VRTDataset rasterXSize="360" rasterYSize="180"><SRS>IAU_2015:30100</SRS>
<GeoTransform>-180, 1, 0, 90, 0, -1</GeoTransform><VRTRasterBand dataType="Int16" band="1"><SimpleSource>
<SourceFilename>{source}</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"""


@pytest.mark.parametrize("name", ["a.tif", "a.vrt", "a.img"])
def test_a_virtual_raster_leads_nowhere_whatever_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(_vrt(_tiff(tmp_path / "secret.tif")))
    # It would be read by whoever lets GDAL choose.
    if name == "a.vrt":
        with rasterio.open(tmp_path / name) as dataset:
            assert dataset.read(1).any()
    for read in (read_topography, read_ground):
        with pytest.raises((ArchiveError, LookupError)):
            read(tmp_path / name)
    if name == "a.tif":
        with pytest.raises(ArchiveError, match="it begins with b'<VRT'"):
            Gridded(str(tmp_path / name)).at(SOMEWHERE, SOMEWHERE)


def test_no_server_is_asked_by_a_virtual_raster(tmp_path: Path, asked: tuple[str, list[str]]) -> None:
    (tmp_path / "a.tif").write_text(_vrt(f"/vsicurl/{asked[0]}/latest/meta-data.tif"))
    with pytest.raises(ArchiveError):
        Gridded(str(tmp_path / "a.tif")).at(SOMEWHERE, SOMEWHERE)
    with pytest.raises(ArchiveError):
        read_topography(tmp_path / "a.tif")
    assert asked[1] == []


def test_a_geotiff_that_names_other_images_is_refused(tmp_path: Path, asked: tuple[str, list[str]]) -> None:
    names = {"SUBDATASET_1_NAME": f"/vsicurl/{asked[0]}/a.tif", "SUBDATASET_1_DESC": "another"}
    with pytest.raises(ArchiveError, match="1 images in one file"):
        Gridded(str(_tiff(tmp_path / "a.tif", **names))).at(SOMEWHERE, SOMEWHERE)
    assert read_topography(tmp_path / "a.tif").lmax == 179
    assert asked[1] == []


def test_a_file_beside_a_geotiff_is_not_looked_at(tmp_path: Path, asked: tuple[str, list[str]]) -> None:
    place = _tiff(tmp_path / "a.tif")
    named = f"/vsicurl/{asked[0]}/a.tif"
    (tmp_path / "a.tif.aux.xml").write_text(
        f"<PAMDataset><Metadata domain='SUBDATASETS'><MDI key='SUBDATASET_1_NAME'>{named}</MDI>"
        "<MDI key='SUBDATASET_1_DESC'>a</MDI></Metadata></PAMDataset>"
    )
    assert np.isfinite(Gridded(str(place)).at(SOMEWHERE, SOMEWHERE)).all()
    assert asked[1] == []


def test_a_geotiff_of_more_pixels_than_a_map_is_refused_before_they_are_unpacked(tmp_path: Path) -> None:
    place, size = from_origin(-180.0, 90.0, 360 / 120000, 360 / 120000), {"height": 60000, "width": 120000}
    with rasterio.open(
        tmp_path / "a.tif",
        "w",
        "GTiff",
        crs="IAU_2015:30100",
        transform=place,
        dtype="uint8",
        count=1,
        sparse_ok=True,
        tiled=True,
        **size,
    ):
        pass
    assert (tmp_path / "a.tif").stat().st_size < 1 << 22
    with pytest.raises(ArchiveError, match="60000 x 120000 pixels of uint8 are more than 4096 MiB"):
        read_ground(tmp_path / "a.tif")


POINTERS = ['("{}", 1)', '"{}"', "'{}'", '\n  ("{}", 1)', '/* 2 */ "{}"', '2\n^image = ("{}", 1)']


@pytest.mark.parametrize("pointer", POINTERS)
def test_a_label_that_names_another_image_is_refused(tmp_path: Path, pointer: str) -> None:
    picture = wac_picture(np.full((720, 1440), 0.04, np.float32))
    (tmp_path / "secret").write_bytes(picture)
    # Out of the two folders of GDAL's memory.
    named = f"../..{tmp_path}/secret"
    planted = picture.replace(b"^IMAGE = 2\r\n", f"^IMAGE = {pointer.format(named)}\r\n".encode())
    assert planted != picture
    (tmp_path / "a.img").write_bytes(planted)
    with pytest.raises(ArchiveError, match="its label names another file"):
        read_ground(tmp_path / "a.img")


def test_a_label_of_a_packed_image_is_refused(tmp_path: Path) -> None:
    packed = b'OBJECT = compressed_file\nFILE_NAME = "../../a.vrt"\nEND_OBJECT = compressed_file\nEND\r\n'
    picture = wac_picture(np.full((720, 1440), 0.04, np.float32))
    (tmp_path / "a.img").write_bytes(picture.replace(b"END\r\n", packed))
    with pytest.raises(ArchiveError, match="its label names another file"):
        read_ground(tmp_path / "a.img")
