"""What others published: image tiles, element maps, topography, gravity, names and stations."""

from lunarcloud.archive.gazetteer import Feature, feature, features
from lunarcloud.archive.pds3 import parse_pds3_label
from lunarcloud.archive.reading import read_rows
from lunarcloud.archive.search import Problem, TileSearch, find_tiles
from lunarcloud.archive.tiles import (
    MISSING,
    MISSING_KINDS,
    Bounds,
    Tile,
    TilePixels,
    missing_kind,
)

__all__ = [
    "MISSING",
    "MISSING_KINDS",
    "Bounds",
    "Feature",
    "Problem",
    "Tile",
    "TilePixels",
    "TileSearch",
    "feature",
    "features",
    "find_tiles",
    "missing_kind",
    "parse_pds3_label",
    "read_rows",
]
