"""What the tests of several processes share: a cluster, polygon files, a look at pictures."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from matplotlib.image import imread

from lunarcloud.archive.stations import shipped_stations
from lunarcloud.engine import Cluster
from lunarcloud.processes import Outcome

#: From rings of (lon, lat) to the path of a GeoJSON file with one polygon, ``box``.
PolygonFile = Callable[[list[list[list[float]]]], str]


@pytest.fixture(scope="session")
def cluster(scheduler: str) -> Cluster:
    """The shared cluster of two workers."""
    return Cluster(scheduler=scheduler)


@pytest.fixture
def no_figures() -> Iterator[None]:
    """Runs without pictures of their maps, which take longer than all the rest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lunarcloud.processes.map._draw", lambda *_: None)
        yield


@pytest.fixture(scope="session")
def few_stations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight shipped stations as a CSV: little to train."""
    lines = shipped_stations().dump().decode().splitlines()
    path = tmp_path_factory.mktemp("few") / "few.csv"
    path.write_text("\n".join(lines[:1] + lines[1:40:5]))
    return path


@pytest.fixture
def polygon_file(tmp_path: Path) -> PolygonFile:
    """Write a polygon file."""

    def write(rings: list[list[list[float]]]) -> str:
        shape = {"type": "Polygon", "coordinates": rings}
        feature = {"type": "Feature", "properties": {"name": "box"}, "geometry": shape}
        path = tmp_path / "units.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
        return str(path)

    return write


@pytest.fixture(scope="session")
def require_pictures() -> Callable[[Outcome], None]:
    """Every figure of a finding is a picture with something on it."""

    def require(found: Outcome) -> None:
        for name in found.record.card.figures:
            picture = imread(f"{found.place.url}/{name}")
            assert min(picture.shape[:2]) > 400
            assert picture[..., :3].std() > 0.05

    return require
