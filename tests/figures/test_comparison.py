"""Pictures of comparisons: what is along which axis, read back from the figure."""

from typing import Any

import numpy as np
import pytest
import xarray as xr

from lunarcloud.archive.lpgrs import Prospector, read_prospector
from lunarcloud.figures.comparison import draw_difference, draw_prospector
from lunarcloud.moon import grid
from lunarcloud.statistics.prospector import compare_with_prospector
from lunarcloud.statistics.source import source_of
from lunarcloud.testing.runs import MakeRun
from tests.figures.conftest import Hatched


@pytest.fixture
def lp() -> Prospector:
    return read_prospector("5deg")


def _painted(lp: Prospector) -> Any:
    """FeO of Lunar Prospector's pixels on a grid of a quarter degree."""
    on = grid(4)
    values = np.zeros(on.shape)
    bounds = zip(lp.min_lat, lp.max_lat, lp.min_lon, lp.max_lon, lp.abundance["FeO"], strict=True)
    for south, north, west, east, feo in bounds:
        rows, cols = (on.lat() > south) & (on.lat() < north), (on.lon() > west) & (on.lon() < east)
        values[np.ix_(rows, cols)] = feo
    return values


def test_a_known_bias_is_read_back_from_the_scatter(make_run: MakeRun, lp: Prospector) -> None:
    """The map is made as half of Lunar Prospector's FeO and 12 wt% more."""
    run = make_run(grid(4), {"feo_equation": 0.5 * _painted(lp) + 12.0})
    found = compare_with_prospector(source_of(run), lp)
    scatter, *_, bar = draw_prospector(found).axes
    assert scatter.get_xlabel() == "Lunar Prospector FeO (wt%), 5° pixels"
    assert scatter.get_ylabel() == "equation FeO (wt%)"
    (cells,) = scatter.collections
    counts = np.asarray(cells.get_array())
    x, y = np.asarray(cells.get_offsets())[counts > 0].T
    # A hexagon is 0.4 wt% wide.
    assert y == pytest.approx(0.5 * x + 12.0, abs=0.8)
    assert x.max() < 26.0 < 30.0
    lines = {str(line.get_label()): np.asarray(line.get_xydata()) for line in scatter.lines}
    for name in ("map on LP", "LP on map"):
        (x0, y0), (x1, y1) = lines[name]
        assert (y1 - y0) / (x1 - x0) == pytest.approx(0.5, abs=0.02)
        assert y0 - 0.5 * x0 == pytest.approx(12.0, abs=0.2)
    (note,) = (text.get_text() for text in scatter.texts)
    one = found.sel(map="feo_equation")
    assert f"map = {float(one['map_on_prospector_slope']):.3f} LP" in note
    assert f"LP = {float(one['prospector_on_map_slope']):.3f} map" in note
    assert bar.get_ylabel() == "pixels per hexagon"


def test_a_difference_is_hatched_where_chance_explains_it_and_nowhere_else(hatched: Hatched) -> None:
    on = grid(2)
    values, explained = np.full(on.shape, 1.05), np.full(on.shape, 0.5)
    values[180:, 360:] = -0.95
    # Where nothing is known nothing is explained.
    values[:180, :360], explained[:180, :360] = np.nan, 9.0
    difference = xr.DataArray(values, {"lat": on.lat(), "lon": on.lon()}, ("lat", "lon"))
    (axes, _) = draw_difference(difference, "FeO (wt%)", "apart", explained).axes
    assert hatched(axes) == pytest.approx([0.0, 0.0, 0.0, 1 / 6], abs=0.01)
    assert axes.get_title(loc="left") == "apart\nhatched: within 2 times what chance explains"
    (plain, _) = draw_difference(difference, "FeO (wt%)", "apart").axes
    assert len(plain.images) == 1
