"""Shaded relief under and over maps: the light on the slopes of a topography, at the right lunar scale."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.colors import LightSource, ListedColormap

from lunarcloud.archive import Topography
from lunarcloud.gravity import surface_radius
from lunarcloud.moon import (
    RADIUS_M,
    FloatArray,
    Grid,
    PolarGrid,
    Pole,
    Positions,
    polar_distance_m,
    polar_grid,
)
from lunarcloud.storage import GRID_MAPPING, Layout, coordinates, dims

# From the upper left, half way up, as on maps since there are any.
_LIGHT = LightSource(azdeg=315, altdeg=45)
# The steepest slopes beyond this percentile have the strongest light and shadow.
_PERCENTILE = 98.0
# Along the edge of a picture's panel around a pole.
_POLAR_PIXELS = 800
# Of black on the darkest and of white on the brightest slope; on level ground nothing covers the map.
_DARKEST, _BRIGHTEST = 0.55, 0.45


def _veil() -> ListedColormap:
    strength = np.linspace(-1.0, 1.0, 256)
    white = (strength > 0).astype(float)
    opacity = np.where(strength > 0, _BRIGHTEST * strength, -_DARKEST * strength)
    return ListedColormap(np.column_stack([white, white, white, opacity]), name="relief")


#: How relief is drawn over a map: level ground keeps the map's colours, so that its colour bar holds.
VEIL: dict[str, Any] = {"cmap": _veil(), "vmin": -1.0, "vmax": 1.0}


def shaded_relief(topography: Topography, raster: Grid | PolarGrid) -> xr.DataArray:
    """The light on the slopes of the surface, from the upper left and 45 degrees high.

    Slopes are of metres on metres on the ground: a pixel's are its edge divided by the projection's scale
    at its place. They are not exaggerated; the strength of light is stretched over those that occur.

    Parameters
    ----------
    topography : RadiusGrid or RadiusHarmonics
        The shape of the Moon.
    raster : Grid or PolarGrid
        Where; about as fine as it is seen.

    Returns
    -------
    xarray.DataArray
        (lat, lon) or (y, x), -1 (shadow) to 1 (light), 0 on level ground.
    """
    where, right, down = _metres(raster)
    # Degrees that the pixels cannot show would come back as waves that are not there.
    lmax = min(topography.lmax, int(np.pi * RADIUS_M / down.max()))
    by_row, by_col = np.gradient(surface_radius(topography, lmax, lat=where.lat, lon=where.lon))
    # Rows count down: up a slope to the north, radii fall with them. The normal leans away from the rise.
    east, north = by_col / right, -by_row / down
    normal = np.stack([-east, -north, np.ones_like(east)]) / np.sqrt(1.0 + east**2 + north**2)
    light = np.tensordot(_LIGHT.direction, normal, axes=1) - _LIGHT.direction[2]
    most = float(np.percentile(np.abs(light), _PERCENTILE)) or 1.0
    located = coordinates(Layout(raster=raster, variables=()))
    attrs = {"grid_mapping": GRID_MAPPING, "topography": topography.name}
    return xr.DataArray(
        np.clip(light / most, -1.0, 1.0).astype(np.float32), located.coords, dims(raster), "relief", attrs
    )


def polar_relief(topography: Topography, pole: Pole, limit: float) -> xr.DataArray:
    """`shaded_relief` around a pole, as finely as a picture shows it.

    Parameters
    ----------
    topography : RadiusGrid or RadiusHarmonics
        The shape of the Moon.
    pole : {"north", "south"}
        Which.
    limit : float
        Latitude of the rim without its sign, degrees.
    """
    pixel_m = 2.0 * polar_distance_m(limit) / _POLAR_PIXELS
    return shaded_relief(topography, polar_grid(pole, limit=limit, pixel_m=pixel_m))


def _metres(raster: Grid | PolarGrid) -> tuple[Positions, FloatArray, FloatArray]:
    """Where the pixels are, and how long their edges to the right and down are on the ground, metres."""
    if isinstance(raster, PolarGrid):
        edge = np.sqrt(raster.pixel_area_m2())
        return raster.positions(), edge, edge
    lat, lon = np.meshgrid(raster.lat(), raster.lon(), indexing="ij")
    down = np.full(lat.shape, np.radians(1.0 / raster.ppd) * RADIUS_M)
    return Positions(lat=lat, lon=lon), down * np.cos(np.radians(lat)), down
