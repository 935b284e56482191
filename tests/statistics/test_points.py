"""Values at points are those that xarray selects, and each shard is read once."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
import xarray as xr

from lunarcloud.maps import Run
from lunarcloud.moon import grid
from lunarcloud.statistics.points import values_at
from lunarcloud.storage import Group
from lunarcloud.testing.runs import MakeRun


@pytest.fixture(scope="module")
def run(make_run: MakeRun) -> Run:
    on = grid(2, 128)
    values = np.random.default_rng(3).uniform(0.0, 20.0, on.shape).round(3)
    values[100:120, 50:90] = np.nan
    dark = np.zeros(on.shape, dtype=bool)
    dark[:, ::3] = True
    maps = {"feo_equation": values, "omat": np.full(on.shape, 0.2)}
    return make_run(on, maps, flagged={"outside_validity_of_equation": dark})


def test_values_are_xarray_s_nearest(run: Run) -> None:
    random = np.random.default_rng(4)
    lat, lon = np.degrees(np.arcsin(random.uniform(-1, 1, 2000))), random.uniform(-180.0, 180.0, 2000)
    found = values_at(run, lat=lat, lon=lon)
    at = {"lat": xr.DataArray(lat, dims="point"), "lon": xr.DataArray(lon, dims="point")}
    nearest = run.open().sel(at, method="nearest").compute()
    for name in ("feo_equation", "omat", "quality"):
        np.testing.assert_array_equal(found[name].values, nearest[name].values)
    np.testing.assert_allclose(found["pixel_lat"], nearest["lat"])
    np.testing.assert_allclose(found["pixel_lon"], nearest["lon"])
    assert np.isnan(found["feo_equation"]).any()


def test_both_conventions_of_longitude_and_the_poles_are_one_place(run: Run) -> None:
    found = values_at(run, lat=[10.0, 10.0, -90.0, 90.0], lon=[-20.0, 340.0, 180.0, -180.0])
    values = found["feo_equation"].values
    assert values[0] == values[1]
    assert found["pixel_lat"].values[2:].tolist() == [-89.75, 89.75]


def test_each_shard_is_read_once_and_others_not(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    read: Counter[tuple[str, Any]] = Counter()
    as_ever = Group.read

    def counted(self: Group, name: str, shard: Any, *more: Any) -> Any:
        read[name, shard] += 1
        return as_ever(self, name, shard, *more)

    monkeypatch.setattr(Group, "read", counted)
    random = np.random.default_rng(5)
    # A hundred thousand points on the northern near side, in no order.
    values_at(run, lat=random.uniform(0.5, 60.0, 100_000), lon=random.uniform(0.5, 60.0, 100_000))
    assert set(read.values()) == {1}
    window = run.grid.shards_of(run.grid.whole)
    assert len({shard for _, shard in read}) < len(list(window))
