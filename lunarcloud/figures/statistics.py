"""Distributions of the maps by unit: the histograms behind the table of means, with their modes."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lunarcloud.quantities import QUANTITIES, Quantity
from lunarcloud.statistics import TOLD

#: Colours of the units, distinct also for colour-blind eyes (Okabe and Ito 2008); more units repeat them.
UNIT_COLOURS = ("0.35", "#0072B2", "#E69F00", "#D55E00", "#009E73", "#CC79A7", "#56B4E9")

_COLUMNS = 3
# Bins of a picture are as wide as this part of the range shown, and at least one stored bin.
_BINS_SHOWN = 110


def draw_histograms(statistics: xr.Dataset) -> Figure:
    """One panel a map: the share of area by value in each unit, with means and modes.

    Parameters
    ----------
    statistics : Dataset
        As `lunarcloud.statistics.summary.summarise` makes it.
    """
    names = [str(name) for name in statistics["map"].values]
    # -(-a // b) rounds up; the panels left over in the last row are hidden.
    rows = -(-len(names) // _COLUMNS)
    figure = Figure(figsize=(11, 2.7 * rows + 0.6), layout="constrained")
    panels: Any = figure.subplots(rows, _COLUMNS, squeeze=False)
    for axes, name in zip(panels.flat, names, strict=False):
        _panel(axes, statistics.sel(map=name), QUANTITIES[name])
        axes.set_title(flag_note(statistics.sel(map=name).isel(unit=0)), fontsize=7.5, loc="left")
    for axes in panels.flat[len(names) :]:
        axes.set_visible(False)
    handles, _ = panels.flat[0].get_legend_handles_labels()
    first = str(statistics["unit"].values[0])
    handles += [
        Line2D([], [], color="0.35", linestyle=":", label="mean"),
        Line2D([], [], color="0.2", linestyle="", marker="v", label=f"mode, {first} (how sure)"),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), frameon=False, fontsize=9)
    return figure


def flag_note(found: xr.Dataset) -> str:
    """In words, how much of what is mapped has something said against it, and what of it is left out."""
    excluded = found.attrs["excluded"].split()
    shares = {str(reason): float(found["flagged_share"].sel(reason=reason)) for reason in TOLD}
    return ", ".join(
        f"{share:.1%} {reason}{' (left out)' if reason in excluded else ''}"
        for reason, share in shares.items()
    )


def _panel(axes: Any, of_map: xr.Dataset, quantity: Quantity) -> None:
    low, high = _range(of_map)
    highest = 0.0
    for number, unit in enumerate(of_map["unit"].values):
        found = of_map.sel(unit=unit)
        values, density = _shown(found, low, high)
        colour = UNIT_COLOURS[number % len(UNIT_COLOURS)]
        if number == 0:
            axes.fill_between(values, density, step="mid", color=colour, alpha=0.25, linewidth=0, label=unit)
        else:
            axes.step(values, density, where="mid", color=colour, linewidth=1.3, label=unit)
        axes.axvline(float(found["mean"]), color=colour, linewidth=0.9, linestyle=":")
        highest = max(highest, float(density.max()))
    axes.set(
        xlim=(low, high),
        ylim=(0, 1.22 * highest),
        xlabel=", ".join(filter(None, (quantity.label, method_of(quantity)))),
        ylabel="% of area per bin",
    )
    _mark_modes(axes, of_map.isel(unit=0), highest)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def _range(of_map: xr.Dataset) -> tuple[float, float]:
    """Values between the outermost 0.2 % of any unit."""
    # Of the whole Moon a few pixels lie anywhere: the range of all values would show an empty axis.
    running = of_map["histogram"].cumsum("bin")
    used = ((running > 0.002) & (running < 0.998)).any("unit").values
    values = of_map["bin_value"].values[used] if used.any() else of_map["bin_value"].values
    margin = 0.06 * (values[-1] - values[0]) + float(of_map["bin_value"].diff("bin")[0])
    return max(0.0, float(values[0]) - margin), float(values[-1]) + margin


def _shown(found: xr.Dataset, low: float, high: float) -> tuple[Any, Any]:
    """Values and per cent of area, in bins fit for a picture."""
    values, share = found["bin_value"].values, 100.0 * found["histogram"].values
    width = max(1, round((high - low) / (values[1] - values[0]) / _BINS_SHOWN))
    # Whole groups of bins only; what is cut at the end has almost no area. Shares add up, middles average.
    length = values.size // width * width
    return values[:length].reshape(-1, width).mean(axis=1), share[:length].reshape(-1, width).sum(axis=1)


def _mark_modes(axes: Any, found: xr.Dataset, highest: float) -> None:
    modes = [float(value) for value in found["mode_value"].values if np.isfinite(value)]
    for number, value in enumerate(modes):
        axes.plot(value, 1.05 * highest, marker="v", color="0.2", markersize=5, clip_on=False)
        # How sure the number of modes is belongs to all of them, so it is written once, at the last.
        sure = f" ({float(found['mode_confidence']):.0%})" if number == len(modes) - 1 else ""
        low, high = axes.get_xlim()
        side = "left" if value < low + 0.1 * (high - low) else "center"
        at = (value, 1.05 * highest)
        axes.annotate(f"{value:.3g}{sure}", at, (0, 5), textcoords="offset points", ha=side, fontsize=7)


def method_of(quantity: Quantity) -> str:
    """How a map of an oxide comes about, in a word; of others there is but one."""
    words = {"equation": "equation", "cnn": "CNN"}
    return words.get(quantity.method, "") if quantity.oxide else ""
