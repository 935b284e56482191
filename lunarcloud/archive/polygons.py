"""Polygon files (GeoJSON, shapefile, GeoPackage, ...) as outlines on the Moon.

Outlines come out in one convention, whatever the file uses: longitude -180..180, split at the antimeridian,
closed through the pole where they enclose one. Edges are straight in longitude and latitude.
"""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError
from shapely import affinity
from shapely.geometry.base import BaseGeometry

from lunarcloud.archive.files import POLYGON_BYTES, read_file, require_local_size
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
        A GeoJSON, shapefile (also zipped), GeoPackage or other file that GDAL reads; by URL, a single file
        (a shapefile zipped). Longitudes 0..360 or -180..180, or projected coordinates of a lunar system. A
        file without a coordinate reference system, as planetary GeoJSON often is, is read as latitude and
        longitude on the Moon.
    name_field : str, optional
        The attribute that names an area. By default the first of name, unit, feature, label, mare_name,
        clean_name that exists (upper and lower case alike), else all records form one area named as the file.
        Records without a name form one called ``unnamed``.

    Raises
    ------
    ArchiveError
        If the file cannot be read, or holds something other than polygons.
    GeometryError
        For coordinates of another body, impossible ones, or a polygon that crosses itself.
    """
    meta, shapes, names = _read(path, name_field)
    crs = _crs(path, meta)
    parts: dict[str, list[BaseGeometry]] = defaultdict(list)
    for record, (shape, name) in enumerate(zip(shapes, names, strict=True), start=1):
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


def _read(path: str, name_field: str | None) -> tuple[dict[str, Any], list[BaseGeometry], list[str]]:
    # Slow to import, and a command that finds everything done does not need it.
    import pyogrio
    import pyogrio.errors

    try:
        # Without heights: some files have them, and nothing here is about them.
        meta, _, wkb, columns = pyogrio.raw.read(_source(path), force_2d=True)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, OSError) as error:
        raise ArchiveError(f"{path}: not a polygon file that can be read ({error})") from error
    if wkb is None or len(wkb) == 0:
        raise ArchiveError(f"{path}: holds no polygons")
    shapes = list(shapely.from_wkb(wkb, on_invalid="ignore"))
    fields = [str(name) for name in meta["fields"]]
    column = _name_column(path, fields, name_field)
    if column is None:
        return meta, shapes, [Path(path).stem] * len(shapes)
    return meta, shapes, [_UNNAMED if name is None else str(name) for name in columns[column]]


def _source(path: str) -> str | bytes:
    """What GDAL is given: a local file, which may have others beside it, or the bytes behind a URL."""
    # Of files GDAL knows .zip, but not the archives' .ZIP.
    if "://" in path or path.endswith(".ZIP"):
        return read_file(path, POLYGON_BYTES).data
    require_local_size(path, POLYGON_BYTES)
    return path


def _name_column(path: str, fields: Sequence[str], wanted: str | None) -> int | None:
    lower = [field.casefold() for field in fields]
    if wanted is not None and wanted.casefold() not in lower:
        raise InputError(f"{path}: no attribute {wanted!r}; it has {', '.join(fields) or 'none'}")
    candidates = (wanted.casefold(),) if wanted is not None else _NAME_FIELDS
    return next((lower.index(name) for name in candidates if name in lower), None)


def _crs(path: str, meta: dict[str, Any]) -> CRS:
    """The file's system, the Moon's latitude and longitude where it names none."""
    if not meta["crs"] or _is_plain_geojson(path):
        return lunar_crs(GEOGRAPHIC)
    try:
        return require_moon(CRS.from_user_input(meta["crs"]), source=path)
    except CRSError as error:
        raise GeometryError(f"{path}: its coordinate reference system is not understood ({error})") from error


def _is_plain_geojson(path: str) -> bool:
    """Whether it is a GeoJSON without a ``crs`` member, for which GDAL assumes the Earth's WGS 84."""
    if not path.lower().endswith((".geojson", ".json")):
        return False
    return "crs" not in json.loads(read_file(path, POLYGON_BYTES).data)


def _outline(shape: BaseGeometry, crs: CRS, where: str) -> BaseGeometry:
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
