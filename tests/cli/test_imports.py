"""Commands that compute nothing load nothing that only computing needs."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from lunarcloud import moon
from lunarcloud.engine import Cluster
from lunarcloud.jobs import Job, Status, records
from lunarcloud.lineage import open_root
from lunarcloud.storage import folder
from lunarcloud.testing.loaded import HEAVY, loaded_by
from lunarcloud.testing.make import make
from lunarcloud.testing.small_root import write_model, write_mosaic

ARRAYS = {"xarray", "zarr", "pandas", "numpy"}


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory, scheduler: str) -> Path:
    """A root with a mosaic, a model and a run."""
    root = tmp_path_factory.mktemp("mapped")
    write_mosaic(folder(root), moon.grid(1))
    write_model(folder(root))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lunarcloud.processes.map._draw", lambda *_: {})
        make("map", root, Cluster(scheduler=scheduler))
    return root


@pytest.mark.parametrize("words", [("--help",), ("processes",), ("list", "--root", "nowhere")], ids=" ".join)
def test_lists_load_no_arrays_and_no_process(words: tuple[str, ...]) -> None:
    loaded = loaded_by(*words)
    assert not loaded & (HEAVY | ARRAYS)
    assert not {name for name in loaded if name.startswith(("lunarcloud.mosaic", "lunarcloud.maps"))}


@pytest.mark.parametrize("name", ["ingest", "fit", "map", "reduce", "polar", "gravity", "demo", "verify"])
def test_help_loads_nothing_heavy(name: str) -> None:
    assert not loaded_by(name, "--help") & HEAVY


def test_help_of_one_command_loads_no_other() -> None:
    assert "lunarcloud.processes.polar" not in loaded_by("ingest", "--help")


@pytest.mark.parametrize(
    "words",
    [("map",), ("show", "runs"), ("map", "--dry-run"), ("reprocess",), ("status",)],
    ids=" ".join,
)
def test_a_command_with_nothing_to_do_loads_nothing_heavy(mapped: Path, words: tuple[str, ...]) -> None:
    assert not loaded_by(*words, "--root", mapped) & HEAVY


@pytest.mark.parametrize(
    "words", [("list",), ("show", "map"), ("cancel", "map"), ("wait", "map")], ids=" ".join
)
def test_looking_at_jobs_needs_nothing_but_the_root(mapped: Path, words: tuple[str, ...]) -> None:
    root = open_root(mapped)
    job = Job(id="map-1", process="map", inputs={}, on="kubernetes", submitted=datetime.now(UTC))
    records.create(root, job)
    records.write_status(root, job, Status(state="done", exit_code=0))
    # The bar of `wait` knows the engine's events, and with them arrays.
    spared = HEAVY | {"kubernetes"} | (ARRAYS if words[0] != "wait" else set())
    assert not loaded_by("jobs", *words, "--root", mapped) & spared


def test_submitting_what_is_published_loads_nothing_heavy(mapped: Path) -> None:
    loaded = loaded_by("submit", "map", "--on", "local", "--root", mapped)
    assert not loaded & (HEAVY | {"kubernetes"})
