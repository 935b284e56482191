import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunarcloud.archive.stations import Station
from lunarcloud.models.samples import Samples, site_mean, site_pixels
from lunarcloud.moon import grid


def station(lat: float, lon: float, pixels: tuple[int, int]) -> Station:
    return Station(site="A", lat=lat, lon=lon, oxides={}, reflectance=None, pixels=pixels, sources={})


def test_mean_and_spread_are_over_valid_pixels() -> None:
    block = np.array([[[0.1, 0.2, 0.3]], [[0.2, 0.4, 0.9]]])
    found = site_mean(block[:, :, :2])
    assert found
    np.testing.assert_allclose(found.mean, [0.15, 0.3])
    np.testing.assert_allclose(found.spread, [0.05, 0.1])
    assert found.pixels == 2


def test_pixel_missing_in_one_band_counts_in_none() -> None:
    found = site_mean(np.array([[[0.1, 0.2]], [[0.2, np.nan]]]))
    assert found
    np.testing.assert_allclose(found.mean, [0.1, 0.2])
    assert found.pixels == 1


@pytest.mark.parametrize("value", [np.nan, 0.0, -0.1])
def test_site_without_a_valid_pixel_has_no_mean(value: float) -> None:
    assert site_mean(np.full((5, 3, 3), value)) is None


def test_window_is_around_the_stations_pixel() -> None:
    rows, cols = site_pixels(grid(10), station(0.05, 0.05, (3, 5)))
    assert rows.tolist() == [898, 899, 900]
    assert cols.tolist() == [1798, 1799, 1800, 1801, 1802]


def test_window_goes_around_the_far_side_and_ends_at_the_pole() -> None:
    rows, cols = site_pixels(grid(1), station(-89.9, 179.9, (3, 3)))
    assert rows.tolist() == [178, 179]
    assert cols.tolist() == [358, 359, 0]


@given(st.floats(-90, 90), st.floats(-180, 180), st.integers(1, 9), st.integers(1, 9))
def test_window_holds_the_station_and_never_leaves_the_grid(
    lat: float, lon: float, lines: int, samples: int
) -> None:
    on = grid(4)
    rows, cols = site_pixels(on, station(lat, lon, (lines, samples)))
    at = on.pixel(lat=lat, lon=lon)
    assert at.row in rows
    assert at.col in cols
    assert len(cols) == samples
    assert 0 <= rows.min() <= rows.max() < on.n_rows


def test_stations_of_one_spectrum_are_named_together() -> None:
    spectra = np.array([[0.1, 0.2, 0.1, 0.1, 0.2], [0.2, 0.3, 0.2, 0.25, 0.3]])
    samples = Samples(tuple("abcde"), (415.0, 750.0), spectra, np.zeros((5, 5)))
    assert samples.equal_spectra == (("a", "c"), ("b", "e"))
    assert samples.take(np.array([True, True, False, True, False])).equal_spectra == ()
