"""Whatever is damaged of what lies under a root is read as it can be, or refused in our words."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings

from lunarcloud.errors import LunarcloudError
from lunarcloud.lineage import Ref, open_root
from lunarcloud.maps import RunCard
from lunarcloud.models import Card
from lunarcloud.models.package import NETWORKS, STUDENT, session
from lunarcloud.moon import grid
from lunarcloud.storage import Ledger, folder, open_dataset
from lunarcloud.testing.runs import write_run
from lunarcloud.testing.small_root import plain_model, write_model
from tests.damage import CASES, EDITS, HANGS, Edit, damaged

RUN = Ref(kind="runs", id="whole")
MODEL = "models/untrained"


class Reader(NamedTuple):
    """The key of an object under a root, and what reads it."""

    key: str
    read: Callable[[Path], object]


def _session(key: str) -> Callable[[Path], object]:
    return lambda root: session((root / key).read_bytes())


def _dataset(root: Path) -> None:
    dataset = open_dataset(folder(root / RUN.path / "maps.zarr" / "0"))
    for name in dataset:
        dataset[name].isel(dict.fromkeys(dataset[name].dims, 0)).load()


READERS = {
    "networks": Reader(f"{MODEL}/{NETWORKS}", _session(f"{MODEL}/{NETWORKS}")),
    "student": Reader(f"{MODEL}/{STUDENT}", _session(f"{MODEL}/{STUDENT}")),
    "plain networks": Reader("plain.onnx", _session("plain.onnx")),
    "zarr.json": Reader(f"{RUN.path}/maps.zarr/0/zarr.json", _dataset),
    "ledger": Reader(
        f"{RUN.path}/ledger/0/0-0.json", lambda root: Ledger(folder(root / RUN.path / "ledger/0")).entries()
    ),
    "record": Reader(f"{RUN.path}/record.json", lambda root: open_root(root).finished(RUN, RunCard)),
    "record of a model": Reader(
        f"{MODEL}/record.json",
        lambda root: open_root(root).finished(Ref(kind="models", id="untrained"), Card),
    ),
    "catalog": Reader("catalog.json", lambda root: open_root(root).find("runs")),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("whole")
    write_run(folder(root), RUN.id, grid(1, shard_edge=180), {"feo_cnn": 8.0})
    write_model(folder(root))
    (root / "plain.onnx").write_bytes(plain_model())
    return root


@pytest.fixture(scope="module")
def copy(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root to be harmed; one object of it at a time."""
    return Path(shutil.copytree(whole, tmp_path_factory.mktemp("copy") / "root"))


@pytest.mark.parametrize("name", READERS)
def test_what_is_whole_is_read(whole: Path, name: str) -> None:
    READERS[name].read(whole)


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=CASES, deadline=HANGS)
@given(edits=EDITS)
def test_what_is_damaged_is_read_or_refused_in_words(
    whole: Path, copy: Path, name: str, edits: list[Edit]
) -> None:
    reader = READERS[name]
    data, code = (whole / reader.key).read_bytes(), 0
    (copy / reader.key).write_bytes(damaged(data, edits))
    try:
        reader.read(copy)
    except LunarcloudError as error:
        code = error.exit_code
    finally:
        (copy / reader.key).write_bytes(data)
    assert code in (0, 2)
