"""Jobs runs: what is there, where it comes from, and damage found by name."""

import json
import shutil
from pathlib import Path

import pytest
from lunarcloud.jobs.map import MapInputs, map_oxides

from lunarcloud.engine import Cluster
from lunarcloud.moon import grid
from lunarcloud.storage import folder
from lunarcloud.testing.fixtures import Command
from lunarcloud.testing.small_root import write_mosaic


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory, scheduler: str) -> str:
    """A root with a run of the published equations."""
    place = tmp_path_factory.mktemp("runs")
    write_mosaic(folder(place), grid(2, 180))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lunarcloud.jobs.map._draw", lambda run: None)
        map_oxides(MapInputs(root=str(place), model="qiu2025"), Cluster(scheduler=scheduler))
    return str(place)


@pytest.fixture
def root(mapped: str, tmp_path: Path) -> str:
    """A copy to be damaged."""
    return str(shutil.copytree(mapped, tmp_path / "root"))


def _object(root: str, name: str) -> Path:
    (found,) = Path(root).glob(f"runs/*/{name}")
    return found


def test_list_names_everything_published(mapped: str, lunarcloud: Command) -> None:
    code, out, _ = lunarcloud("runs", "list", "--root", mapped, "--json")
    assert code == 0
    assert [entry["kind"] for entry in json.loads(out)] == ["mosaic", "run"]


def test_show_says_where_a_run_comes_from(mapped: str, lunarcloud: Command) -> None:
    code, out, _ = lunarcloud("runs", "show", "latest", "--root", mapped, "--json")
    card = json.loads(out)
    assert code == 0
    assert card["model"] == "qiu2025"
    assert card["versions"]["lunarcloud"]
    assert sum(card["counts"].values()) >= card["counts"]["ok"] > 0


def test_a_whole_run_verifies(mapped: str, scheduler: str, lunarcloud: Command) -> None:
    code, out, _ = lunarcloud("runs", "verify", "--root", mapped, "--scheduler", scheduler, "--json")
    assert code == 0
    assert json.loads(out)["damaged"] == []
    assert json.loads(out)["shards"] == 10


def test_every_damaged_object_is_named_with_exit_code_1(
    root: str, scheduler: str, lunarcloud: Command
) -> None:
    flipped = _object(root, "maps.zarr/omat/c/1/1")
    data = bytearray(flipped.read_bytes())
    data[len(data) // 2] ^= 1
    flipped.write_bytes(bytes(data))
    _object(root, "maps.zarr/level_1/tio2_equation/c/0/1").unlink()
    _object(root, "ledger/0/0-3.json").write_text("{}")
    _object(root, "ledger/0/1-0.json").unlink()
    code, out, _ = lunarcloud("runs", "verify", "--root", root, "--scheduler", scheduler, "--json")
    damaged = json.loads(out)["damaged"]
    assert code == 1
    assert len(damaged) == 4
    for name in ("omat/c/1/1", "level_1/tio2_equation/c/0/1", "0/0-3.json", "0/1-0.json"):
        assert sum(name in problem for problem in damaged) == 1


def test_an_unknown_run_is_bad_input(mapped: str, lunarcloud: Command) -> None:
    code, _, error = lunarcloud("runs", "show", "zzz", "--root", mapped)
    assert code == 2
    assert "zzz" in error
