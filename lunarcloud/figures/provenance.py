"""Where a sample could come from: matching cells on the Moon, the best region close up, what decided it."""

from typing import Any

import cartopy.crs as ccrs
import numpy as np
import rioxarray  # noqa: F401 - gives arrays their .rio
import xarray as xr
from affine import Affine
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from lunarcloud.archive import features
from lunarcloud.figures.style import (
    HALO,
    PAGE_IN,
    as_printed,
    draw_global,
    global_axes,
    globe,
    lettered,
    plate_carree,
)
from lunarcloud.moon import RADIUS_M
from lunarcloud.quantities import QUANTITIES

# By fit, from what could match by chance to what does.
_FITS = LinearSegmentedColormap.from_list("fit", ("#F7D9B0", "#E69F00", "#D55E00", "#7A2A00"))
# Half the width of the close-up, degrees.
_REACH = 14.0
_PANEL_PIXELS = 700


@as_printed
def draw_provenance(found: xr.Dataset, backdrop: xr.DataArray, title: str) -> Figure:
    """The answer of a provenance search.

    Parameters
    ----------
    found : Dataset
        As `lunarcloud.statistics.provenance.to_dataset` makes it; with no match there is no close-up.
    backdrop : DataArray (lat, lon)
        A coarse map of the run to draw under the matches, in its units.
    title : str
        What was looked for.

    Returns
    -------
    matplotlib.figure.Figure
        The globe, a close-up of the largest group, and what each range decides.
    """
    figure = Figure(figsize=(PAGE_IN, 6.2), layout="constrained")
    grid = figure.add_gridspec(2, 2, height_ratios=(1.15, 1))
    shade = QUANTITIES[str(backdrop.name)]
    colours = {"cmap": "Greys_r", "vmin": shade.least, "vmax": shade.most}
    axes: Any = global_axes(figure, grid[0, :])
    image = draw_global(axes, backdrop, **colours)
    figure.colorbar(image, ax=axes, shrink=0.7, pad=0.02).set_label(shade.label)
    cells = _scatter(axes, found, 0.7)
    if (found["fit"] < 1).any():
        bar = figure.colorbar(cells, ax=axes, location="left", shrink=0.7, pad=0.02)
        bar.set_label("fit: likelihood beside a match")
    axes.set_title(lettered(0, f"{title}: {_areas(found)}"))
    matches = found.sizes["match"] > 0
    if matches:
        near = figure.add_subplot(grid[1, 0], projection=_local(found))
        _close_up(near, found, backdrop, colours)
        near.set_title(lettered(1, str(found["group_where"].values[0])))
    decides = figure.add_subplot(grid[1, 1] if matches else grid[1, :])
    _constraints(decides, found)
    decides.set_title(lettered(1 + matches, _most_area(found)))
    return figure


def _scatter(axes: Any, found: xr.Dataset, size: float) -> Any:
    """The cells by fit, the best above the others."""
    ordered = found[["lat", "lon", "fit"]].sortby("fit")
    return axes.scatter(
        ordered["lon"],
        ordered["lat"],
        c=ordered["fit"],
        s=size,
        cmap=_FITS,
        vmin=0,
        vmax=1,
        linewidths=0,
        transform=plate_carree(),
        rasterized=True,
    )


def _areas(found: xr.Dataset) -> str:
    """What matches, with the deviation of what single networks find, and what could match by chance."""
    by_member, fitting = found["matching_km2_by_member"], found.attrs["fitting_km2"]
    chance = f" ± {float(by_member.std(ddof=1)):,.0f}" if by_member.size > 1 else ""
    could = f", {fitting:,.0f} km² within chance" if (found["fit"] < 1).any() else ""
    return f"{found.attrs['matching_km2']:,.0f}{chance} km² match{could}"


def _most_area(found: xr.Dataset) -> str:
    names = ("feature", "matching_km2", "likely_per_cent")
    best = zip(*(found[f"region_{name}"].values[:2] for name in names), strict=True)
    most = "\n".join(f"{place} {area:,.0f} km², {likely:.0f} % of all by fit" for place, area, likely in best)
    return f"most matching area:\n{most or 'in no named feature'}"


def _local(found: xr.Dataset) -> Any:
    """An equal-area projection about the largest group."""
    lat, lon = float(found["group_lat"][0]), float(found["group_lon"][0])
    return ccrs.LambertAzimuthalEqualArea(central_longitude=lon, central_latitude=lat, globe=globe())


def _close_up(axes: Any, found: xr.Dataset, backdrop: xr.DataArray, colours: dict[str, Any]) -> None:
    # Metres of arc; the projection shortens them by 0.25 % at 14 degrees from its centre, too little to see.
    half = np.radians(_REACH) * RADIUS_M
    pixel = 2 * half / _PANEL_PIXELS
    warped = backdrop.rio.reproject(
        axes.projection.to_wkt(),
        shape=(_PANEL_PIXELS, _PANEL_PIXELS),
        transform=Affine(pixel, 0, -half, 0, -pixel, half),
        nodata=np.nan,
    )
    axes.imshow(warped.values, extent=(-half, half, -half, half), origin="upper", **colours)
    _scatter(axes, found, 1.0)
    for known in features():
        x, y = axes.projection.transform_point(known.lon, known.lat, plate_carree())
        if max(abs(x), abs(y)) < 0.95 * half:
            # Names near the sides run inwards, or they would run over the labels of the axes.
            side = "left" if x < -0.6 * half else "right" if x > 0.6 * half else "center"
            axes.text(x, y, known.name, fontsize=5, color="0.1", ha=side, path_effects=HALO)
    axes.set(xlim=(-half, half), ylim=(-half, half))
    lines = axes.gridlines(draw_labels=["left", "bottom"], linewidth=0.3, color="white", alpha=0.5)
    lines.xlabel_style = lines.ylabel_style = {"size": 5.5}


def _constraints(axes: Any, found: xr.Dataset) -> None:
    """How much of the Moon each range leaves alone, and how much it takes of what the others leave."""
    names = [QUANTITIES[str(name)].label.split(" (")[0] for name in found["constraint_map"].values]
    bounds = zip(found["constraint_lowest"].values, found["constraint_highest"].values, strict=True)
    labels = [f"{name}\n{low:.4g} to {high:.4g}" for name, (low, high) in zip(names, bounds, strict=True)]
    alone = found["constraint_alone_per_cent"].values
    # Pale beyond it: with what chance allows.
    axes.barh(labels, found["constraint_alone_fitting_per_cent"].values, color="#0072B2", alpha=0.25)
    axes.barh(labels, alone, color="#0072B2", alpha=0.7)
    for row, (share, excludes) in enumerate(
        zip(alone, found["constraint_excludes_per_cent"].values, strict=True)
    ):
        # Where the other ranges leave nothing, there is nothing to exclude.
        text = f"{share:.3g} %" + (f", then {excludes:.0f} %" if np.isfinite(excludes) else "")
        axes.text(1.02, row, text, transform=axes.get_yaxis_transform(), va="center", fontsize=6)
    axes.set_xscale("log")
    # A logarithmic axis has no 0: the narrowest range still gets a bar, as long as a factor of 2 or more.
    axes.set_xlim(left=min(0.1, alone[alone > 0].min(initial=0.1) / 2), right=100)
    axes.invert_yaxis()
    axes.set_xlabel(
        "% of the mapped Moon within the range alone (pale: or near it by chance),\n"
        "then % it excludes of what all other ranges leave"
    )
    axes.spines[["top", "right"]].set_visible(False)
