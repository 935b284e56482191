"""What is said of every station: its chance is the scatter of the networks that differ by their seed."""

from statistics import stdev

import numpy as np
import pytest

from lunarcloud.models.accuracy import residuals
from lunarcloud.models.equation_fit import Predictions

MEASURED = np.array([5.0, np.nan, 15.0])
SEEDS = [np.array(fitted) for fitted in ([5.5, np.nan, 14.0], [4.9, np.nan, 15.5], [5.2, np.nan, 15.2])]


def _by_seed(number: int) -> list[Predictions]:
    return [Predictions(MEASURED, fitted, None) for fitted in SEEDS[:number]]


def test_the_chance_of_a_station_is_the_standard_deviation_over_seeds() -> None:
    mean = Predictions(MEASURED, np.mean(SEEDS, axis=0), None)
    first, last = residuals("cnn", "feo", mean, ("a", "b", "c"), _by_seed(3))
    assert (first.site, last.site) == ("a", "c")
    assert first.chance == pytest.approx(stdev([5.5, 4.9, 5.2]))
    assert last.chance == pytest.approx(stdev([14.0, 15.5, 15.2]))


def test_an_equation_and_a_single_seed_know_no_chance() -> None:
    for by_seed in ([], _by_seed(1)):
        said = residuals("cnn", "feo", Predictions(MEASURED, SEEDS[0], None), ("a", "b", "c"), by_seed)
        assert [each.chance for each in said] == [None, None]
