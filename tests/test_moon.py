"""The Moon's geometry: pixels, areas, shards, projections and what is refused."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from lunarcloud import moon
from lunarcloud.errors import GeometryError
from lunarcloud.moon import SPHERE_KM2, Grid, Pole, Shard, Window, grid, lunar_crs, polar_grid

ppds = st.integers(1, 40)
edges = st.integers(5, 300)


@given(ppds, st.floats(-90, 90), st.floats(-400, 800))
def test_a_position_lies_within_half_a_pixel_of_the_centre_of_its_pixel(
    ppd: int, lat: float, lon: float
) -> None:
    g = grid(ppd)
    pixel = g.pixel(lat=lat, lon=lon)
    east = abs((g.lon()[pixel.col] - lon + 180.0) % 360.0 - 180.0)
    assert abs(g.lat()[pixel.row] - lat) <= 0.5 / ppd + 1e-9
    assert east <= 0.5 / ppd + 1e-9


@given(st.integers(1, 12))
def test_pixel_centres_fall_in_their_own_pixels(ppd: int) -> None:
    g = grid(ppd)
    pixels = g.pixel(lat=g.lat()[:, np.newaxis], lon=g.lon()[np.newaxis, :])
    assert np.array_equal(np.broadcast_to(pixels.row, g.shape)[:, 0], np.arange(g.n_rows))
    assert np.array_equal(np.broadcast_to(pixels.col, g.shape)[0], np.arange(g.n_cols))


@given(ppds)
def test_pixel_areas_add_up_to_the_sphere(ppd: int) -> None:
    g = grid(ppd)
    assert math.isclose(g.pixel_area_m2().sum() * g.n_cols / 1e6, SPHERE_KM2, rel_tol=1e-12)


@given(st.integers(1, 2), edges)
def test_shards_cover_every_pixel_exactly_once(ppd: int, edge: int) -> None:
    g = grid(ppd, edge)
    seen = np.zeros(g.shape, dtype=int)
    for shard in g.shards():
        seen[g.window(shard).slices] += 1
    assert (seen == 1).all()


@given(st.integers(1, 3), st.integers(7, 97), st.data())
def test_shards_of_a_window_are_those_that_hold_its_pixels(ppd: int, edge: int, data: DataObject) -> None:
    g = grid(ppd, edge)
    top, left = data.draw(st.integers(0, g.n_rows - 1)), data.draw(st.integers(0, g.n_cols - 1))
    bottom, right = data.draw(st.integers(top + 1, g.n_rows)), data.draw(st.integers(left + 1, g.n_cols))
    window = Window(row_start=top, row_stop=bottom, col_start=left, col_stop=right)
    held = sum(math.prod(window.common(g.window(shard)).shape) for shard in g.shards_of(window))
    assert held == math.prod(window.shape)


def test_latitude_descends_and_longitude_ascends_at_pixel_centres() -> None:
    g = grid(2)
    assert g.lat()[[0, -1]].tolist() == [89.75, -89.75]
    assert g.lon()[[0, -1]].tolist() == [-179.75, 179.75]


def test_poles_and_the_antimeridian_have_pixels() -> None:
    pixels = grid(4).pixel(lat=[90, -90, 0, 0], lon=[0, 0, 180, -180])
    assert pixels.row.tolist() == [0, 719, 360, 360]
    assert pixels.col.tolist() == [720, 720, 0, 0]


def test_the_largest_grid_has_shards_of_2048() -> None:
    g = grid(304)
    assert (g.shard_edge, g.chunk_edge, g.shard_shape) == (2048, 512, (27, 54))


@pytest.mark.parametrize("lat", [95.0, -90.1, float("nan")])
def test_an_impossible_latitude_is_refused_with_its_value(lat: float) -> None:
    with pytest.raises(GeometryError, match=str(lat)):
        grid(1).pixel(lat=lat, lon=0)


@pytest.mark.parametrize(("ppd", "edge"), [(0, None), (-3, None), (0.31, None), (0.001, None), (1, 0)])
def test_a_grid_without_whole_pixels_is_refused(ppd: float, edge: int | None) -> None:
    with pytest.raises(GeometryError):
        grid(ppd, edge)


def test_a_grid_may_have_a_fraction_of_a_pixel_a_degree() -> None:
    g = grid(4.75)
    assert g.shape == (855, 1710)
    assert g.pixel_area_m2().sum() * g.n_cols == pytest.approx(SPHERE_KM2 * 1e6)
    assert g.lat()[[0, -1]] == pytest.approx([90.0 - 0.5 / 4.75, 0.5 / 4.75 - 90.0])


@given(st.integers(1, 5000))
def test_pixels_of_any_number_of_rows_end_at_the_poles_and_at_180_degrees(rows: int) -> None:
    g = Grid(n_rows=rows, n_cols=2 * rows, shard_edge=256)
    assert g.lat_edges()[[0, -1]].tolist() == [90.0, -90.0]
    assert g.lon_edges()[[0, -1]].tolist() == [-180.0, 180.0]
    np.testing.assert_allclose(g.lat(), -g.lat()[::-1], rtol=0, atol=1e-13)
    assert math.isclose(g.pixel_area_m2().sum() * g.n_cols / 1e6, SPHERE_KM2, rel_tol=1e-12)


def test_a_shard_beyond_the_raster_is_refused() -> None:
    with pytest.raises(GeometryError, match="shard"):
        grid(1, 90).window(Shard(2, 0))


@pytest.mark.parametrize("pole", ["north", "south"])
def test_a_polar_grid_holds_everything_poleward_of_its_limit(pole: Pole) -> None:
    g = polar_grid(pole, limit=60.0, pixel_m=20_000.0)
    where = g.positions()
    beyond = np.abs(where.lat) > 60.0
    assert not beyond[[0, -1], :].any() or np.abs(where.lat[0]).min() < 60.0
    cap = 2 * math.pi * moon.RADIUS_M**2 * (1 - math.sin(math.radians(60.0)))
    assert math.isclose(g.pixel_area_m2()[beyond].sum(), cap, rel_tol=2e-3)  # pixels cut by the edge


def test_polar_positions_agree_with_the_projection_by_hand() -> None:
    g = polar_grid("south", limit=70.0, pixel_m=5000.0)
    where = g.positions()
    row, col = 10, 100
    x, y = g.x()[col], g.y()[row]
    distance = math.degrees(2 * math.atan(math.hypot(x, y) / (2 * moon.RADIUS_M)))
    assert math.isclose(where.lat[row, col], distance - 90.0, abs_tol=1e-9)
    assert math.isclose(where.lon[row, col], math.degrees(math.atan2(x, y)), abs_tol=1e-9)


@pytest.mark.parametrize("code", ["EPSG:4326", "IAU_2015:49900"])
def test_another_body_is_refused_by_name(code: str) -> None:
    with pytest.raises(GeometryError, match=r"not of the Moon.*km"):
        lunar_crs(code)


@pytest.mark.parametrize("code", ["IAU:2015:30100", "nonsense"])
def test_an_unknown_reference_system_is_refused(code: str) -> None:
    with pytest.raises(GeometryError, match="unknown"):
        lunar_crs(code)


@given(st.floats(-90, 90), st.floats(-180, 180), st.floats(0, 180))
def test_distance_along_a_meridian_is_the_difference_in_latitude(lat: float, lon: float, step: float) -> None:
    other = max(-90.0, lat - step)
    found = moon.angular_distance(lat=lat, lon=lon, to_lat=other, to_lon=lon)
    assert math.isclose(float(found), lat - other, abs_tol=1e-6)
