"""Histograms: all oxides in one figure, by unit, and of a map without a value."""

import numpy as np
import pytest
import xarray as xr

from lunarcloud.figures.statistics import draw_histograms, draw_oxide_histograms
from lunarcloud.statistics.quality import REASONS
from tests.figures.conftest import Overprinted

_UNITS = ("global", "maria", "non-maria", "Mare Tranquillitatis")
_MAPS = ("feo_equation", "tio2_equation", "feo_cnn", "tio2_cnn", "al2o3_cnn", "mgo_cnn", "cao_cnn", "omat")


@pytest.fixture
def statistics() -> xr.Dataset:
    """Normal distributions around 5 wt%, of each unit 2 wt% further; of OMAT there is nothing."""
    values = (np.arange(2000) + 0.5) * 0.016
    shares = np.stack([np.exp(-0.5 * (values - 5.0 - 2.0 * unit) ** 2) for unit in range(4)])
    shares /= shares.sum(axis=1, keepdims=True)
    histogram = np.broadcast_to(shares, (len(_MAPS), *shares.shape)).copy()
    histogram[-1] = 0.0
    by_unit = ("map", "unit")
    shape = (len(_MAPS), 4)
    mode = np.stack([np.full(shape, 4.47), np.full(shape, 18.82)], axis=-1)
    mode[-1] = np.nan
    mean = np.broadcast_to(5.0 + 2.0 * np.arange(4), shape).copy()
    mean[-1] = np.nan
    return xr.Dataset(
        {
            "histogram": ((*by_unit, "bin"), histogram),
            "mean": (by_unit, mean),
            "mode_value": ((*by_unit, "mode"), mode),
            "mode_confidence": (by_unit, np.full(shape, 0.9)),
            "flagged_share": ((*by_unit, "reason"), np.zeros((*shape, len(REASONS)))),
        },
        coords={
            "map": list(_MAPS),
            "unit": list(_UNITS),
            "reason": list(REASONS),
            "bin_value": ("bin", values),
        },
        attrs={"excluded": "clipped"},
    )


def test_the_oxides_are_in_one_figure_by_three_units_and_both_methods(
    statistics: xr.Dataset, overprinted: Overprinted
) -> None:
    figure = draw_oxide_histograms(statistics)
    panels = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title(loc="left").split("  ")[1] for axes in panels] == [
        "FeO",
        "TiO$_2$",
        "Al$_2$O$_3$",
        "MgO",
        "CaO",
    ]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[:4] == ["global", "maria", "non-maria", "global, equation"]
    maria = next(line for line in panels[0].lines if line.get_label() == "maria")
    x, y = np.asarray(maria.get_xydata()).T
    assert x[y.argmax()] == pytest.approx(7.0, abs=0.2)
    assert overprinted(figure) == []


def test_a_map_without_a_value_is_an_empty_panel(statistics: xr.Dataset, overprinted: Overprinted) -> None:
    figure = draw_histograms(statistics)
    assert figure.axes[len(_MAPS) - 1].get_ylim() == (0.0, 1.0)
    assert overprinted(figure) == []
