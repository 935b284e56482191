"""Map against map as a probability density, and the outliers: the paper's Figs. 3 and 4."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lunarcloud.figures.comparison import pixels_compared, used_bins
from lunarcloud.figures.statistics import UNIT_COLOURS, method_of
from lunarcloud.figures.style import PAGE_IN, as_printed, lettered
from lunarcloud.moon import FloatArray
from lunarcloud.quantities import QUANTITIES

# A bin of less than this part of the highest density is an outlier: grey, whatever its density.
_THRESHOLD = 1e-3
# Of the differences, and what that is called.
_BOUNDS, _SAID = (0.025, 0.975), "2.5 and 97.5 % of differences"
_RARE, _BEYOND = "0.75", "#D55E00"
_EQUAL: dict[str, Any] = {"color": "0.15", "linewidth": 0.7, "linestyle": "--"}
_BOUND: dict[str, Any] = {"color": _BEYOND, "linewidth": 0.7}
# Bins along each axis for pixels of Lunar Prospector.
_PIXEL_BINS = 60
_COLUMNS = 3


class Box(NamedTuple):
    """A box of differences: 2.5, 25, 50, 75, 97.5 %, and what lies beyond the outermost two.

    Attributes
    ----------
    name : str
        Beside the box.
    quantiles : sequence of float
        In the maps' units.
    outliers : ndarray
        Values that occur beyond them.
    """

    name: str
    quantiles: Sequence[float]
    outliers: FloatArray


@as_printed
def draw_density(comparison: xr.Dataset, first: str, second: str) -> Figure:
    """A row for each pair of maps: their joint probability density, and boxes of differences by unit.

    Parameters
    ----------
    comparison : Dataset
        As `lunarcloud.statistics.comparison.compare` makes it.
    first, second : str
        What to call the two.

    Returns
    -------
    matplotlib.figure.Figure
        Bins below a thousandth of the highest density are grey; whiskers of boxes end at 2.5 and 97.5 %,
        what lies beyond them is dots.
    """
    pairs = [str(pair) for pair in comparison["pair"].values]
    figure = Figure(figsize=(PAGE_IN, 3.1 * len(pairs) + 0.2), layout="constrained")
    panels: Any = figure.subplots(len(pairs), 2, squeeze=False, width_ratios=(1, 1.15))
    for row, ((density, boxes), pair) in enumerate(zip(panels, pairs, strict=True)):
        found = comparison.sel(pair=pair)
        label = QUANTITIES[str(found["first"].values)].label
        by_unit = [_box_of_unit(found.sel(unit=unit)) for unit in found["unit"].values]
        values = found["bin_value"].values
        # The density's line is second on first, a difference is first minus second.
        bounds = -by_unit[0].quantiles[-1], -by_unit[0].quantiles[0]
        _draw_density(figure, density, values, found["joint"].values, bounds)
        density.set(xlabel=f"{first} {label}", ylabel=f"{second} {label}")
        density.set_title(lettered(2 * row, _pixels_said(found)))
        _draw_boxes(boxes, by_unit)
        boxes.set_xlabel(f"{first} minus {second}, {label}")
        boxes.set_title(lettered(2 * row + 1, "differences by unit"))
    _legend(figure)
    return figure


@as_printed
def draw_prospector_density(comparison: xr.Dataset) -> Figure:
    """Each map against Lunar Prospector as a probability density of pixels, and boxes of the differences.

    Parameters
    ----------
    comparison : Dataset
        As `lunarcloud.statistics.prospector.compare_with_prospector` makes it.
    """
    names = [str(name) for name in comparison["map"].values]
    # One panel more, for the boxes of all.
    rows = -(-(len(names) + 1) // _COLUMNS)
    figure = Figure(figsize=(PAGE_IN, 2.95 * rows + 0.2), layout="constrained")
    panels: Any = figure.subplots(rows, _COLUMNS, squeeze=False)
    boxes = []
    for number, (axes, name) in enumerate(zip(panels.flat, names, strict=False)):
        found, shade = comparison.sel(map=name), QUANTITIES[name]
        ours, theirs = pixels_compared(found)
        boxes.append(_box_of_values(f"{shade.label.partition(' (')[0]} {method_of(shade)}", ours - theirs))
        values, counts = _binned(theirs, ours)
        _draw_density(figure, axes, values, counts, (boxes[-1].quantiles[0], boxes[-1].quantiles[-1]))
        axes.set(xlabel=f"Lunar Prospector {shade.label}", ylabel=f"{method_of(shade)} {shade.label}")
        said = f"r = {float(found['correlation']):.3f}, {float(found['pixel_degrees']):g}° pixels"
        axes.set_title(lettered(number, said))
    last = panels.flat[len(names)]
    _draw_boxes(last, boxes)
    last.set_xlabel("map minus Lunar Prospector (wt%)")
    last.set_title(lettered(len(names), "differences by map"))
    for axes in panels.flat[len(names) + 1 :]:
        axes.set_visible(False)
    _legend(figure)
    return figure


def _binned(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Middles of the bins, the same on both axes, and how many pixels are in each."""
    ends = min(x.min(), y.min()), max(x.max(), y.max())
    counts, edges, _ = np.histogram2d(x, y, bins=_PIXEL_BINS, range=(ends, ends))
    return (edges[:-1] + edges[1:]) / 2, counts


def _draw_density(
    figure: Figure, axes: Any, values: FloatArray, counts: FloatArray, bounds: tuple[float, float]
) -> None:
    """Counts (first, second) by the bins' middles as a density, with lines of second minus first."""
    part, (low, high) = used_bins(values, counts)
    # Transposed: the first map is the first axis of the counts, but columns are an image's second.
    density = counts[part, part].T / (counts.sum() * (values[1] - values[0]) ** 2)
    usual = density >= _THRESHOLD * density.max()
    drawn: dict[str, Any] = {
        "origin": "lower",
        "extent": (low, high, low, high),
        "interpolation": "nearest",
        "aspect": "equal",
    }
    axes.imshow(np.where((density > 0) & ~usual, 1.0, np.nan), cmap="Greys", vmin=0, vmax=4, **drawn)
    image = axes.imshow(np.where(usual, density, np.nan), norm=LogNorm(), cmap="viridis", **drawn)
    bar = figure.colorbar(image, ax=axes, orientation="horizontal", pad=0.02, shrink=0.8)
    bar.set_label("probability density (wt%$^{-2}$)")
    ticks = _ticks(*image.get_clim())
    bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    ends = np.array((low, high))
    axes.plot(ends, ends, **_EQUAL)
    for bound in bounds:
        axes.plot(ends, ends + bound, **_BOUND)
    axes.set(xlim=(low, high), ylim=(low, high))


def _ticks(low: float, high: float) -> list[float]:
    """Powers of ten within a range, or with their threefold where that is less than two decades."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    times = (1, 3) if high < 100 * low else (1,)
    # A quotient for negative powers: 3 / 10 is 0.3, 3 * 0.1 is not.
    ticks = [each * 10**power if power >= 0 else each / 10**-power for power in powers for each in times]
    return [tick for tick in ticks if low <= tick <= high]


def _box_of_unit(found: xr.Dataset) -> Box:
    """Of a unit's differences: quartiles are exact, the outermost to a bin of the stored histogram."""
    values, share = found["difference_value"].values, found["difference_share"].values
    half = (values[1] - values[0]) / 2
    running = np.concatenate([[0.0], np.cumsum(share)])
    low, high = np.interp(_BOUNDS, running, np.append(values - half, values[-1] + half)).tolist()
    quartiles = found["difference_quantile"].sel(quantile=[0.25, 0.5, 0.75]).values.tolist()
    outliers = values[(share > 0) & ((values < low) | (values > high))]
    # Where almost all differences are one value, a quartile may lie beyond the edge of its bin.
    return Box(
        str(found["unit"].values), (min(low, quartiles[0]), *quartiles, max(high, quartiles[2])), outliers
    )


def _box_of_values(name: str, values: FloatArray) -> Box:
    low, *quartiles, high = np.quantile(values, (_BOUNDS[0], 0.25, 0.5, 0.75, _BOUNDS[1])).tolist()
    return Box(name, (low, *quartiles, high), values[(values < low) | (values > high)])


def _draw_boxes(axes: Any, boxes: Sequence[Box]) -> None:
    names = ("whislo", "q1", "med", "q3", "whishi")
    drawn = axes.bxp(
        [
            {**dict(zip(names, box.quantiles, strict=True)), "label": box.name, "fliers": box.outliers}
            for box in boxes
        ],
        patch_artist=True,
        orientation="horizontal",
        widths=0.55,
        medianprops={"color": "0.15"},
        boxprops={"linewidth": 0.6},
        whiskerprops={"linewidth": 0.6},
        capprops={"linewidth": 0.6, "color": _BEYOND},
        flierprops={"marker": ".", "markersize": 1.5, "markeredgewidth": 0, "markerfacecolor": "0.45"},
    )
    for number, box in enumerate(drawn["boxes"]):
        box.set(facecolor=UNIT_COLOURS[number % len(UNIT_COLOURS)], alpha=0.45)
    for dots in drawn["fliers"]:
        dots.set_rasterized(True)
    axes.axvline(0.0, color="0.15", linewidth=0.6, linestyle=":")
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)


def _pixels_said(found: xr.Dataset) -> str:
    whole = found.isel(unit=0)
    return f"r = {float(whole['correlation']):.3f}, {int(whole['count']):,} cells"


def _legend(figure: Figure) -> None:
    handles = [
        Line2D([], [], label="equal", **_EQUAL),
        Line2D([], [], label=_SAID, **_BOUND),
        Line2D(
            [], [], color=_RARE, marker="s", markersize=3, linestyle="", label="rarer than 1/1000 of the most"
        ),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=3)
