"""Table and mosaic at the stations that have both: a planted line is found, too few say nothing."""

import numpy as np
import pytest

from lunarcloud.models.agreement import LEAST_STATIONS, Compared, worst

SITES = tuple(f"S{number}" for number in range(40))


def compared(gain: float, offset: float, scatter: float = 0.0) -> Compared:
    random = np.random.default_rng(3)
    table = random.uniform(0.05, 0.3, (2, len(SITES)))
    noise = random.normal(0, scatter, table.shape) if scatter else 0.0
    return Compared(SITES, (415.0, 750.0), table, gain * table + offset + noise)


def test_a_planted_line_and_its_scatter_are_found() -> None:
    for band in compared(1.08, -0.004, 0.002).bands:
        assert band.gain == pytest.approx(1.08, abs=0.01)
        assert band.offset == pytest.approx(-0.004, abs=0.002)
        assert band.scatter == pytest.approx(0.002, rel=0.3)
        assert band.stations == 40


def test_the_difference_is_relative_and_0_where_both_are_one() -> None:
    assert [band.difference for band in compared(1.0, 0.0).bands] == pytest.approx([0, 0], abs=1e-12)
    assert [band.difference for band in compared(1.2, 0.0).bands] == pytest.approx([0.2, 0.2])


def test_the_worst_band_is_the_one_that_differs_most() -> None:
    both = compared(1.0, 0.0)
    shifted = both._replace(mosaic=both.mosaic * np.array([[1.0], [1.3]]))
    found = worst(shifted.bands)
    assert found is not None
    assert found.wavelength_nm == 750.0


def test_stations_of_one_brightness_have_a_line_too() -> None:
    flat = compared(1.0, 0.0)._replace(table=np.full((2, 40), 0.1), mosaic=np.full((2, 40), 0.11))
    assert all(np.isfinite([band.gain, band.offset]).all() for band in flat.bands)


def test_too_few_stations_say_nothing() -> None:
    both = compared(2.0, 0.0)
    few = LEAST_STATIONS - 1
    assert Compared(SITES[:few], both.wavelengths_nm, both.table[:, :few], both.mosaic[:, :few]).bands == ()
    assert worst(()) is None
