"""What others published: image tiles, element maps, topography, gravity, names and stations."""

from typing import TYPE_CHECKING

from lunarcloud.lazy import lazily

if TYPE_CHECKING:
    from lunarcloud.archive.answers import (
        SlowError,
        answered,
        headers,
        is_packed,
        length_of,
        pieces,
        require_given,
    )
    from lunarcloud.archive.bands import BandRow, read_bands
    from lunarcloud.archive.bounds import Bounds
    from lunarcloud.archive.cube_search import find_cubes
    from lunarcloud.archive.cubes import Cube, Wanted
    from lunarcloud.archive.extents import Extent, require_content, require_length
    from lunarcloud.archive.files import (
        MAP_BYTES,
        OutsideFile,
        file_digest,
        read_file,
    )
    from lunarcloud.archive.frames import MEAN_EARTH
    from lunarcloud.archive.gazetteer import Feature, feature, features
    from lunarcloud.archive.gravity import GM_MOON, GravityModel, gravity_digest, read_gravity
    from lunarcloud.archive.gridded import Gridded
    from lunarcloud.archive.instruments import (
        BAND_TOLERANCE_NM,
        CLEMENTINE,
        INSTRUMENTS,
        Instrument,
        band,
        instrument,
        listed,
        same_bands,
    )
    from lunarcloud.archive.lpgrs import BEST, Prospector, prospector_of, read_prospector, read_prospectors
    from lunarcloud.archive.maria import MARIA_SOURCE, shipped_maria
    from lunarcloud.archive.pds3 import HEAD_BYTES, parse_pds3_label, pds3_extent
    from lunarcloud.archive.pds4 import pds4_extent
    from lunarcloud.archive.pictures import Ground, Picture, picture_of, read_ground
    from lunarcloud.archive.points import Points, read_points
    from lunarcloud.archive.polygons import Outline, read_outlines, spherical_km2
    from lunarcloud.archive.reading import read_rows
    from lunarcloud.archive.samples import SAMPLE_60639
    from lunarcloud.archive.scheme import Cell, Shelf, cells, shelves
    from lunarcloud.archive.search import Problem, TileSearch, find_tiles
    from lunarcloud.archive.sources import Item, list_items, read_ranges, size_of
    from lunarcloud.archive.stations import (
        Station,
        StationTable,
        mission,
        parse_stations,
        read_stations,
        shipped_stations,
    )
    from lunarcloud.archive.tiles import MISSING, MISSING_KINDS, Image, Tile, TilePixels, missing_kind
    from lunarcloud.archive.topography import (
        RadiusGrid,
        RadiusHarmonics,
        Topography,
        read_topography,
        topography_digest,
    )

__all__ = [
    "BAND_TOLERANCE_NM",
    "BEST",
    "CLEMENTINE",
    "GM_MOON",
    "HEAD_BYTES",
    "INSTRUMENTS",
    "MAP_BYTES",
    "MARIA_SOURCE",
    "MEAN_EARTH",
    "MISSING",
    "MISSING_KINDS",
    "SAMPLE_60639",
    "BandRow",
    "Bounds",
    "Cell",
    "Cube",
    "Extent",
    "Feature",
    "GravityModel",
    "Gridded",
    "Ground",
    "Image",
    "Instrument",
    "Item",
    "Outline",
    "OutsideFile",
    "Picture",
    "Points",
    "Problem",
    "Prospector",
    "RadiusGrid",
    "RadiusHarmonics",
    "Shelf",
    "SlowError",
    "Station",
    "StationTable",
    "Tile",
    "TilePixels",
    "TileSearch",
    "Topography",
    "Wanted",
    "answered",
    "band",
    "cells",
    "feature",
    "features",
    "file_digest",
    "find_cubes",
    "find_tiles",
    "gravity_digest",
    "headers",
    "instrument",
    "is_packed",
    "length_of",
    "list_items",
    "listed",
    "missing_kind",
    "mission",
    "parse_pds3_label",
    "parse_stations",
    "pds3_extent",
    "pds4_extent",
    "picture_of",
    "pieces",
    "prospector_of",
    "read_bands",
    "read_file",
    "read_gravity",
    "read_ground",
    "read_outlines",
    "read_points",
    "read_prospector",
    "read_prospectors",
    "read_ranges",
    "read_rows",
    "read_stations",
    "read_topography",
    "require_content",
    "require_given",
    "require_length",
    "same_bands",
    "shelves",
    "shipped_maria",
    "shipped_stations",
    "size_of",
    "spherical_km2",
    "topography_digest",
]

__getattr__ = lazily(
    __name__,
    {
        "answers": (
            "SlowError",
            "answered",
            "headers",
            "is_packed",
            "length_of",
            "pieces",
            "require_given",
        ),
        "bands": ("BandRow", "read_bands"),
        "bounds": ("Bounds",),
        "cube_search": ("find_cubes",),
        "cubes": ("Cube", "Wanted"),
        "extents": ("Extent", "require_content", "require_length"),
        "files": (
            "MAP_BYTES",
            "OutsideFile",
            "file_digest",
            "read_file",
        ),
        "frames": ("MEAN_EARTH",),
        "gazetteer": (
            "Feature",
            "feature",
            "features",
        ),
        "gravity": (
            "GM_MOON",
            "GravityModel",
            "gravity_digest",
            "read_gravity",
        ),
        "gridded": ("Gridded",),
        "instruments": (
            "BAND_TOLERANCE_NM",
            "CLEMENTINE",
            "INSTRUMENTS",
            "Instrument",
            "band",
            "instrument",
            "listed",
            "same_bands",
        ),
        "lpgrs": (
            "BEST",
            "Prospector",
            "prospector_of",
            "read_prospector",
            "read_prospectors",
        ),
        "maria": (
            "MARIA_SOURCE",
            "shipped_maria",
        ),
        "pds3": ("HEAD_BYTES", "parse_pds3_label", "pds3_extent"),
        "pds4": ("pds4_extent",),
        "points": ("Points", "read_points"),
        "polygons": (
            "Outline",
            "read_outlines",
            "spherical_km2",
        ),
        "reading": ("read_rows",),
        "samples": ("SAMPLE_60639",),
        "scheme": (
            "Cell",
            "Shelf",
            "cells",
            "shelves",
        ),
        "search": (
            "Problem",
            "TileSearch",
            "find_tiles",
        ),
        "sources": ("Item", "list_items", "read_ranges", "size_of"),
        "stations": (
            "Station",
            "StationTable",
            "mission",
            "parse_stations",
            "read_stations",
            "shipped_stations",
        ),
        "tiles": (
            "MISSING",
            "MISSING_KINDS",
            "Image",
            "Tile",
            "TilePixels",
            "missing_kind",
        ),
        "pictures": (
            "Ground",
            "Picture",
            "picture_of",
            "read_ground",
        ),
        "topography": (
            "RadiusGrid",
            "RadiusHarmonics",
            "Topography",
            "read_topography",
            "topography_digest",
        ),
    },
)
