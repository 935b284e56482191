"""Makes the outlines of the maria that come with the package, from data in the repository.

    python -m tools.maria

writes ``lunarcloud/archive/data/maria.geojson`` and prints the area of each mare. Whoever changes that file
raises the number of the findings' algorithm with it.

A place is mare where LOLA's albedo at 1064 nm and Lunar Prospector's FeO both say so, within reach of an
IAU name: mare, oceanus, lacus, sinus or palus. Maria without such a name (floors of Tsiolkovskiy, Apollo and
other craters) are left out.

1. FeO above 6.9 wt%: mean and one standard deviation of the highlands, which are what is brighter than 0.254,
   the albedo that splits the Moon best in two (Otsu's threshold). Not more: pixels of 2 degrees smear small
   maria.
2. Albedo below 0.227, the one number that is fitted: so that all maria are 16.35 % of the Moon, the middle of
   the 16.2..16.5 % that Table 1 of Qiu et al. (2025) implies.
3. Reach: 1.3 times the IAU diameter. Of several names a place has that of the smallest reach, where Mare
   Frigoris and Oceanus Procellarum, which are far from round, are ellipses; their whole discs come last.
"""

import gzip
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from affine import Affine
from rasterio.features import shapes
from scipy.ndimage import zoom
from shapely.geometry import polygon
from shapely.geometry.base import BaseGeometry

from lunarcloud.archive.gazetteer import Feature, features
from lunarcloud.archive.lpgrs import Prospector, read_prospector
from lunarcloud.archive.polygons import spherical_km2
from lunarcloud.moon import SPHERE_KM2, FloatArray, kilometres

ROOT = Path(__file__).parents[1]
ALBEDO_FILE = ROOT / "tools" / "data" / "lola_albedo_halfdeg.csv.gz"
OUTLINES = ROOT / "lunarcloud" / "archive" / "data" / "maria.geojson"

FEO_ABOVE_WT = 6.9
ALBEDO_BELOW = 0.227
REACH = 1.3
#: Semi-axes, north-south and east-west, as parts of half the IAU diameter.
ELLIPSES = {"Mare Frigoris": (0.28, 1.0), "Oceanus Procellarum": (1.0, 0.5)}
#: Islands and gaps below this area are noise: half a pixel of Lunar Prospector's.
LEAST_KM2 = 2000.0

_ROUND = (1.0, 1.0)
_KINDS = ("Mare ", "Oceanus ", "Lacus ", "Sinus ", "Palus ")
# Pixels of the mask in a pixel of the albedo, half a degree: edges follow the albedo between its pixels.
_FINER = 5
# Degrees: what may be lost of an edge's course, and the grid that coordinates lie on.
_TOLERANCE, _GRID = 0.1, 0.01


def main() -> None:
    """Write the outlines and say what they cover."""
    outlines = named(without_specks(darker_and_richer()))
    OUTLINES.write_bytes(geojson(outlines))
    for name, shape in outlines.items():
        print(f"{name:24} {spherical_km2(shape):10,.0f} km2")
    whole = sum(map(spherical_km2, outlines.values()))
    print(f"{'all':24} {whole:10,.0f} km2, {100.0 * whole / SPHERE_KM2:.2f} % of the Moon")


def darker_and_richer() -> BaseGeometry:
    """Where albedo and FeO are those of maria, whatever lies there."""
    bright = zoom(albedo(), _FINER, order=1, grid_mode=True, mode="nearest")
    step = 180.0 / bright.shape[0]
    lat = 90.0 - (np.arange(bright.shape[0]) + 0.5) * step
    lon = (np.arange(bright.shape[1]) + 0.5) * step - 180.0
    mask = (bright < ALBEDO_BELOW) & (iron(read_prospector("2deg"), lat, lon) > FEO_ABOVE_WT)
    found = shapes(mask.astype(np.uint8), mask, transform=Affine(step, 0.0, -180.0, 0.0, -step, 90.0))
    return shapely.union_all([shapely.geometry.shape(one).simplify(_TOLERANCE) for one, _ in found])


def albedo() -> FloatArray:
    """LOLA's albedo, half a degree a pixel, from 90 N and 180 W."""
    with gzip.open(ALBEDO_FILE, "rt") as lines:
        return np.loadtxt(lines, delimiter=",")


def iron(prospector: Prospector, lat: FloatArray, lon: FloatArray) -> FloatArray:
    """FeO between the middles of Lunar Prospector's pixels, wt%, linear along rows and then across them."""
    feo, middles = prospector.abundance["FeO"], np.unique(prospector.lat)
    rows = [prospector.lat == middle for middle in middles]
    along = [np.interp(lon, prospector.lon[row], feo[row], period=360.0) for row in rows]
    lower = np.clip(np.searchsorted(middles, lat) - 1, 0, middles.size - 2)
    part = np.clip((lat - middles[lower]) / (middles[lower + 1] - middles[lower]), 0.0, 1.0)[:, None]
    held = np.array(along)
    return np.asarray(held[lower] * (1.0 - part) + held[lower + 1] * part)


def without_specks(shape: BaseGeometry) -> BaseGeometry:
    """The same without small islands and small gaps."""
    kept = [
        shapely.Polygon(part.exterior, [gap for gap in part.interiors if _is_large(shapely.Polygon(gap))])
        for part in shapely.get_parts(shape)
        if _is_large(part)
    ]
    return shapely.union_all(kept)


def named(maria: BaseGeometry) -> dict[str, BaseGeometry]:
    """The maria by name; neighbours share their border to the last digit."""
    names = [one for one in features() if one.name.startswith(_KINDS)]
    shaped = _smallest_first([(one.name, reach(one, *ELLIPSES.get(one.name, _ROUND))) for one in names])
    # Last, what lies between the others and in a whole disc of those that are ellipses.
    whole = _smallest_first([(one.name, reach(one, *_ROUND)) for one in names if one.name in ELLIPSES])
    reaches = [*shaped, *whole]
    # All lines are cut at all crossings at once, and faces made of the pieces: cut one by one, shapes that
    # share a border would come to differ on it.
    lines = [maria.boundary, *(disc.exterior for _, disc in reaches)]
    faces = shapely.get_parts(shapely.polygonize([shapely.union_all(lines, grid_size=_GRID)]))
    parts: dict[str, list[BaseGeometry]] = defaultdict(list)
    for face in faces:
        within = face.representative_point()
        name = next((name for name, disc in reaches if disc.contains(within)), None)
        if name and maria.contains(within):
            parts[name].append(face)
    shared = {name: shapely.union_all(found) for name, found in sorted(parts.items())}
    return {name: shape for name, shape in shared.items() if _is_large(shape)}


def reach(feature: Feature, north_south: float, east_west: float) -> shapely.Polygon:
    """How far a name may reach, as an outline of 72 corners.

    Parameters
    ----------
    feature : Feature
        The name, its place and its size.
    north_south, east_west : float
        Semi-axes, as parts of half the diameter.
    """
    bearing = np.radians(np.arange(0.0, 360.0, 5.0))
    radius = REACH * feature.diameter_km / 2.0 / kilometres(1.0)
    away = np.radians(radius / np.hypot(np.cos(bearing) / north_south, np.sin(bearing) / east_west))
    lat = np.radians(feature.lat)
    sine = np.sin(lat) * np.cos(away) + np.cos(lat) * np.sin(away) * np.cos(bearing)
    east = np.arctan2(np.sin(bearing) * np.sin(away) * np.cos(lat), np.cos(away) - np.sin(lat) * sine)
    return shapely.Polygon(np.column_stack([feature.lon + np.degrees(east), np.degrees(np.arcsin(sine))]))


def _smallest_first(reaches: list[tuple[str, shapely.Polygon]]) -> list[tuple[str, shapely.Polygon]]:
    return sorted(reaches, key=lambda pair: spherical_km2(pair[1]))


def geojson(outlines: dict[str, BaseGeometry]) -> bytes:
    """The file: RFC 7946, a feature a line; what it is made of is said in its head."""
    whole = sum(map(spherical_km2, outlines.values()))
    head: dict[str, Any] = {
        "type": "FeatureCollection",
        "title": "Outlines of the lunar maria",
        "method": (
            f"albedo at 1064 nm below {ALBEDO_BELOW} and FeO above {FEO_ABOVE_WT} wt% within {REACH} IAU "
            f"diameters; parts and gaps below {LEAST_KM2:g} km2 left out; tools/maria.py"
        ),
        "source": (
            "LOLA albedo, half a degree (NASA PDS); Lunar Prospector FeO, 2 degrees (Prettyman et al. 2006, "
            "doi 10.1029/2005JE002656); Gazetteer of Planetary Nomenclature (IAU, USGS)"
        ),
        "coordinates": "Moon, IAU_2015:30100: east longitude -180..180 and latitude, degrees",
        "area_km2": round(whole),
        "percent_of_the_moon": round(100.0 * whole / SPHERE_KM2, 2),
    }
    listed = [_feature(name, shape) for name, shape in outlines.items()]
    lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in listed)
    return f'{json.dumps(head)[:-1]}, "features": [\n{lines}\n]}}\n'.encode()


def _feature(name: str, shape: BaseGeometry) -> dict[str, Any]:
    parts = [polygon.orient(part) for part in shapely.get_parts(shape)]
    rings = [[_ring(ring) for ring in (part.exterior, *part.interiors)] for part in parts]
    return {
        "type": "Feature",
        "properties": {"name": name, "area_km2": round(spherical_km2(shape))},
        "geometry": {"type": "MultiPolygon", "coordinates": rings},
    }


def _ring(ring: shapely.LinearRing) -> list[list[float]]:
    return [[round(lon, 2), round(lat, 2)] for lon, lat in ring.coords]


def _is_large(shape: BaseGeometry) -> bool:
    return spherical_km2(shape) >= LEAST_KM2


if __name__ == "__main__":
    main()
