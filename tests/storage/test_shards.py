"""Whole shards of Zarr: what is written opens in plain xarray, and nothing else can be written."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr
import zarr

from lunarcloud.errors import InputError, NotFoundError, StoreError
from lunarcloud.moon import Shard, Window
from lunarcloud.storage import (
    Folder,
    Layout,
    digest,
    finish,
    folder,
    open_dataset,
    read_shard,
    read_window,
    write_shard,
)


def _pixels(layout: Layout, shard: Shard) -> dict[str, npt.NDArray[Any]]:
    rows, cols = layout.raster.window(shard).shape
    random = np.random.default_rng([shard.row, shard.col])
    return {
        "reflectance": random.integers(0, 3000, (2, rows, cols)).astype(np.int16),
        "feo": random.integers(0, 30000, (rows, cols)).astype(np.uint16),
    }


@pytest.fixture
def whole(place: Folder, layout: Layout) -> dict[Shard, dict[str, str]]:
    """A finished group; its digests by shard."""
    written = {s: write_shard(place, layout, s, _pixels(layout, s)) for s in layout.raster.shards()}
    finish(place, layout, {"title": "test"})
    return written


def test_shards_come_back_as_they_went_in(
    place: Folder, layout: Layout, whole: dict[Shard, dict[str, str]]
) -> None:
    for shard, digests in whole.items():
        for name, pixels in _pixels(layout, shard).items():
            assert np.array_equal(read_shard(place, layout, name, shard, digests[name]).pixels, pixels)


def test_a_group_opens_decoded_with_units_and_reference_system(
    place: Folder, layout: Layout, whole: dict[Shard, dict[str, str]]
) -> None:
    data = open_dataset(place)
    feo = data["feo"]
    assert feo.attrs["units"] == "wt%"
    assert feo.shape == layout.raster.shape
    assert float(feo[0, 0]) == pytest.approx(_pixels(layout, Shard(0, 0))["feo"][0, 0] * 0.001)
    assert "MOON" in data["crs"].attrs["crs_wkt"].upper()
    assert data["wavelength"].values.tolist() == [415.0, 750.0]


def test_a_window_across_shards_is_read(
    place: Folder, layout: Layout, whole: dict[Shard, dict[str, str]]
) -> None:
    window = Window(row_start=90, row_stop=210, col_start=95, col_stop=320)
    expected = {shard: digests["feo"] for shard, digests in whole.items()}
    found = read_window(place, layout, "feo", window, expected)
    decoded = np.rint(open_dataset(place)["feo"].values[window.slices] / 0.001)
    assert np.array_equal(found, decoded)


def test_nothing_is_visible_before_the_metadata(place: Folder, layout: Layout) -> None:
    write_shard(place, layout, Shard(0, 0), _pixels(layout, Shard(0, 0)))
    with pytest.raises(NotFoundError):
        open_dataset(place)


@pytest.mark.parametrize("cut", [np.s_[:, :-1], np.s_[:-1, :]])
def test_part_of_a_shard_cannot_be_written(place: Folder, layout: Layout, cut: tuple[Any, ...]) -> None:
    pixels = _pixels(layout, Shard(0, 0))
    pixels["feo"] = pixels["feo"][cut]
    with pytest.raises(InputError, match="whole shard"):
        write_shard(place, layout, Shard(0, 0), pixels)


def test_a_shard_without_one_of_its_variables_cannot_be_written(place: Folder, layout: Layout) -> None:
    pixels = _pixels(layout, Shard(0, 0))
    del pixels["feo"]
    with pytest.raises(InputError, match="feo"):
        write_shard(place, layout, Shard(0, 0), pixels)


def test_another_type_cannot_be_written(place: Folder, layout: Layout) -> None:
    pixels = _pixels(layout, Shard(0, 0))
    pixels["feo"] = pixels["feo"].astype(float)
    with pytest.raises(InputError, match="float64"):
        write_shard(place, layout, Shard(0, 0), pixels)


def test_a_shard_without_valid_pixels_stores_nothing_and_reads_as_missing(
    place: Folder, layout: Layout
) -> None:
    pixels = _pixels(layout, Shard(0, 0))
    pixels["feo"] = np.full_like(pixels["feo"], 65535)
    digests = write_shard(place, layout, Shard(0, 0), pixels)
    keys = place.keys()
    assert not [key for key in keys if key.startswith("feo/c")]
    assert (read_shard(place, layout, "feo", Shard(0, 0), digests["feo"]).pixels == 65535).all()


def test_a_damaged_shard_is_named(place: Folder, layout: Layout, whole: dict[Shard, dict[str, str]]) -> None:
    data = bytearray(place.read("feo/c/1/2"))
    data[100] ^= 1
    place.write("feo/c/1/2", bytes(data))
    with pytest.raises(StoreError, match=r"feo/c/1/2.*damaged"):
        read_shard(place, layout, "feo", Shard(1, 2), whole[Shard(1, 2)]["feo"])


def test_bytes_are_what_zarr_itself_writes(tmp_path: Path, layout: Layout) -> None:
    """Written by plain Zarr in whole shards, the same pixels give the same objects."""
    place = folder(tmp_path / "ours")
    written = {s: write_shard(place, layout, s, _pixels(layout, s)) for s in layout.raster.shards()}
    finish(place, layout, {})
    shutil.copytree(tmp_path / "ours", tmp_path / "theirs", ignore=shutil.ignore_patterns("c"))
    theirs = zarr.open_group(tmp_path / "theirs", mode="r+", use_consolidated=False)["feo"]
    assert isinstance(theirs, zarr.Array)
    for shard in layout.raster.shards():
        theirs[layout.raster.window(shard).slices] = _pixels(layout, shard)["feo"]
    for shard, digests in written.items():
        assert digest((tmp_path / f"theirs/feo/c/{shard.row}/{shard.col}").read_bytes()) == digests["feo"]


def test_plain_xarray_and_rioxarray_need_nothing_of_ours(tmp_path: Path, layout: Layout) -> None:
    place = folder(tmp_path / "maps.zarr")
    for shard in layout.raster.shards():
        write_shard(place, layout, shard, _pixels(layout, shard))
    finish(place, layout, {})
    program = f"""
import sys, xarray, rioxarray
data = xarray.open_zarr({place.url!r})
polar = data["feo"].rio.reproject("IAU_2015:30135", resolution=20_000.0)
middle = polar.sel(x=0.0, y=900_000.0, method="nearest")
assert "lunarcloud" not in sys.modules
print(float(middle), float(polar.rio.crs.to_wkt().count("Moon") > 0))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    value, lunar = map(float, done.stdout.split())
    # The point 900 km from the south pole along longitude 0.
    south = np.degrees(2 * np.arctan(900e3 / 2 / 1737.4e3)) - 90.0
    near = xr.open_zarr(place.url)["feo"].sel(lat=south, lon=0.0, method="nearest")
    around = xr.open_zarr(place.url)["feo"].sel(lat=slice(south + 1, south - 1), lon=slice(-1.5, 1.5))
    assert lunar == 1.0
    assert np.isclose(around.values, value).any(), (float(near), value)
