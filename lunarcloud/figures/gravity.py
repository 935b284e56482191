"""Gravity in pictures: global maps, the poles, and profiles across features."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from cartopy.geodesic import Geodesic
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.path import Path

from lunarcloud.archive import Feature, features
from lunarcloud.figures.relief import VEIL
from lunarcloud.figures.style import (
    HALO,
    MISSING_COLOUR,
    PAGE_IN,
    as_printed,
    degrees,
    draw_global,
    global_axes,
    label_meridians,
    lettered,
    plate_carree,
    polar,
)
from lunarcloud.moon import RADIUS_M, Pole, polar_distance_m


@dataclass(frozen=True, slots=True)
class _Shade:
    """Colour map of a product, its label, and whether it has both signs."""

    colours: str
    label: str
    signed: bool = True


_SHADES: Mapping[str, _Shade] = {
    "gravity_disturbance": _Shade("RdBu_r", "gravity disturbance (mGal)"),
    "topography_attraction": _Shade("RdBu_r", "attraction of topography (mGal)"),
    "bouguer_disturbance": _Shade("RdBu_r", "Bouguer disturbance (mGal)"),
    "bouguer_anomaly": _Shade("RdBu_r", "Bouguer anomaly (mGal)"),
    "bouguer_gradient": _Shade("inferno", "total horizontal gradient (E)", signed=False),
    "bouguer_gradient_north": _Shade("PuOr_r", "northward gradient (E)"),
    "bouguer_gradient_east": _Shade("PuOr_r", "eastward gradient (E)"),
    # Excess mass is negative here: turned, so that it is red everywhere.
    "bouguer_gradient_eigenvalue": _Shade("RdBu", "largest horizontal eigenvalue (E)"),
}
_GLOBAL = ("gravity_disturbance", "bouguer_disturbance", "bouguer_anomaly", "bouguer_gradient")
# Seen on every colour map of the products.
_OUTLINE = "#D55E00"
_POLAR = ("bouguer_disturbance", "bouguer_anomaly", "bouguer_gradient", "bouguer_gradient_eigenvalue")
# Colours saturate beyond this percentile, so that one peak does not pale the rest.
_PERCENTILE = 99.5
_LINES = {"linewidth": 0.4, "color": "0.25", "alpha": 0.5}
# Features too small for their names at a pole's scale.
_SMALLEST_KM = 90.0


def gravity_colours() -> dict[str, tuple[str, bool]]:
    """By product, the name of its colour map in matplotlib and whether it has both signs."""
    return {name: (shade.colours, shade.signed) for name, shade in _SHADES.items()}


@as_printed
def draw_gravity_maps(
    dataset: xr.Dataset, products: Sequence[str] = _GLOBAL, relief: xr.DataArray | None = None
) -> Figure:
    """Global maps of products, two a row, on the Mollweide projection.

    Parameters
    ----------
    dataset : xarray.Dataset
        The global grid of a reduction (lat, lon), with its attributes.
    products : sequence of str
        Which of its variables.
    relief : xarray.DataArray (lat, lon), optional
        Of `lunarcloud.figures.shaded_relief`: light and shadow over the maps.
    """
    rows = math.ceil(len(products) / 2)
    figure = Figure(figsize=(PAGE_IN, 2.35 * rows + 0.2), layout="constrained")
    grid = figure.add_gridspec(rows, 2)
    for number, name in enumerate(products):
        axes = global_axes(figure, grid[divmod(number, 2)])
        image = draw_global(axes, dataset[name], cmap=_SHADES[name].colours, norm=_norm(dataset[name]))
        if relief is not None:
            draw_global(axes, relief, **VEIL)
        _bar(figure, axes, image, name)
        axes.set_title(lettered(number, _title(dataset, name)))
    figure.suptitle(_origin(dataset))
    return figure


@as_printed
def draw_gravity_pole(
    dataset: xr.Dataset,
    pole: Pole = "south",
    products: Sequence[str] = _POLAR,
    outlined: xr.DataArray | None = None,
    relief: xr.DataArray | None = None,
) -> Figure:
    """A pole in polar stereographic projection, two products a row, with its craters.

    Parameters
    ----------
    dataset : xarray.Dataset
        A polar grid of a reduction (y, x).
    pole : {"north", "south"}
        Which one it is.
    products : sequence of str
        Which of its variables.
    outlined : xarray.DataArray, optional
        A mask on a polar grid (y, x) of the same pole whose edge is drawn over every product, such as
        potential mare basalt.
    relief : xarray.DataArray (y, x), optional
        Of `lunarcloud.figures.shaded_relief` on a polar grid of the same pole: light and shadow over the
        products.

    Returns
    -------
    matplotlib.figure.Figure
        A panel a product.
    """
    rows = math.ceil(len(products) / 2)
    figure = Figure(figsize=(PAGE_IN, 3.85 * rows + 0.2), layout="constrained")
    for number, name in enumerate(products):
        axes: Any = figure.add_subplot(rows, 2, number + 1, projection=polar(pole))
        image = draw_polar_product(axes, dataset[name], pole)
        if relief is not None:
            axes.imshow(relief.values, extent=_extent(relief), origin="upper", zorder=0, **VEIL)
        if outlined is not None:
            # Half way between outside (0) and inside (1): the line between pixels.
            edge = {"levels": [0.5], "colors": _OUTLINE, "linewidths": 0.8}
            axes.contour(outlined["x"], outlined["y"], outlined.to_numpy().astype(float), **edge)
        _bar(figure, axes, image, name)
        # Room for the longitude's label at the top.
        axes.set_title(lettered(number, _title(dataset, name)), pad=12)
    figure.suptitle(f"{pole.capitalize()} pole: {_origin(dataset)}")
    return figure


def draw_polar_product(axes: Any, data: xr.DataArray, pole: Pole) -> Any:
    """One gravity product on polar stereographic axes, cut to a circle; returns the image, for a colour bar.

    Parameters
    ----------
    axes : cartopy GeoAxes
        Of `lunarcloud.figures.style.polar`; other layers may be drawn on them before or after.
    data : xarray.DataArray
        A product on a polar grid (y, x).
    pole : {"north", "south"}
        Which one it is.

    Returns
    -------
    matplotlib.image.AxesImage
        For a colour bar.
    """
    extent = _extent(data)
    reach = extent[1]
    axes.set_facecolor(MISSING_COLOUR)
    axes.set_extent(extent, crs=axes.projection)
    axes.set_boundary(Path.circle(radius=reach))
    shade = _SHADES[str(data.name)]
    image = axes.imshow(
        data.to_numpy(), extent=extent, origin="upper", cmap=shade.colours, norm=_norm(data), zorder=0
    )
    _graticule(axes, pole, reach)
    _name_craters(axes, pole, reach)
    return image


def _extent(data: xr.DataArray) -> tuple[float, float, float, float]:
    """West, east, south and north edge of a polar grid around its pole, metres."""
    # Column 0 is given by its centre: half a pixel further is the edge of the square.
    reach = float(abs(data["x"][0])) + float(data["x"][1] - data["x"][0]) / 2.0
    return (-reach, reach, -reach, reach)


@as_printed
def draw_gravity_profile(profile: xr.Dataset, *, rim_km: float | None = None) -> Figure:
    """Gravity and its gradients over the distance from a feature's centre.

    Parameters
    ----------
    profile : xarray.Dataset
        Of `lunarcloud.gravity.transect` or `lunarcloud.gravity.radial_profile`.
    rim_km : float, optional
        Radius of the rim, drawn as a line on each side that the profile has.
    """
    figure = Figure(figsize=(0.75 * PAGE_IN, 4.2), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    for name in ("gravity_disturbance", "topography_attraction", "bouguer_disturbance", "bouguer_anomaly"):
        _line(upper, profile, name)
    for name in ("bouguer_gradient", "bouguer_gradient_eigenvalue"):
        _line(lower, profile, name)
    upper.set_ylabel("gravity, positive downward (mGal)")
    lower.set_ylabel("gradient (E)")
    lower.set_xlabel(profile["distance"].attrs["long_name"] + " (km)")
    for axes in (upper, lower):
        axes.axhline(0.0, color="0.6", linewidth=0.6)
        axes.grid(visible=True, linewidth=0.3)
        axes.legend(ncols=2)
        _rims(axes, profile, rim_km)
    figure.suptitle(str(profile.attrs["feature"]))
    return figure


def _line(axes: Axes, profile: xr.Dataset, name: str) -> None:
    axes.plot(profile["distance"], profile[name], linewidth=1.0, label=_SHADES[name].label)


def _rims(axes: Axes, profile: xr.Dataset, rim_km: float | None) -> None:
    if rim_km is None:
        return
    # A radial profile begins at the centre and so has one rim, a transect two.
    for side in (-rim_km, rim_km):
        if float(profile["distance"].min()) <= side:
            axes.axvline(side, color="0.3", linewidth=1.0, linestyle="--")


def _norm(data: xr.DataArray) -> Normalize:
    values = np.abs(data.to_numpy())
    known = values[np.isfinite(values)]
    most = (float(np.percentile(known, _PERCENTILE)) if known.size else 0.0) or 1.0
    # Two digits, so that the ends of the colour bar read well.
    step = 10.0 ** (math.floor(math.log10(most)) - 1)
    most = math.ceil(most / step) * step
    return Normalize(-most if _SHADES[str(data.name)].signed else 0.0, most)


def _bar(figure: Figure, axes: Any, image: Any, name: str) -> None:
    ends = "both" if _SHADES[name].signed else "max"
    bar = figure.colorbar(image, ax=axes, orientation="horizontal", shrink=0.6, pad=0.03, extend=ends)
    bar.set_label(_SHADES[name].label)


def _title(dataset: xr.Dataset, name: str) -> str:
    """What is drawn, with its degrees."""
    attrs = dataset.attrs
    bands = {"bouguer_anomaly": attrs["degrees"]}
    low, high = bands.get(name, attrs["gradient_degrees"]) if name not in _WHOLE else (2, attrs["lmax"])
    return f"{_SHADES[name].label.rsplit(' (', 1)[0].capitalize()}, degrees {low}–{high}"


# Products of all degrees, from the lowest that a disturbance has; all others are filtered.
_WHOLE = ("gravity_disturbance", "topography_attraction", "bouguer_disturbance")


def _origin(dataset: xr.Dataset) -> str:
    attrs = dataset.attrs
    return f"{attrs['gravity_model']}, {attrs['topography']}, {attrs['density_kg_m3']:.0f} kg/m³"


def _graticule(axes: Any, pole: Pole, reach: float) -> None:
    """Meridians every 30 degrees and parallels every 10: on this projection straight lines and circles."""
    sign = -1 if pole == "south" else 1
    label_meridians(axes, pole, reach)
    for lon in range(-150, 181, 30):
        angle = math.radians(lon)
        axes.plot([0.0, reach * math.sin(angle)], [0.0, -sign * reach * math.cos(angle)], **_LINES)
    # Labels of the parallels run along a meridian half way between two that are drawn.
    angle = math.radians(15.0)
    for lat in range(80, 0, -10):
        radius = polar_distance_m(lat)
        # No circle along the rim, whose label would lie on it.
        if radius > 0.97 * reach:
            break
        axes.add_patch(Circle((0.0, 0.0), radius, fill=False, **_LINES))
        x, y = radius * math.sin(angle), -sign * radius * math.cos(angle)
        axes.text(x, y, degrees(sign * lat, "N", "S"), fontsize=4.5, color="0.2", path_effects=HALO)


def _name_craters(axes: Any, pole: Pole, reach: float) -> None:
    sign = -1 if pole == "south" else 1
    for feature in features():
        # Of the other hemisphere's features it is larger than any panel, so they drop out by themselves.
        distance = polar_distance_m(sign * feature.lat)
        if distance < 0.9 * reach and feature.diameter_km > _SMALLEST_KM:
            _ring(axes, feature)
            axes.text(
                feature.lon,
                feature.lat,
                feature.name,
                transform=plate_carree(),
                fontsize=5,
                ha="center",
                va="center",
                clip_on=True,
                path_effects=HALO,
            )


def _ring(axes: Any, feature: Feature) -> None:
    """The rim of a feature, a circle on the sphere."""
    # Half a diameter of so many km is 500 times as many metres.
    circle = Geodesic(radius=RADIUS_M, flattening=0.0).circle(
        lon=feature.lon, lat=feature.lat, radius=feature.diameter_km * 500.0, n_samples=90, endpoint=True
    )
    x, y, _ = axes.projection.transform_points(plate_carree(), *np.asarray(circle).T).T
    axes.plot(x, y, color="black", linewidth=0.5, path_effects=HALO)
