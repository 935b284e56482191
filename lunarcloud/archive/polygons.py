"""Polygon files (GeoJSON, shapefile, GeoPackage) as outlines on the Moon.

Outlines come out in one convention, whatever the file uses: longitude -180..180, split at the antimeridian,
closed through the pole where they enclose one. Edges are straight in longitude and latitude.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError
from shapely import affinity
from shapely.geometry.base import BaseGeometry

from lunarcloud.archive.files import foreign
from lunarcloud.archive.vectors import Records, read_records
from lunarcloud.errors import ArchiveError, GeometryError, InputError
from lunarcloud.moon import GEOGRAPHIC, RADIUS_M, FloatArray, lunar_crs, require_moon

_NAME_FIELDS = ("name", "unit", "feature", "label", "mare_name", "clean_name")
# What records without a name form together: LROC's small maria have none.
_UNNAMED = "unnamed"
# Straight edges of a projected file are followed to this length when they become latitude and longitude.
_EDGE_M = 3_000.0
_WORLD = shapely.box(-180.0, -90.0, 180.0, 90.0)


@dataclass(frozen=True, slots=True)
class Outline:
    """A named area.

    Attributes
    ----------
    name : str
        What the file calls it.
    shape : shapely geometry
        Polygons in longitude and latitude, degrees, inside -180..180 and -90..90, closed through a pole
        that they hold.
    """

    name: str
    shape: BaseGeometry


def read_outlines(path: str, name_field: str | None = None) -> tuple[Outline, ...]:
    """The named areas of a polygon file; records of one name become one area.

    Parameters
    ----------
    path : str
        A GeoJSON, shapefile (also zipped) or GeoPackage; by URL, a single file (a shapefile zipped).
        Longitudes 0..360 or -180..180, or projected coordinates of a lunar system. A
        file without a coordinate reference system, as planetary GeoJSON often is, is read as latitude and
        longitude on the Moon.
    name_field : str, optional
        The attribute that names an area. By default the first of name, unit, feature, label, mare_name,
        clean_name that exists (upper and lower case alike), else all records form one area named as the file.
        Records without a name form one called ``unnamed``.

    Raises
    ------
    ArchiveError
        If it is of another format or damaged, or holds something other than polygons.
    NotFoundError, StoreError
        If the file is not there or cannot be read.
    GeometryError
        For coordinates of another body, impossible ones, or a polygon that crosses itself.
    """
    records = read_records(path)
    if len(records.shapes) == 0:
        raise ArchiveError(f"{path}: holds no polygons")
    names, crs = _names(path, records, name_field), _crs(path, records.crs)
    parts: dict[str, list[BaseGeometry]] = defaultdict(list)
    with foreign(path, "polygons that cannot be used"):
        for record, (shape, name) in enumerate(zip(records.shapes, names, strict=True), start=1):
            parts[name].append(_outline(shape, crs, f"{path}, record {record} ({name})"))
        return tuple(Outline(name, shapely.union_all(group)) for name, group in parts.items())


def spherical_km2(shape: BaseGeometry) -> float:
    """Exact area on the sphere of polygons whose edges are straight in longitude and latitude, km2.

    By Green's theorem the area is the sum over edges of ``R^2 dlon sin(lat_m) sin(h) / h``, with lat_m the
    middle and 2 h the difference of the edge's latitudes; holes count negative.
    """
    total = 0.0
    for polygon in _polygons(shape):
        total += _ring_steradian(polygon.exterior.coords)
        total -= sum(_ring_steradian(hole.coords) for hole in polygon.interiors)
    return total * (RADIUS_M / 1000.0) ** 2


def _ring_steradian(coords: Iterable[Sequence[float]]) -> float:
    lon, lat = np.radians(np.array(coords)[:, :2]).T
    half = np.diff(lat) / 2.0
    # numpy's sinc(x) is sin(pi x) / (pi x), so this is sin(h) / h, which is 1 along a parallel. The sign of
    # the sum is the ring's direction, upon which files do not agree.
    return abs(math.fsum(np.diff(lon) * np.sin(lat[:-1] + half) * np.sinc(half / math.pi)))


def _names(path: str, records: Records, name_field: str | None) -> list[str]:
    """What each record is called."""
    column = _name_column(path, records.fields, name_field)
    if column is None:
        return [Path(path).stem] * len(records.shapes)
    return [_UNNAMED if name is None else str(name) for name in records.values[column]]


def _name_column(path: str, fields: Sequence[str], wanted: str | None) -> int | None:
    lower = [field.casefold() for field in fields]
    if wanted is not None and wanted.casefold() not in lower:
        raise InputError(f"{path}: no attribute {wanted!r}; it has {', '.join(fields) or 'none'}")
    candidates = (wanted.casefold(),) if wanted is not None else _NAME_FIELDS
    return next((lower.index(name) for name in candidates if name in lower), None)


def _crs(path: str, name: str | None) -> CRS:
    """The file's system, the Moon's latitude and longitude where it names none."""
    if name is None:
        return lunar_crs(GEOGRAPHIC)
    try:
        return require_moon(CRS.from_user_input(name), source=path)
    except CRSError as error:
        raise GeometryError(f"{path}: its coordinate reference system is not understood ({error})") from error


def _outline(shape: BaseGeometry | None, crs: CRS, where: str) -> BaseGeometry:
    """One record's polygons in our convention."""
    if shape is None or shape.is_empty:
        raise ArchiveError(f"{where}: an empty geometry")
    if shape.geom_type not in {"Polygon", "MultiPolygon"}:
        raise ArchiveError(f"{where}: a {shape.geom_type}; only polygons have an area")
    return shapely.union_all([_placed(polygon, crs, where) for polygon in _polygons(shape)])


def _placed(polygon: shapely.Polygon, crs: CRS, where: str) -> BaseGeometry:
    exterior = _ring(np.array(polygon.exterior.coords), crs, where)
    holes = [_ring(np.array(hole.coords), crs, where) for hole in polygon.interiors]
    return shapely.difference(exterior, shapely.union_all(holes))


def _ring(coords: FloatArray, crs: CRS, where: str) -> BaseGeometry:
    """The area inside one ring, on -180..180."""
    lonlat = coords if crs.is_geographic else _unprojected(coords, crs)
    _require_positions(lonlat, where)
    lon, lat = _continuous(lonlat[:, 0]), lonlat[:, 1]
    # A ring comes back to where it began, so its longitudes do too, or are a whole turn off.
    if abs(lon[-1] - lon[0]) > 180.0:
        lon, lat = _closed_through_pole(lon, lat)
    return _wrapped(shapely.Polygon(np.column_stack([lon, lat])), where)


def _unprojected(coords: FloatArray, crs: CRS) -> FloatArray:
    fine = shapely.segmentize(shapely.LinearRing(coords), _EDGE_M)
    to_geographic = Transformer.from_crs(crs, lunar_crs(GEOGRAPHIC), always_xy=True)
    return np.column_stack(to_geographic.transform(*np.array(fine.coords).T))


def _require_positions(lonlat: FloatArray, where: str) -> None:
    lon, lat = lonlat.T
    # A pole may come out of a projection a hair beyond itself. Outlines of either convention that go on over
    # the seam, instead of being split there, still lie within -360..720.
    if not (np.all(np.abs(lat) <= 90.0 + 1e-9) and np.all((lon >= -360.0) & (lon <= 720.0))):
        raise GeometryError(
            f"{where}: latitudes {lat.min():g}..{lat.max():g} and longitudes {lon.min():g}..{lon.max():g} "
            "are not degrees; if the file is projected, it must name its lunar coordinate reference system"
        )


def _continuous(lon: FloatArray) -> FloatArray:
    """Longitudes along a ring without jumps at the seam.

    An edge longer than 180 degrees means the shorter way round. Only edges of exactly 360 degrees that
    come in pairs, there and back, are kept: they are the long sides of a belt or of a polar cap's box.
    """
    step = np.diff(lon)
    whole = np.isclose(np.abs(step), 360.0)
    # Whole turns nearest to each step: what is left of it after they are taken back is within 180 degrees.
    turns = np.rint(step / 360.0)
    if step[whole].sum() == 0.0:
        turns[whole] = 0.0
    # A jump moves all points after it, hence the running sum; the first point stays where it is.
    return lon - 360.0 * np.concatenate([[0.0], np.cumsum(turns)])


def _closed_through_pole(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """A ring that goes once round: it encloses the pole of the hemisphere its vertices mostly lie in."""
    pole = math.copysign(90.0, lat.mean())
    # Up the meridian of its end, along the pole, and down that of its beginning, one turn away.
    return np.append(lon, [lon[-1], lon[0]]), np.append(lat, [pole, pole])


def _wrapped(shape: BaseGeometry, where: str) -> BaseGeometry:
    """The same area on -180..180, what lies beyond brought back by whole turns."""
    if not shape.is_valid:
        raise GeometryError(
            f"{where}: not a valid polygon: {shapely.is_valid_reason(shape)} (longitude, latitude); "
            "mend it, for instance with shapely.make_valid or QGIS 'Fix geometries'"
        )
    west, _, east, _ = shape.bounds
    # Turn 0 is -180..180; those of the westernmost and easternmost point and all in between.
    turns = range(math.floor((west + 180.0) / 360.0), math.floor((east + 180.0) / 360.0) + 1)
    moved = [affinity.translate(shape, xoff=-360.0 * turn) for turn in turns]
    return shapely.union_all([shapely.intersection(part, _WORLD) for part in moved])


def _polygons(shape: BaseGeometry) -> list[shapely.Polygon]:
    return [part for part in shapely.get_parts(shape) if isinstance(part, shapely.Polygon)]
