"""Polygon files become outlines in one convention, with exact areas."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon

from lunarcloud.archive.polygons import read_outlines, spherical_km2
from lunarcloud.errors import ArchiveError, GeometryError, InputError, NotFoundError
from lunarcloud.moon import RADIUS_M, SPHERE_KM2, lunar_crs

KM2 = (RADIUS_M / 1000.0) ** 2


def box_km2(west: float, south: float, east: float, north: int) -> float:
    height = math.sin(math.radians(north)) - math.sin(math.radians(south))
    return KM2 * math.radians(east - west) * height


def geojson(
    path: Path, *rings: Any, crs: str | None = None, properties: tuple[Any, ...] = ({"name": "a"},)
) -> str:
    """A GeoJSON of polygons, each a list of rings (outer, holes)."""
    features = [
        {
            "type": "Feature",
            "properties": properties[min(number, len(properties) - 1)],
            "geometry": {"type": "Polygon", "coordinates": polygon},
        }
        for number, polygon in enumerate(rings)
    ]
    content: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if crs:
        content["crs"] = {"type": "name", "properties": {"name": crs}}
    path.write_text(json.dumps(content))
    return str(path)


def ring(west: float, south: float, east: float, north: float) -> list[list[float]]:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def area(path: str) -> float:
    (outline,) = read_outlines(path)
    return spherical_km2(outline.shape)


@given(
    west=st.floats(-180, 179),
    width=st.floats(0.5, 170),
    south=st.floats(-89, 88),
    turn=st.sampled_from([0, 360]),
)
@settings(max_examples=40, deadline=None)
def test_a_box_has_its_exact_area_wherever_it_lies(
    tmp_path_factory: pytest.TempPathFactory, west: float, width: float, south: float, turn: int
) -> None:
    """Across the antimeridian and in either longitude convention."""
    path = tmp_path_factory.mktemp("box") / "box.geojson"
    corners = ring(west + turn, south, west + turn + width, 89)
    assert area(geojson(path, [corners])) == pytest.approx(box_km2(west, south, west + width, 89), rel=1e-9)


@pytest.mark.parametrize(("west", "east"), [(170, -170), (-10 + 360, 10)])
def test_a_jump_at_the_seam_is_the_short_way_round(tmp_path: Path, west: int, east: int) -> None:
    path = geojson(tmp_path / "seam.geojson", [[[west, 0], [east, 0], [east, 10], [west, 10], [west, 0]]])
    assert area(path) == pytest.approx(box_km2(0, 0, 20, 10), rel=1e-9)


def test_a_belt_round_the_moon_is_kept_as_drawn(tmp_path: Path) -> None:
    path = geojson(tmp_path / "belt.geojson", [ring(-180, 10, 180, 20)])
    assert area(path) == pytest.approx(box_km2(-180, 10, 180, 20), rel=1e-9)


def test_a_polar_cap_closed_through_the_pole_is_kept_as_drawn(tmp_path: Path) -> None:
    path = geojson(tmp_path / "cap.geojson", [ring(-180, -90, 180, -65)])
    assert area(path) == pytest.approx(box_km2(-180, -90, 180, -65), rel=1e-9)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_ring_round_a_pole_encloses_it(tmp_path: Path, sign: int) -> None:
    circle = [[float(lon % 360), sign * 70.0] for lon in range(0, 361, 5)]
    path = geojson(tmp_path / "pole.geojson", [circle])
    assert area(path) == pytest.approx(box_km2(-180, 70, 180, 90), rel=1e-9)


def test_holes_count_negative_also_round_a_pole(tmp_path: Path) -> None:
    outer, inner = ([[lon, lat] for lon in (*range(-180, 181, 10), -180)] for lat in (-60.0, -80.0))
    assert area(geojson(tmp_path / "annulus.geojson", [outer, inner])) == pytest.approx(
        box_km2(-180, -80, 180, -60), rel=1e-9
    )
    path = geojson(tmp_path / "hole.geojson", [ring(0, 0, 20, 20), ring(5, 5, 10, 10)])
    assert area(path) == pytest.approx(box_km2(0, 0, 20, 20) - box_km2(5, 5, 10, 10), rel=1e-9)


def test_a_fine_circle_has_the_area_of_a_cap(tmp_path: Path) -> None:
    """A disc of 500 km radius near the antimeridian; 0.01 % is what 720 straight edges leave out."""
    radius = 500.0 / (RADIUS_M / 1000.0)
    angle = np.linspace(0, 2 * np.pi, 721)
    lat0, lon0 = math.radians(40.0), math.radians(178.0)
    lat = np.arcsin(np.sin(lat0) * np.cos(radius) + np.cos(lat0) * np.sin(radius) * np.cos(angle))
    dlon = np.arctan2(
        np.sin(angle) * np.sin(radius) * np.cos(lat0), np.cos(radius) - np.sin(lat0) * np.sin(lat)
    )
    lon = (np.degrees(lon0 + dlon) + 180) % 360 - 180
    path = geojson(tmp_path / "disc.geojson", [np.column_stack([lon, np.degrees(lat)]).tolist()])
    assert area(path) == pytest.approx(2 * math.pi * KM2 * (1 - math.cos(radius)), rel=1e-4)


@pytest.mark.parametrize("suffix", ["gpkg", "shp"])
def test_projected_files_are_brought_to_latitude_and_longitude(tmp_path: Path, suffix: str) -> None:
    """A disc round the south pole in polar stereographic metres: the whole cap, the pole included."""
    radius = 2 * RADIUS_M * math.tan(math.radians(10) / 2)
    path = tmp_path / f"cap.{suffix}"
    write(path, [shapely.Point(0, 0).buffer(radius, quad_segs=180)], "IAU_2015:30135", name=["cap"])
    (outline,) = read_outlines(str(path))
    assert outline.name == "cap"
    assert spherical_km2(outline.shape) == pytest.approx(box_km2(-180, 80, 180, 90), rel=1e-4)
    assert outline.shape.bounds == pytest.approx((-180, -90, 180, -80), abs=0.01)


def write(path: Path, shapes: list[Polygon], crs: str, **columns: Any) -> None:
    pyogrio.raw.write(
        path,
        geometry=np.array([shapely.to_wkb(shape) for shape in shapes], dtype=object),
        field_data=[np.array(values, dtype=object) for values in columns.values()],
        fields=list(columns),
        crs=lunar_crs(crs).to_wkt() if crs.startswith("IAU") else crs,
        geometry_type="Polygon",
    )


def test_records_of_one_name_are_one_area(tmp_path: Path) -> None:
    names = ({"Name": "Mare A"}, {"Name": "Mare B"}, {"Name": "Mare A"})
    boxes = [ring(0, 0, 10, 10)], [ring(20, 0, 30, 10)], [ring(40, 0, 50, 10)]
    found = read_outlines(geojson(tmp_path / "maria.geojson", *boxes, properties=names))
    assert [outline.name for outline in found] == ["Mare A", "Mare B"]
    assert spherical_km2(found[0].shape) == pytest.approx(2 * box_km2(0, 0, 10, 10), rel=1e-9)


def test_without_names_the_file_names_the_area(tmp_path: Path) -> None:
    (outline,) = read_outlines(
        geojson(tmp_path / "crypto.geojson", [ring(0, 0, 1, 1)], properties=({"id": 1},))
    )
    assert outline.name == "crypto"


def test_the_whole_sphere_adds_up(tmp_path: Path) -> None:
    assert area(geojson(tmp_path / "all.geojson", [ring(0, -90, 360, 90)])) == pytest.approx(
        SPHERE_KM2, rel=1e-9
    )


def test_the_earth_is_refused_by_name(tmp_path: Path) -> None:
    path = geojson(tmp_path / "earth.geojson", [ring(0, 0, 1, 1)], crs="urn:ogc:def:crs:OGC:1.3:CRS84")
    with pytest.raises(GeometryError, match=r"WGS 84.*not of the Moon"):
        read_outlines(path)
    write(tmp_path / "earth.shp", [shapely.box(0, 0, 1, 1)], "EPSG:4326", name=["x"])
    with pytest.raises(GeometryError, match="not of the Moon"):
        read_outlines(str(tmp_path / "earth.shp"))


def test_a_polygon_that_crosses_itself_is_refused_with_its_record(tmp_path: Path) -> None:
    bow_tie = [[0, 0], [10, 10], [10, 0], [0, 10], [0, 0]]
    path = geojson(tmp_path / "bow.geojson", [ring(0, 0, 1, 1)], [bow_tie])
    with pytest.raises(GeometryError, match=r"record 2 \(a\).*Self-intersection"):
        read_outlines(path)


def test_metres_without_a_projection_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GeometryError, match="not degrees"):
        read_outlines(geojson(tmp_path / "m.geojson", [ring(0, 0, 5000, 9000)]))


def test_what_is_no_polygon_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.geojson").write_text('{"type": "nothing"}')
    with pytest.raises(ArchiveError, match=r"text\.geojson"):
        read_outlines(str(tmp_path / "text.geojson"))
    with pytest.raises(NotFoundError, match="absent"):
        read_outlines(str(tmp_path / "absent.shp"))
    line = {
        "type": "Feature",
        "properties": {},
        "geometry": {"type": "LineString", "coordinates": [[0, 0], [1, 1]]},
    }
    (tmp_path / "line.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [line]}))
    with pytest.raises(ArchiveError, match="LineString"):
        read_outlines(str(tmp_path / "line.geojson"))


def test_a_name_field_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", [ring(0, 0, 1, 1)])
    with pytest.raises(InputError, match=r"no attribute 'geology'; it has name"):
        read_outlines(path, "geology")
