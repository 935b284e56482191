"""Global maps of a run: oxides, maturity, Mg#, novelty, one by one and all of the paper's Fig. 1."""

import math
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from lunarcloud.archive import features
from lunarcloud.figures.statistics import method_of
from lunarcloud.figures.style import (
    PAGE_IN,
    WITHIN,
    as_printed,
    draw_global,
    draw_maria,
    global_axes,
    hatch,
    lettered,
    plate_carree,
    typeset,
)
from lunarcloud.quantities import QUANTITIES, Quantity

# Smaller maria have no room for their names on a map of the whole Moon.
_NAMED_KM = 420.0
# The paper's Fig. 1 has no map of maturity.
_FIRST_FIGURE = tuple(name for name, row in QUANTITIES.items() if row.oxide or name == "mg_number")
_HATCHED = "hatched: unlike any station"
# As in the paper's Fig. 1h: where Mg# falls is seen against where the maria end.
_WITH_SHORES = "mg_number"
# Parts of the area whose values the paper's colours span.
_SHOWN = (0.025, 0.975)
# Pixels along each side of a map that tell them to a hundredth of its range: more are only slow to sort.
_SORTED = 512


@as_printed
def draw_map(data: xr.DataArray, title: str, *, beyond: xr.DataArray | None = None) -> Figure:
    """One map of the whole Moon, its colours over one range for each quantity, so that runs compare.

    Parameters
    ----------
    data : DataArray (lat, lon)
        A map of a run, in its units; missing is NaN. Its name decides the colours.
    title : str
        Above the map.
    beyond : DataArray (lat, lon), optional
        1 where spectra are unlike any station's: hatched, since the map extrapolates there.
    """
    shade = QUANTITIES[str(data.name)]
    figure = Figure(figsize=(PAGE_IN, 4.1), layout="constrained")
    axes = global_axes(figure)
    image = draw_global(axes, data, cmap=shade.colours, vmin=shade.least, vmax=shade.most)
    if beyond is not None:
        hatch(axes, beyond)
        title += f"\n{_HATCHED}"
    if data.name == _WITH_SHORES:
        draw_maria(axes)
    _name_maria(axes)
    bar = figure.colorbar(image, ax=axes, orientation="horizontal", shrink=0.5, pad=0.03, extend="both")
    bar.set_label(shade.label)
    axes.set_title(typeset(title))
    return figure


@as_printed
def draw_oxides(maps: xr.Dataset, *, beyond: xr.DataArray | None = None) -> Figure:
    """The maps of oxides and Mg# in one figure, in the order of the paper's Fig. 1, two a row.

    Parameters
    ----------
    maps : Dataset (lat, lon)
        Maps of a run, in their units; missing is NaN. Those that it has are drawn; the colours of each span
        the middle 95 % of its area.
    beyond : DataArray (lat, lon), optional
        1 where spectra are unlike any station's: maps of networks, and Mg# of theirs, are hatched there.
    """
    names = [name for name in _FIRST_FIGURE if name in maps]
    rows = math.ceil(len(names) / 2)
    figure = Figure(figsize=(PAGE_IN, 2.3 * rows), layout="constrained")
    grid = figure.add_gridspec(rows, 2)
    for number, name in enumerate(names):
        axes = global_axes(figure, grid[divmod(number, 2)])
        shade, values = QUANTITIES[name], maps[name]
        low, high = middle_of_area(values) or (shade.least, shade.most)
        image = draw_global(axes, values, cmap=shade.colours, vmin=low, vmax=high)
        if beyond is not None and shade.by_networks:
            hatch(axes, beyond)
        if name == _WITH_SHORES:
            draw_maria(axes)
        bar = figure.colorbar(image, ax=axes, orientation="horizontal", shrink=0.7, pad=0.03, extend="both")
        bar.set_label(f"{shade.label}, 2.5 to 97.5 % of the area")
        axes.set_title(lettered(number, _title(shade)))
    if beyond is not None:
        figure.supxlabel(_HATCHED, fontsize=7)
    return figure


def middle_of_area(data: xr.DataArray) -> tuple[float, float] | None:
    """The values that the middle 95 % of a map's area lies between; None if they are not two.

    Parameters
    ----------
    data : DataArray (lat, lon)
        A map on pixels of equal size in degrees; missing is NaN.

    Returns
    -------
    (float, float) or None
        In the map's units.
    """
    every = tuple(slice(None, None, -(-size // _SORTED)) for size in data.shape)
    values, lat = data.values[every], data["lat"].values[every[0]]
    known = np.isfinite(values)
    # A pixel's area goes with the cosine of its latitude.
    areas = np.broadcast_to(np.cos(np.radians(lat))[:, None], values.shape)[known]
    if not areas.size:
        return None
    order = np.argsort(values[known], kind="stable")
    running = np.cumsum(areas[order])
    at = np.searchsorted(running, np.multiply(_SHOWN, running[-1]))
    low, high = values[known][order][np.minimum(at, order.size - 1)].tolist()
    return (low, high) if low < high else None


def _title(shade: Quantity) -> str:
    return ", ".join(filter(None, (shade.label.partition(" (")[0], method_of(shade))))


def _name_maria(axes: Any) -> None:
    for feature in features():
        if feature.is_mare and feature.diameter_km > _NAMED_KM:
            axes.text(
                feature.lon,
                feature.lat,
                feature.name.replace("Mare ", "").replace("Oceanus ", ""),
                transform=plate_carree(),
                fontsize=5,
                color="0.1",
                ha="center",
                va="center",
                **WITHIN,
            )
