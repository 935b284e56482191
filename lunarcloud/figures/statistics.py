"""Distributions of the maps by unit: the histograms behind the table of means, with their modes."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lunarcloud.figures.style import PAGE_IN, as_printed, lettered
from lunarcloud.quantities import OXIDES, QUANTITIES, Quantity
from lunarcloud.statistics import TOLD

#: Colours of the units, distinct also for colour-blind eyes (Okabe and Ito 2008); more units repeat them.
UNIT_COLOURS = ("0.35", "#0072B2", "#E69F00", "#D55E00", "#009E73", "#CC79A7", "#56B4E9")

_COLUMNS = 3
# Bins of a picture are as wide as this part of the range shown, and at least one stored bin.
_BINS_SHOWN = 110


@as_printed
def draw_histograms(statistics: xr.Dataset) -> Figure:
    """One panel a map: the share of area by value in each unit, with means and modes.

    Parameters
    ----------
    statistics : Dataset
        As `lunarcloud.statistics.summary.summarise` makes it.
    """
    names = [str(name) for name in statistics["map"].values]
    figure, panels = _panels(len(names))
    for number, (axes, name) in enumerate(zip(panels, names, strict=True)):
        found = statistics.sel(map=name)
        _panel(axes, found, QUANTITIES[name])
        axes.set_title(lettered(number, flag_note(found.isel(unit=0))), fontsize=5.5)
    _legend(figure, panels[0], str(statistics["unit"].values[0]))
    return figure


@as_printed
def draw_oxide_histograms(statistics: xr.Dataset) -> Figure:
    """The oxides' distributions in one figure, as the paper's Fig. 2: the whole Moon, maria, the rest.

    Parameters
    ----------
    statistics : Dataset
        As `lunarcloud.statistics.summary.summarise` makes it, its first units these three. An oxide is by the
        networks where they map it; the whole Moon by equation is a dashed line beside it.
    """
    names = set(statistics["map"].values.tolist())
    methods = {oxide: [way for way in ("cnn", "equation") if f"{oxide}_{way}" in names] for oxide in OXIDES}
    shown = {oxide: ways for oxide, ways in methods.items() if ways}
    figure, panels = _panels(len(shown))
    units = statistics.isel(unit=slice(3))
    for number, (axes, (oxide, ways)) in enumerate(zip(panels, shown.items(), strict=True)):
        first, *others = (f"{oxide}_{way}" for way in ways)
        _panel(axes, units.sel(map=first), QUANTITIES[first])
        for other in others:
            values, density = _shown(units.sel(map=other).isel(unit=0), *axes.get_xlim())
            axes.plot(
                values,
                density,
                color="0.1",
                linestyle="--",
                linewidth=0.8,
                label=f"{units['unit'].values[0]}, equation",
            )
            axes.set_ylim(top=max(axes.get_ylim()[1], 1.05 * density.max()))
        axes.set_title(lettered(number, OXIDES[oxide].label))
    _legend(figure, panels[0], str(statistics["unit"].values[0]))
    return figure


def _panels(number: int) -> tuple[Figure, list[Any]]:
    """A figure of so many panels, three a row; those left over in the last row are hidden."""
    rows = -(-number // _COLUMNS)
    figure = Figure(figsize=(PAGE_IN, 1.85 * rows + 0.3), layout="constrained")
    panels: list[Any] = list(figure.subplots(rows, _COLUMNS, squeeze=False).flat)
    for axes in panels[number:]:
        axes.set_visible(False)
    return figure, panels[:number]


def _legend(figure: Figure, axes: Any, whole: str) -> None:
    handles, _ = axes.get_legend_handles_labels()
    handles += [
        Line2D([], [], color="0.35", linestyle=":", label="mean"),
        Line2D([], [], color="0.2", linestyle="", marker="v", ms=4, label=f"mode, {whole} (how sure)"),
    ]
    # As many as fit between the margins of a page; more go on below.
    figure.legend(handles=handles, loc="outside upper center", ncols=min(len(handles), 6))


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
            axes.step(values, density, where="mid", color=colour, linewidth=1.0, label=unit)
        axes.axvline(float(found["mean"]), color=colour, linewidth=0.7, linestyle=":", ymax=0.9)
        highest = max(highest, float(density.max()))
    axes.set(
        xlim=(low, high),
        # A map without a value is an empty panel.
        ylim=(0, 1.22 * highest or 1.0),
        xlabel=", ".join(filter(None, (quantity.label, method_of(quantity)))),
        ylabel="% of area per bin",
    )
    _mark_modes(axes, of_map.isel(unit=0), highest)
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
    """Triangles at the modes; their values in the corner, where nothing is drawn."""
    modes = [float(value) for value in found["mode_value"].values if np.isfinite(value)]
    if not modes:
        return
    axes.plot(modes, [1.05 * highest] * len(modes), marker="v", color="0.2", markersize=3.5, linestyle="")
    # How sure the number of modes is belongs to all of them.
    text = f"{', '.join(f'{value:.3g}' for value in modes)} ({float(found['mode_confidence']):.0%})"
    axes.text(0.98, 0.99, text, transform=axes.transAxes, ha="right", va="top", fontsize=5.5)


def method_of(quantity: Quantity) -> str:
    """How a map of an oxide comes about, in a word; of others there is but one."""
    words = {"equation": "equation", "cnn": "CNN"}
    return words.get(quantity.method, "") if quantity.oxide else ""
