"""Tables as they are and, where their rows are places, as points of the Moon."""

import json
from pathlib import Path

import pandas as pd
import pyogrio
import pytest
from pyproj import CRS

from lunarcloud.archive.vectors import read_records
from lunarcloud.errors import DamagedError, InputError
from lunarcloud.exports.tables import points_geojson, write_tables
from lunarcloud.lineage import Root, open_root
from lunarcloud.maps import Run, RunCard
from lunarcloud.moon import GEOGRAPHIC, lunar_crs
from lunarcloud.processes.stations import StationsCard
from lunarcloud.storage import Folder
from lunarcloud.testing.make import make


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Root:
    """A root with the shipped stations."""
    root = tmp_path_factory.mktemp("stations")
    make("stations", root)
    return open_root(root)


def written(published: Root, target: Folder) -> dict[str, int]:
    entry = published.find("stations")
    return write_tables(target, published.place(entry.ref), published.record(entry, StationsCard))


def test_the_csv_is_the_stored_one(published: Root, target: Folder) -> None:
    sizes = written(published, target)
    assert sizes == {key: len(target.read(key)) for key in ("stations.csv", "stations.geojson")}
    assert target.read("stations.csv") == published.place(published.find("stations").ref).read("stations.csv")


def test_a_table_that_was_changed_is_not_exported(tmp_path: Path, target: Folder) -> None:
    make("stations", tmp_path)
    root = open_root(tmp_path)
    place = root.place(root.find("stations").ref)
    place.write("stations.csv", place.read("stations.csv").replace(b"1.9", b"2.9", 1))
    with pytest.raises(DamagedError, match=r"stations\.csv is not what was published"):
        written(root, target)


def test_the_same_table_gives_the_same_bytes(published: Root, target: Folder) -> None:
    written(published, target)
    written(published, target / "again")
    assert target.read("stations.geojson") == (target / "again").read("stations.geojson")


def test_places_are_points_with_the_other_columns(published: Root, target: Folder) -> None:
    written(published, target)
    table = pd.read_csv(Path(target.url, "stations.csv"), comment="#")
    features = json.loads(target.read("stations.geojson"))["features"]
    assert len(features) == len(table)
    assert all(-180.0 <= each["geometry"]["coordinates"][0] <= 180.0 for each in features)
    first = table.iloc[0]
    assert features[0]["geometry"]["coordinates"] == [first["lon"], first["lat"]]
    assert features[0]["properties"]["site"] == first["site"]
    assert features[0]["properties"]["feo"] == first["feo"]
    # What is not known is not there: no number stands for it.
    assert [each["properties"]["mgo"] is None for each in features] == list(table["mgo"].isna())


def test_gdal_and_we_know_that_they_are_on_the_moon(published: Root, target: Folder) -> None:
    written(published, target)
    path = f"{target.url}/stations.geojson"
    assert CRS.from_user_input(pyogrio.read_info(path)["crs"]).equals(
        lunar_crs(GEOGRAPHIC), ignore_axis_order=True
    )
    assert read_records(path).crs == "urn:ogc:def:crs:IAU_2015::30100"


def test_a_table_without_rows_has_no_points() -> None:
    assert json.loads(points_geojson(pd.DataFrame(columns=["rank", "lat", "lon"]), "none"))["features"] == []


def test_a_record_without_tables_says_what_to_do(run: Run, root: str, target: Folder) -> None:
    entry = open_root(root).find("runs")
    with pytest.raises(InputError, match="has no tables to export; --cog DIR writes maps"):
        write_tables(target, run.place, open_root(root).record(entry, RunCard))
