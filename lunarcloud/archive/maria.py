"""The outlines of the maria that come with the package; ``tools/maria.py`` makes them and says how."""

import json
from functools import lru_cache

import shapely

from lunarcloud.archive.polygons import Outline
from lunarcloud.archive.shipped import DATA

#: What is said of them, in a word.
MARIA_SOURCE = "shipped outlines (IAU names cut by LOLA albedo and Lunar Prospector FeO)"

_FILE = DATA / "maria.geojson"


@lru_cache(maxsize=1)
def shipped_maria() -> tuple[Outline, ...]:
    """The maria, oceanus, lacus, sinus and paludes, each with its IAU name, by name.

    Together 16.3 % of the Moon; they do not overlap. Their file is in our own convention, so that GDAL, which
    takes long to load, need not read it.
    """
    found = json.loads(_FILE.read_text("utf-8"))["features"]
    return tuple(Outline(one["properties"]["name"], shapely.geometry.shape(one["geometry"])) for one in found)
