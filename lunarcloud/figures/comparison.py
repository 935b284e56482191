"""Comparisons: run against run, and maps against Lunar Prospector."""

from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from scipy import stats

from lunarcloud.figures.statistics import UNIT_COLOURS, method_of
from lunarcloud.figures.style import (
    PAGE_IN,
    as_printed,
    draw_global,
    global_axes,
    hatch,
    lettered,
    typeset,
)
from lunarcloud.moon import FloatArray, grid
from lunarcloud.quantities import QUANTITIES
from lunarcloud.statistics import BEYOND, LEAST_COVERAGE, REGRESSIONS
from lunarcloud.storage import GRID_MAPPING, Layout, coordinates

#: Colour map of differences.
DIVERGING = "RdBu_r"
# Letters along an axis that is a third of a page.
_AXIS_LETTERS = 44
_LINE = {"color": "0.15", "linewidth": 0.7}
# Lunar Prospector's pixels are drawn on a grid this fine, which their bounds fall on.
_PIXELS_PER_DEGREE = 2


@as_printed
def draw_comparison(comparison: xr.Dataset, first: str, second: str) -> Figure:
    """A row for each pair of maps: joint distribution, differences by value, differences by unit.

    Parameters
    ----------
    comparison : Dataset
        As `lunarcloud.statistics.comparison.compare` makes it.
    first, second : str
        What to call the two.

    Returns
    -------
    matplotlib.figure.Figure
        Three panels a pair, in the order of ``comparison.pair``.
    """
    pairs = [str(pair) for pair in comparison["pair"].values]
    figure = Figure(figsize=(PAGE_IN, 2.05 * len(pairs) + 0.2), layout="constrained")
    panels: Any = figure.subplots(len(pairs), 3, squeeze=False)
    for row, ((density, histogram, boxes), pair) in enumerate(zip(panels, pairs, strict=True)):
        found = comparison.sel(pair=pair)
        label = _short(str(found["first"].values))
        _joint(figure, density, found, label, (first, second))
        what = _on_lines(f"{first} minus {second}", label)
        _differences(histogram, found, what)
        _boxes(boxes, found, what)
        density.set_title(lettered(3 * row, _maps_of(found)))
        histogram.set_title(lettered(3 * row + 1, "differences"))
        boxes.set_title(lettered(3 * row + 2, "by unit: 5, 25, 50, 75, 95 %"))
    handles, names = panels[0, 1].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=6)
    return figure


def _short(name: str) -> str:
    """What stands along an axis that is a third of a page: of what has no unit, its symbol."""
    label = QUANTITIES[name].label
    return label if QUANTITIES[name].units != "1" else label.partition(" (")[0].rpartition(" ")[2]


def _on_lines(what: str, label: str) -> str:
    """What is shown of which map, on two lines where one would run into the next panel."""
    return f"{what}, {label}" if len(what) + len(label) < _AXIS_LETTERS else f"{what},\n{label}"


@as_printed
def draw_difference(
    difference: xr.DataArray, label: str, title: str, explained: FloatArray | None = None
) -> Figure:
    """A map of differences (lat, lon), zero white, the range symmetric about it.

    Parameters
    ----------
    difference : DataArray
        In the map's units; missing is NaN.
    label : str
        For the colour bar.
    title : str
        Above the map.
    explained : ndarray, optional
        Of the same shape and unit, what chance explains: hatched where the difference is within twice that.

    Returns
    -------
    matplotlib.figure.Figure
        On the Mollweide projection.
    """
    # A few extreme pixels would pale all others; and two equal runs still need a range that is not 0.
    most = _most(difference, 0.99)
    figure = Figure(figsize=(PAGE_IN, 4.1), layout="constrained")
    axes = global_axes(figure)
    image = draw_global(axes, difference, cmap=DIVERGING, vmin=-most, vmax=most)
    bar = figure.colorbar(image, ax=axes, orientation="horizontal", shrink=0.5, pad=0.03, extend="both")
    bar.set_label(typeset(label))
    if explained is not None:
        within = np.abs(difference.values) <= BEYOND * explained
        hatch(axes, difference.copy(data=within.astype(np.float64)))
        title += f"\nhatched: within {BEYOND:g} times what chance explains"
    axes.set_title(typeset(title))
    return figure


@as_printed
def draw_prospector(comparison: xr.Dataset) -> Figure:
    """A row for each map: against Lunar Prospector, the differences, and how normal they are.

    Parameters
    ----------
    comparison : Dataset
        As `lunarcloud.statistics.prospector.compare_with_prospector` makes it.
    """
    names = [str(name) for name in comparison["map"].values]
    figure = Figure(figsize=(PAGE_IN, 2.4 * len(names) + 0.2), layout="constrained")
    panels: Any = figure.subplots(len(names), 3, squeeze=False)
    for row, ((scatter, histogram, normal), name) in enumerate(zip(panels, names, strict=True)):
        found = comparison.sel(map=name)
        ours, theirs = pixels_compared(found)
        label = QUANTITIES[name].label
        _scatter(figure, scatter, ours, theirs, found)
        _normal_histogram(histogram, ours - theirs, label)
        _normal_quantiles(normal, ours - theirs, float(found["normality_p"]))
        # Above the lines of numbers.
        scatter.set_title(lettered(3 * row, name), pad=32)
        histogram.set_title(lettered(3 * row + 1, "differences"))
        normal.set_title(lettered(3 * row + 2, "against the normal distribution"))
    handles = [each for axes in panels[0, :2] for each in axes.get_legend_handles_labels()[0]]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


@as_printed
def draw_prospector_maps(comparison: xr.Dataset, name: str) -> Figure:
    """Lunar Prospector, a map averaged into its pixels, and the difference, one above the other.

    Parameters
    ----------
    comparison : Dataset
        As for `draw_prospector`.
    name : str
        Which of its maps.
    """
    found, shade = comparison.sel(map=name), QUANTITIES[name]
    # The pixels of its own table.
    found = found.isel(pixel=np.isfinite(found["coverage"].values))
    pixels = f"{float(found['pixel_degrees']):g}° pixels"
    figure = Figure(figsize=(0.75 * PAGE_IN, 8.2), layout="constrained")
    difference = found["ours"] - found["prospector"]
    # The outermost 2 % of pixels would pale all others.
    most = _most(difference, 0.98)
    rows = (
        (
            f"Lunar Prospector, {pixels}",
            found["prospector"],
            (shade.colours, shade.least, shade.most),
            shade.label,
        ),
        (
            f"{method_of(shade)} {shade.label}, in its pixels",
            found["ours"],
            (shade.colours, shade.least, shade.most),
            shade.label,
        ),
        ("map minus Lunar Prospector", difference, (DIVERGING, -most, most), f"difference, {shade.label}"),
    )
    for row, (title, values, (colours, least, upmost), label) in enumerate(rows, start=1):
        axes = global_axes(figure, 310 + row)
        painted = _painted(found, values.values)
        image = draw_global(axes, painted, cmap=colours, vmin=least, vmax=upmost)
        figure.colorbar(image, ax=axes, shrink=0.75, pad=0.02, extend="both").set_label(label)
        axes.set_title(lettered(row - 1, title))
    return figure


def _most(difference: xr.DataArray, part: float) -> float:
    """The size that this part of the differences keeps below; 1 where there are none or all are 0."""
    sizes = np.abs(difference.values)
    known = sizes[np.isfinite(sizes)]
    return (float(np.quantile(known, part)) if known.size else 0.0) or 1.0


def pixels_compared(found: xr.Dataset) -> tuple[FloatArray, FloatArray]:
    """A map and Lunar Prospector in the pixels behind the stored numbers, so that picture and note agree.

    Parameters
    ----------
    found : Dataset (pixel)
        One map of what `lunarcloud.statistics.prospector.compare_with_prospector` makes.
    """
    compared = ((found["coverage"] >= LEAST_COVERAGE) & np.isfinite(found["prospector"])).values
    return found["ours"].values[compared], found["prospector"].values[compared]


def used_bins(values: FloatArray, counts: FloatArray) -> tuple[slice, tuple[float, float]]:
    """Bins that either of two maps uses, the same on both axes: equal values then lie on the diagonal.

    Parameters
    ----------
    values : ndarray, shape (bin,)
        The bins' middles.
    counts : ndarray, shape (bin, bin)
        By the bins of both maps.

    Returns
    -------
    bins : slice
        From the first to the last that is used: one with less than a hundred-thousandth of all counts would
        only stretch the axes.
    edges : tuple of float
        The outermost edges of these bins, by which an image is placed.
    """
    used = np.flatnonzero(counts.sum(axis=0) + counts.sum(axis=1) > 1e-5 * counts.sum())
    half = (values[1] - values[0]) / 2
    return slice(used[0], used[-1] + 1), (values[used[0]] - half, values[used[-1]] + half)


def _joint(figure: Figure, axes: Any, found: xr.Dataset, label: str, names: tuple[str, str]) -> None:
    values, counts = found["bin_value"].values, found["joint"].values
    part, (low, high) = used_bins(values, counts)
    image = axes.imshow(
        # Transposed: the first map is the first axis of the counts, but columns are an image's second.
        np.where(counts, counts, np.nan)[part, part].T,
        origin="lower",
        extent=(low, high, low, high),
        norm=LogNorm(),
        cmap="viridis",
        interpolation="nearest",
    )
    axes.plot((low, high), (low, high), linestyle="--", **_LINE)
    figure.colorbar(image, ax=axes, pad=0.02).set_label("cells per bin")
    whole = found.isel(unit=0)
    _note(axes, f"r = {float(whole['correlation']):.4f}\nRMSE = {float(whole['rmse']):.3g}")
    axes.set(xlabel=f"{names[0]} {label}", ylabel=f"{names[1]} {label}")


def _differences(axes: Any, found: xr.Dataset, label: str) -> None:
    values = found["difference_value"].values
    spread = np.abs(found["difference_quantile"].values).max()
    # Somewhat beyond the outermost 5 and 95 % of any unit; three bins a side where maps agree that well.
    shown = np.abs(values) <= max(1.8 * spread, 3 * (values[1] - values[0]))
    for number, unit in enumerate(found["unit"].values):
        colour = UNIT_COLOURS[number % len(UNIT_COLOURS)]
        share = 100.0 * found["difference_share"].sel(unit=unit).values
        axes.step(values[shown], share[shown], where="mid", color=colour, linewidth=1.0, label=unit)
    axes.axvline(0.0, **_LINE)
    if "beyond_chance" in found and np.isfinite(beyond := float(found["beyond_chance"][0])):
        reach = BEYOND * float(found["rms_chance"][0])
        axes.axvspan(-reach, reach, color="0.85", zorder=0)
        _note(axes, f"grey: {BEYOND:g} × chance,\n{100 * beyond:.0f} % beyond it")
    axes.set(xlabel=label, ylabel="% of cells per bin")
    axes.set_ylim(bottom=0)
    axes.spines[["top", "right"]].set_visible(False)


def _maps_of(found: xr.Dataset) -> str:
    names = str(found["first"].values), str(found["second"].values)
    return names[0] if names[0] == names[1] else " and ".join(names)


def _boxes(axes: Any, found: xr.Dataset, label: str) -> None:
    boxes = [
        dict(zip(("whislo", "q1", "med", "q3", "whishi"), quantiles, strict=True))
        | {"mean": mean, "label": unit}
        for quantiles, mean, unit in zip(
            found["difference_quantile"].values,
            found["mean_difference"].values,
            found["unit"].values,
            strict=True,
        )
    ]
    mean = {"marker": "D", "markersize": 2.5, "markerfacecolor": "white", "markeredgecolor": "0.15"}
    median = {"color": "0.15"}
    drawn = axes.bxp(
        boxes,
        showfliers=False,
        showmeans=True,
        patch_artist=True,
        orientation="horizontal",
        meanprops=mean,
        medianprops=median,
    )
    for number, box in enumerate(drawn["boxes"]):
        box.set(facecolor=mpl.colors.to_rgba(UNIT_COLOURS[number % len(UNIT_COLOURS)], 0.45))
    axes.axvline(0.0, linestyle=":", **_LINE)
    axes.invert_yaxis()
    axes.set_xlabel(label)
    axes.spines[["top", "right"]].set_visible(False)


def _scatter(figure: Figure, axes: Any, ours: Any, theirs: Any, found: xr.Dataset) -> None:
    """Lunar Prospector along x, the map along y; both regressions as lines y of x."""
    shade = QUANTITIES[str(found["map"].values)]
    low, high = min(ours.min(), theirs.min()), max(ours.max(), theirs.max())
    limits = (low, high, low, high)
    cells = axes.hexbin(theirs, ours, gridsize=55, extent=limits, bins="log", cmap="viridis", linewidths=0.1)
    figure.colorbar(cells, ax=axes, pad=0.02).set_label("pixels per hexagon")
    ends = np.array((low, high))
    axes.plot(ends, ends, linestyle="--", label="equal", **_LINE)
    (up, foot), (across, start) = (
        (float(found[f"{line}_slope"]), float(found[f"{line}_intercept"])) for line in REGRESSIONS
    )
    axes.plot(ends, up * ends + foot, color=UNIT_COLOURS[3], linewidth=1.0, label="map on LP")
    # LP = across * map + start, drawn from its ends on the map's axis.
    axes.plot(across * ends + start, ends, color=UNIT_COLOURS[1], linewidth=1.0, label="LP on map")
    said = (
        f"r = {float(found['correlation']):.3f}, RMSE {float(found['rmse']):.3g} {shade.units}\n"
        f"map = {up:.3f} LP {foot:+.2f}\nLP = {across:.3f} map {start:+.2f}\n"
        f"{int(found['pixels'])} pixels"
    )
    axes.text(0.0, 1.02, said, transform=axes.transAxes, va="bottom", fontsize=5.5)
    axes.set(
        xlim=(low, high),
        ylim=(low, high),
        xlabel=f"Lunar Prospector {shade.label}, {float(found['pixel_degrees']):g}° pixels",
        ylabel=f"{method_of(shade)} {shade.label}",
        aspect="equal",
    )


def _normal_histogram(axes: Any, difference: Any, label: str) -> None:
    # 0.4 % are left out of the picture, not of the normal curve: mean and deviation are those of all.
    low, high = np.quantile(difference, [0.002, 0.998])
    values = np.linspace(low, high, 200)
    axes.hist(difference, bins=60, range=(low, high), density=True, color=UNIT_COLOURS[1], alpha=0.55)
    normal = stats.norm(difference.mean(), difference.std())
    axes.plot(values, normal.pdf(values), color="0.15", linewidth=1.0, label="normal of equal mean, std")
    axes.axvline(0.0, linestyle=":", **_LINE)
    axes.set(xlabel=f"map minus Lunar Prospector, {label}", ylabel="density")
    axes.spines[["top", "right"]].set_visible(False)


def _normal_quantiles(axes: Any, difference: Any, p_value: float) -> None:
    (expected, ordered), (slope, intercept, _) = stats.probplot(difference)
    axes.plot(expected, ordered, ".", markersize=2.5, color=UNIT_COLOURS[1], rasterized=True)
    ends = np.array((expected[0], expected[-1]))
    axes.plot(ends, slope * ends + intercept, color=UNIT_COLOURS[3], linewidth=1.0)
    # Of thousands of pixels any departure from the normal is certain; digits of 1e-300 say nothing more.
    p_text = f"p = {p_value:.2g}" if p_value >= 1e-4 else "p < 0.0001"
    _note(axes, f"D'Agostino-Pearson\n{p_text}")
    axes.set(xlabel="normal quantile", ylabel="difference (wt%)")
    axes.spines[["top", "right"]].set_visible(False)


def _note(axes: Any, text: str) -> None:
    box = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1.5}
    axes.text(0.03, 0.97, text, transform=axes.transAxes, va="top", fontsize=5.5, bbox=box)


def _painted(comparison: xr.Dataset, values: Any) -> xr.DataArray:
    """Values of Lunar Prospector's pixels on a latitude/longitude grid."""
    fine = grid(_PIXELS_PER_DEGREE)
    painted = np.full(fine.shape, np.nan, dtype=np.float32)
    bounds = (comparison[name].values for name in ("min_lat", "max_lat", "min_lon", "max_lon"))
    for south, north, west, east, value in zip(*bounds, values, strict=True):
        # Rows count down from the north pole. Rounding only mends floats: bounds are whole half degrees.
        rows = slice(round(fine.row_of(north)), round(fine.row_of(south)))
        painted[rows, round(fine.col_of(west)) : round(fine.col_of(east))] = value
    located = coordinates(Layout(raster=fine, variables=())).coords
    return xr.DataArray(painted, located, dims=("lat", "lon"), attrs={"grid_mapping": GRID_MAPPING})
