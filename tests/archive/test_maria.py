"""The shipped outlines of the maria: valid, in their places, of the right area, and made as it is said."""

import json
from itertools import pairwise

import numpy as np
import pytest
import shapely
from shapely.geometry import Point

from lunarcloud.archive.gazetteer import feature
from lunarcloud.archive.lpgrs import read_prospector
from lunarcloud.archive.maria import shipped_maria
from lunarcloud.archive.polygons import Outline, read_outlines, spherical_km2
from lunarcloud.archive.shipped import DATA
from lunarcloud.moon import SPHERE_KM2, grid
from tools.maria import FEO_ABOVE_WT, albedo, darker_and_richer, iron, named, without_specks

FILE = DATA / "maria.geojson"
#: Areas by Nelson et al. (2014), thousands of km2, and how near the outlines come.
PUBLISHED = {"Oceanus Procellarum": (1757, 0.12), "Mare Imbrium": (1010, 0.15)}


@pytest.fixture(scope="module")
def maria() -> dict[str, Outline]:
    return {outline.name: outline for outline in shipped_maria()}


def test_maria_are_as_much_of_the_moon_as_published(maria: dict[str, Outline]) -> None:
    share = sum(spherical_km2(outline.shape) for outline in maria.values()) / SPHERE_KM2
    assert 0.162 <= share <= 0.165


@pytest.mark.parametrize(("name", "published"), PUBLISHED.items())
def test_large_maria_have_their_published_areas(
    maria: dict[str, Outline], name: str, published: tuple[float, float]
) -> None:
    area, tolerance = published
    assert spherical_km2(maria[name].shape) == pytest.approx(1000.0 * area, rel=tolerance)


def test_every_mare_of_the_gazetteer_has_an_outline_at_its_centre(maria: dict[str, Outline]) -> None:
    """Centres of irregular maria lie on islands or on shores: within a quarter of the diameter."""
    for name, outline in maria.items():
        place = feature(name)
        radius = place.diameter_km / 2.0 / 30.32
        assert outline.shape.distance(Point(place.lon, place.lat)) < 0.5 * radius, name
    seas = ("Crisium", "Imbrium", "Serenitatis", "Tranquillitatis", "Humorum", "Moscoviense", "Smythii")
    for name in (f"Mare {sea}" for sea in seas):
        assert maria[name].shape.contains(Point(feature(name).lon, feature(name).lat)), name


def test_farside_maria_are_there_and_small(maria: dict[str, Outline]) -> None:
    for name in ("Mare Moscoviense", "Mare Ingenii", "Mare Orientale", "Mare Australe"):
        assert 5e3 < spherical_km2(maria[name].shape) < 2e5, name


def test_outlines_are_valid_and_do_not_overlap(maria: dict[str, Outline]) -> None:
    shapes = [outline.shape for outline in maria.values()]
    assert all(shape.is_valid for shape in shapes)
    whole = shapely.union_all(shapes)
    assert whole.area == pytest.approx(sum(shape.area for shape in shapes), rel=1e-9)
    west, south, east, north = whole.bounds
    # No mare lies on the seam, so none is split there.
    assert -179.0 < west < east < 179.0
    assert -66.0 < south < north < 66.0


def test_the_file_is_plain_geojson_and_says_its_area(maria: dict[str, Outline]) -> None:
    found = json.loads(FILE.read_text("utf-8"))
    assert found["area_km2"] == pytest.approx(sum(spherical_km2(one.shape) for one in maria.values()), abs=1)
    assert "crs" not in found
    for one in found["features"]:
        for outer, *gaps in one["geometry"]["coordinates"]:
            # RFC 7946: outer rings counterclockwise, gaps clockwise, the first position repeated as the last.
            assert shapely.is_ccw(shapely.LinearRing(outer)), one["properties"]["name"]
            assert not any(shapely.is_ccw(shapely.LinearRing(gap)) for gap in gaps)
            assert all(ring[0] == ring[-1] for ring in (outer, *gaps))
            assert all(first != second for first, second in pairwise(outer))


def test_gdal_reads_the_same_outlines(maria: dict[str, Outline]) -> None:
    for outline in read_outlines(str(FILE)):
        assert spherical_km2(outline.shape) == pytest.approx(spherical_km2(maria[outline.name].shape))
        assert outline.shape.symmetric_difference(maria[outline.name].shape).area < 1e-9


def test_the_outlines_are_those_that_the_script_makes(maria: dict[str, Outline]) -> None:
    """Not to the byte: another version of GEOS may put a corner elsewhere."""
    made = named(without_specks(darker_and_richer()))
    assert made.keys() == maria.keys()
    for name, shape in made.items():
        assert spherical_km2(shape) == pytest.approx(spherical_km2(maria[name].shape), rel=1e-3), name


def test_the_threshold_of_iron_is_a_deviation_above_the_highlands() -> None:
    on = grid(2)
    highlands = albedo() > 0.254
    feo = iron(read_prospector("2deg"), on.lat(), on.lon())[highlands]
    weights = np.broadcast_to(on.pixel_area_m2()[:, None], on.shape)[highlands]
    mean = np.average(feo, weights=weights)
    deviation = np.sqrt(np.average((feo - mean) ** 2, weights=weights))
    assert mean + deviation == pytest.approx(FEO_ABOVE_WT, abs=0.05)
