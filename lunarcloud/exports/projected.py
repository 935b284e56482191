"""Where the pixels of a map lie in another projection: its reference system, its extent, its pixels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lunarcloud.errors import GeometryError
from lunarcloud.exports.rasters import window_of
from lunarcloud.fetching import Box
from lunarcloud.moon import GEOGRAPHIC, FloatArray, Grid, Window, kilometres, lunar_crs

if TYPE_CHECKING:  # slow to import
    from affine import Affine
    from pyproj import CRS, Transformer

_WHOLE = Box(-90.0, -180.0, 90.0, 180.0)
# Around a pole, as far as the polar maps of this package go.
_POLAR_LIMIT = 60.0
# Points down and across a box: at every half degree of the whole Moon, so that extremes are among them.
_POINTS = (361, 721)
# Next to a seam, degrees; and of a rectangle's size, what is still the same place.
_BESIDE = 1e-9
# How many times the map's own pixels a projection may have: some have no end.
_MOST_TIMES = 4


class Target(NamedTuple):
    """A raster in another projection.

    Attributes
    ----------
    crs : CRS
        Its reference system.
    transform : Affine
        From (column, row) to its coordinates.
    shape : (int, int)
        Rows and columns.
    source : Window
        The pixels of the map that it shows.
    """

    crs: CRS
    transform: Affine
    shape: tuple[int, int]
    source: Window


def projected(raster: Grid, code: str, box: Box | None) -> Target:
    """The raster of a region in another projection, with pixels as large as the map's along a meridian.

    Parameters
    ----------
    raster : Grid
        Of the map.
    code : str
        The projection, such as ``IAU_2015:30135``.
    box : Box, optional
        The region. Without one the whole Moon, or around a pole what is poleward of 60 degrees.

    Raises
    ------
    GeometryError
        If PROJ does not know the code, it is of another body, or the projection cannot show the region.
    """
    from affine import Affine
    from pyproj import Transformer

    crs = lunar_crs(code)
    step = _step(crs, raster)
    there = Transformer.from_crs(lunar_crs(GEOGRAPHIC), crs, always_xy=True)
    shown = box or _natural(crs, there)
    bounds = _bounds(there, shown, _seam(crs))
    if not all(map(math.isfinite, bounds)):
        raise GeometryError(f"{code} ({crs.name}) cannot show {_said(shown)}: give a smaller --region")
    # On whole pixels from the origin, so that a pole is a corner of pixels and neighbours fit together.
    left, right = math.floor(bounds[0] / step), math.ceil(bounds[2] / step)
    bottom, top = math.floor(bounds[1] / step), math.ceil(bounds[3] / step)
    if (right - left) * (top - bottom) > _MOST_TIMES * raster.n_rows * raster.n_cols:
        raise GeometryError(
            f"{code} ({crs.name}) shows {_said(shown)} on {top - bottom} x {right - left} pixels, many times "
            "the map's own: give a smaller --region"
        )
    corners = (left * step, bottom * step, right * step, top * step)
    return Target(
        crs=crs,
        transform=Affine(step, 0.0, corners[0], 0.0, -step, corners[3]),
        shape=(top - bottom, right - left),
        source=_shown(raster, there, corners),
    )


def _step(crs: CRS, raster: Grid) -> float:
    """The edge of a pixel in the units of a reference system."""
    if crs.is_geographic:
        return 1.0 / raster.ppd
    metres: float = crs.axis_info[0].unit_conversion_factor
    return kilometres(1.0) * 1000.0 / raster.ppd / metres


def _natural(crs: CRS, there: Transformer) -> Box:
    """What a projection is made to show."""
    operation = crs.coordinate_operation
    if operation is None or not operation.method_name.startswith("Polar Stereographic"):
        return _WHOLE
    # The other pole is infinitely far away.
    if math.hypot(*there.transform(0.0, 90.0)) < 1.0:
        return Box(_POLAR_LIMIT, -180.0, 90.0, 180.0)
    return Box(-90.0, -180.0, -_POLAR_LIMIT, 180.0)


def _bounds(there: Transformer, box: Box, seam: float) -> tuple[float, float, float, float]:
    """Left, bottom, right, top of a box; infinite where a part of it has no place."""
    east = box.east if box.west < box.east else box.east + 360.0
    # A projection ends on both sides of its seam, and only just.
    beside = [seam + turn + side for turn in (-360.0, 0.0, 360.0) for side in (-_BESIDE, _BESIDE)]
    ends = [each for each in beside if box.west <= each <= east]
    lon, lat = np.meshgrid(
        [*np.linspace(box.west, east, _POINTS[1]), *ends], np.linspace(box.south, box.north, _POINTS[0])
    )
    # All over the box, since a projection may turn its middle outside.
    x, y = there.transform(lon, lat)
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def _seam(crs: CRS) -> float:
    """The longitude opposite the middle of a projection, where it may be cut open."""
    operation = crs.coordinate_operation
    middles = [each.value for each in operation.params if "ongitude" in each.name] if operation else []
    return 180.0 + float(middles[0] if middles else 0.0)


def _shown(raster: Grid, there: Transformer, corners: tuple[float, float, float, float]) -> Window:
    """The pixels of the map that a rectangle shows, and some more on each side; all columns at a seam."""
    lat, lon = _seen(there, corners)
    if not np.isfinite(lat).any():
        return raster.whole
    # Between two points there is nothing farther off than they are from each other.
    margin, aside = (1.0 / raster.ppd + _farthest(each) for each in (lat, lon))
    south, north = max(np.nanmin(lat) - margin, -90.0), min(np.nanmax(lat) + margin, 90.0)
    west, east = np.nanmin(lon) - aside, np.nanmax(lon) + aside
    # What lies on both sides of 180 degrees has all columns: a window does not go round.
    sides = (west, east) if west > -180.0 and east < 180.0 else (-180.0, 180.0)
    return window_of(raster, Box(float(south), float(sides[0]), float(north), float(sides[1])))


def _seen(there: Transformer, corners: tuple[float, float, float, float]) -> tuple[FloatArray, FloatArray]:
    """Latitudes and longitudes of points all over a rectangle; NaN where it shows nothing of the Moon.

    Its edges would not do: on a seam, or outside of an ellipse, they have no place.
    """
    from pyproj.enums import TransformDirection

    left, bottom, right, top = corners
    x, y = np.meshgrid(np.linspace(left, right, _POINTS[1]), np.linspace(bottom, top, _POINTS[0]))
    lon, lat = there.transform(x, y, direction=TransformDirection.INVERSE)
    there_again = there.transform(lon, lat)
    off = np.hypot(there_again[0] - x, there_again[1] - y)
    # A place beyond the end of a projection comes back as another one.
    none = ~(off <= _BESIDE * max(right - left, top - bottom))
    return np.where(none, np.nan, lat), np.where(none, np.nan, lon)


def _farthest(degrees: FloatArray) -> float:
    """How far neighbouring points are apart at most, degrees; the shorter way round."""
    steps = np.concatenate([np.diff(degrees, axis=axis).ravel() for axis in (0, 1)])
    apart = np.abs((steps + 180.0) % 360.0 - 180.0)
    return float(apart[np.isfinite(apart)].max(initial=0.0))


def _said(box: Box) -> str:
    return "the whole Moon" if box == _WHOLE else f"south,west,north,east {','.join(f'{x:g}' for x in box)}"
