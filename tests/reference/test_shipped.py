"""What comes with the repository is the reference data, not a value changed."""

import bz2
import csv
import gzip
import hashlib
from pathlib import Path

import pytest

from lunarcloud.archive.gazetteer import features
from lunarcloud.archive.scheme import shelves
from lunarcloud.archive.shipped import DATA
from lunarcloud.archive.stations import parse_stations, shipped_stations


@pytest.mark.parametrize(
    ("file", "original"),
    [
        ("LDEM_4.IMG", "topography/LDEM_4.IMG"),
        ("LDEM_4.LBL", "topography/LDEM_4.LBL"),
        ("LP165P.cof", "gravity/LP165P.cof"),
        ("lpgrs_elements_2deg.csv", "lpgrs/lpgrs_elements_2deg.csv"),
        ("lpgrs_elements_5deg.csv", "lpgrs/lpgrs_elements_5deg.csv"),
    ],
)
def test_a_shipped_file_is_the_original_byte_for_byte(data: Path, file: str, original: str) -> None:
    assert (DATA / file).read_bytes() == (data / original).read_bytes()


def test_shipped_stations_are_the_published_ones(data: Path) -> None:
    theirs = parse_stations((data / "samples" / "stations.csv").read_text(encoding="utf-8"), "reference")
    assert shipped_stations().stations == theirs.stations


def test_shipped_features_are_the_published_ones(data: Path) -> None:
    with (data / "nomenclature" / "iau_gazetteer_subset.csv").open(encoding="utf-8") as lines:
        published = {row.pop("name"): tuple(map(float, row.values())) for row in csv.DictReader(lines)}
    assert {one.name: (one.lat, one.lon, one.diameter_km) for one in features()} == published


def test_the_tiles_of_the_tests_are_the_original_ones(data: Path, pytestconfig: pytest.Config) -> None:
    ours = bz2.decompress((pytestconfig.rootpath / "tests/data/dim_tiles_4ppd.tar.bz2").read_bytes())
    theirs = gzip.decompress((data / "tiles_lp" / "dim_tiles_4ppd.tar.gz").read_bytes())
    assert hashlib.sha256(ours).digest() == hashlib.sha256(theirs).digest()


def test_shelves_are_those_of_the_archives_index(data: Path) -> None:
    with (data / "clementine_docs" / "mosaic_product_index_uvvis.csv").open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if "/data/ui" in row["pds3_path"]]
    theirs = {(row["pds3_path"], f"{row['pds4_path'][1:]}{row['pds4_product_id']}") for row in rows}
    assert {(shelf.pds3_path, shelf.pds4_path) for shelf in shelves()} == theirs
