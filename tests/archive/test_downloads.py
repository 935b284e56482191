"""Downloads: what comes is what the readers read, and what went wrong is said."""

import http.server
import io
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyshtools
import pytest
import shapely
from pyshtools.shclasses import SHGravRealCoeffs

from lunarcloud.archive import Picture, read_ground
from lunarcloud.archive.downloads import PYSHTOOLS, fetch
from lunarcloud.archive.gravity import GM_MOON, read_gravity
from lunarcloud.archive.polygons import read_outlines, spherical_km2
from lunarcloud.archive.topography import RadiusHarmonics, read_topography
from lunarcloud.errors import InputError, StoreError
from lunarcloud.moon import GEOGRAPHIC, lunar_crs
from lunarcloud.testing.wac import wac_picture

BOX, POND = shapely.box(10.0, 0.0, 20.0, 9.0), shapely.box(30.0, 0.0, 31.0, 1.0)


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file that LROC's server would give, whichever is asked for, served from here."""
    handler = partial(_Handler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setattr("lunarcloud.archive.downloads.MARIA_URL", f"{url}/MARE.ZIP")
        monkeypatch.setattr("lunarcloud.archive.downloads.WAC_URL", f"{url}/WAC.IMG")
        yield tmp_path / "served"
        server.shutdown()
        thread.join()


class _Handler(http.server.SimpleHTTPRequestHandler):
    def translate_path(self, path: str) -> str:
        return f"{self.directory}/served"

    def log_message(self, *_: Any) -> None:
        """Tests print no requests."""


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


def test_fetched_maria_are_outlines(served: Path, tmp_path: Path) -> None:
    served.write_bytes(shapefile(tmp_path / "made"))
    mare, others = read_outlines(str(fetch("Maria", tmp_path / "new")))
    assert (mare.name, others.name) == ("Mare Testium", "unnamed")
    assert spherical_km2(mare.shape) == pytest.approx(spherical_km2(BOX))
    assert spherical_km2(others.shape) == pytest.approx(spherical_km2(POND))


def test_maria_cut_short_are_refused_and_not_kept(served: Path, tmp_path: Path) -> None:
    served.write_bytes(shapefile(tmp_path / "made")[:-30])
    with pytest.raises(StoreError, match=r"MARE\.ZIP: not a whole ZIP file"):
        fetch("maria", tmp_path / "new")
    with zipfile.ZipFile(served, "w") as archive:
        archive.writestr("README.TXT", "elsewhere")
    with pytest.raises(StoreError, match=r"not a whole shapefile \(no \.dbf, \.shp, \.shx in it\)"):
        fetch("maria", tmp_path / "new")
    assert not list((tmp_path / "new").iterdir())


def test_the_fetched_mosaic_is_a_picture(served: Path, tmp_path: Path) -> None:
    served.write_bytes(wac_picture(np.full((720, 1440), 0.04, np.float32)))
    assert isinstance(read_ground(fetch("wac", tmp_path / "new")), Picture)


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"<html>", "no picture"), (wac_picture(np.ones((720, 1440), np.float32))[:-9], "not a readable")],
)
def test_a_mosaic_that_did_not_come_whole_is_not_kept(
    served: Path, tmp_path: Path, data: bytes, words: str
) -> None:
    served.write_bytes(data)
    with pytest.raises(StoreError, match=f"{words}.*fetch it again"):
        fetch("wac", tmp_path / "new")
    assert not list((tmp_path / "new").iterdir())


@pytest.mark.usefixtures("served")
def test_maria_that_are_not_there_are_to_be_had_by_hand(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot download LROC's maria from http://\S+ .*give its path"):
        fetch("maria", tmp_path)


def test_fetch_writes_what_the_readers_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    table = np.zeros((2, 4, 4))
    table[0, 0, 0], table[0, 2, 0] = 1.0, -9.1e-5
    model = pyshtools.SHGravCoeffs.from_array(table, gm=GM_MOON, r0=1_738_000.0)
    asked = {}

    def dataset(lmax: int) -> SHGravRealCoeffs:
        asked["lmax"] = lmax
        return model

    monkeypatch.setattr(pyshtools.datasets.Moon, "GRGM1200B", dataset)
    path = fetch("grgm1200b", tmp_path / "new")
    assert (path.name, asked["lmax"]) == ("GRGM1200B.sh", -1)
    np.testing.assert_array_equal(read_gravity(path).table, table)


def test_fetched_shape_is_topography(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    heights = np.zeros((2, 4, 4))
    heights[0, :, 0] = 1_737_151.0, 500.0, 300.0, 100.0
    shape = pyshtools.SHCoeffs.from_array(heights)
    monkeypatch.setattr(pyshtools.datasets.Moon, "LOLA_shape", lambda lmax: shape)
    path = fetch("lola_shape", tmp_path)
    found = read_topography(path)
    assert isinstance(found, RadiusHarmonics)
    np.testing.assert_array_equal(found.table, heights)


def test_fetch_without_a_network_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # Port 9 discards; nothing listens there.
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setattr("pyshtools.datasets.Moon._os_cache", lambda name: tmp_path / "cache")
    with pytest.raises(StoreError, match=r"cannot download GRGM900C from https://\S+.*is there a network"):
        fetch("GRGM900C", tmp_path)


def test_fetch_knows_only_names_that_there_are(tmp_path: Path) -> None:
    assert all(hasattr(pyshtools.datasets.Moon, name) for name in PYSHTOOLS.values())
    with pytest.raises(InputError, match=r"no download named 'egm2008'; there are maria, wac, .*grgm1200b"):
        fetch("egm2008", tmp_path)
