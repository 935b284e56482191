"""Maps in the dots of a picture: each dot is the mean of the pixels in it, those that are known."""

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr

from lunarcloud.figures.style import mollweide, plate_carree
from lunarcloud.figures.warp import warp
from lunarcloud.moon import grid

_COLS, _ROWS = 200, 100


def _map(values: npt.NDArray[np.float64]) -> xr.DataArray:
    raster = grid(len(values) // 180)
    return xr.DataArray(values, {"lat": raster.lat(), "lon": raster.lon()}, ("lat", "lon"))


def _warped(data: xr.DataArray) -> npt.NDArray[np.float32]:
    return warp(data, mollweide(), _COLS)


def _samples(row: int, col: int) -> npt.NDArray[np.float64]:
    """Longitudes and latitudes of many places spread over a dot."""
    projection = mollweide()
    (west, east), (south, north) = projection.x_limits, projection.y_limits
    within = (np.arange(64) + 0.5) / 64
    x, y = west + (col + within) * (east - west) / _COLS, north - (row + within) * (north - south) / _ROWS
    points: npt.NDArray[np.float64] = plate_carree().transform_points(projection, *np.meshgrid(x, y))
    return points[..., :2].reshape(-1, 2)


@pytest.mark.parametrize(("row", "col"), [(50, 100), (12, 80), (80, 40), (97, 101)])
def test_a_dot_is_the_mean_of_the_pixels_in_it(row: int, col: int) -> None:
    raster = grid(4)
    data = _map(np.add.outer(7.0 * raster.lat(), raster.lon()))
    lon, lat = _samples(row, col).T
    pixels = data.values[np.floor((90 - lat) * 4).astype(int), np.floor((lon + 180) * 4).astype(int)]
    assert _warped(data)[row, col] == pytest.approx(pixels.mean(), abs=0.2)


def test_a_map_finer_than_the_dots_is_averaged_and_not_thinned() -> None:
    values = np.zeros((1440, 2880))
    values[:, ::2] = 1.0
    assert _warped(_map(values))[:, 90:110] == pytest.approx(np.full((_ROWS, 20), 0.5), abs=0.05)


def test_a_map_coarser_than_the_dots_keeps_its_values() -> None:
    values = np.random.default_rng(2).random((180, 360))
    dots = warp(_map(values), mollweide(), 2000)
    # The middle of the picture is the corner of four pixels.
    assert dots[496:504:7, 996:1004:7] == pytest.approx(values[89:91, 179:181])


def test_missing_pixels_do_not_count_and_dots_of_them_alone_are_missing() -> None:
    values = np.full((360, 720), 3.0)
    values[::2, ::3] = np.nan
    values[180:200, 360:380] = np.nan
    dots = _warped(_map(values))
    assert np.isnan(dots[51:54, 101:104]).all()
    assert np.unique(dots[np.isfinite(dots)]) == pytest.approx([3.0])


def test_beyond_the_limb_and_beyond_a_map_of_a_part_there_is_nothing() -> None:
    whole = _map(np.ones((360, 720)))
    dots = _warped(whole)
    assert np.isnan(dots[[0, 0, -1, -1], [0, -1, 0, -1]]).all()
    # A circle of dots, stretched twice as wide.
    assert np.isfinite(dots).mean() == pytest.approx(np.pi / 4, abs=0.02)
    part = _warped(whole.sel(lat=slice(30, -30), lon=slice(-90, 0)))
    assert np.isfinite(part[50, 51:99]).all()
    assert np.isnan(part[[10, 90, 50, 50], [80, 80, 49, 101]]).all()
