"""The Moon's geometry: radius, coordinate reference systems, grids, pixel areas and shards.

The only place that knows how a latitude and longitude become a row and a column. Positions are always
passed and returned by name (``lat=``, ``lon=``, ``.row``, ``.col``), so that a swapped axis order cannot
be written.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from lunarcloud.errors import GeometryError

if TYPE_CHECKING:  # takes a tenth of a second, and whoever finds everything done needs none of it
    from pyproj import CRS, Transformer

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]
Pole: TypeAlias = Literal["north", "south"]
_Degrees = TypeVar("_Degrees", float, FloatArray)

#: Mean radius of the Moon, metres (IAU 2015; the sphere of every product here).
RADIUS_M = 1_737_400.0
#: Area of the whole sphere, square kilometres.
SPHERE_KM2 = 4.0 * math.pi * (RADIUS_M / 1000.0) ** 2

GEOGRAPHIC = "IAU_2015:30100"
MOLLWEIDE = "IAU_2015:30140"
POLAR: dict[Pole, str] = {"north": "IAU_2015:30130", "south": "IAU_2015:30135"}

#: How far a radius may be from the Moon's, as a part of it. Of a reference sphere, an ellipsoid or a mean
#: surface: definitions of one body (mean, equatorial) differ by less, bodies by far more.
BODY_TOLERANCE = 1e-2
#: Of the sphere that a label of the archive gives, 1737.4 or 1738 km.
LABEL_TOLERANCE = 1e-3
# What is read at once: 512 KiB of 16-bit pixels, worth a request and not more than a view of a map needs.
_INNER_CHUNK = 512
# What is written at once, the unit of a task and of a retry: five bands of it are 40 MiB.
_LARGEST_SHARD = 2048
_SMALLEST_SHARD = 256
_WANTED_SHARDS = 16


class Pixels(NamedTuple):
    """Rows and columns of pixels on a raster, arrays of one shape."""

    row: IntArray
    col: IntArray


class Positions(NamedTuple):
    """Latitudes and east longitudes in degrees, arrays of one shape."""

    lat: FloatArray
    lon: FloatArray


class Shard(NamedTuple):
    """One shard of a raster, by its place in the raster's grid of shards."""

    row: int
    col: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A rectangle of pixels: rows ``row_start:row_stop`` and columns ``col_start:col_stop``.

    Attributes
    ----------
    row_start, row_stop : int
        First row and the one after the last, counted from 0 at the raster's top.
    col_start, col_stop : int
        First column and the one after the last, counted from 0 at the raster's left.
    """

    row_start: int
    row_stop: int
    col_start: int
    col_stop: int

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and of columns."""
        return self.row_stop - self.row_start, self.col_stop - self.col_start

    @property
    def slices(self) -> tuple[slice, slice]:
        """The rectangle as an index of a (row, col) array."""
        return slice(self.row_start, self.row_stop), slice(self.col_start, self.col_stop)

    def common(self, other: "Window") -> "Window":
        """The pixels that both hold."""
        # Of windows apart, the stop comes out before the start, which slices take for no pixels.
        return Window(
            row_start=max(self.row_start, other.row_start),
            row_stop=min(self.row_stop, other.row_stop),
            col_start=max(self.col_start, other.col_start),
            col_stop=min(self.col_stop, other.col_stop),
        )

    def within(self, outer: "Window") -> tuple[slice, slice]:
        """The rectangle as an index of the (row, col) array of a window that holds it."""
        return (
            slice(self.row_start - outer.row_start, self.row_stop - outer.row_start),
            slice(self.col_start - outer.col_start, self.col_stop - outer.col_start),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Raster:
    """A rectangle of pixels cut into square shards; `Grid` and `PolarGrid` say where on the Moon.

    Attributes
    ----------
    n_rows, n_cols : int
        Number of pixels down and across.
    shard_edge : int
        Pixels along the edge of a shard; shards at the right and bottom may be cut.
    """

    n_rows: int
    n_cols: int
    shard_edge: int

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and of columns."""
        return self.n_rows, self.n_cols

    @property
    def chunk_edge(self) -> int:
        """Edge of the inner chunks of a shard, pixels: 512 where it divides the shard, else the shard."""
        return _INNER_CHUNK if self.shard_edge % _INNER_CHUNK == 0 else self.shard_edge

    @property
    def shard_shape(self) -> tuple[int, int]:
        """Number of shards down and across."""
        # -(-a // b) is a / b rounded up, without a float between: the cut shards at the end count too.
        return -(-self.n_rows // self.shard_edge), -(-self.n_cols // self.shard_edge)

    def shards(self) -> Iterator[Shard]:
        """All shards, row by row from the top left."""
        down, across = self.shard_shape
        return (Shard(row, col) for row in range(down) for col in range(across))

    def window(self, shard: Shard) -> Window:
        """The pixels of a shard that lie on the raster (shards at the right and bottom may be cut)."""
        down, across = self.shard_shape
        if not (0 <= shard.row < down and 0 <= shard.col < across):
            raise GeometryError(f"shard {tuple(shard)} is not one of the {down} x {across} shards")
        top, left = shard.row * self.shard_edge, shard.col * self.shard_edge
        return Window(
            row_start=top,
            row_stop=min(top + self.shard_edge, self.n_rows),
            col_start=left,
            col_stop=min(left + self.shard_edge, self.n_cols),
        )

    def shards_of(self, window: Window) -> Iterator[Shard]:
        """The shards that hold pixels of a window, row by row."""
        # The stops are one past the last pixel, so the shards' stops are theirs rounded up: a window that
        # ends on a bound of shards does not touch the next one.
        edge = self.shard_edge
        for row in range(window.row_start // edge, -(-window.row_stop // edge)):
            for col in range(window.col_start // edge, -(-window.col_stop // edge)):
                yield Shard(row, col)

    @property
    def whole(self) -> Window:
        """The window of the whole raster."""
        return Window(row_start=0, row_stop=self.n_rows, col_start=0, col_stop=self.n_cols)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid(Raster):
    """The global latitude/longitude grid; make one with `grid`.

    Latitude descends from the north pole, longitude ascends from -180; both are given at pixel centres,
    in degrees, on IAU_2015:30100. There are twice as many columns as rows.
    """

    @property
    def ppd(self) -> float:
        """Pixels per degree: a whole number at full resolution, of an overview perhaps 25 / 12, rounded."""
        return self.n_rows / 180

    def lat(self, window: Window | None = None) -> FloatArray:
        """Latitudes of the rows of a window, degrees, descending; all rows without one."""
        window = window or self.whole
        # Half a pixel below its upper edge, which for row 0 is the pole. Each row from its own number, so
        # that a window's latitudes are to the bit those of the whole grid.
        return 90.0 - (np.arange(window.row_start, window.row_stop, dtype=float) + 0.5) * 180.0 / self.n_rows

    def lon(self, window: Window | None = None) -> FloatArray:
        """East longitudes of the columns of a window, degrees -180..180; all columns without one."""
        window = window or self.whole
        return (np.arange(window.col_start, window.col_stop, dtype=float) + 0.5) * 360.0 / self.n_cols - 180.0

    def lat_edges(self, window: Window | None = None) -> FloatArray:
        """Latitudes of the rows' edges, degrees, descending: one more than there are rows."""
        window = window or self.whole
        return 90.0 - np.arange(window.row_start, window.row_stop + 1) * 180.0 / self.n_rows

    def lon_edges(self, window: Window | None = None) -> FloatArray:
        """East longitudes of the columns' edges, degrees, ascending: one more than there are columns."""
        window = window or self.whole
        return np.arange(window.col_start, window.col_stop + 1) * 360.0 / self.n_cols - 180.0

    def row_of(self, lat: _Degrees) -> _Degrees:
        """Latitudes, degrees, as rows with fractions: 0 at the north pole, whole at edges of pixels."""
        return (90.0 - lat) * self.ppd

    def col_of(self, lon: _Degrees) -> _Degrees:
        """East longitudes in -180..180, degrees, as columns with fractions: 0 at -180, whole at edges."""
        return (lon + 180.0) * self.ppd

    def pixel(self, *, lat: npt.ArrayLike, lon: npt.ArrayLike) -> Pixels:
        """The pixels that hold the given positions.

        Parameters
        ----------
        lat, lon : array_like
            Degrees; latitude -90..90, longitude in any convention.

        Raises
        ------
        GeometryError
            For a latitude beyond a pole or a position that is not a number.
        """
        lat, lon = checked_positions(lat=lat, lon=lon)
        # A pixel owns its northern and western edge, so that every position is in exactly one.
        row = np.floor(self.row_of(lat)).astype(np.int64)
        col = np.floor(self.col_of(lon)).astype(np.int64)
        # The south pole, an edge of no row below, belongs to the last row. A longitude just west of the seam
        # may have been rounded onto it: column n_cols is column 0.
        return Pixels(row=np.minimum(row, self.n_rows - 1), col=col % self.n_cols)

    def pixel_area_m2(self, window: Window | None = None) -> FloatArray:
        """Exact spherical area of one pixel in each row of a window, m2 (all pixels of a row are equal).

        ``R^2 dlon (sin lat_top - sin lat_bottom)``, written as a product so that it stays exact at the poles.
        """
        # sin(lat + half) - sin(lat - half) = 2 sin(half) cos(lat), and dlon = 2 half: the plain difference
        # loses its leading digits near the poles, where the two sines are nearly equal.
        half = math.radians(90.0 / self.n_rows)
        return 4.0 * RADIUS_M**2 * half * math.sin(half) * np.cos(np.radians(self.lat(window)))


@dataclass(frozen=True, slots=True, kw_only=True)
class PolarGrid(Raster):
    """A square of equal pixels around a pole, polar stereographic; make one with `polar_grid`.

    Attributes
    ----------
    pole : {"north", "south"}
        Which pole lies in the middle.
    pixel_m : float
        Edge of a pixel at the pole, metres.
    """

    pole: Pole
    pixel_m: float

    @property
    def crs_code(self) -> str:
        """IAU_2015:30130 (north) or IAU_2015:30135 (south)."""
        return POLAR[self.pole]

    def x(self, window: Window | None = None) -> FloatArray:
        """Eastings of the columns, metres, ascending, at pixel centres."""
        window = window or self.whole
        # Halves, because the pole is where the four middle pixels meet (their number is even).
        cols = np.arange(window.col_start, window.col_stop, dtype=np.float64)
        return (cols + 0.5 - self.n_cols / 2) * self.pixel_m

    def y(self, window: Window | None = None) -> FloatArray:
        """Northings of the rows, metres, descending, at pixel centres."""
        window = window or self.whole
        rows = np.arange(window.row_start, window.row_stop, dtype=np.float64)
        return (self.n_rows / 2 - rows - 0.5) * self.pixel_m

    def positions(self, window: Window | None = None) -> Positions:
        """Latitude and longitude of every pixel centre of a window, degrees, arrays (row, col)."""
        x, y = np.meshgrid(self.x(window), self.y(window))
        lon, lat = _to_geographic(self.crs_code).transform(x, y)
        return Positions(lat=np.asarray(lat), lon=np.asarray(lon))

    def pixel_area_m2(self, window: Window | None = None) -> FloatArray:
        """True area on the sphere of every pixel of a window, m2, array (row, col).

        The projection enlarges lengths by ``k = 1 + (r / 2R)^2`` at the distance r from the pole.
        """
        # k = 1 / cos^2(c / 2) at the colatitude c, and r = 2 R tan(c / 2): so no angle is needed.
        x, y = np.meshgrid(self.x(window), self.y(window))
        scale = 1.0 + (x**2 + y**2) / (2.0 * RADIUS_M) ** 2
        return (self.pixel_m / scale) ** 2


def grid(ppd: float, shard_edge: int | None = None) -> Grid:
    """The global grid of a resolution.

    Parameters
    ----------
    ppd : float
        Pixels per degree, of which 180 degrees have a whole number; 304 is full resolution (100 m).
    shard_edge : int, optional
        Pixels along the edge of a shard. By default 2048, and less on grids so small that they would
        not give 16 shards to share among workers.

    Raises
    ------
    GeometryError
        For a resolution without a whole number of rows, or an edge below 1.
    """
    rows = int(180 * ppd)
    if rows < 1 or rows != 180 * ppd:
        raise GeometryError(f"{ppd} pixels per degree: give an integer of 1 or more (304 is full resolution)")
    return Grid(n_rows=rows, n_cols=2 * rows, shard_edge=_shard_edge(rows, 2 * rows, shard_edge))


def polar_grid(pole: Pole, *, limit: float, pixel_m: float, shard_edge: int | None = None) -> PolarGrid:
    """The square polar stereographic grid that holds every point poleward of a latitude.

    Parameters
    ----------
    pole : {"north", "south"}
        Which pole.
    limit : float
        Absolute latitude of the edge, degrees, above 0 and below 90.
    pixel_m : float
        Edge of a pixel at the pole, metres.
    shard_edge : int, optional
        Pixels along the edge of a shard, by default as in `grid`.

    Returns
    -------
    PolarGrid
        Its edges are at least the latitude's distance from the pole, its corners 1.4 times as far.

    Raises
    ------
    GeometryError
        For a latitude, a pixel or an edge out of range.
    """
    if not 0.0 < limit < 90.0:
        raise GeometryError(f"latitude limit {limit}: give an absolute latitude between 0 and 90 degrees")
    if not pixel_m > 0:
        raise GeometryError(f"pixel size {pixel_m} m: give a length above 0")
    # Whole pixels on each side of the pole, so that it lies on a corner of four.
    edge = 2 * math.ceil(polar_distance_m(limit) / pixel_m)
    return PolarGrid(
        pole=pole, pixel_m=pixel_m, n_rows=edge, n_cols=edge, shard_edge=_shard_edge(edge, edge, shard_edge)
    )


def _shard_edge(n_rows: int, n_cols: int, wanted: int | None) -> int:
    if wanted is not None:
        if wanted < 1:
            raise GeometryError(f"shard edge {wanted}: give a number of pixels of 1 or more")
        return wanted
    # Halved, so that the inner chunk goes on dividing it (a shard below 512 is one chunk).
    edge = _LARGEST_SHARD
    while edge > _SMALLEST_SHARD and -(-n_rows // edge) * -(-n_cols // edge) < _WANTED_SHARDS:
        edge //= 2
    return edge


def wrap_longitude(lon: npt.ArrayLike) -> FloatArray:
    """Longitudes in any convention as east longitudes in [-180, 180), degrees."""
    # The remainder has the sign of the divisor, so longitudes far west come out right too; one that is a
    # hair west of -180 is rounded to 180 itself, which is the same meridian.
    wrapped: FloatArray = (np.asarray(lon, dtype=np.float64) + 180.0) % 360.0 - 180.0
    return wrapped


def checked_positions(*, lat: npt.ArrayLike, lon: npt.ArrayLike) -> Positions:
    """Positions as float arrays with longitude in [-180, 180).

    Raises
    ------
    GeometryError
        For a latitude beyond a pole or a position that is not a number.
    """
    lat, lon = np.asarray(lat, dtype=np.float64), np.asarray(lon, dtype=np.float64)
    # The opposite of what is allowed, since no comparison holds for NaN.
    wrong = ~((np.abs(lat) <= 90.0) & np.isfinite(lon))
    if wrong.any():
        at = np.broadcast_to(lat, wrong.shape)[wrong][0], np.broadcast_to(lon, wrong.shape)[wrong][0]
        raise GeometryError(
            f"impossible position: latitude {at[0]}, longitude {at[1]} "
            "(allowed: -90..90 and any finite number)"
        )
    return Positions(lat=lat, lon=wrap_longitude(lon))


def angular_distance(
    *, lat: npt.ArrayLike, lon: npt.ArrayLike, to_lat: npt.ArrayLike, to_lon: npt.ArrayLike
) -> FloatArray:
    """Great-circle distance between positions on the sphere.

    By the haversine formula, ``hav d = hav(dlat) + cos(lat) cos(to_lat) hav(dlon)`` with
    ``hav x = sin^2(x / 2)``: unlike the arccosine of a scalar product it keeps its digits at small distances.

    Parameters
    ----------
    lat, lon : array_like
        Positions, degrees; longitudes in any convention.
    to_lat, to_lon : array_like
        Other positions, degrees; all four shapes broadcast.

    Returns
    -------
    ndarray
        Degrees, 0..180, of the broadcast shape.
    """
    phi, psi = np.radians(lat), np.radians(to_lat)
    dlon = np.radians(np.subtract(lon, to_lon))
    hav = np.sin((phi - psi) / 2) ** 2 + np.cos(phi) * np.cos(psi) * np.sin(dlon / 2) ** 2
    # Rounding carries antipodes beyond 1, where the arcsine is not defined.
    distance: FloatArray = np.degrees(2.0 * np.arcsin(np.sqrt(np.clip(hav, 0.0, 1.0))))
    return distance


def is_lunar_radius(radius_m: float, tolerance: float = BODY_TOLERANCE) -> bool:
    """Whether a radius, metres, is the Moon's within `BODY_TOLERANCE` or `LABEL_TOLERANCE`."""
    # No comparison holds for NaN, which so is no radius.
    return abs(radius_m / RADIUS_M - 1.0) <= tolerance


def polar_distance_m(lat: float) -> float:
    """Metres from a pole in its stereographic plane, ``2 R tan((90 - lat) / 2)``; lat is 90 degrees at it."""
    # Seen from the other pole onto the plane that touches this one, so that the scale is 1 at the pole.
    return 2.0 * RADIUS_M * math.tan(math.radians(90.0 - lat) / 2.0)


def kilometres(degrees: float) -> float:
    """Length on the surface of an arc of a great circle, kilometres."""
    return math.radians(degrees) * RADIUS_M / 1000.0


@lru_cache(maxsize=32)
def lunar_crs(code: str) -> "CRS":
    """A coordinate reference system of the Moon by its authority code, such as ``IAU_2015:30135``.

    Raises
    ------
    GeometryError
        For a code that PROJ does not know, or one of another body (named in the message).
    """
    import pyproj

    try:
        return require_moon(pyproj.CRS.from_user_input(code), source=code)
    except pyproj.exceptions.CRSError as error:
        raise GeometryError(
            f"unknown coordinate reference system {code!r}: give a code such as {GEOGRAPHIC} (PROJ: {error})"
        ) from error


def require_moon(crs: "CRS", *, source: str) -> "CRS":
    """The same coordinate reference system, if it is one of the Moon.

    Parameters
    ----------
    crs : pyproj.CRS
        What to check, by the radius of its ellipsoid.
    source : str
        Where it comes from, for the message.

    Raises
    ------
    GeometryError
        For another body, named in the message, or a system without an ellipsoid.
    """
    ellipsoid = crs.ellipsoid
    if ellipsoid is None:
        raise GeometryError(f"{source}: the coordinate reference system {crs.name!r} names no body")
    if not is_lunar_radius(radius := ellipsoid.semi_major_metre):
        raise GeometryError(
            f"{source}: {crs.name!r} is not of the Moon: its ellipsoid {ellipsoid.name!r} has a radius "
            f"of {radius / 1000:.1f} km, the Moon's is {RADIUS_M / 1000} km; "
            f"use a lunar system such as {GEOGRAPHIC}"
        )
    return crs


@lru_cache(maxsize=8)
def _to_geographic(code: str) -> "Transformer":
    import pyproj

    # Longitude first whatever the authority's axis order is, which for 30100 is latitude first.
    return pyproj.Transformer.from_crs(lunar_crs(code), lunar_crs(GEOGRAPHIC), always_xy=True)
