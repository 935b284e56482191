"""Intervals that keep their promise for stations left out: the jackknife+ of Barber et al. (2021).

Barber, Candes, Ramdas & Tibshirani (2021, doi 10.1214/20-AOS1965): of n stations each is left out once; R_i
is the error of the model fitted without station i at that station, f_i(x) what it says of a spectrum x.
The interval of coverage c at x reaches from the (n - k + 1)-th smallest f_i(x) - R_i to the k-th smallest
f_i(x) + R_i, k = ceil(c (n + 1)). For exchangeable stations it covers a new one with probability 2 c - 1 at
least whatever the model is, and in practice with c.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lunarcloud.errors import InputError
from lunarcloud.models.inputs import FloatArray


class Fraction(NamedTuple):
    """Hits among trials, and where 95 of 100 experiments of that many trials would have the true share."""

    share: float
    least: float
    most: float


def too_few(stations: int, coverage: float) -> str:
    """Why so many stations allow no finite interval of a coverage; empty if they do.

    Parameters
    ----------
    stations : int
        How many were left out in turn.
    coverage : float
        Between 0 and 1.
    """
    if _rank(stations, coverage) <= stations:
        return ""
    least = math.ceil(round(coverage / (1 - coverage), 9))
    return f"{stations} stations are too few for an interval of {coverage:.0%}; it needs {least}"


def _rank(stations: int, coverage: float) -> int:
    """Which of the sorted ends bounds the interval, counted from 1."""
    # Rounded, so that 0.95 * 20 is 19.
    return math.ceil(round(coverage * (stations + 1), 9))


def half_widths(
    centre: FloatArray, without: FloatArray, residuals: FloatArray, coverage: float
) -> FloatArray:
    """Half-widths of intervals around what is mapped, wide enough for the jackknife+ interval.

    Parameters
    ----------
    centre : ndarray, shape (n,)
        What the whole model says of n spectra.
    without : ndarray, shape (station, n)
        What the models fitted without each station say of them.
    residuals : ndarray, shape (station,)
        Absolute errors of these models at the station left out.
    coverage : float
        Between 0 and 1.

    Returns
    -------
    ndarray, shape (n,)
        In the unit of the model. The jackknife+ interval need not lie evenly about ``centre``: the farther
        end counts, so that the coverage is that of the jackknife+ or more.

    Raises
    ------
    InputError
        For fewer stations than the coverage needs.
    """
    k = _rank(len(residuals), coverage)
    if reason := too_few(len(residuals), coverage):
        raise InputError(reason)
    upper = np.partition(without + residuals[:, None], k - 1, axis=0)[k - 1]
    lower = np.partition(without - residuals[:, None], len(residuals) - k, axis=0)[len(residuals) - k]
    widths: FloatArray = np.maximum(upper - centre, centre - lower)
    return widths


def covered(inside: npt.NDArray[np.bool_]) -> Fraction:
    """The share of intervals that held what was measured, with its own uncertainty.

    Parameters
    ----------
    inside : ndarray of bool
        Whether each held it; one at least.

    Returns
    -------
    Fraction
        The exact binomial interval of Clopper and Pearson (1934).
    """
    # Slow to import, and only reports of coverage need it.
    from scipy.stats import binomtest

    found = binomtest(int(inside.sum()), inside.size)
    least, most = found.proportion_ci(0.95, method="exact")
    return Fraction(float(found.statistic), float(least), float(most))
