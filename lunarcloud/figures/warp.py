"""Maps of the whole Moon, averaged into the dots of a picture on a projection."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import xarray as xr

from lunarcloud.moon import FloatArray

Float32Array: TypeAlias = npt.NDArray[np.float32]

# Of a pixel: what less of them is known at a dot is known by rounding alone.
_LEAST_KNOWN = 1e-6


def warp(data: xr.DataArray, projection: Any, cols: int) -> Float32Array:
    """The means of a map over the dots of a picture: a fine map is averaged and not thinned.

    A pixel counts by as much of it as lies in a dot, in degrees; a missing one does not count. A dot's sides
    are taken for the meridians of their middles: its sum is then what a running sum gains across it.

    Parameters
    ----------
    data : xarray.DataArray
        A map (lat, lon), from the north down, on pixels of equal size in degrees; missing is NaN.
    projection : cartopy Projection
        Of the whole Moon, one on which parallels are straight and evenly divided, such as Mollweide's.
    cols : int
        Dots across the picture; they are square.

    Returns
    -------
    ndarray of float32, shape (rows, cols)
        Counted down from the upper left corner; NaN where nothing is known, and beyond the limb.
    """
    west, east, south, north = projection.x_limits + projection.y_limits
    rows = round(cols * (north - south) / (east - west))
    geographic = projection.as_geodetic()
    # Edges and, between them, middles of the rows.
    y = np.linspace(north, south, 2 * rows + 1)
    lat = geographic.transform_points(projection, np.zeros_like(y), y)[:, 1]
    # By rounding, the poles can lie beyond the limb, where nothing is.
    lat[[0, -1]] = 90.0, -90.0
    # Half way to the limb, where 180 degrees could be taken for -180.
    half = projection.transform_points(geographic, np.full(rows, 90.0), lat[1::2])[:, 0]
    lon = 90.0 * np.linspace(west, east, cols + 1) / half[:, None]
    down, along = _pixels(lat[::2], data["lat"].values), _pixels(lon, data["lon"].values)
    values = data.values
    dots = np.empty((rows, cols), np.float32)
    for row in range(rows):
        dots[row] = _means(_strip(values, *down[row : row + 2]), along[row])
    return dots


def _pixels(at: FloatArray, centres: FloatArray) -> FloatArray:
    """Places in degrees as places among pixels, 0 at the first one's first edge, none outside them."""
    step = (centres[-1] - centres[0]) / (centres.size - 1)
    places: FloatArray = np.clip((at - centres[0]) / step + 0.5, 0.0, centres.size)
    return places


def _strip(values: npt.NDArray[Any], top: float, bottom: float) -> FloatArray:
    """Sums down the columns between two places, shape (2, column): of what is known, and how much is."""
    first, last = int(top), min(int(np.ceil(bottom)), len(values))
    edges = np.clip(np.arange(first, last + 1), top, bottom)
    taken = values[first:last]
    known = np.isfinite(taken)
    sums: FloatArray = np.diff(edges) @ np.stack([np.where(known, taken, 0.0), known])
    return sums


def _means(strip: FloatArray, edges: FloatArray) -> FloatArray:
    """Means of a strip's pixels between places along it; NaN where nothing is known."""
    running = np.zeros((2, strip.shape[1] + 1))
    np.cumsum(strip, axis=1, out=running[:, 1:])
    pixels = np.arange(running.shape[1])
    total, known = (np.diff(np.interp(edges, pixels, each)) for each in running)
    means: FloatArray = np.full(known.size, np.nan)
    np.divide(total, known, out=means, where=known > _LEAST_KNOWN)
    return means
