"""Exact histograms, and the moments that follow from them."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.random import Generator

from lunarcloud.moon import Shard, Window, grid
from lunarcloud.statistics import cells
from lunarcloud.statistics.moments import moments, quantiles
from lunarcloud.statistics.source import Coding
from lunarcloud.statistics.tallies import (
    PART_KM2,
    SPHERE_PARTS,
    Sums,
    cell_parts,
    row_parts,
    tally_cells,
    tally_pixels,
)

WT = Coding("feo", 0.001, 0.0, "wt%", "FeO")
PLAIN = Coding("code", 1.0, 0.0, "1", "code")


def test_parts_are_the_sphere() -> None:
    on = grid(4)
    assert (row_parts(on, on.whole) * on.n_cols).sum() == pytest.approx(SPHERE_PARTS, rel=1e-11)
    everything = cell_parts(np.arange(cells.N_BANDS)) * cells.band_counts()
    assert everything.sum() == pytest.approx(SPHERE_PARTS, rel=1e-8)


def whole(
    codes: npt.NDArray[np.uint16], labels: npt.NDArray[np.uint8] | None = None, n_labels: int = 1
) -> tuple[Any, ...]:
    on = grid(1)
    labels = np.zeros(on.shape, dtype=np.uint8) if labels is None else labels
    return tally_pixels(codes, labels, n_labels, row_parts(on, on.whole))


@given(
    codes=hnp.arrays(np.uint16, (40, 30), elements=st.sampled_from([0, 1, 7, 500, 65534, 65535])),
    labels=hnp.arrays(np.uint8, (40, 30), elements=st.integers(0, 2)),
)
@settings(max_examples=60, deadline=None)
def test_tallies_agree_with_counting_by_hand(
    codes: npt.NDArray[np.uint16], labels: npt.NDArray[np.uint8]
) -> None:
    window = Window(row_start=100, row_stop=140, col_start=0, col_stop=30)
    parts = row_parts(grid(4), window)
    for label, sums in enumerate(tally_pixels(codes, labels, 3, parts)):
        here = (labels == label) & (codes != 65535)
        weight = np.where(here, parts[:, None], 0)
        assert sums.count == here.sum()
        assert sums.area == weight.sum() == sums.histogram.sum()
        for code in (0, 1, 7, 500, 65534):
            place = code - sums.first
            found = sums.histogram[place] if 0 <= place < sums.histogram.size else 0
            assert found == weight[codes == code].sum()


@given(codes=hnp.arrays(np.uint16, 200, elements=st.sampled_from([3, 4, 9000, 65535])))
@settings(deadline=None)
def test_cells_count_one_each(codes: npt.NDArray[np.uint16]) -> None:
    labels, parts = np.arange(200, dtype=np.uint8) % 2, np.arange(1, 201)
    for label, sums in enumerate(tally_cells(codes, labels, 2, parts)):
        here = (labels == label) & (codes != 65535)
        assert sums.count == here.sum() == sums.histogram.sum()
        assert sums.area == parts[here].sum()


def test_a_histogram_is_no_longer_than_its_own_codes() -> None:
    """Of many units in one shard each has few of the codes of all."""
    codes = np.arange(1000, dtype=np.uint16)
    found = tally_cells(codes, (codes // 10).astype(np.uint16), 101, np.ones(1000, dtype=np.int64))
    assert [(sums.first, sums.histogram.size) for sums in found[:2]] == [(0, 10), (10, 10)]
    assert found[100].histogram.size == 0
    assert found[7].histogram.base is None


def test_all_sums_are_exact_at_the_largest_values() -> None:
    """A whole-Moon weight of the largest code is beyond 64 bits; the mean still is that code."""
    sums = Sums(count=1, area=SPHERE_PARTS, first=65534, histogram=np.array([SPHERE_PARTS]))
    assert moments(sums, PLAIN) == (65534.0, 0.0)


def test_sums_add_up_in_any_order_to_the_bit() -> None:
    rng = np.random.default_rng(5)
    on = grid(2, 90)
    codes = rng.integers(0, 30_000, on.shape).astype(np.uint16)
    labels = rng.integers(0, 3, on.shape).astype(np.uint8)

    def total(edge: int, order: Generator) -> list[Any]:
        shards = list(grid(2, edge).shards())
        order.shuffle(shards)
        found = None
        for shard in shards:
            window = grid(2, edge).window(shard)
            rows, cols = window.slices
            part = tally_pixels(codes[rows, cols], labels[rows, cols], 3, row_parts(on, window))
            found = part if found is None else tuple(a + b for a, b in zip(found, part, strict=True))
        assert found
        return [(moments(sums, WT), quantiles(sums, WT), sums.area, sums.count) for sums in found]

    assert total(90, rng) == total(90, rng) == total(77, rng) == total(720, rng)


def test_a_constant_has_its_value_and_no_deviation() -> None:
    (sums,) = whole(np.full((180, 360), 8230, dtype=np.uint16))
    assert moments(sums, WT) == pytest.approx((8.23, 0.0), rel=1e-15)
    assert quantiles(sums, WT) == pytest.approx([8.23] * 5)
    assert sums.area * PART_KM2 == pytest.approx(37_932_328.1, rel=1e-9)


def test_a_field_of_latitude_has_the_closed_form() -> None:
    """Codes 10 000 (1 + sin lat): mean 10 000, variance 10^8 / 3; 1 degree rows and rounding leave 1e-4."""
    codes = np.rint(10_000 * (1 + np.sin(np.radians(grid(1).lat())))).astype(np.uint16)
    (sums,) = whole(np.broadcast_to(codes[:, None], (180, 360)))
    assert moments(sums, PLAIN) == pytest.approx((10_000, 10_000 / np.sqrt(3)), rel=1e-4)


def test_a_hemisphere_and_a_checkerboard_have_the_closed_forms() -> None:
    rows, cols = np.mgrid[:180, :360]
    checkers = np.where((rows + cols) % 2, 2000, 6000).astype(np.uint16)
    (sums,) = whole(checkers)
    assert moments(sums, PLAIN) == pytest.approx((4000, 2000), rel=1e-12)
    north, south = whole(checkers, (rows >= 90).astype(np.uint8), 2)
    assert north.area == south.area
    northern = np.where(rows < 90, 1000, 65535).astype(np.uint16)
    (sums,) = whole(northern)
    assert (sums.count, moments(sums, PLAIN).mean) == (90 * 360, 1000)
    assert sums.area * PART_KM2 == pytest.approx(37_932_328.1 / 2, rel=1e-9)


def test_means_equal_numpy_s_weighted_mean() -> None:
    rng = np.random.default_rng(2)
    on = grid(1)
    codes = rng.integers(0, 25_000, on.shape).astype(np.uint16)
    (sums,) = whole(codes)
    weights = np.broadcast_to(on.pixel_area_m2()[:, None], on.shape)
    mean = np.average(codes, weights=weights)
    deviation = np.sqrt(np.average((codes - mean) ** 2, weights=weights))
    assert moments(sums, PLAIN) == pytest.approx((mean, deviation), rel=1e-11)


def test_quantiles_are_those_of_the_repeated_values() -> None:
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 50, 999).astype(np.uint16)
    (sums,) = tally_cells(codes, np.zeros(999, np.uint8), 1, np.ones(999, np.int64))
    expected = np.quantile(codes, [0.05, 0.25, 0.5, 0.75, 0.95], method="inverted_cdf")
    assert quantiles(sums, PLAIN) == expected.tolist()


def test_nothing_gives_nan() -> None:
    (sums,) = whole(np.full((180, 360), 65535, dtype=np.uint16))
    assert sums.count == 0
    assert np.isnan([*moments(sums, WT), *quantiles(sums, WT)]).all()


def test_a_shard_of_the_full_resolution_grid_is_exact() -> None:
    """Weights of 100 m pixels near the pole and the equator, in one histogram each."""
    on = grid(304)
    for shard in (Shard(0, 0), Shard(13, 20)):
        window = on.window(shard)
        parts = row_parts(on, window)
        codes = np.full(window.shape, 12_345, dtype=np.uint16)
        (sums,) = tally_pixels(codes, np.zeros(window.shape, np.uint8), 1, parts)
        assert sums.area == int(parts.sum()) * window.shape[1]
        assert sums.area * PART_KM2 == pytest.approx(
            on.pixel_area_m2(window).sum() * window.shape[1] / 1e6, rel=1e-6
        )
