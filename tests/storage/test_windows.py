"""Windows of stored variables: of each shard the chunks that hold them, checked as all that is read."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import pytest

from lunarcloud.errors import StoreError
from lunarcloud.moon import Shard, Window, grid
from lunarcloud.storage import Entry, Folder, Group, Layout, Windows, folder, group_at
from lunarcloud.testing.faulty_proxy import Fault, Faults

# Four chunks a shard; at the right and at the bottom shards are cut within chunks.
ON = grid(6, shard_edge=1024)
EMPTY_SHARD, SHARD = Shard(0, 2), "feo/c/0/1"
# Of two rows and three columns of shards parts, none of which is a whole chunk.
ACROSS = Window(row_start=700, row_stop=1060, col_start=500, col_stop=2150)


def codes(variable: str, n_bands: int) -> npt.NDArray[np.uint16]:
    """Noise, which is missing in one shard of FeO."""
    shape = (n_bands, *ON.shape) if variable == "reflectance" else ON.shape
    found = np.random.default_rng(len(variable)).integers(0, 30_000, shape, np.uint16)
    if variable == "feo":
        found[ON.window(EMPTY_SHARD).slices] = 65535
    return found


@pytest.fixture
def group(tmp_path: Path, layout: Layout) -> Group:
    return made(folder(tmp_path / "store"), layout)


def made(home: Folder, layout: Layout) -> Group:
    bands = replace(layout.variable("reflectance"), dtype="uint16", fill=65535)
    group = group_at(
        home / "runs/abc/maps.zarr/0", replace(layout, raster=ON, variables=(bands, layout.variable("feo")))
    )
    whole = {each.name: codes(each.name, 2) for each in group.layout.variables}
    for shard in ON.shards():
        cut = (..., *ON.window(shard).slices)
        objects = group.write(shard, {name: np.ascontiguousarray(each[cut]) for name, each in whole.items()})
        group.ledger.record(Entry(shard=shard, objects=objects, seconds=0.0, worker="me"))
    return group


def windows(group: Group, name: str = "feo") -> Windows:
    return Windows(group.place, ON, group.layout.variable(name))


def test_no_more_is_read_of_a_shard_than_its_chunks_and_what_lies_close_between(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of its bands lie apart; here nothing is close."""
    monkeypatch.setattr("lunarcloud.storage.chunks._MOST_BETWEEN", -1)
    read = []
    usual = Folder.read

    def counted(self: Folder, key: str, start: int | None = None, end: int | None = None) -> bytes:
        found = usual(self, key, start, end)
        read.append((key, len(found)))
        return found

    monkeypatch.setattr(Folder, "read", counted)
    window = Window(row_start=100, row_stop=101, col_start=100, col_stop=101)
    found = windows(group, "reflectance").read(window)
    np.testing.assert_array_equal(found, codes("reflectance", 2)[:, 100:101, 100:101])
    # The index, and a chunk of each band; noise is not packed, and a chunk has 512 x 512 codes of two bytes.
    assert len(read) == 1 + 2
    assert max(size for _, size in read) < 1.1 * 2 * 512**2


@pytest.mark.parametrize("name", ["feo", "reflectance"])
@pytest.mark.parametrize("window", [ON.whole, ACROSS, ON.window(EMPTY_SHARD)], ids=["all", "part", "empty"])
def test_a_window_has_the_codes_that_were_written(group: Group, name: str, window: Window) -> None:
    found = windows(group, name).read(window)
    np.testing.assert_array_equal(found, codes(name, 2)[(..., *window.slices)])


def test_a_shard_is_asked_once_where_its_chunks_are(faults: Faults, layout: Layout) -> None:
    read, asked = windows(made(folder(f"s3://moon/{uuid4().hex}"), layout)), Counter[str]()

    def count(method: str, path: str) -> Fault | None:
        asked[path.rpartition("/0/feo/")[2]] += 1
        return None

    faults.plan = count
    for row in (0, 512):
        read.read(Window(row_start=row, row_stop=row + 512, col_start=0, col_stop=1024))
    assert asked == {"c/0/0": 3}


def test_a_part_that_came_as_something_else_is_asked_for_again(faults: Faults, layout: Layout) -> None:
    group, asked = made(folder(f"s3://moon/{uuid4().hex}"), layout), Counter[str]()

    def first_and_third(method: str, path: str) -> Fault | None:
        asked[path] += 1
        return "zeros" if path.endswith(SHARD) and asked[path] in (1, 3) else None

    faults.plan = first_and_third
    window = ON.window(Shard(0, 1))
    np.testing.assert_array_equal(windows(group).read(window), codes("feo", 2)[window.slices])
    assert faults.done["zeros"] == 2


@pytest.mark.parametrize("at", [1000, -100, -1], ids=["chunk", "index", "checksum"])
def test_a_damaged_shard_is_refused(group: Group, at: int) -> None:
    data = bytearray(group.place.read(SHARD))
    data[at] ^= 1
    group.place.write(SHARD, bytes(data))
    with pytest.raises(StoreError, match="feo is damaged"):
        windows(group).read(ON.whole)


def test_a_lost_shard_is_refused_and_says_what_makes_it_again(group: Group) -> None:
    group.place.remove(SHARD)
    with pytest.raises(StoreError, match=rf"{SHARD}: .*`lunarcloud repair runs/abc`"):
        windows(group).read(ACROSS)
