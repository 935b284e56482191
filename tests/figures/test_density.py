"""Densities of map against map: what is along which axis, the bounds, and what is an outlier."""

import numpy as np
import pytest
import xarray as xr

from lunarcloud.figures.density import draw_density, draw_prospector_density
from lunarcloud.moon import grid
from lunarcloud.statistics.comparison import Pair, compare
from lunarcloud.statistics.source import source_of
from lunarcloud.statistics.units import whole_moon
from lunarcloud.testing.runs import MakeRun
from tests.figures.conftest import Overprinted


@pytest.fixture(scope="module")
def comparison(make_run: MakeRun) -> xr.Dataset:
    """Equations between 2 and 20 wt%; networks 1 wt% less, and 6 less on a spot of 0.3 % of the Moon."""
    on = grid(2)
    equation = np.broadcast_to(np.linspace(2, 20, on.n_cols), on.shape).copy()
    network = equation - 1.0
    network[170:190, 400:410] -= 5.0
    source = source_of(make_run(on, {"feo_equation": equation, "feo_cnn": network.clip(0)}))
    return compare(source, source, (Pair("feo", "feo_equation", "feo_cnn"),), (whole_moon(),))


def test_bounds_and_axes_of_a_known_bias_are_read_back(
    comparison: xr.Dataset, overprinted: Overprinted
) -> None:
    figure = draw_density(comparison, "equation", "CNN")
    density, boxes, *_ = figure.axes
    assert (density.get_xlabel(), density.get_ylabel()) == ("equation FeO (wt%)", "CNN FeO (wt%)")
    equal, *bounds = (np.asarray(line.get_xydata()) for line in density.lines)
    assert equal[:, 0].tolist() == equal[:, 1].tolist()
    for line in bounds:
        assert line[:, 1] - line[:, 0] == pytest.approx([-1.0, -1.0], abs=0.05)
    assert boxes.get_xlabel() == "equation minus CNN, FeO (wt%)"
    assert overprinted(figure) == []


def test_the_density_is_one_over_the_plane_and_rare_bins_are_grey(comparison: xr.Dataset) -> None:
    density, *_ = draw_density(comparison, "equation", "CNN").axes
    rare, usual = (np.ma.masked_invalid(np.asarray(image.get_array())) for image in density.images)
    west, east, south, north = density.images[1].get_extent()
    bin_area = (east - west) * (north - south) / usual.size
    assert 0.99 < float(usual.sum()) * bin_area < 1.0 + 1e-9
    assert float(usual.min()) >= 1e-3 * float(usual.max())
    assert not (~np.ma.getmaskarray(rare) & ~np.ma.getmaskarray(usual)).any()


def test_what_lies_beyond_the_whiskers_is_dots(comparison: xr.Dataset) -> None:
    _, boxes, *_ = draw_density(comparison, "equation", "CNN").axes
    dots = np.concatenate([np.asarray(line.get_xdata()) for line in boxes.lines if line.get_marker() == "."])
    assert dots.max() == pytest.approx(6.0, abs=0.05)


def test_each_map_has_a_density_against_lunar_prospector_and_a_box(overprinted: Overprinted) -> None:
    figure = draw_prospector_density(_synthetic_prospector())
    feo, tio2, boxes = figure.axes[:3]
    assert feo.get_title(loc="left").endswith("r = 0.900, 2° pixels")
    assert tio2.get_xlabel() == "Lunar Prospector TiO$_2$ (wt%)"
    labels = [label.get_text() for label in boxes.get_yticklabels()]
    assert labels == ["FeO equation", "TiO$_2$ CNN"]
    # Bounds of ours minus theirs: 2 wt% and 1.96 standard deviations to either side.
    low, high = (np.diff(np.asarray(line.get_xydata())[0])[0] for line in feo.lines[1:])
    assert (low, high) == (pytest.approx(0.04, abs=0.3), pytest.approx(3.96, abs=0.3))
    assert overprinted(figure) == []


def _synthetic_prospector() -> xr.Dataset:
    """Two maps in 400 pixels, FeO 2 wt% too high."""
    random = np.random.default_rng(3)
    theirs = random.uniform(0, 20, (2, 400))
    ours = theirs + random.normal(0, 1, theirs.shape) + [[2.0], [0.0]]
    by_map = {name: ("map", [0.9, 0.8]) for name in ("correlation",)}
    return xr.Dataset(
        {
            "ours": (("map", "pixel"), ours),
            "prospector": (("map", "pixel"), theirs),
            "coverage": (("map", "pixel"), np.ones_like(ours)),
            "pixel_degrees": ("map", [2.0, 5.0]),
            **by_map,
        },
        coords={"map": ["feo_equation", "tio2_cnn"]},
    )
