"""What the tests of several processes share: polygon files, a look at pictures."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from distributed import Client
from matplotlib.image import imread

from lunarcloud.archive.stations import shipped_stations
from lunarcloud.engine import Cluster
from lunarcloud.processes import Outcome
from lunarcloud.synthetic import write_tiles
from lunarcloud.testing.few_cells import few_cells
from lunarcloud.testing.fixtures import few_lessons
from lunarcloud.testing.make import make
from tests.conftest import Shared

#: From rings of (lon, lat) to the path of a GeoJSON file with one polygon, ``box``.
PolygonFile = Callable[[list[list[list[float]]]], str]

#: Enough of the Moon for every finding: around the equator from 0 to 120 E, and a little of both poles.
SOME = [f"UI{row}{half}{lon:03d}" for row in ("03", "10") for half in "NS" for lon in range(3, 120, 6)]
SOME += [f"UI87{half}030" for half in "NS"]


@pytest.fixture(scope="module", autouse=True)
def _coarse_cells(coarse_cells_on_workers: None) -> None:
    """The size of a cell is the statistics' affair: here there are fewer."""


@pytest.fixture(scope="session")
def few_stations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight shipped stations as a CSV: little to train."""
    lines = shipped_stations().dump().decode().splitlines()
    path = tmp_path_factory.mktemp("few") / "few.csv"
    path.write_text("\n".join(lines[:1] + lines[1:40:5]))
    return path


@pytest.fixture(scope="session")
def few_oxides(few_stations: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with FeO, TiO2 and MgO alone: all that findings ask for, with less to train and draw."""
    path = tmp_path_factory.mktemp("few") / "feo-tio2-mgo.csv"
    pd.read_csv(few_stations).drop(columns=["al2o3", "cao"]).to_csv(path, index=False)
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


@pytest.fixture(scope="session")
def of_synthetic_tiles(
    shared: Shared, cluster: Cluster, client: Client, few_oxides: Path
) -> dict[str, Outcome]:
    """Something of every kind, from some tiles of the synthetic Moon, under one root; by process."""
    with shared("of_synthetic_tiles") as place, few_cells(client):
        root, tiles = place / "root", place / "tiles"
        if not tiles.exists():
            write_tiles(tiles, ppd=8, product_ids=SOME)
        made = {"ingest": make("ingest", root, cluster, tiles=(str(tiles),), ppd=4)}
        with few_lessons():
            made["fit"] = make("fit", root, cluster, stations=str(few_oxides), seeds=2)
        for name in ("map", "reduce", "compare", "prospector", "polar"):
            made[name] = make(name, root, cluster)
        made["provenance"] = make("provenance", root, cluster, feo=(10, 20))
    return made
