"""Where stored pixels lie, and which of them a region has."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from lunarcloud.archive import feature
from lunarcloud.errors import InputError, NotFoundError
from lunarcloud.exports.rasters import Stored, box_named, transform_of, window_of
from lunarcloud.fetching import Box
from lunarcloud.maps import Run
from lunarcloud.moon import Window, grid, kilometres, polar_grid


def stored(run: Run) -> Stored:
    return Stored(run.store / "0")


def test_the_raster_is_read_from_what_is_stored(run: Run) -> None:
    assert stored(run).raster == run.grid
    assert stored(run).maps == ("feo_cnn", "mg_number", "quality")


@given(some.floats(-90, 89), some.floats(0.1, 90), some.floats(-180, 360), some.floats(0.1, 359))
def test_a_window_holds_its_box_and_hardly_more(
    south: float, height: float, west: float, width: float
) -> None:
    on, north = grid(4), min(south + height, 90.0)
    window = window_of(on, Box(south, west, north, west + width))
    top, bottom = 90 - window.row_start / on.ppd, 90 - window.row_stop / on.ppd
    assert bottom <= south + 1e-6 < bottom + 0.25 + 2e-6
    assert top >= north - 1e-6 > top - 0.25 - 2e-6
    left = window.col_start / on.ppd - 180
    away = (west - left) % 360.0
    assert min(away, 360.0 - away) < 0.25 + 1e-6
    assert width - 1e-5 <= window.shape[1] / on.ppd <= width + 0.5 + 1e-5


def test_all_of_the_moon_is_the_whole_grid() -> None:
    assert window_of(grid(3), Box(-90, -180, 90, 180)) == grid(3).whole


def test_edges_of_pixels_take_no_further_pixel() -> None:
    # A tenth is no number of the machine's.
    window = window_of(grid(10), Box(-0.3, 0.1, 0.3, 0.7))
    assert window.shape == (6, 6)


@given(some.integers(0, 1439), some.integers(1, 1440))
def test_pieces_are_every_pixel_once_also_round_the_moon(start: int, width: int) -> None:
    whole = Stored.__new__(Stored)
    on = grid(4, 256)
    whole.__dict__["raster"] = on
    window = Window(row_start=300, row_stop=700, col_start=start, col_stop=start + width)
    found = np.full(window.shape, -1)
    for piece in whole.pieces(window):
        assert piece.source.shape == piece.target.shape
        assert (found[piece.target.slices] == -1).all()
        found[piece.target.slices] = np.arange(piece.source.col_start, piece.source.col_stop)
    assert (found == np.arange(start, start + width) % on.n_cols).all()


def test_columns_and_rows_become_degrees_and_metres() -> None:
    at = transform_of(grid(2), Window(row_start=10, row_stop=20, col_start=30, col_stop=40))
    assert at @ (0, 0) == (-165.0, 85.0)
    pole = polar_grid("south", limit=80.0, pixel_m=500.0)
    assert transform_of(pole, pole.whole) @ (pole.n_cols / 2, pole.n_rows / 2) == (0.0, 0.0)
    assert (transform_of(pole, pole.whole) @ (0.5, 0.5)) == (pole.x()[0], pole.y()[0])


@pytest.mark.parametrize("name", ["Tycho", "mare tranquillitatis", "Mare Frigoris"])
def test_a_features_box_touches_its_disc_on_all_sides(name: str) -> None:
    known, box = feature(name), box_named(name)
    radius = known.diameter_km / 2
    assert kilometres(box.north - known.lat) == pytest.approx(radius)
    assert kilometres(known.lat - box.south) == pytest.approx(radius)
    # The meridian that touches a disc is this far from its middle, at right angles.
    lon, lat = np.radians(box.east - known.lon), np.radians(known.lat)
    assert kilometres(np.degrees(np.arcsin(np.sin(lon) * np.cos(lat)))) == pytest.approx(radius)


def test_what_is_neither_box_nor_feature_is_refused() -> None:
    with pytest.raises(NotFoundError, match="no feature 'Tico'"):
        box_named("Tico")
    with pytest.raises(InputError, match="are these metres"):
        box_named("-1000,0,1000,5000")
