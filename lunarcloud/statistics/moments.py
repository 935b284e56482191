"""Mean, deviation and quantiles, exact, from a histogram of integer codes."""

from typing import NamedTuple

import numpy as np

from lunarcloud.moon import IntArray
from lunarcloud.statistics.source import Coding

#: Quantiles of every table and box plot.
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


class Moments(NamedTuple):
    """Mean and standard deviation of a map over a unit, in the map's units; NaN for an empty unit."""

    mean: float
    std: float


def moments(first: int, weights: IntArray, coding: Coding) -> Moments:
    """Mean and standard deviation (of the population: the unit is all there is).

    Parameters
    ----------
    first : int
        Code of the first weight.
    weights : (code,) array
        Weight of each code. Sums are in whole numbers without bound, divided once at the end.
    coding : Coding
        What the codes mean.
    """
    n, total, squares = _power_sums(first, weights)
    if not n:
        return Moments(float("nan"), float("nan"))
    variance = (n * squares - total * total) / (n * n)
    return Moments(total / n * coding.scale + coding.offset, float(np.sqrt(variance)) * coding.scale)


def quantiles(first: int, weights: IntArray, coding: Coding) -> list[float]:
    """The `QUANTILES`: each the lowest value with at least that part of the weight at or below it."""
    running = np.cumsum(weights)
    if not running.size or not running[-1]:
        return [float("nan")] * len(QUANTILES)
    codes = first + np.searchsorted(running, [q * float(running[-1]) for q in QUANTILES])
    return [float(value) for value in coding.values(codes)]


def _power_sums(first: int, weights: IntArray) -> tuple[int, int, int]:
    """Sum of weights, of weight times code and of weight times code squared, exactly."""
    used = np.flatnonzero(weights)
    exact = weights[used].astype(object)
    codes = (first + used).astype(object)
    return int(exact.sum()), int((exact * codes).sum()), int((exact * codes * codes).sum())
