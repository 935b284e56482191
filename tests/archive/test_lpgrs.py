"""Lunar Prospector's tables: the CSV form and the archive's own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lunarcloud.archive.lpgrs import ELEMENTS, OXIDES, read_prospector
from lunarcloud.archive.shipped import DATA, PROSPECTOR
from lunarcloud.errors import ArchiveError, InputError, NotFoundError
from lunarcloud.moon import SPHERE_KM2


@pytest.fixture(scope="module")
def csv_path() -> str:
    return str(DATA / PROSPECTOR["5deg"])


@pytest.mark.parametrize(("height", "pixels"), [("2deg", 11306), ("5deg", 1790)])
def test_the_pixels_cover_the_moon_once(height: str, pixels: int) -> None:
    found = read_prospector(height)
    assert found.lat.size == pixels
    assert found.area_km2.sum() == pytest.approx(SPHERE_KM2, rel=1e-9)
    assert 0 <= found.abundance["FeO"].min() < found.abundance["FeO"].max() < 35
    assert 200 < found.abundance["K"].mean() < 2000


def test_the_archive_s_table_reads_as_the_csv(csv_path: str, tmp_path: Path) -> None:
    """Its columns: number, bounds, mass, density, oxides as fractions, elements in ppm, 45 covariances."""
    table = pd.read_csv(csv_path)
    bounds = table[["pixel_id", "min_lat", "max_lat", "min_lon", "max_lon"]]
    filler = pd.DataFrame(np.full((len(table), 47), 1.4e-6))
    columns = [bounds, filler[[0, 1]], table[list(OXIDES)] / 100, table[list(ELEMENTS)], filler.iloc[:, 2:]]
    path = tmp_path / "lpgrs_high1_elem_abundance_5deg.TAB"
    pd.concat(columns, axis=1).to_csv(path, sep=" ", header=False, index=False)
    ours, theirs = read_prospector(str(path)), read_prospector(csv_path)
    for name in (*OXIDES, *ELEMENTS):
        np.testing.assert_allclose(ours.abundance[name], theirs.abundance[name], rtol=1e-12)
    np.testing.assert_array_equal(ours.min_lon, theirs.min_lon)


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda table: table.iloc[:900], "covers it exactly once"),
        (lambda table: table.drop(columns="max_lat"), "lacks max_lat"),
        (lambda table: table.assign(FeO=["heavy", *table["FeO"].iloc[1:]]), "row 1, FeO: 'heavy'"),
        (lambda table: table.assign(min_lat=table["max_lat"]), "row 1: bounds without an area"),
        (lambda table: table[["min_lat", "max_lat", "min_lon", "max_lon"]], "lacks every abundance"),
    ],
)
def test_a_damaged_table_is_refused(
    csv_path: str, tmp_path: Path, damage: Callable[..., Any], complaint: str
) -> None:
    path = tmp_path / "bad.csv"
    damage(pd.read_csv(csv_path)).to_csv(path, index=False)
    with pytest.raises(ArchiveError, match=complaint):
        read_prospector(str(path))


def test_other_files_are_refused(tmp_path: Path) -> None:
    narrow = tmp_path / "narrow.tab"
    narrow.write_text("1 2 3\n4 5 6\n")
    with pytest.raises(ArchiveError, match="row 1: 3 columns"):
        read_prospector(str(narrow))
    with pytest.raises(NotFoundError, match=r"absent\.csv"):
        read_prospector(str(tmp_path / "absent.csv"))
    with pytest.raises(InputError, match=r"end in \.tab"):
        read_prospector(str(tmp_path / "table.xlsx"))
