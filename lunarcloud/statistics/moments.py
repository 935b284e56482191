"""Mean, deviation and quantiles, exact, from a histogram of integer codes."""

from typing import NamedTuple

import numpy as np

from lunarcloud.statistics.source import Coding
from lunarcloud.statistics.tallies import Sums

#: Quantiles of every table and box plot.
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


class Moments(NamedTuple):
    """Mean and standard deviation of a map over a unit.

    Attributes
    ----------
    mean, std : float
        In the map's units; NaN for an empty unit.
    """

    mean: float
    std: float


def moments(sums: Sums, coding: Coding) -> Moments:
    """Mean and standard deviation (of the population: the unit is all there is).

    Sums over the histogram are in whole numbers without bound and divided once, at the end.
    """
    # E[x^2] - E[x]^2 in floats loses all digits where the spread is small beside the mean. In Python's
    # integers the numerator is exact, so the formula is, too.
    n, total, squares = _power_sums(sums)
    if not n:
        return Moments(float("nan"), float("nan"))
    variance = (n * squares - total * total) / (n * n)
    return Moments(total / n * coding.scale + coding.offset, float(np.sqrt(variance)) * coding.scale)


def quantiles(sums: Sums, coding: Coding) -> list[float]:
    """The `QUANTILES`: each the lowest value with at least that part of the weight at or below it."""
    # Weights of the whole sphere sum to 2^53: integers that float64, in which they are compared, still holds.
    running = np.cumsum(sums.histogram)
    if not running.size or not running[-1]:
        return [float("nan")] * len(QUANTILES)
    codes = sums.first + np.searchsorted(running, [q * float(running[-1]) for q in QUANTILES])
    return [float(value) for value in coding.values(codes)]


def _power_sums(sums: Sums) -> tuple[int, int, int]:
    """Sum of weights, of weight times code and of weight times code squared, exactly."""
    # As objects, numpy calculates in Python's unbounded integers: up to 2^53 area parts times a squared code
    # of 2^32 and more are beyond 64 bits.
    used = np.flatnonzero(sums.histogram)
    exact = sums.histogram[used].astype(object)
    codes = (sums.first + used).astype(object)
    return int(exact.sum()), int((exact * codes).sum()), int((exact * codes * codes).sum())
