"""Maps against maps."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import shapely

from lunarcloud.archive import Gridded, Outline
from lunarcloud.errors import InputError, NotFoundError
from lunarcloud.moon import Shard, grid
from lunarcloud.statistics import cells
from lunarcloud.statistics.chance import chances_of_means
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
from lunarcloud.statistics.comparison_chance import BY_CHANCE, chances_of_mean_differences
from lunarcloud.statistics.source import GriddedSource, Source
from lunarcloud.statistics.units import Unit, maria, whole_moon
from lunarcloud.testing.ensemble import Ensemble

pytestmark = pytest.mark.usefixtures("coarse_cells")

ON = grid(2, 360)


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


# ---- beside what chance explains


def _noisy(
    make_source: Callable[..., Source], chance: float, networks: int, seed: int, moved: float
) -> Source:
    """Means of networks of a chance about 10 wt% FeO, moved in the east."""
    noise = np.random.default_rng(seed).standard_normal(ON.shape) * chance / np.sqrt(networks)
    feo = 10.0 + noise + np.where(ON.lon() > 0, moved, 0.0)
    found = make_source(ON, {"feo_cnn": feo, "feo_cnn_chance": chance, "omat": 0.2})
    return replace(found, networks=networks)


EAST = Unit("east", "here", (Outline("east", shapely.box(1, -90, 180, 90)),))


def test_chance_explains_as_much_as_means_of_networks_scatter(make_source: Callable[..., Source]) -> None:
    first, second = _noisy(make_source, 0.4, 20, 1, 0.0), _noisy(make_source, 0.3, 5, 2, 0.0)
    found = compare(first, second, same_maps(first, second), [whole_moon()]).isel(unit=0)
    feo = found.sel(pair="feo_cnn")
    expected = np.hypot(0.4 / np.sqrt(20), 0.3 / np.sqrt(5))
    assert float(feo["rms_chance"]) == pytest.approx(expected, rel=2e-3)
    assert float(feo["rmse"]) == pytest.approx(expected, rel=0.01)
    # 260 000 pixels: a tenth of a percent.
    assert float(feo["beyond_chance"]) == pytest.approx(BY_CHANCE, abs=2e-3)
    assert float(found["beyond_chance_of_any"]) == float(feo["beyond_chance"])
    assert np.isnan(found["beyond_chance"].sel(pair="omat"))


def test_a_change_beyond_chance_is_seen_where_it_is(make_source: Callable[..., Source]) -> None:
    first, second = _noisy(make_source, 0.4, 20, 1, 0.8), _noisy(make_source, 0.4, 20, 2, 0.0)
    found = compare(first, second, same_maps(first, second), [whole_moon(), EAST])
    beyond = found["beyond_chance"].sel(pair="feo_cnn")
    assert float(beyond.sel(unit="east")) > 0.99
    assert float(beyond.sel(unit="global")) == pytest.approx((1 + BY_CHANCE) / 2, abs=5e-3)
    rows = table(found).set_index(["pair", "unit"])
    assert rows["beyond_chance_per_cent"]["feo_cnn", "east"] > 99


def test_an_equation_has_no_chance_and_somebody_s_map_none_that_is_known(
    make_source: Callable[..., Source], tmp_path: Path
) -> None:
    source = _noisy(make_source, 0.4, 4, 1, 0.0)
    bare = make_source(ON, {"feo_cnn": 10.0})
    found = compare(source, bare, same_maps(source, bare), [whole_moon()])
    assert float(found["rms_chance"].squeeze()) == pytest.approx(0.2, rel=2e-3)
    assert "beyond_chance" not in compare(bare, bare, same_maps(bare, bare), [whole_moon()])
    theirs = GriddedSource(source.group, file=Gridded(str(tmp_path / "theirs.zarr")))
    assert not theirs.has_chance("feo_cnn")


def test_chance_of_a_mean_difference_is_of_both_means(ensemble: Ensemble) -> None:
    both = [(ensemble.mosaic, ensemble.model), None]
    maps = [("feo_cnn", "mg_number"), ("feo_equation", "mg_number")]
    found = chances_of_mean_differences(both, maps, [whole_moon()])
    alone = chances_of_means(ensemble.mosaic, ensemble.model, [whole_moon()], maps[0])
    np.testing.assert_allclose(found, alone.values / np.sqrt(2))
    twice = chances_of_mean_differences([both[0], both[0]], maps[:1] * 2, [whole_moon()])
    np.testing.assert_allclose(twice, alone.values)
    assert np.isnan(chances_of_mean_differences([None, None], maps, [whole_moon()])).all()
