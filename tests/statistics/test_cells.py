"""The paper's equal-area cells."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lunarcloud.moon import RADIUS_M, SPHERE_KM2, grid
from lunarcloud.statistics import cells


def test_the_count_is_right_to_the_digit() -> None:
    assert cells.band_counts().sum() == 16_858_820
    assert cells.band_counts()[cells.band_lat() < -65].sum() == 792_886
    assert cells.band_counts()[0] == 29
    assert cells.band_counts()[600] == cells.band_counts()[599] == 22068


def test_the_width_is_the_paper_s_equation() -> None:
    """dlon = A / (R^2 dphi cos phi), of which each band's is the nearest that divides the circle."""
    phi, step = np.radians(cells.band_lat()), np.radians(0.15)
    dlon = 2.25e6 / (RADIUS_M**2 * step * np.cos(phi))
    np.testing.assert_array_equal(cells.band_counts(), np.rint(2 * np.pi / dlon))


def test_the_areas_are_the_sphere() -> None:
    assert (cells.band_counts() * cells.cell_km2()).sum() == pytest.approx(SPHERE_KM2, rel=1e-12)
    assert np.abs(cells.cell_km2() / cells.CELL_KM2 - 1).max() < 0.004


@pytest.mark.parametrize(("ppd", "edge"), [(1, 64), (7, 1000)])
def test_shards_hold_every_cell_once_at_the_pixel_of_its_centre(ppd: int, edge: int) -> None:
    on = grid(ppd, edge)
    windows = [on.window(shard) for shard in on.shards()]
    found = [cells.sample(on, window) for window in windows]
    cell = np.concatenate([part.cell for part in found])
    assert np.array_equal(np.sort(cell), np.arange(16_858_820))
    row = np.concatenate([part.row + window.row_start for part, window in zip(found, windows, strict=True)])
    col = np.concatenate([part.col + window.col_start for part, window in zip(found, windows, strict=True)])
    some = slice(None, None, 997)
    where = cells.cell_positions(cell[some])
    pixel = on.pixel(lat=where.lat, lon=where.lon)
    np.testing.assert_array_equal(row[some], pixel.row)
    # A centre on the very edge of a pixel may round either way in floating point, not in whole numbers.
    assert (col[some] == pixel.col).mean() > 0.999


@given(number=st.integers(0, 16_858_819))
@settings(deadline=None)
def test_a_cell_is_in_its_band(number: int) -> None:
    band = int(cells.band_of(number))
    start = cells.band_starts()[band]
    assert start <= number < start + cells.band_counts()[band]
    where = cells.cell_positions(number)
    assert where.lat == cells.band_lat()[band]
    assert -180 < where.lon < 180


def test_positions_lie_in_the_cell_whose_centre_is_nearest_to_the_east_and_west_and_in_its_band() -> None:
    number = np.arange(0, 16_858_820, 997)
    at = cells.cell_positions(number)
    half = 180.0 / cells.band_counts()[cells.band_of(number)]
    for north, east in ((0, 0), (0.0749, 0.99), (-0.0749, -0.99)):
        assert np.array_equal(cells.cell_at(lat=at.lat + north, lon=at.lon + east * half), number)
    ends = np.array([90.0, -90.0, 0.075]), np.array([-180.0, 180.0, 180.0])
    assert cells.cell_at(lat=ends[0], lon=ends[1]).tolist() == [0, 16_858_820 - 29, cells.band_starts()[599]]
