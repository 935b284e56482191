"""Shaded relief: light from the upper left, slopes of metres on metres, level ground untouched."""

import numpy as np
import pytest

from lunarcloud.archive import Picture, RadiusHarmonics
from lunarcloud.figures.relief import VEIL, shaded_relief
from lunarcloud.moon import RADIUS_M, Grid, PolarGrid, Positions, grid, polar_grid


def _shape(degree: int, order: int, metres: float) -> RadiusHarmonics:
    """A sphere with one wave on it."""
    table = np.zeros((2, degree + 1, degree + 1))
    table[0, 0, 0] = RADIUS_M
    table[0, degree, order] = metres
    return RadiusHarmonics(name="wave", table=table, digest="")


def test_slopes_to_the_upper_left_are_lit_and_the_others_dark() -> None:
    # Order 2 of degree 2 rises towards longitudes 0 and 180 along the equator.
    light = shaded_relief(_shape(2, 2, 5000.0), grid(1))
    facing_west, facing_east = light.sel(lon=-45.5), light.sel(lon=44.5)
    at = {"lat": 0.5}
    assert float(facing_west.sel(at)) > 0.5
    assert float(facing_east.sel(at)) < -0.5
    assert abs(float(light.sel(lat=0.5, lon=0.5))) < 0.05


def test_a_round_hill_at_the_pole_is_lit_alike_at_equal_distance_from_the_light() -> None:
    raster = polar_grid("south", limit=60.0, pixel_m=20_000.0)
    light = shaded_relief(_shape(3, 0, 5000.0), raster).values
    # Symmetric about the diagonal along which the light falls.
    assert light == pytest.approx(light.T, abs=1e-3)
    assert np.abs(light).max() == pytest.approx(1.0)


def test_slopes_are_of_metres_on_the_ground_wherever_the_projection_enlarges() -> None:
    """Two grids that share a place but not its scale give the same light there."""
    shape = _shape(4, 3, 5000.0)
    fine, wide = (
        shaded_relief(shape, polar_grid("north", limit=limit, pixel_m=10_000.0)) for limit in (40.0, 70.0)
    )
    x, y = 305_000.0, -205_000.0
    stretch = float(fine.sel(x=x, y=y)) / float(wide.sel(x=x, y=y))
    other = float(fine.sel(x=-y, y=-x)) / float(wide.sel(x=-y, y=-x))
    assert stretch == pytest.approx(other, rel=1e-3)


@pytest.mark.parametrize("first_lon", [-179.75, 0.25])
def test_a_picture_lies_where_it_was_taken(first_lon: float) -> None:
    lat = 90.0 - (np.arange(360) + 0.5) / 2
    lon = first_lon + np.arange(720) / 2
    bright = (lat[:, np.newaxis] > 75) & (np.abs(lon % 360 - 135) < 10)
    brightness = np.where(bright, 1.0, np.where(lat > 89.0, np.nan, 0.5)[:, np.newaxis]).astype(np.float32)
    picture = Picture(name="spot", brightness=brightness, first_lon=first_lon, digest="")
    for raster in (grid(2), polar_grid("north", limit=70.0, pixel_m=10_000.0)):
        light = shaded_relief(picture, raster)
        where = raster.positions() if isinstance(raster, PolarGrid) else _positions(raster)
        inside = (where.lat > 76) & (where.lat < 88) & (np.abs(where.lon - 135) < 5)
        assert float(light.values[inside].min()) > 0.4
        assert float(np.abs(light.values[(where.lat < 74) | (np.abs(where.lon) < 90)]).max()) == 0.0


def _positions(raster: Grid) -> Positions:
    lat, lon = np.meshgrid(raster.lat(), raster.lon(), indexing="ij")
    return Positions(lat=lat, lon=lon)


def test_level_ground_keeps_the_colours_of_the_map() -> None:
    assert VEIL["cmap"](0.5)[3] == pytest.approx(0.0, abs=0.01)
    dark, bright = VEIL["cmap"](0.0), VEIL["cmap"](1.0)
    assert dark[:3] == (0.0, 0.0, 0.0)
    assert bright[:3] == (1.0, 1.0, 1.0)
