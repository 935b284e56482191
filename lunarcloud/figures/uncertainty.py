"""How sure the maps of a run are: the chance of training, and the half-widths of intervals."""

import math
from collections.abc import Callable, Iterable

import xarray as xr
from matplotlib.figure import Figure

from lunarcloud.figures.maps import middle_of_area
from lunarcloud.figures.statistics import method_of
from lunarcloud.figures.style import PAGE_IN, as_printed, draw_global, global_axes, lettered
from lunarcloud.quantities import CHANCE, COVERAGES, QUANTITIES, Quantity

# Of the intervals the narrower: both are alike but for their scale.
_SHOWN = (CHANCE, min(COVERAGES))


@as_printed
def draw_uncertainty(names: Iterable[str], read: Callable[[str], xr.DataArray]) -> Figure:
    """Chance and 68 % half-widths of all maps that have them, two a row.

    Parameters
    ----------
    names : iterable of str
        Maps of a run; those of uncertainty are drawn, the colours of each over the middle 95 % of its area.
    read : callable
        Gives a map (lat, lon) by its name, in its units, NaN where missing; asked for one after the other,
        so that never more than one is held.
    """
    rows_of = [QUANTITIES[name] for name in names if name.endswith(_SHOWN)]
    rows = math.ceil(len(rows_of) / 2)
    figure = Figure(figsize=(PAGE_IN, 2.3 * rows), layout="constrained")
    grid = figure.add_gridspec(rows, 2)
    for number, shade in enumerate(rows_of):
        axes, values = global_axes(figure, grid[divmod(number, 2)]), read(shade.name)
        low, high = middle_of_area(values) or (shade.least, shade.most)
        image = draw_global(axes, values, cmap=shade.colours, vmin=low, vmax=high)
        bar = figure.colorbar(image, ax=axes, orientation="horizontal", shrink=0.7, pad=0.03, extend="both")
        bar.set_label(f"{_unit(shade)}, 2.5 to 97.5 % of the area")
        axes.set_title(lettered(number, _title(shade)))
    return figure


def _unit(shade: Quantity) -> str:
    return "ratio" if shade.units == "1" else shade.units


def _title(shade: Quantity) -> str:
    about = QUANTITIES[shade.about or shade.name]
    what = "chance of training" if shade.method == "chance" else "68 % interval, $\\pm$"
    return ", ".join(filter(None, (about.label.partition(" (")[0], method_of(about), what)))
