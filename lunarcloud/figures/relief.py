"""Relief over maps: light on the slopes of a topography at the right lunar scale, or a picture's own."""

from typing import Any

import numpy as np
import rioxarray  # noqa: F401 - gives arrays their .rio
import xarray as xr
from matplotlib.colors import LightSource, ListedColormap
from rasterio.enums import Resampling

from lunarcloud.archive import Ground, Picture, Topography
from lunarcloud.gravity import surface_radius
from lunarcloud.moon import (
    GEOGRAPHIC,
    RADIUS_M,
    FloatArray,
    Grid,
    PolarGrid,
    Pole,
    Positions,
    lunar_crs,
    polar_distance_m,
    polar_grid,
    wrap_longitude,
)
from lunarcloud.storage import GRID_MAPPING, Layout, coordinates, dims

# From the upper left, half way up, as on maps since there are any.
_LIGHT = LightSource(azdeg=315, altdeg=45)
# Slopes, and shades of a picture, beyond this percentile have the strongest light and shadow.
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


def shaded_relief(ground: Ground, raster: Grid | PolarGrid) -> xr.DataArray:
    """The light on the slopes of the surface, from the upper left and 45 degrees high; or a picture's own.

    Slopes are of metres on metres on the ground: a pixel's are its edge divided by the projection's scale
    at its place. They are not exaggerated; the strength of light is stretched over those that occur. A
    picture's brightness is averaged over each pixel and stretched about its median.

    Parameters
    ----------
    ground : RadiusGrid, RadiusHarmonics or Picture
        The shape of the Moon, or a picture of it.
    raster : Grid or PolarGrid
        Where; about as fine as it is seen.

    Returns
    -------
    xarray.DataArray
        (lat, lon) or (y, x), -1 (shadow) to 1 (light), 0 on level ground and where a picture has none.
    """
    located = coordinates(Layout(raster=raster, variables=()))
    attrs = {"grid_mapping": GRID_MAPPING, "ground": ground.name}
    empty = xr.DataArray(np.zeros(raster.shape, np.float32), located.coords, dims(raster), "relief", attrs)
    light = _brightness(ground, empty) if isinstance(ground, Picture) else _light(ground, raster)
    most = float(np.nanpercentile(np.abs(light), _PERCENTILE)) or 1.0
    return empty.copy(data=np.nan_to_num(np.clip(light / most, -1.0, 1.0)).astype(np.float32))


def _light(topography: Topography, raster: Grid | PolarGrid) -> FloatArray:
    """By how much more than level ground the slopes are lit."""
    where, right, down = _metres(raster)
    # Degrees that the pixels cannot show would come back as waves that are not there.
    lmax = min(topography.lmax, int(np.pi * RADIUS_M / down.max()))
    by_row, by_col = np.gradient(surface_radius(topography, lmax, lat=where.lat, lon=where.lon))
    # Rows count down: up a slope to the north, radii fall with them. The normal leans away from the rise.
    east, north = by_col / right, -by_row / down
    normal = np.stack([-east, -north, np.ones_like(east)]) / np.sqrt(1.0 + east**2 + north**2)
    light: FloatArray = np.tensordot(_LIGHT.direction, normal, axes=1) - _LIGHT.direction[2]
    return light


def _brightness(picture: Picture, like: xr.DataArray) -> FloatArray:
    """A picture on another raster, above its median there."""
    rows, cols = picture.brightness.shape
    lat = 90.0 - (np.arange(rows) + 0.5) * 180.0 / rows
    lon = wrap_longitude(picture.first_lon + np.arange(cols) * 360.0 / cols)
    order = np.argsort(lon)
    seen = xr.DataArray(picture.brightness[:, order], {"y": lat, "x": lon[order]}, ("y", "x"))
    placed = seen.rio.write_crs(lunar_crs(GEOGRAPHIC).to_wkt()).rio.write_nodata(np.nan)
    found = placed.rio.reproject_match(like, resampling=Resampling.average).values.astype(np.float64)
    above: FloatArray = found - np.nanmedian(found)
    return above


def polar_relief(ground: Ground, pole: Pole, limit: float) -> xr.DataArray:
    """`shaded_relief` around a pole, as finely as a picture shows it.

    Parameters
    ----------
    ground : RadiusGrid, RadiusHarmonics or Picture
        The shape of the Moon, or a picture of it.
    pole : {"north", "south"}
        Which.
    limit : float
        Latitude of the rim without its sign, degrees.
    """
    pixel_m = 2.0 * polar_distance_m(limit) / _POLAR_PIXELS
    return shaded_relief(ground, polar_grid(pole, limit=limit, pixel_m=pixel_m))


def _metres(raster: Grid | PolarGrid) -> tuple[Positions, FloatArray, FloatArray]:
    """Where the pixels are, and how long their edges to the right and down are on the ground, metres."""
    if isinstance(raster, PolarGrid):
        edge = np.sqrt(raster.pixel_area_m2())
        return raster.positions(), edge, edge
    lat, lon = np.meshgrid(raster.lat(), raster.lon(), indexing="ij")
    down = np.full(lat.shape, np.radians(1.0 / raster.ppd) * RADIUS_M)
    return Positions(lat=lat, lon=lon), down * np.cos(np.radians(lat)), down
