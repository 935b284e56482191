"""Where the rows and columns of somebody's raster lie on the Moon, in any of its reference systems."""

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from lunarcloud.archive.bounds import WHOLE, Bounds, wrapped_range
from lunarcloud.errors import ArchiveError
from lunarcloud.moon import GEOGRAPHIC, FloatArray, lunar_crs, require_moon

if TYPE_CHECKING:  # slow to import
    from pyproj import CRS, Transformer

# Steps along each edge of a raster, by whose latitudes and longitudes its box is found.
_STEPS = 64
# Degrees of latitude and longitude, in either convention; the seam's last pixel may reach over by one.
_MOST_LAT, _MOST_LON, _SLACK = 90.0, 360.0, 1.0
# As PROJ names the parameters of equidistant cylindrical.
_CYLINDRICAL = "quidistant Cylindrical"
_PARALLEL, _MERIDIAN = "Latitude of 1st standard parallel", "Longitude of natural origin"
_SHIFTS = ("False easting", "False northing")

_Finite = Annotated[float, Field(allow_inf_nan=False)]


class Placement(BaseModel):
    """How a raster lies: coordinates are a linear function of column and row.

    Attributes
    ----------
    crs : str or None
        The reference system of its coordinates, WKT; None for degrees, longitude and latitude.
    transform : tuple of six float
        ``x = a col + b row + c``, ``y = d col + e row + f``, columns and rows counted from the outer corner
        of the first pixel.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    crs: str | None = None
    transform: tuple[_Finite, _Finite, _Finite, _Finite, _Finite, _Finite]

    def fractions(self, *, lat: FloatArray, lon: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Rows and columns with fractions of positions, whole at edges of pixels; NaN where there is none.

        Parameters
        ----------
        lat, lon : arrays
            Degrees, any longitude convention; a column and a row give a column and a row where the raster
            lies along latitudes and longitudes, else planes.
        """
        a, b, c, d, e, f = self.transform
        if self.crs is None and b == d == 0.0:
            # Eastwards from the first column's edge, less than a turn.
            return (lat - f) / e, ((lon - c) % 360.0) / a
        x, y = np.broadcast_arrays(lon, lat)
        if self.crs is None:
            x = c + (x - c) % 360.0
        else:
            x, y = _from_degrees(self.crs).transform(x, y)
        determinant = a * e - b * d
        # Beyond the projection's horizon both are infinite.
        with np.errstate(invalid="ignore"):
            return (
                (a * (y - f) - d * (x - c)) / determinant,
                (e * (x - c) - b * (y - f)) / determinant,
            )

    def bounds(self, lines: int, samples: int) -> Bounds:
        """A box that holds all pixels.

        Parameters
        ----------
        lines, samples : int
            Rows and columns of the raster.
        """
        a, b, c, d, e, f = self.transform
        rows, cols = _outline(lines, samples)
        x, y = a * cols + b * rows + c, d * cols + e * rows + f
        if self.crs is None:
            south, north = max(float(y.min()), -90.0), min(float(y.max()), 90.0)
            return Bounds(south, north, wrapped_range(float(x.min()), float(np.ptp(x))))
        return self._projected(x, y, lines, samples)

    def _projected(self, x: FloatArray, y: FloatArray, lines: int, samples: int) -> Bounds:
        """The box of an outline: latitude has its extremes on it, unless a pole lies within."""
        lon, lat = _to_degrees(self.crs or "").transform(x, y)
        if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
            return WHOLE
        # Between two points of the outline it may bulge, but not by more than a step.
        margin = float(np.abs(np.diff(lat)).max())
        south, north = float(lat.min()) - margin, float(lat.max()) + margin
        poles = [pole for pole in (-90.0, 90.0) if self._holds(pole, lines, samples)]
        if poles:
            return Bounds(min(south, *poles), max(north, *poles), ((-180.0, 180.0),))
        turned = np.unwrap(lon, period=360.0)
        reach = float(np.abs(np.diff(turned)).max())
        west, east = float(turned.min()) - reach, float(turned.max()) + reach
        return Bounds(max(south, -90.0), min(north, 90.0), wrapped_range(west, east - west))

    def _holds(self, lat: float, lines: int, samples: int) -> bool:
        """Whether a pole is in the raster, or at most a pixel beside it."""
        row, col = self.fractions(lat=np.array([lat]), lon=np.array([0.0]))
        return bool(-1.0 <= row[0] <= lines + 1.0 and -1.0 <= col[0] <= samples + 1.0)


def placed(
    crs: "CRS | None", transform: tuple[float, ...], shape: tuple[int, int], *, source: str
) -> Placement:
    """How a raster lies, checked.

    Parameters
    ----------
    crs : pyproj.CRS or None
        Of its coordinates.
    transform : tuple of six float
        As in `Placement`.
    shape : (int, int)
        Its rows and columns.
    source : str
        The file, for messages.

    Raises
    ------
    GeometryError
        If it is of another body.
    ArchiveError
        If there is no reference system, or its coordinates are no degrees or metres of it.
    """
    if crs is None:
        raise ArchiveError(
            f"{source}: no coordinate reference system; write a lunar one into it, such as {GEOGRAPHIC}, "
            "with gdal_edit.py -a_srs"
        )
    require_moon(crs, source=source)
    if not crs.is_geographic and not crs.is_projected:
        raise ArchiveError(
            f"{source}: the reference system {crs.name!r} is neither degrees nor a map projection "
            f"({crs.type_name})"
        )
    given = Placement(transform=_six(transform), crs=None if crs.is_geographic else crs.to_wkt())
    _require_plane(given, source)
    if crs.is_geographic:
        _require_degrees(given, shape, crs, source)
        return given
    _require_metres(given, shape, crs, source)
    degrees = _in_degrees(given, crs)
    if degrees is None:
        _require_known(given, crs, source)
    return degrees or given


def _six(transform: tuple[float, ...]) -> tuple[float, float, float, float, float, float]:
    a, b, c, d, e, f = (float(each) for each in transform)
    return a, b, c, d, e, f


def _require_plane(given: Placement, source: str) -> None:
    a, b, _, d, e, _ = given.transform
    if a * e - b * d == 0.0:
        raise ArchiveError(f"{source}: pixels without area: its transform is {given.transform}")
    if b == d == 0.0 and a < 0.0:
        raise ArchiveError(f"{source}: columns go west; turn it with gdalwarp")


def _require_degrees(given: Placement, shape: tuple[int, int], crs: "CRS", source: str) -> None:
    """Refuse coordinates that are no longitudes and latitudes."""
    x, y = _farthest(given, shape)
    if x <= _MOST_LON + _SLACK and y <= _MOST_LAT + _SLACK:
        return
    swapped = x <= _MOST_LAT + _SLACK and y <= _MOST_LON + _SLACK
    hint = "latitudes and longitudes are swapped" if swapped else "they may be metres"
    raise ArchiveError(
        f"{source}: {crs.name}, and coordinates that are no degrees ({x:g} across, {y:g} down): {hint}; "
        "write the right system or coordinates into it, with gdal_edit.py -a_srs or -a_ullr"
    )


def _require_metres(given: Placement, shape: tuple[int, int], crs: "CRS", source: str) -> None:
    """Refuse a map projection whose coordinates are degrees."""
    x, y = _farthest(given, shape)
    if x <= _MOST_LON + _SLACK and y <= _MOST_LON + _SLACK:
        raise ArchiveError(
            f"{source}: {crs.name} is in metres, and its coordinates reach no farther than {x:g} and {y:g}: "
            f"they may be degrees; write the right system into it, such as {GEOGRAPHIC}, with gdal_edit.py "
            "-a_srs"
        )


def _farthest(given: Placement, shape: tuple[int, int]) -> tuple[float, float]:
    a, b, c, d, e, f = given.transform
    rows, cols = _outline(*shape)
    return float(np.abs(a * cols + b * rows + c).max()), float(np.abs(d * cols + e * rows + f).max())


def _in_degrees(given: Placement, crs: "CRS") -> Placement | None:
    """The same in degrees, where the projection's metres are so many a degree; None for others."""
    operation, ellipsoid = crs.coordinate_operation, crs.ellipsoid
    if operation is None or ellipsoid is None or _CYLINDRICAL not in operation.method_name:
        return None
    found = {each.name: float(each.value) for each in operation.params}
    units = {axis.unit_conversion_factor for axis in crs.axis_info}
    if units != {1.0} or any(found.get(name, 0.0) for name in _SHIFTS):
        return None
    degree = math.radians(ellipsoid.semi_major_metre)
    across = degree * math.cos(math.radians(found.get(_PARALLEL, 0.0)))
    a, b, c, d, e, f = given.transform
    west = c / across + found.get(_MERIDIAN, 0.0)
    return Placement(transform=(a / across, b / across, west, d / degree, e / degree, f / degree))


def _require_known(given: Placement, crs: "CRS", source: str) -> None:
    from pyproj.exceptions import ProjError

    try:
        _from_degrees(given.crs or "").transform(0.0, 0.0)
    except ProjError as error:
        raise ArchiveError(f"{source}: unknown projection {crs.name!r} (PROJ: {error})") from error


def _outline(lines: int, samples: int) -> tuple[FloatArray, FloatArray]:
    """Rows and columns of points along the outer edge, all around and back to the first."""
    along: npt.NDArray[np.float64] = np.linspace(0.0, 1.0, _STEPS + 1)
    still = np.zeros_like(along)
    rows = np.concatenate([still, along, still + 1.0, along[::-1]]) * lines
    cols = np.concatenate([along, still + 1.0, along[::-1], still]) * samples
    return rows, cols


@lru_cache(maxsize=8)
def _from_degrees(crs: str) -> "Transformer":
    from pyproj import CRS, Transformer

    return Transformer.from_crs(lunar_crs(GEOGRAPHIC), CRS.from_wkt(crs), always_xy=True)


@lru_cache(maxsize=8)
def _to_degrees(crs: str) -> "Transformer":
    from pyproj import CRS, Transformer

    return Transformer.from_crs(CRS.from_wkt(crs), lunar_crs(GEOGRAPHIC), always_xy=True)
