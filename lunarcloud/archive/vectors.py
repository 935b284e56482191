"""Records of polygon files, each read as the one format that its first bytes say: nothing else is opened.

GeoJSON needs no GDAL. Of GeoPackages and shapefiles GDAL is given bytes, so that it looks at no other file.
"""

import io
import json
import re
import sqlite3
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import shapely
from shapely.geometry.base import BaseGeometry

from lunarcloud.archive.files import POLYGON_BYTES, OutsideFile, foreign, read_file
from lunarcloud.errors import ArchiveError

_FORMATS = "GeoJSON (.geojson, .json), GeoPackage (.gpkg), shapefile (.shp, or zipped .zip)"
_BEGINS = {
    b"{": ".geojson",
    b"SQLite format 3\x00": ".gpkg",
    b"PK\x03\x04": ".zip",
    b"\x00\x00\x27\x0a": ".shp",
}
_SAME = {".json": ".geojson"}
# Shapes, their index, their attributes; projection and encoding may be missing.
_NEEDED, _PARTS = (".shp", ".shx", ".dbf"), (".shp", ".shx", ".dbf", ".prj", ".cpg")
_SHAPES = frozenset({"Polygon", "MultiPolygon"})
# A name of an authority or a URN; PROJ would take definitions too, and those name files.
_CRS_NAME = re.compile(r"\w+(:+[\w.]+)+", re.ASCII)
# GeoPackages keep an index of places in these; other virtual tables read files.
_INDEX = re.compile(r"(?is)\s*CREATE\s+VIRTUAL\s+TABLE\s+\S+\s+USING\s+rtree\s*\(.*")


class Records(NamedTuple):
    """What a polygon file holds."""

    crs: str | None  #: its coordinate reference system, as pyproj takes it
    shapes: Sequence[BaseGeometry | None]  #: of each record, without heights; None if it is damaged
    fields: tuple[str, ...]  #: names of the attributes
    values: Sequence[Sequence[Any]]  #: of each attribute, those of all records


def read_records(place: str) -> Records:
    """The records of a polygon file.

    Parameters
    ----------
    place : str
        Path or fsspec URL of a GeoJSON, GeoPackage or shapefile; by URL, a shapefile is zipped.

    Raises
    ------
    ArchiveError
        If it is of another format, or of another one than its name says, or damaged.
    NotFoundError, StoreError
        If the file is not there or cannot be read.
    """
    found = read_file(place, POLYGON_BYTES)
    readers: Mapping[str, Callable[[OutsideFile], Records]] = {
        ".geojson": _geojson,
        ".gpkg": _geopackage,
        ".zip": _zipped_shapefile,
        ".shp": _shapefile,
    }
    with foreign(place, "not a polygon file that can be read"):
        return readers[_kind(found)](found)


def _kind(found: OutsideFile) -> str:
    """What a file is; refuses one that is something else than its name says."""
    begin = found.data[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    kind = next((kind for begins, kind in _BEGINS.items() if begin.startswith(begins)), None)
    if kind is None:
        raise ArchiveError(f"{found.url}: not a polygon file that can be read; those are {_FORMATS}")
    suffix = PurePosixPath(found.url).suffix.lower()
    said = _SAME.get(suffix, suffix)
    if said != kind and said in _BEGINS.values():
        raise ArchiveError(f"{found.url}: its content is that of a {kind} file; name it so")
    return kind


def _geojson(found: OutsideFile) -> Records:
    content = json.loads(found.data)
    features = _features(content, found.url)
    properties = [feature.get("properties") or {} for feature in features]
    fields = tuple(dict.fromkeys(name for each in properties for name in each))
    texts = [json.dumps(feature.get("geometry")) for feature in features]
    shapes = shapely.force_2d(shapely.from_geojson(texts, on_invalid="ignore"))
    values = [[each.get(field) for each in properties] for field in fields]
    return Records(_geojson_crs(content, found.url), list(shapes), fields, values)


def _features(content: Mapping[str, Any], url: str) -> list[dict[str, Any]]:
    kind = content.get("type")
    if kind == "FeatureCollection":
        return list(content["features"])
    if kind == "Feature":
        return [dict(content)]
    if kind in _SHAPES:
        return [{"geometry": content}]
    raise ArchiveError(f"{url}: not a polygon file that can be read: GeoJSON of type {kind!r}")


def _geojson_crs(content: Mapping[str, Any], url: str) -> str | None:
    """What a GeoJSON from before RFC 7946 says of its system."""
    member = content.get("crs")
    if member is None:
        return None
    name = str(member["properties"]["name"])
    if not _CRS_NAME.fullmatch(name):
        raise ArchiveError(f"{url}: crs {name[:80]!r}; a name such as IAU_2015:30100 is understood")
    return name


def _geopackage(found: OutsideFile) -> Records:
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(found.data)
        rows = database.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    for kind, name, sql in rows:
        virtual = kind == "table" and re.match(r"(?i)\s*CREATE\s+VIRTUAL", sql or "")
        if kind == "view" or (virtual and not _INDEX.fullmatch(sql)):
            raise ArchiveError(
                f"{found.url}: {name!r} is no plain table; only those are read of a GeoPackage"
            )
    return _by_gdal({"polygons.gpkg": found.data})


def _shapefile(found: OutsideFile) -> Records:
    if "://" in found.url:
        raise ArchiveError(f"{found.url}: a shapefile is several files; give them zipped")
    first = Path(found.url)
    beside = {each.suffix.lower(): each for each in sorted(first.parent.iterdir()) if each.stem == first.stem}
    parts = {part: read_file(beside[part], POLYGON_BYTES).data for part in _PARTS if part in beside}
    return _of_parts(found.url, {**parts, ".shp": found.data})


def _zipped_shapefile(found: OutsideFile) -> Records:
    with zipfile.ZipFile(io.BytesIO(found.data)) as archive:
        members = {
            name: PurePosixPath(name) for name in archive.namelist() if not name.startswith("__MACOSX/")
        }
        stems = [path.with_suffix("") for path in members.values() if path.suffix.lower() == ".shp"]
        if len(stems) != 1:
            raise ArchiveError(f"{found.url}: {len(stems)} shapefiles in it; one is read")
        wanted = {
            path.suffix.lower(): name for name, path in members.items() if path.with_suffix("") == stems[0]
        }
        if sum(archive.getinfo(name).file_size for name in wanted.values()) > POLYGON_BYTES:
            raise ArchiveError(f"{found.url}: unpacks to more than {POLYGON_BYTES >> 20} MiB; simplify it")
        # No more is unpacked of a member than what was added up here.
        parts = {part: archive.read(wanted[part]) for part in _PARTS if part in wanted}
    return _of_parts(found.url, parts)


def _of_parts(url: str, parts: Mapping[str, bytes]) -> Records:
    missing = [part for part in _NEEDED if part not in parts]
    if missing:
        raise ArchiveError(f"{url}: not a whole shapefile: no {', '.join(missing)} beside the others")
    records = _by_gdal({f"polygons{part}": data for part, data in parts.items()})
    if records.crs is None and parts.get(".prj", b"").strip():
        raise ArchiveError(f"{url}: the coordinate reference system in its .prj is not understood")
    return records


def _by_gdal(files: Mapping[str, bytes]) -> Records:
    # Slow to import, and a command that finds everything done does not need it.
    import pyogrio

    # GDAL takes several files in one piece if they are zipped, and sees no others then.
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    with warnings.catch_warnings():
        # GDAL warns of rings that it mends; those that it does not are refused as shapes.
        warnings.simplefilter("ignore")
        # Without heights: some files have them, and nothing here is about them.
        meta, _, wkb, columns = pyogrio.raw.read(packed.getvalue(), force_2d=True)
    shapes = [] if wkb is None else list(shapely.from_wkb(wkb, on_invalid="ignore"))
    return Records(meta["crs"] or None, shapes, tuple(map(str, meta["fields"])), columns)
