"""Maps against maps."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from lunarcloud.errors import InputError, NotFoundError
from lunarcloud.moon import Shard, grid
from lunarcloud.statistics import cells
from lunarcloud.statistics.comparison import (
    NO_DIFFERENCE,
    DifferenceShard,
    compare,
    difference,
    difference_layout,
    equation_against_cnn,
    same_maps,
    table,
)
from lunarcloud.statistics.source import Source
from lunarcloud.statistics.units import maria, whole_moon

ON = grid(2, 128)


@pytest.fixture(scope="module")
def maps() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    rng = np.random.default_rng(4)
    first = rng.gamma(3.0, 2.0, ON.shape).round(3)
    second = (first + rng.normal(0.2, 0.7, ON.shape)).clip(0).round(3)
    first[100:110] = np.nan
    second[:, 50:60] = np.nan
    return first, second


@pytest.fixture(scope="module")
def sources(
    make_source: Callable[..., Source], maps: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
) -> tuple[Source, Source]:
    first, second = (
        make_source(ON, {"feo_equation": values, "omat": np.full(ON.shape, 0.2)}) for values in maps
    )
    return first, second


def test_statistics_are_those_of_the_cells_that_have_both(
    sources: tuple[Source, Source], maps: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
) -> None:
    found = compare(*sources, same_maps(*sources), [whole_moon(), *maria()])
    at = cells.sample(ON, ON.whole)
    a, b = (values[at.row, at.col] for values in maps)
    both = np.isfinite(a) & np.isfinite(b)
    a, b = a[both], b[both]
    one = found.sel(pair="feo_equation", unit="global")
    expected = {
        "count": both.sum(),
        "mean_first": a.mean(),
        "mean_difference": (a - b).mean(),
        "std_difference": (a - b).std(),
        "rmse": np.sqrt(((a - b) ** 2).mean()),
        "correlation": np.corrcoef(a, b)[0, 1],
    }
    assert {name: float(one[name]) for name in expected} == pytest.approx(expected, rel=1e-9)
    quantile = np.quantile(a - b, [0.05, 0.25, 0.5, 0.75, 0.95], method="inverted_cdf")
    np.testing.assert_allclose(one["difference_quantile"], quantile, atol=1e-9)
    joint, *_ = np.histogram2d(a, b, bins=[np.arange(513) * 0.128 - 0.0005] * 2)
    np.testing.assert_array_equal(one["joint"], joint)
    assert float(one["difference_share"].sum()) == pytest.approx(1.0)
    assert len(table(found)) == 2 * 3


def test_equal_maps_differ_by_nothing(sources: tuple[Source, Source]) -> None:
    found = compare(sources[0], sources[0], same_maps(*sources), [whole_moon()])
    assert not found["rmse"].values.any()
    assert float(found["correlation"].sel(pair="feo_equation").squeeze()) == 1.0
    # A constant has no correlation.
    assert np.isnan(found["correlation"].sel(pair="omat").values).all()


def test_difference_maps_are_exact_also_at_the_ends_of_the_codes(
    sources: tuple[Source, Source], maps: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
) -> None:
    ends = (
        np.array([[0, 65534, 65535, 7]], dtype=np.uint16),
        np.array([[65534, 0, 7, 65535]], dtype=np.uint16),
    )
    assert difference(*ends).tolist() == [[-65534, 65534, NO_DIFFERENCE, NO_DIFFERENCE]]
    pairs = same_maps(*sources)
    product = DifferenceShard(*sources, pairs)(Shard(0, 1))
    rows, cols = ON.window(Shard(0, 1)).slices
    codes = product.arrays["feo_equation"]
    expected = maps[0][rows, cols] - maps[1][rows, cols]
    np.testing.assert_array_equal(codes == NO_DIFFERENCE, np.isnan(expected))
    np.testing.assert_allclose(
        codes[codes != NO_DIFFERENCE] * 0.001, expected[np.isfinite(expected)], atol=1e-9
    )
    (feo, _) = difference_layout(sources[0], pairs).variables
    assert (feo.dtype, feo.fill, feo.attrs["units"]) == ("int32", NO_DIFFERENCE, "percent")


def test_oxides_that_a_run_maps_both_ways_are_compared(make_source: Callable[..., Source]) -> None:
    maps = {"feo_equation": 8.0, "feo_cnn": 9.0, "tio2_equation": 1.0}
    assert [pair.name for pair in equation_against_cnn(make_source(grid(1), maps))] == ["feo"]


def test_different_grids_and_runs_without_networks_are_refused(
    make_source: Callable[..., Source], sources: tuple[Source, Source]
) -> None:
    coarse = make_source(grid(1), {"feo_equation": 8.0})
    with pytest.raises(InputError, match=r"2 pixels a degree.*1 in shards"):
        compare(sources[0], coarse, same_maps(sources[0], coarse), [whole_moon()])
    with pytest.raises(NotFoundError, match=r"feo_cnn.*equations alone"):
        equation_against_cnn(sources[0])
    other = make_source(grid(1), {"mgo_cnn": 8.0})
    with pytest.raises(InputError, match="no composition map in common"):
        same_maps(coarse, other)
