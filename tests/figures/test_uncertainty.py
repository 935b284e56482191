"""How sure maps are, in one figure: a panel for each chance and each narrower interval, with its unit."""

import numpy as np
import pytest
import xarray as xr

from lunarcloud.figures.uncertainty import draw_uncertainty
from lunarcloud.moon import grid
from tests.figures.conftest import Overprinted

MAPS = ("feo_equation", "feo_cnn", "feo_cnn_chance", "mg_number", "mg_number_chance")
INTERVALS = ("feo_equation_half68", "feo_equation_half95", "mg_number_half68", "mg_number_half95")


def test_each_chance_and_each_narrower_interval_has_a_panel_over_its_own_range(
    overprinted: Overprinted,
) -> None:
    on, asked = grid(2), list[str]()

    def read(name: str) -> xr.DataArray:
        asked.append(name)
        values = np.broadcast_to(np.linspace(0.0, len(asked), 720), on.shape)
        return xr.DataArray(values, {"lat": on.lat(), "lon": on.lon()}, ("lat", "lon"), name)

    figure = draw_uncertainty((*MAPS, *INTERVALS), read)
    maps, bars = figure.axes[::2], figure.axes[1::2]
    assert asked == ["feo_cnn_chance", "mg_number_chance", "feo_equation_half68", "mg_number_half68"]
    assert [axes.get_title(loc="left") for axes in maps] == [
        r"$\mathbf{a}$  FeO, CNN, chance of training",
        r"$\mathbf{b}$  Mg#, chance of training",
        r"$\mathbf{c}$  FeO, equation, 68 % interval, $\pm$",
        r"$\mathbf{d}$  Mg#, 68 % interval, $\pm$",
    ]
    for number, axes in enumerate(maps, start=1):
        assert axes.images[0].get_clim() == pytest.approx((0.025 * number, 0.975 * number), abs=0.01)
    units = [bar.get_xlabel().partition(",")[0] for bar in bars]
    assert units == ["wt%", "ratio", "wt%", "ratio"]
    assert overprinted(figure) == []
