"""The polar region: composition, potential mare basalt and the diagram that tells it, in one figure."""

from typing import Any

import matplotlib as mpl
import matplotlib.path as mpath
import numpy as np
import xarray as xr
from matplotlib.colors import ListedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator

from lunarcloud.archive import features
from lunarcloud.figures.style import MISSING_COLOUR, plate_carree, polar
from lunarcloud.moon import Pole, polar_distance_m
from lunarcloud.quantities import QUANTITIES
from lunarcloud.statistics import TOLD

#: Colours of the classes other, similar to maria, similar and high FeO.
CLASS_COLOURS = ("#F0EDE5", "#56B4E9", "#D55E00")
_CLASS_NAMES = ("other", "similar to maria", "similar to maria, high FeO")
# Groups that get a number on the map.
_NUMBERED = 6
# Pixels along the edge of a picture's panel; finer maps are thinned.
_PANEL_PIXELS = 1500


def draw_polar(maps: xr.Dataset, candidates: xr.Dataset, pole: Pole) -> Figure:
    """FeO and Mg# around a pole, potential mare basalt, and where it lies in the FeO-Mg# diagram.

    Parameters
    ----------
    maps : Dataset (y, x)
        The region in polar stereographic projection: ``feo_cnn``, ``mg_number``, ``mare_basalt``.
    candidates : Dataset
        As `lunarcloud.statistics.polar.to_dataset` makes it.
    pole : {"north", "south"}
        Which.

    Returns
    -------
    matplotlib.figure.Figure
        Four panels.
    """
    figure = Figure(figsize=(11, 10), layout="constrained")
    limit = float(candidates.attrs["latitude_limit"])
    for position, name in ((221, "feo_cnn"), (222, "mg_number")):
        axes = _polar_axes(figure, position, pole, limit)
        shade = QUANTITIES[name]
        image = _draw(axes, maps[name], cmap=shade.colours, vmin=shade.least, vmax=shade.most)
        figure.colorbar(image, ax=axes, shrink=0.7, pad=0.06, extend="both").set_label(shade.label)
    axes = _polar_axes(figure, 223, pole, limit)
    # Classes 0, 1 and 2 in the middles of three equal steps of colour.
    _draw(axes, maps["mare_basalt"], cmap=ListedColormap(CLASS_COLOURS), vmin=-0.5, vmax=2.5)
    _number_groups(axes, candidates)
    shares = (f"{candidates.attrs[f'high_feo_{reason}_per_cent']:.1f} % {reason}" for reason in TOLD)
    axes.set_title(f"of high FeO: {', '.join(shares)}", fontsize=9, pad=14)
    handles = [
        Patch(color=colour, label=name) for colour, name in zip(CLASS_COLOURS, _CLASS_NAMES, strict=True)
    ]
    axes.legend(
        handles=handles, fontsize=7.5, loc="lower center", bbox_to_anchor=(0.5, -0.16), ncols=3, frameon=False
    )
    _diagram(figure, figure.add_subplot(224), candidates)
    return figure


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
    lines = axes.gridlines(linewidth=0.5, color="0.6", alpha=0.7)
    # -180 and 180 are one meridian: drawn twice, it would be twice as dark.
    lines.xlocator = FixedLocator(range(-180, 180, 30))
    sign = 1 if pole == "north" else -1
    step = 5 if 90 - limit <= 30 else 10
    lines.ylocator = FixedLocator([sign * lat for lat in range(90 - step, int(limit), -step)])
    for lon in range(-180, 180, 30):
        text = {0: "0°", -180: "180°"}.get(lon, f"{abs(lon)}°{'E' if lon > 0 else 'W'}")
        x, y = axes.projection.transform_point(lon, sign * limit, plate_carree())
        axes.text(1.06 * x, 1.06 * y, text, fontsize=7, ha="center", va="center", color="0.3", clip_on=False)
    _name_features(axes, sign, limit)
    return axes


def _name_features(axes: Any, sign: int, limit: float) -> None:
    for known in features():
        if sign * known.lat > limit:
            at = {"transform": plate_carree(), "zorder": 5}
            axes.plot(known.lon, known.lat, marker="+", color="0.1", markersize=4, markeredgewidth=0.6, **at)
            axes.text(known.lon, known.lat, f" {known.name}", fontsize=6.5, color="0.1", va="bottom", **at)


def _draw(axes: Any, data: xr.DataArray, **colours: Any) -> Any:
    every = max(1, data.sizes["x"] // _PANEL_PIXELS)
    shown = data[::every, ::every]
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
    ranked = candidates[["group_lat", "group_lon"]].isel(ranked=slice(_NUMBERED))
    for number, (lat, lon) in enumerate(
        zip(ranked["group_lat"].values, ranked["group_lon"].values, strict=True), 1
    ):
        axes.text(
            lon,
            lat,
            str(number),
            transform=plate_carree(),
            fontsize=8,
            weight="bold",
            ha="center",
            va="center",
            zorder=6,
        )


def _diagram(figure: Figure, axes: Any, candidates: xr.Dataset) -> None:
    """Cells of the region over the composition of maria elsewhere, and the bounds of the rule."""
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
    figure.colorbar(image, ax=axes, pad=0.02).set_label("cells of the region per bin")
    maria = candidates["cells_elsewhere"].sel(kind="maria").values.T
    levels = [part * maria.max() for part in (0.02, 0.1, 0.4)]
    axes.contour(feo, mg, maria, levels=levels, colors="#0072B2", linewidths=(0.7, 1.0, 1.3))
    _outline(axes, candidates["similar_bin"].values.T, bounds)
    used = np.flatnonzero(region.any(axis=0) | maria.any(axis=0))
    rows = np.flatnonzero(region.any(axis=1) | maria.any(axis=1))
    axes.set(xlim=(0, feo[used[-1]] + 1), ylim=(mg[rows[0]] - 0.03, mg[rows[-1]] + 0.03))
    axes.set(xlabel="FeO (wt%), CNN", ylabel="Mg# (molar), CNN")
    handles = [
        mpl.lines.Line2D([], [], color="#0072B2", label="maria elsewhere (2, 10, 40 % of the fullest bin)"),
        mpl.lines.Line2D([], [], color=CLASS_COLOURS[1], linewidth=2, label="similar to maria"),
        Patch(color="0.4", label="cells of the region"),
    ]
    axes.legend(handles=handles, fontsize=7, loc="lower left", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)


def _outline(axes: Any, mask: Any, bounds: tuple[float, float, float, float]) -> None:
    """The edge of a set of bins."""
    # A contour runs between centres and would cut corners; of bins repeated six times it follows their edges.
    fine = np.kron(mask, np.ones((6, 6)))
    axes.contour(fine, levels=[0.5], extent=bounds, origin="lower", colors=CLASS_COLOURS[1], linewidths=2)
