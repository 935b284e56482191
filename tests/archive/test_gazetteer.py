"""The shipped gazetteer holds the published facts."""

import csv

import pytest

from lunarcloud.archive.gazetteer import feature, features
from lunarcloud.config import settings
from lunarcloud.errors import NotFoundError


def test_shipped_table_equals_the_reference_table():
    path = settings().reference_data / "nomenclature" / "iau_gazetteer_subset.csv"
    with path.open(encoding="utf-8") as lines:
        published = {row.pop("name"): tuple(map(float, row.values())) for row in csv.DictReader(lines)}
    assert {f.name: (f.lat, f.lon, f.diameter_km) for f in features()} == published


def test_maria_are_told_from_other_features():
    assert feature("oceanus procellarum").is_mare
    assert feature("Mare Tranquillitatis").is_mare
    assert not feature("Sinus Iridum").is_mare
    assert not feature("Tycho").is_mare


def test_an_unknown_name_is_refused():
    with pytest.raises(NotFoundError, match="Mare Nostrum"):
        feature("Mare Nostrum")
