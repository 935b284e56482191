"""Commands on records of any kind: what is there, where it comes from, what ``latest`` means."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from lunarcloud.engine import Cluster
from lunarcloud.lineage import open_root
from lunarcloud.moon import grid
from lunarcloud.storage import folder
from lunarcloud.testing.fixtures import Command
from lunarcloud.testing.make import make
from lunarcloud.testing.small_root import write_model, write_mosaic


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory, scheduler: str) -> Path:
    """A root with a mosaic, a model and two runs."""
    place = tmp_path_factory.mktemp("records")
    write_mosaic(folder(place), grid(1, 180))
    write_model(folder(place))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lunarcloud.processes.map._draw", lambda run: None)
        make("map", place, Cluster(scheduler=scheduler), model="qiu2025", label="the paper's")
        make("map", place, Cluster(scheduler=scheduler))
    return place


@pytest.fixture
def root(mapped: Path, tmp_path: Path) -> Path:
    """A copy to be changed."""
    return Path(shutil.copytree(mapped, tmp_path / "root"))


def _json(answer: tuple[int, str, str]) -> Any:
    code, out, err = answer
    assert code == 0, err
    return json.loads(out)


def test_everything_published_is_listed(mapped: Path, lunarcloud: Command) -> None:
    listed = _json(lunarcloud("list", "--root", mapped, "--json"))
    assert [entry["ref"]["kind"] for entry in listed] == ["mosaics", "models", "runs", "runs"]
    assert [entry["latest"] for entry in listed] == [True, True, True, False]
    assert len(_json(lunarcloud("list", "runs", "--root", mapped, "--json"))) == 2


@pytest.mark.parametrize("columns", ["20", "80"])
def test_ids_are_whole_whatever_the_width(
    mapped: Path, lunarcloud: Command, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    _, out, _ = lunarcloud("list", "--root", mapped)
    assert all(entry.ref.id in out for entry in open_root(mapped).catalog().records)


def test_a_run_shows_where_it_comes_from(mapped: Path, lunarcloud: Command) -> None:
    record = _json(lunarcloud("show", "the paper's", "--root", mapped, "--json"))
    assert record["given"]["parents"]["model"]["ref"]["id"] == "qiu2025"
    assert record["versions"]["lunarcloud"]
    counts = record["card"]["counts"]
    assert sum(counts.values()) >= counts["ok"] > 0
    code, out, _ = lunarcloud("show", "runs", "--root", mapped)
    assert code == 0
    assert open_root(mapped).find("mosaics").ref.id in out


def test_latest_means_what_was_promoted(root: Path, lunarcloud: Command) -> None:
    other = open_root(root).catalog().of("runs")[-1]
    assert lunarcloud("promote", other.ref.id, "--root", root)[0] == 0
    assert open_root(root).find("runs") == other


def test_what_others_were_made_from_is_not_removed(root: Path, lunarcloud: Command) -> None:
    run = open_root(root).find("runs", "the paper's")
    code, _, error = lunarcloud("remove", "mosaics", "--root", root)
    assert code == 2
    assert str(run.ref) in error
    assert lunarcloud("remove", run.ref.id, "--root", root)[0] == 0
    assert not (root / run.ref.path).exists()
    assert not (root / f"stac/items/{run.ref.id}.json").exists()


def test_an_unknown_record_is_bad_input(mapped: Path, lunarcloud: Command) -> None:
    code, _, error = lunarcloud("show", "zzz", "--root", mapped)
    assert code == 2
    assert "'zzz'" in error
