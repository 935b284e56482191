"""Whole shards of Zarr: what is written opens in plain xarray, and nothing else can be written."""

import json
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr
import zarr

from lunarcloud.errors import InputError, NotFoundError, StoreError
from lunarcloud.moon import Shard, Window
from lunarcloud.storage import (
    Entry,
    Folder,
    Group,
    Layout,
    Ledger,
    digest,
    finish_tree,
    folder,
    open_dataset,
    write_dataset,
)

#: Codes of a shard by variable.
Pixels: TypeAlias = dict[str, npt.NDArray[Any]]


def _pixels(layout: Layout, shard: Shard) -> Pixels:
    rows, cols = layout.raster.window(shard).shape
    random = np.random.default_rng([shard.row, shard.col])
    return {
        "reflectance": random.integers(0, 3000, (2, rows, cols)).astype(np.int16),
        "feo": random.integers(0, 30000, (rows, cols)).astype(np.uint16),
    }


def _compute(group: Group, shard: Shard, pixels: Pixels | None = None, seconds: float = 1.0) -> None:
    objects = group.write(shard, pixels or _pixels(group.layout, shard))
    group.ledger.record(Entry(shard=shard, objects=objects, seconds=seconds, worker="me"))


@pytest.fixture
def group(place: Folder, layout: Layout) -> Group:
    """A group with nothing in it."""
    return Group(place / "maps.zarr", layout, Ledger(place / "ledger"))


@pytest.fixture
def whole(group: Group) -> Group:
    """A finished group."""
    for shard in group.layout.raster.shards():
        _compute(group, shard)
    group.finish({"title": "test"})
    return group


def test_shards_come_back_as_they_went_in(whole: Group) -> None:
    for shard in whole.layout.raster.shards():
        for name, pixels in _pixels(whole.layout, shard).items():
            assert np.array_equal(whole.read(name, shard), pixels)


def test_a_group_opens_decoded_with_units_and_reference_system(whole: Group) -> None:
    data = whole.open()
    feo = data["feo"]
    assert feo.attrs["units"] == "wt%"
    assert feo.shape == whole.layout.raster.shape
    assert float(feo[0, 0]) == pytest.approx(_pixels(whole.layout, Shard(0, 0))["feo"][0, 0] * 0.001)
    assert "MOON" in data["crs"].attrs["crs_wkt"].upper()
    assert data["wavelength"].values.tolist() == [415.0, 750.0]


def test_a_window_across_shards_is_read(whole: Group) -> None:
    window = Window(row_start=90, row_stop=210, col_start=95, col_stop=320)
    decoded = np.rint(whole.open()["feo"].values[window.slices] / 0.001)
    assert np.array_equal(whole.read_window("feo", window), decoded)
    assert np.array_equal(whole.read_window("feo", window, whole.ledger.entries()), decoded)


def test_a_group_travels_to_another_process(whole: Group) -> None:
    there = pickle.loads(pickle.dumps(whole))  # noqa: S301 - our own bytes
    assert np.array_equal(there.read("feo", Shard(1, 1)), whole.read("feo", Shard(1, 1)))


def test_nothing_is_visible_before_the_metadata(group: Group) -> None:
    _compute(group, Shard(0, 0))
    with pytest.raises(NotFoundError):
        group.open()


def test_what_is_missing_is_what_the_ledger_does_not_name(group: Group) -> None:
    everything = list(group.layout.raster.shards())
    assert group.missing() == everything
    _compute(group, everything[3])
    (group.ledger.place).write("notes.txt", b"of somebody else")
    assert group.missing() == everything[:3] + everything[4:]
    group.ledger.forget(everything[3])
    assert group.missing() == everything


def test_missing_reads_no_entry(group: Group) -> None:
    group.ledger.place.write("0-0.json", b"garbage")
    assert Shard(0, 0) not in group.missing()
    with pytest.raises(StoreError, match=r"0-0\.json.*damaged; `lunarcloud repair`"):
        group.read("feo", Shard(0, 0))


@pytest.mark.parametrize("cut", [np.s_[:, :-1], np.s_[:-1, :]])
def test_part_of_a_shard_cannot_be_written(group: Group, cut: tuple[slice, slice]) -> None:
    pixels = _pixels(group.layout, Shard(0, 0))
    pixels["feo"] = pixels["feo"][cut]
    with pytest.raises(InputError, match="whole shard"):
        group.write(Shard(0, 0), pixels)


def test_a_shard_without_one_of_its_variables_cannot_be_written(group: Group) -> None:
    pixels = _pixels(group.layout, Shard(0, 0))
    del pixels["feo"]
    with pytest.raises(InputError, match="feo"):
        group.write(Shard(0, 0), pixels)


def test_another_type_cannot_be_written(group: Group) -> None:
    pixels = _pixels(group.layout, Shard(0, 0))
    pixels["feo"] = pixels["feo"].astype(float)
    with pytest.raises(InputError, match="float64"):
        group.write(Shard(0, 0), pixels)


def test_a_variable_that_is_not_there_is_named(whole: Group) -> None:
    with pytest.raises(NotFoundError, match=r"'mgo'.*reflectance, feo"):
        whole.read("mgo", Shard(0, 0))


def test_a_shard_without_valid_pixels_stores_nothing_and_reads_as_missing(group: Group) -> None:
    pixels = _pixels(group.layout, Shard(0, 0))
    pixels["feo"] = np.full_like(pixels["feo"], 65535)
    _compute(group, Shard(0, 0), pixels)
    assert group.ledger.entry(Shard(0, 0)).objects["feo/c/0/0"] == "empty"
    assert group.place.keys("feo") == []
    assert (group.read("feo", Shard(0, 0)) == 65535).all()
    assert group.verify(Shard(0, 0)) == []


def test_a_damaged_shard_is_named(whole: Group) -> None:
    data = bytearray(whole.place.read("feo/c/1/2"))
    data[100] ^= 1
    whole.place.write("feo/c/1/2", bytes(data))
    with pytest.raises(StoreError, match=r"feo/c/1/2.*damaged.*`lunarcloud repair` of its record"):
        whole.read("feo", Shard(1, 2))
    (problem,) = whole.verify(Shard(1, 2))
    assert "feo/c/1/2" in problem


def _without(data: bytes, *path: str) -> bytes:
    """A JSON document without one of its members."""
    content = json.loads(data)
    inner = content
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    return json.dumps(content).encode()


_CONSOLIDATED = ("consolidated_metadata", "metadata")
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut": lambda data: data[: len(data) // 2],
    "a list": lambda _: b"[]",
    "no node": lambda _: b"{}",
    "without attributes of a member": lambda data: _without(data, *_CONSOLIDATED, "feo", "shape"),
    "without codecs": lambda data: _without(data, *_CONSOLIDATED, "feo", "codecs"),
    "another type": lambda data: data.replace(b'"uint16"', b'"uint17"'),
    "no scale": lambda data: data.replace(b"0.001", b'"a"'),
    "no utf-8": lambda data: data.replace(b"test", b"te\xff\xfe"),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_damaged_metadata_are_named(tmp_path: Path, layout: Layout, kind: str) -> None:
    group = Group(folder(tmp_path / "maps.zarr"), layout, Ledger(folder(tmp_path / "ledger")))
    for shard in group.layout.raster.shards():
        _compute(group, shard)
    group.finish({"title": "test"})
    changed = DAMAGES[kind](group.place.read("zarr.json"))
    assert changed != group.place.read("zarr.json")
    group.place.write("zarr.json", changed)
    with pytest.raises(StoreError, match=r"maps\.zarr: zarr\.json is damaged"):
        group.open()


def test_an_entry_of_another_shard_is_damaged(group: Group) -> None:
    for shard in (Shard(0, 0), Shard(0, 1)):
        _compute(group, shard)
    group.ledger.place.write("0-1.json", group.ledger.place.read("0-0.json"))
    for ask in (group.ledger.entries, group.ledger.digest, lambda: group.ledger.entry(Shard(0, 1))):
        with pytest.raises(StoreError, match=r"0-1\.json: this entry of the ledger is damaged"):
            ask()


def test_verify_says_in_words_what_is_wrong(group: Group) -> None:
    shard = Shard(0, 0)
    assert "0-0.json" in group.verify(shard)[0]
    pixels = _pixels(group.layout, shard)
    pixels["feo"] = np.full_like(pixels["feo"], 65535)
    _compute(group, shard, pixels)
    assert group.verify(shard) == []
    group.place.write("feo/c/0/0", b"stranger")
    group.place.remove("reflectance/c/0/0/0")
    lost, unexpected = group.verify(shard)
    assert "reflectance/c/0/0/0: there is no such object" in lost
    assert "feo/c/0/0: there is an object" in unexpected
    entry = group.ledger.entry(shard)
    group.ledger.record(entry.model_copy(update={"objects": {"feo/c/0/0": "empty"}}))
    assert any("reflectance/c/0/0/0: ledger and layout" in problem for problem in group.verify(shard))
    with pytest.raises(StoreError, match="knows nothing"):
        group.read("reflectance", shard)


def test_the_digest_is_of_the_bytes_and_not_of_time_and_order(tmp_path: Path, layout: Layout) -> None:
    groups = [Group(folder(tmp_path / name), layout, Ledger(folder(tmp_path / f"{name}-l"))) for name in "ab"]
    first, second = (Shard(0, 0), Shard(0, 1))
    for group, order, seconds in zip(groups, ((first, second), (second, first)), (1.0, 2.0), strict=True):
        for shard in order:
            _compute(group, shard, seconds=seconds)
    assert groups[0].digest() == groups[1].digest()
    pixels = _pixels(layout, first)
    pixels["feo"][0, 0] += 1
    _compute(groups[1], first, pixels)
    assert groups[0].digest() != groups[1].digest()


def test_a_tree_of_groups_opens_from_its_root(place: Folder, layout: Layout) -> None:
    parts = {name: Group(place / name, layout, Ledger(place / f"ledger-{name}")) for name in ("0", "1")}
    for group in parts.values():
        for shard in layout.raster.shards():
            _compute(group, shard)
    table = xr.Dataset({"count": ("feature", [1, 2])}, attrs={"comment": "its own"})
    finish_tree(place, {**parts, "table": table}, {"title": "test"}, {"": {"levels": 2}})
    tree = xr.open_datatree(place.url, engine="zarr")
    assert set(tree.children) == {"0", "1", "table"}
    assert tree.attrs == {"Conventions": "CF-1.11", "title": "test", "levels": 2}
    assert tree["table"].attrs == {"Conventions": "CF-1.11", "title": "test", "comment": "its own"}
    assert tree["table"].to_dataset()["count"].values.tolist() == [1, 2]
    plain, opened = tree["1"].to_dataset()["feo"].values, parts["1"].open()["feo"].values
    np.testing.assert_allclose(opened, plain, rtol=1e-6)
    assert xr.open_zarr(place.url).attrs["title"] == open_dataset(place / "0").attrs["title"] == "test"
    assert xr.open_zarr(place.url, group="0")["feo"].shape == layout.raster.shape


def test_bytes_are_what_zarr_itself_writes(tmp_path: Path, layout: Layout) -> None:
    """Written by plain Zarr in whole shards, the same pixels give the same objects."""
    group = Group(folder(tmp_path / "ours"), layout, Ledger(folder(tmp_path / "ledger")))
    written = {s: group.write(s, _pixels(layout, s)) for s in layout.raster.shards()}
    group.finish({})
    shutil.copytree(tmp_path / "ours", tmp_path / "theirs", ignore=shutil.ignore_patterns("c"))
    theirs = zarr.open_group(tmp_path / "theirs", mode="r+", use_consolidated=False)
    for shard in layout.raster.shards():
        slices = layout.raster.window(shard).slices
        for name, pixels in _pixels(layout, shard).items():
            array = theirs[name]
            assert isinstance(array, zarr.Array)
            array[(..., *slices)] = pixels
    for objects in written.values():
        for key, expected in objects.items():
            assert digest((tmp_path / "theirs" / key).read_bytes()) == expected


def test_plain_xarray_and_rioxarray_need_nothing_of_ours(tmp_path: Path, layout: Layout) -> None:
    group = Group(folder(tmp_path / "maps.zarr"), layout, Ledger(folder(tmp_path / "ledger")))
    for shard in layout.raster.shards():
        group.write(shard, _pixels(layout, shard))
    group.finish({})
    program = f"""
import sys, xarray, rioxarray
data = xarray.open_zarr({group.place.url!r})
polar = data["feo"].rio.reproject("IAU_2015:30135", resolution=20_000.0)
middle = polar.sel(x=0.0, y=900_000.0, method="nearest")
assert "lunarcloud" not in sys.modules
print(float(middle), float(polar.rio.crs.to_wkt().count("Moon") > 0))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    value, lunar = map(float, done.stdout.split())
    # The point 900 km from the south pole along longitude 0.
    south = np.degrees(2 * np.arctan(900e3 / 2 / 1737.4e3)) - 90.0
    near = xr.open_zarr(group.place.url)["feo"].sel(lat=south, lon=0.0, method="nearest")
    around = xr.open_zarr(group.place.url)["feo"].sel(lat=slice(south + 1, south - 1), lon=slice(-1.5, 1.5))
    assert lunar == 1.0
    assert np.isclose(around.values, value).any(), (float(near), value)


@pytest.mark.parametrize("name", ["feo/c/0/0", "reflectance/c/0/1/0", "lat/c/0"])
def test_plain_xarray_refuses_whatever_bit_is_flipped(tmp_path: Path, layout: Layout, name: str) -> None:
    group = Group(folder(tmp_path), layout, Ledger(folder(tmp_path) / "ledger"))
    for shard in layout.raster.shards():
        _compute(group, shard)
    group.finish({"title": "test"})
    whole = (tmp_path / name).read_bytes()
    for at in np.random.default_rng(1).integers(0, len(whole), 20):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << at % 8
        (tmp_path / name).write_bytes(damaged)
        with pytest.raises((ValueError, RuntimeError, OSError)):
            xr.open_zarr(str(tmp_path), chunks=None).load()


def test_what_a_folder_says_is_in_all_that_is_written_under_it(place: Folder, layout: Layout) -> None:
    home = place.saying({"history": "made of tiles", "note": "SYNTHETIC"})
    group = Group(home / "0", layout, Ledger(home / "ledger"))
    for shard in layout.raster.shards():
        _compute(group, shard)
    finish_tree(home, {"0": group}, {"title": "maps"})
    write_dataset(home / "table", xr.Dataset({"count": ("feature", [1, 2])}, attrs={"title": "table"}))
    for part, title in (("0", "maps (SYNTHETIC)"), ("table", "table (SYNTHETIC)")):
        attrs = xr.open_zarr((place / part).url).attrs
        assert (attrs["title"], attrs["history"], attrs["note"]) == (title, "made of tiles", "SYNTHETIC")
