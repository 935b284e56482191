"""The polar region: composition, potential mare basalt and the diagram that tells it, in one figure."""

from typing import Any

import matplotlib.path as mpath
import numpy as np
import xarray as xr
from matplotlib.colors import LinearSegmentedColormap, ListedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator

from lunarcloud.archive import features
from lunarcloud.figures.relief import VEIL
from lunarcloud.figures.style import (
    COLUMN_IN,
    HALO,
    MISSING_COLOUR,
    PAGE_IN,
    as_printed,
    degrees,
    label_meridians,
    lettered,
    plate_carree,
    polar,
)
from lunarcloud.moon import Pole, polar_distance_m
from lunarcloud.quantities import QUANTITIES
from lunarcloud.statistics import TOLD, probability_at

#: Colours of the classes other, similar to maria, similar and high FeO.
CLASS_COLOURS = ("#F0EDE5", "#56B4E9", "#D55E00")
_CLASS_NAMES = ("other", "similar to maria", "similar to maria, high FeO")
# From none of the networks to all of them.
_PROBABILITIES = LinearSegmentedColormap.from_list(
    "high FeO", (CLASS_COLOURS[1], "#F0C808", CLASS_COLOURS[2])
)
# Cells elsewhere, in the diagram.
_MARIA, _OTHERS = "#0072B2", "#E69F00"
_CENTRED = {"ha": "center", "va": "center"}
# Groups that get a number on the map.
_NUMBERED = 6
# Pixels along the edge of a picture's panel; finer maps are thinned.
_PANEL_PIXELS = 1500


@as_printed
def draw_polar(
    maps: xr.Dataset, candidates: xr.Dataset, pole: Pole, relief: xr.DataArray | None = None
) -> Figure:
    """FeO and Mg# around a pole, potential mare basalt, and where it lies in the FeO-Mg# diagram.

    Parameters
    ----------
    maps : Dataset (y, x)
        The region in polar stereographic projection: ``feo_cnn``, ``mg_number``, ``mare_basalt``.
    candidates : Dataset
        As `lunarcloud.statistics.polar.to_dataset` makes it.
    pole : {"north", "south"}
        Which.
    relief : DataArray (y, x), optional
        Of `lunarcloud.figures.shaded_relief` on a polar grid of the same pole: light and shadow over them.

    Returns
    -------
    matplotlib.figure.Figure
        Four panels.
    """
    figure = Figure(figsize=(PAGE_IN, 7.8), layout="constrained")
    limit = float(candidates.attrs["latitude_limit"])
    for number, name in enumerate(("feo_cnn", "mg_number")):
        axes = _polar_axes(figure, 221 + number, pole, limit)
        shade = QUANTITIES[name]
        image = _draw(axes, maps[name], cmap=shade.colours, vmin=shade.least, vmax=shade.most)
        bar = figure.colorbar(image, ax=axes, orientation="horizontal", shrink=0.6, pad=0.05, extend="both")
        bar.set_label(shade.label)
        _finish(axes, number, f"{shade.label.partition(' (')[0]}, CNN", relief)
    axes = _polar_axes(figure, 223, pole, limit)
    if "high_feo_probability" in candidates:
        _draw_probability(figure, axes, maps["mare_basalt"], candidates)
    else:
        _draw_classes(axes, maps["mare_basalt"])
    _number_groups(axes, candidates)
    shares = (f"{candidates.attrs[f'high_feo_{reason}_per_cent']:.1f} % {reason}" for reason in TOLD)
    _finish(axes, 2, f"of high FeO: {', '.join(shares)}", relief)
    diagram = figure.add_subplot(224)
    image = _diagram(diagram, candidates)
    bar = figure.colorbar(image, ax=diagram, orientation="horizontal", shrink=0.6, pad=0.02)
    bar.set_label("cells of the region per bin")
    diagram.set_title(lettered(3, "composition of the region and of maria"))
    return figure


def _draw_classes(axes: Any, classes: xr.DataArray) -> None:
    # Classes 0, 1 and 2 in the middles of three equal steps of colour.
    _draw(axes, classes, cmap=ListedColormap(CLASS_COLOURS), vmin=-0.5, vmax=2.5)
    handles = [
        Patch(facecolor=colour, edgecolor="0.5", linewidth=0.4, label=name)
        for colour, name in zip(CLASS_COLOURS, _CLASS_NAMES, strict=True)
    ]
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.09), ncols=3, columnspacing=1.0)


def _draw_probability(figure: Figure, axes: Any, classes: xr.DataArray, candidates: xr.Dataset) -> None:
    """What is similar to maria, by the share of the networks that say it is high in FeO, too."""
    shown = _thinned(classes)
    # What is mapped, whatever its class.
    _draw(axes, shown.where(shown.isnull(), 0.0), cmap=ListedColormap(CLASS_COLOURS[:1]), vmin=-1, vmax=1)
    x, y = np.meshgrid(shown["x"].values, shown["y"].values)
    lon, lat, _ = np.moveaxis(plate_carree().transform_points(axes.projection, x, y), -1, 0)
    probability = shown.copy(data=probability_at(candidates, lat=lat, lon=lon))
    image = _draw(axes, probability.where(shown.notnull()), cmap=_PROBABILITIES, vmin=0, vmax=1)
    bar = figure.colorbar(image, ax=axes, orientation="horizontal", shrink=0.6, pad=0.05)
    bar.set_label("similar to maria: share of networks that say high FeO")


@as_printed
def draw_diagram(candidates: xr.Dataset) -> Figure:
    """The FeO-Mg# diagram of a polar region and of maria elsewhere, with the distributions along its axes.

    Parameters
    ----------
    candidates : Dataset
        As `lunarcloud.statistics.polar.to_dataset` makes it.

    Returns
    -------
    matplotlib.figure.Figure
        A column of a journal wide, as the paper's Fig. 5a.
    """
    figure = Figure(figsize=(COLUMN_IN, 3.5), layout="constrained")
    panels: Any = figure.subplot_mosaic(
        [["feo", "none"], ["diagram", "mg"]],
        width_ratios=(3.2, 1),
        height_ratios=(1, 3.2),
        empty_sentinel="none",
    )
    axes = panels["diagram"]
    image = _diagram(axes, candidates)
    figure.colorbar(
        image, ax=list(panels.values()), orientation="horizontal", pad=0.02, shrink=0.7
    ).set_label("cells of the region per bin")
    kinds = {
        "region": (candidates["cells_region"], "0.4"),
        "maria": (candidates["cells_elsewhere"].sel(kind="maria"), _MARIA),
        "others": (candidates["cells_elsewhere"].sel(kind="others"), _OTHERS),
    }
    for counts, colour in kinds.values():
        for name, other in (("feo_bin", "mg_bin"), ("mg_bin", "feo_bin")):
            _margin(panels, counts.sum(other), name, colour)
    panels["feo"].set(xlim=axes.get_xlim(), ylabel="% of cells", ylim=(0, None))
    panels["mg"].set(ylim=axes.get_ylim(), xlabel="% of cells", xlim=(0, None))
    panels["feo"].tick_params(labelbottom=False)
    panels["mg"].tick_params(labelleft=False)
    handles = [
        Line2D([], [], color="0.4", label="the region"),
        Line2D([], [], color=_MARIA, label="maria elsewhere"),
        Line2D([], [], color=_OTHERS, label="other cells elsewhere"),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=3, columnspacing=1.0)
    return figure


def _margin(panels: Any, counts: xr.DataArray, name: str, colour: str) -> None:
    """The distribution along one axis of the diagram."""
    share = 100.0 * counts.values / max(float(counts.sum()), 1.0)
    at = counts[name].values
    across = name == "feo_bin"
    panels["feo" if across else "mg"].plot(
        *((at, share) if across else (share, at)), color=colour, drawstyle="default", linewidth=0.8
    )


def _finish(axes: Any, number: int, title: str, relief: xr.DataArray | None) -> None:
    """Light and shadow over a panel, and its title above the longitudes."""
    if relief is not None:
        _draw(axes, relief, **VEIL)
    axes.set_title(lettered(number, title), pad=12)


def _polar_axes(figure: Figure, position: int, pole: Pole, limit: float) -> Any:
    """Axes cut to the circle of the limiting latitude, with a labelled graticule and named features."""
    axes: Any = figure.add_subplot(position, projection=polar(pole))
    radius = polar_distance_m(limit)
    axes.set_extent((-radius, radius, -radius, radius), crs=axes.projection)
    angle = np.linspace(0.0, 2.0 * np.pi, 361)
    # In fractions of the axes, whose extent ends exactly at this circle.
    circle = mpath.Path(0.5 + 0.5 * np.column_stack([np.cos(angle), np.sin(angle)]))
    axes.set_boundary(circle, transform=axes.transAxes)
    axes.set_facecolor(MISSING_COLOUR)
    lines = axes.gridlines(linewidth=0.4, color="0.6", alpha=0.7)
    # -180 and 180 are one meridian: drawn twice, it would be twice as dark.
    lines.xlocator = FixedLocator(range(-180, 180, 30))
    sign = 1 if pole == "north" else -1
    step = 5 if 90 - limit <= 30 else 10
    parallels = [sign * lat for lat in range(90 - step, int(limit), -step)]
    lines.ylocator = FixedLocator(parallels)
    label_meridians(axes, pole, radius)
    for lat in parallels:
        # Along a meridian half way between two that are drawn.
        x, y = axes.projection.transform_point(15.0, lat, plate_carree())
        axes.text(x, y, degrees(lat, "N", "S"), fontsize=4.5, color="0.2", path_effects=HALO, zorder=5)
    _name_features(axes, sign, limit)
    return axes


def _name_features(axes: Any, sign: int, limit: float) -> None:
    for known in features():
        if sign * known.lat > limit:
            at = {"transform": plate_carree(), "zorder": 5}
            axes.plot(known.lon, known.lat, marker="+", color="0.1", markersize=3, markeredgewidth=0.5, **at)
            name = {"fontsize": 5, "color": "0.1", "va": "bottom", "path_effects": HALO}
            axes.text(known.lon, known.lat, f" {known.name}", clip_on=True, **name, **at)


def _thinned(data: xr.DataArray) -> xr.DataArray:
    """As many pixels as a panel shows."""
    every = max(1, data.sizes["x"] // _PANEL_PIXELS)
    return data[::every, ::every]


def _draw(axes: Any, data: xr.DataArray, **colours: Any) -> Any:
    shown = _thinned(data)
    # The extent is of the whole map, from centres to outer edges; y descends: its last row is the lowest.
    half = abs(float(data["x"][1] - data["x"][0])) / 2.0
    x, y = data["x"].values, data["y"].values
    extent = (x[0] - half, x[-1] + half, y[-1] - half, y[0] + half)
    return axes.imshow(
        shown.values,
        extent=extent,
        origin="upper",
        transform=axes.projection,
        interpolation="nearest",
        **colours,
    )


def _number_groups(axes: Any, candidates: xr.Dataset) -> None:
    """Ranks of the largest groups; of those so near that numbers would lie on each other, the largest's."""
    ranked = candidates[["group_lat", "group_lon"]].isel(ranked=slice(_NUMBERED))
    lat, lon = ranked["group_lat"].values, ranked["group_lon"].values
    placed: list[Any] = []
    least = 0.06 * axes.get_xlim()[1]
    for number, at in enumerate(axes.projection.transform_points(plate_carree(), lon, lat)[:, :2], 1):
        if all(np.hypot(*(at - other)) > least for other in placed):
            placed.append(at)
            axes.text(*at, str(number), fontsize=6, weight="bold", path_effects=HALO, zorder=6, **_CENTRED)


def _diagram(axes: Any, candidates: xr.Dataset) -> Any:
    """Cells of the region over the composition of maria elsewhere, and the bounds of the rule; the image."""
    feo, mg = candidates["feo_bin"].values, candidates["mg_bin"].values
    # Counts are (FeO, Mg#); an image has its second axis across.
    region = candidates["cells_region"].values.T
    # From the bins' middles to their edges: half of 0.5 wt% and half of 0.01.
    bounds = (feo[0] - 0.25, feo[-1] + 0.25, mg[0] - 0.005, mg[-1] + 0.005)
    image = axes.imshow(
        np.where(region, region, np.nan),
        extent=bounds,
        origin="lower",
        aspect="auto",
        norm=LogNorm(),
        cmap="Greys",
    )
    maria = candidates["cells_elsewhere"].sel(kind="maria").values.T
    levels = [part * maria.max() for part in (0.02, 0.1, 0.4)]
    axes.contour(feo, mg, maria, levels=levels, colors=_MARIA, linewidths=(0.5, 0.8, 1.1))
    _outline(axes, candidates["similar_bin"].values.T, bounds)
    used = np.flatnonzero(region.any(axis=0) | maria.any(axis=0))
    rows = np.flatnonzero(region.any(axis=1) | maria.any(axis=1))
    axes.set(xlim=(0, feo[used[-1]] + 1), ylim=(mg[rows[0]] - 0.03, mg[rows[-1]] + 0.03))
    axes.set(xlabel="FeO (wt%), CNN", ylabel="Mg# (molar), CNN")
    handles = [
        Line2D([], [], color=_MARIA, label="maria elsewhere\n(2, 10, 40 % of the fullest bin)"),
        Line2D([], [], color=CLASS_COLOURS[1], linewidth=1.5, label="similar to maria"),
        Patch(color="0.4", label="cells of the region"),
    ]
    axes.legend(handles=handles, fontsize=5.5, loc="lower left")
    axes.spines[["top", "right"]].set_visible(False)
    return image


def _outline(axes: Any, mask: Any, bounds: tuple[float, float, float, float]) -> None:
    """The edge of a set of bins."""
    # A contour runs between centres and would cut corners; of bins repeated six times it follows their edges.
    fine = np.kron(mask, np.ones((6, 6)))
    axes.contour(fine, levels=[0.5], extent=bounds, origin="lower", colors=CLASS_COLOURS[1], linewidths=1.3)
