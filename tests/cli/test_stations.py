"""``stations add``, ``list`` and ``show``: the main table grows, or a table has a name of its own."""

import json
from pathlib import Path
from typing import Any

import pytest

from lunarcloud.testing.fixtures import Command

SAMPLE = "site,lat,lon,feo,tio2\nChang'E-7,-41.6385,-153.9852,16.1,3.2\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table of one sample."""
    path = tmp_path / "change7.csv"
    path.write_text(SAMPLE)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Where it goes."""
    return tmp_path / "root"


def _added(lunarcloud: Command, root: Path, *words: object) -> Any:
    code, out, err = lunarcloud("stations", "add", *words, "--root", root, "--json")
    assert code == 0, err
    return json.loads(out)["record"]["card"]


def test_a_table_is_added_to_the_main_one(lunarcloud: Command, root: Path, table: Path) -> None:
    before = _added(lunarcloud, root)
    after = _added(lunarcloud, root, table)
    assert (after["name"], after["stations"]) == ("main", before["stations"] + 1)
    assert (root / "inbox/change7.csv").read_text() == SAMPLE


def test_a_table_with_a_name_stands_by_itself(lunarcloud: Command, root: Path, table: Path) -> None:
    _added(lunarcloud, root)
    card = _added(lunarcloud, root, table, "--name", "new")
    assert (card["name"], card["stations"]) == ("new", 1)
    latest = [each["facts"]["name"] for each in _listed(lunarcloud, root) if each["latest"]]
    assert latest == ["main"]


def _listed(lunarcloud: Command, root: Path) -> Any:
    return json.loads(lunarcloud("stations", "list", "--root", root, "--json")[1])


def test_a_dry_run_writes_nothing(lunarcloud: Command, root: Path, table: Path) -> None:
    assert "1 stations" in lunarcloud("stations", "add", table, "--root", root, "--dry-run")[1]
    assert not root.exists()


def test_show_prints_the_stations(lunarcloud: Command, root: Path, table: Path) -> None:
    _added(lunarcloud, root, table)
    out = lunarcloud("stations", "show", "--root", root)[1]
    assert "Chang'E-7" in out
    assert "Apollo 11" in out


def test_what_is_no_table_is_refused_before_anything_is_written(
    lunarcloud: Command, root: Path, table: Path
) -> None:
    table.write_text("a,b\n1,2\n")
    code, _, err = lunarcloud("stations", "add", table, "--root", root)
    assert (code, "change7.csv" in err) == (2, True)
    assert not root.exists()
