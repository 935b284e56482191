"""Ranges of maps, against numpy's weighted quantiles."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from lunarcloud.moon import grid
from lunarcloud.storage import Group, Layout, Ledger, Variable, folder, range_of, ranges_of
from lunarcloud.testing.small_root import write_shard

GRID = grid(1, 50)
FILL = -(2**31)


@pytest.fixture
def codes() -> npt.NDArray[np.int32]:
    """A field of both signs that is another in each hemisphere, a tenth of it missing."""
    random = np.random.default_rng(3)
    found = random.normal(np.where(GRID.lat() > 0, 400, -9000)[:, None], 3000, GRID.shape).astype(np.int32)
    found[random.random(GRID.shape) < 0.1] = FILL
    return found.reshape(180, 360)


@pytest.fixture
def group(tmp_path: Path, codes: npt.NDArray[np.int32]) -> Group:
    variables = tuple(
        Variable(name=name, dtype="int32", fill=FILL, attrs={"scale_factor": 0.001}) for name in ("a", "none")
    )
    made = Group(
        folder(tmp_path), Layout(raster=GRID, variables=variables), Ledger(folder(tmp_path / "ledger"))
    )
    for shard in GRID.shards():
        part = np.ascontiguousarray(codes[GRID.window(shard).slices])
        write_shard(made, shard, {"a": part, "none": np.full_like(part, FILL)})
    return made


def test_ranges_are_weighted_by_area_whatever_the_shards(group: Group, codes: npt.NDArray[np.int32]) -> None:
    found = ranges_of(group, GRID, {"a": "RdBu_r", "none": "viridis"}, "x.zarr/0")
    assert set(found) == {"a"}
    valid = codes != FILL
    areas = np.broadcast_to(GRID.pixel_area_m2()[:, None], codes.shape)[valid]
    values = codes[valid] * 0.001
    low, high = np.quantile(values, [0.02, 0.98], weights=areas, method="inverted_cdf")
    assert (found["a"].low, found["a"].high) == pytest.approx((low, high))
    assert (found["a"].least, found["a"].most) == pytest.approx((values.min(), values.max()))
    assert (found["a"].colours, found["a"].group) == ("RdBu_r", "x.zarr/0")
    in_memory = range_of(
        np.where(valid, codes * 0.001, np.nan), GRID.pixel_area_m2(), 0.001, "RdBu_r", "x.zarr/0"
    )
    assert in_memory == found["a"]


def test_a_range_of_both_signs_is_as_far_to_both_sides_of_zero(group: Group) -> None:
    found = ranges_of(group, GRID, {"a": "RdBu_r"}, "x")["a"]
    both = found.both_ways()
    assert -both.low == both.high == max(-found.low, found.high)
    assert (both.least, both.most) == (found.least, found.most)


def test_a_map_without_a_pixel_has_no_range() -> None:
    assert range_of(np.full((2, 2), np.nan), np.ones(2), 0.1, "viridis", "x") is None
