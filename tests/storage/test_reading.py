"""What is read lazily is waited for where a store fails, and refused where it is lost or damaged."""

import json
import pickle
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr
from distributed import Client

from lunarcloud.errors import NotFoundError, StoreError
from lunarcloud.moon import grid
from lunarcloud.storage import (
    Entry,
    Folder,
    Group,
    Layout,
    folder,
    group_at,
    open_codes,
    open_dataset,
    open_small,
    write_dataset,
)
from lunarcloud.testing.faulty_proxy import FAULTS, Fault, Faults
from lunarcloud.testing.s3_server import reconnect

OPENERS = [open_dataset, open_small, open_codes]
OF_UPLOADS = {"aborted", "too late"}
SHARD = "feo/c/0/1"


def _codes(layout: Layout) -> npt.NDArray[np.uint16]:
    """FeO everywhere but in the first of two shards, which has none."""
    codes = np.arange(180 * 360, dtype=np.uint16).reshape(layout.raster.shape) % 30000
    codes[:, :180] = 65535
    return codes


def _made(home: Folder, layout: Layout) -> Group:
    """The first map of a finished run, in two shards, of which one is empty."""
    alone = replace(layout, raster=grid(1, shard_edge=180), variables=(layout.variable("feo"),))
    group = group_at(home / "runs/abc/maps.zarr/0", alone)
    for shard in alone.raster.shards():
        pixels = np.ascontiguousarray(_codes(alone)[alone.raster.window(shard).slices])
        entry = Entry(shard=shard, objects=group.write(shard, {"feo": pixels}), seconds=0.0, worker="me")
        group.ledger.record(entry)
    group.finish({"title": "test"})
    return group


@pytest.fixture
def group(place: Folder, layout: Layout) -> Group:
    """It on each kind of store."""
    return _made(place, layout)


def _plainly(place: Folder) -> xr.Dataset:
    found: xr.Dataset = xr.open_zarr(place.url, chunks=None, consolidated=True)
    return found


def _flip(place: Folder, key: str) -> None:
    data = bytearray(place.read(key))
    data[len(data) // 3] ^= 1
    place.write(key, bytes(data))


@pytest.mark.parametrize("kind", [kind for kind in FAULTS if kind not in OF_UPLOADS])
def test_each_object_is_waited_for_as_is_any_other(faults: Faults, layout: Layout, kind: Fault) -> None:
    group, read = _made(folder(f"s3://moon/{uuid4().hex}"), layout), Counter[str]()

    def twice_each(method: str, path: str) -> Fault | None:
        read[path] += method == "GET"
        return kind if method == "GET" and read[path] <= 2 else None

    faults.plan = twice_each
    found = open_small(group.place)["feo"]
    expected = np.where(_codes(group.layout) == 65535, np.nan, _codes(group.layout) * np.float32(0.001))
    np.testing.assert_array_equal(found.values, expected)
    assert min(number for path, number in read.items() if path.endswith(("zarr.json", "/c/0", SHARD))) == 3


def test_a_part_that_came_as_something_else_is_asked_for_again(faults: Faults, layout: Layout) -> None:
    group, asked = _made(folder(f"s3://moon/{uuid4().hex}"), layout), Counter[str]()
    part = {"lat": slice(3), "lon": slice(200, 203)}

    def first_three(method: str, path: str) -> Fault | None:
        asked[path] += 1
        return "zeros" if path.endswith(SHARD) and asked[path] <= 3 else None

    faults.plan = first_three
    found = open_codes(group.place)["feo"].isel(part)
    np.testing.assert_array_equal(found, _codes(group.layout)[:3, 200:203])
    assert faults.done["zeros"] == 3


def test_no_more_is_asked_of_a_store_than_plain_xarray_asks(faults: Faults, layout: Layout) -> None:
    place = _made(folder(f"s3://moon/{uuid4().hex}"), layout).place
    numbers = []
    for opened in (_plainly, open_small):
        reconnect()
        faults.done.clear()
        opened(place)["feo"].isel(lat=slice(3), lon=slice(200, 203)).load()
        numbers.append(faults.done.total())
    assert numbers[1] <= numbers[0]


@pytest.mark.parametrize("opener", OPENERS)
def test_a_lost_shard_is_refused_and_says_what_makes_it_again(
    group: Group, opener: Callable[[Folder], xr.Dataset]
) -> None:
    group.place.remove(SHARD)
    opened = opener(group.place)["feo"]
    empty = opened[:, :180].values
    assert ((empty == 65535) | np.isnan(empty)).all()
    with pytest.raises(StoreError, match=rf"{SHARD}: .*`lunarcloud repair runs/abc`"):
        opened.load()


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize("key", [SHARD, "zarr.json", "lat/c/0"])
def test_damage_is_said_whenever_it_is_met(
    group: Group, opener: Callable[[Folder], xr.Dataset], key: str
) -> None:
    if key == "zarr.json":
        group.place.write(key, b"")
    else:
        _flip(group.place, key)
    with pytest.raises(StoreError, match="is damaged"):
        opener(group.place).load()


def test_a_lost_chunk_of_a_table_is_refused_once_the_record_names_it(place: Folder) -> None:
    table, home = place / "models/abc/diagnostics.zarr", place / "models/abc"
    write_dataset(table, xr.Dataset({"count": ("band", [1, 2]), "none": ("band", [0, 0])}))
    outputs = {f"diagnostics.zarr/{key}": "" for key in table.keys()}  # noqa: SIM118 - a folder's keys
    home.write("record.json", json.dumps({"outputs": outputs}).encode())
    assert open_small(table)["none"].values.tolist() == [0, 0]
    table.remove("count/c/0")
    with pytest.raises(StoreError, match=r"count/c/0: .*`lunarcloud repair models/abc`"):
        open_small(table)["count"].load()


def test_what_is_opened_travels_to_workers(tmp_path: Path, layout: Layout, client: Client) -> None:
    group = _made(folder(tmp_path), layout)
    lazy = pickle.loads(pickle.dumps(open_dataset(group.place)))["feo"]  # noqa: S301 - our own
    np.testing.assert_array_equal(client.compute(lazy).result(), open_small(group.place)["feo"])
    group.place.remove(SHARD)
    with pytest.raises(StoreError, match=SHARD):
        client.compute(lazy).result()


def test_nothing_published_is_not_damage(place: Folder) -> None:
    for opener in OPENERS:
        with pytest.raises(NotFoundError, match="nothing published there"):
            opener(place)
