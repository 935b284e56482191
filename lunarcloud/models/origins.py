"""Fits of the equations: every origin of the paper's grids is tried, the one of the highest R2 wins.

The optimised origin of Lucey et al. (2000, doi 10.1029/1999JE001117) with the grids of Qiu, Yan & Liu
(2025): pitch 0.001; iron x0 0..0.2 and y0 1..2 with a straight line, titanium x0 0..1 and y0 0..1 with a
power law. R2 = 1 - SSres / SStot on wt% for both, so the power law is fitted by true least squares and
not in logarithms. An origin counts only if every station lies within the equation's validity
(`models.equations`): R750 > x0, and for titanium a ratio above y0.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, NamedTuple, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from lunarcloud.errors import InputError
from lunarcloud.models.equations import IronEquation, TitaniumEquation
from lunarcloud.models.inputs import FloatArray

Equation = TypeVar("Equation", IronEquation, TitaniumEquation)
#: R2 and the two coefficients of each of n origins, from the angles (n, station) and the wt% (station,).
Fits: TypeAlias = tuple[FloatArray, FloatArray, FloatArray]
Curve: TypeAlias = Callable[[FloatArray, FloatArray], Fits]

#: Origins per unit of either axis: pitch 0.001.
PER_UNIT = 1000
#: Origin and two coefficients.
PARAMETERS = 4
# Newton's method on the exponent starts from the best of these and stays within a factor of 2 of it, that is
# between its neighbours, which are worse. The paper's exponent is 4.
_EXPONENTS = np.array([0.5, 1.0, 2.0, 4.0, 8.0, 16.0])
# Over the whole grid of the shipped stations, a sixth step moves no exponent by more than 2e-7.
_NEWTON_STEPS = 5


class Search(NamedTuple, Generic[Equation]):
    """The best equation, its R2, and R2 over the grid (x0, y0): NaN where an origin does not count."""

    equation: Equation
    r2: float
    surface: npt.NDArray[np.float32]
    x0: FloatArray
    y0: FloatArray


def search_iron(r750: FloatArray, r950: FloatArray, feo: FloatArray) -> Search[IronEquation]:
    """Fit the iron equation to stations.

    Parameters
    ----------
    r750, r950 : ndarray, shape (station,)
        Reflectance at 750 and 950 nm, fractions above 0.
    feo : ndarray, shape (station,)
        Measured FeO, wt%.

    Returns
    -------
    Search
        The equation of the highest R2, the first by x0 and then y0 among equals.

    Raises
    ------
    InputError
        For too few stations, or stations all of one FeO or one spectrum.
    """
    ratio = r950 / r750
    _check(r750, ratio, feo, "FeO")
    x0, y0 = _grid(0.0, 0.2), _grid(1.0, 2.0)
    # A line takes angles of either sign, so any y0 counts.
    counts = x0 < r750.min(), np.ones(len(y0), dtype=bool)
    fits = _fit_origins(r750, ratio, feo, (x0, y0), counts, _line)
    r2, slope, intercept, i, j = _best(fits)
    # The line was fitted to arctan; theta_Fe is its negative.
    equation = IronEquation(x0=x0[i], y0=y0[j], slope=-slope, intercept=intercept)
    return Search(equation, r2, fits[0].astype(np.float32), x0, y0)


def search_titanium(r415: FloatArray, r750: FloatArray, tio2: FloatArray) -> Search[TitaniumEquation]:
    """Fit the titanium equation to stations.

    Parameters
    ----------
    r415, r750 : ndarray, shape (station,)
        Reflectance at 415 and 750 nm, fractions above 0.
    tio2 : ndarray, shape (station,)
        Measured TiO2, wt%.

    Returns
    -------
    Search
        The equation of the highest R2, the first by x0 and then y0 among equals.

    Raises
    ------
    InputError
        For too few stations, or stations all of one TiO2 or one spectrum.
    """
    ratio = r415 / r750
    _check(r750, ratio, tio2, "TiO2")
    # A power law needs angles above 0 and so a y0 below every ratio.
    x0 = y0 = _grid(0.0, 1.0)
    fits = _fit_origins(r750, ratio, tio2, (x0, y0), (x0 < r750.min(), y0 < ratio.min()), _power)
    r2, factor, exponent, i, j = _best(fits)
    equation = TitaniumEquation(x0=x0[i], y0=y0[j], factor=factor, exponent=exponent)
    return Search(equation, r2, fits[0].astype(np.float32), x0, y0)


def left_out(search: Callable[..., Search[Equation]], *stations: FloatArray) -> list[Search[Equation]]:
    """The search repeated without each station in turn; arguments as for the search itself."""

    def without(index: int) -> Search[Equation]:
        return search(*(np.delete(values, index) for values in stations))

    # Threads are enough: a search is numpy on long arrays, which releases the GIL.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(without, range(len(stations[0]))))


def _grid(first: float, last: float) -> FloatArray:
    # Exact decimals: 0.023 and not 23 times the nearest double of 0.001. Both ends are tried.
    return np.arange(round(first * PER_UNIT), round(last * PER_UNIT) + 1) / PER_UNIT


def _check(r750: FloatArray, ratio: FloatArray, weights: FloatArray, oxide: str) -> None:
    if len(weights) <= PARAMETERS:
        raise InputError(
            f"{len(weights)} stations with {oxide} are too few: the equation has {PARAMETERS} parameters "
            f"and needs at least {PARAMETERS + 1} stations with {oxide} and reflectance"
        )
    if np.ptp(weights) == 0:
        raise InputError(f"all {len(weights)} stations have {oxide} {weights[0]} wt%: nothing can be fitted")
    if np.ptp(r750) == 0 and np.ptp(ratio) == 0:
        raise InputError(f"all {len(weights)} stations with {oxide} have one and the same spectrum")


def _fit_origins(
    r750: FloatArray,
    ratio: FloatArray,
    weights: FloatArray,
    grids: tuple[FloatArray, FloatArray],
    counts: tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]],
    curve: Curve,
) -> FloatArray:
    """R2 and both coefficients (3, x0, y0) of every origin that counts, NaN elsewhere."""
    fits = np.full((3, len(grids[0]), len(grids[1])), np.nan)
    # (y0 that count, station): it does not depend on x0 and is made once.
    dy = ratio - grids[1][counts[1]][:, None]
    # One x0 at a time: the angles of all its y0 stay in the cache. An integer beside a mask in an index keeps
    # the order of axes, so the target is (3, y0 that count), as the curve returns it.
    for i in np.flatnonzero(counts[0]):
        fits[:, i, counts[1]] = curve(np.arctan(dy / (r750 - grids[0][i])), weights)
    return fits


def _line(theta: FloatArray, weights: FloatArray) -> Fits:
    """Least-squares lines of ``weights`` on each row of ``theta``: R2, slope, intercept."""
    mean, centred = weights.mean(), weights - weights.mean()
    means = theta.mean(axis=1)
    # The weights are centred, so the angles need not be. einsum and not a BLAS product, here and below: the
    # threads over folds would fight with those of BLAS.
    covariance = np.einsum("ns,s->n", theta, centred)
    variance = np.einsum("ns,ns->n", theta, theta) - theta.shape[1] * means**2
    slope = covariance / variance
    # Of a least-squares line, slope times covariance is what it explains: R2 needs no residuals.
    return slope * covariance / (centred @ centred), slope, mean - slope * means


def _power(theta: FloatArray, weights: FloatArray) -> Fits:
    """Least-squares power laws of ``weights`` on each row of ``theta`` > 0: R2, factor, exponent.

    For a given exponent b the best factor is known, ``P / Q`` with ``P = sum(w theta^b)`` and
    ``Q = sum(theta^2b)``, and leaves ``SSres = sum(w^2) - P^2 / Q``. So one number is searched: the
    maximum of ``log(P^2 / Q)`` over b, from the best of a few exponents by Newton's method.
    """
    exponent = _first_exponents(theta, weights)
    low, high = exponent / 2.0, exponent * 2.0
    logs = np.log(theta)
    for _ in range(_NEWTON_STEPS):
        slope, curvature = _derivatives(logs, exponent, weights)
        # Newton climbs only where the curve bends down; elsewhere the exponent stays as good as it is.
        # `where` computes both branches, so the divisor is kept from 0 also where its result is not taken.
        step = np.where(curvature < 0, -slope / np.minimum(curvature, -1e-12), 0.0)
        exponent = np.clip(exponent + step, low, high)
    powers = np.exp(exponent[:, None] * logs)
    product, square = np.einsum("ns,s->n", powers, weights), np.einsum("ns,ns->n", powers, powers)
    residual = weights @ weights - product**2 / square
    total = ((weights - weights.mean()) ** 2).sum()
    return 1.0 - residual / total, product / square, exponent


def _first_exponents(theta: FloatArray, weights: FloatArray) -> FloatArray:
    """The best of the exponents 1/2, 1, 2 ... 16: each power is the square of the one before."""
    powers, explained = np.sqrt(theta), []
    for _ in _EXPONENTS:
        explained.append((np.einsum("ns,s->n", powers, weights)) ** 2 / np.einsum("ns,ns->n", powers, powers))
        powers *= powers
    best: FloatArray = _EXPONENTS[np.argmax(explained, axis=0)]
    return best


def _derivatives(
    logs: FloatArray, exponent: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """First and second derivative of ``log(P^2 / Q)`` of `_power` by the exponent."""
    powers = np.exp(exponent[:, None] * logs)
    # theta^b log(theta): each derivative by b brings one more logarithm, and in Q, of theta^2b, a factor 2.
    scaled = powers * logs
    p, p1, p2 = (
        np.einsum("ns,s->n", powers, weights),
        np.einsum("ns,s->n", scaled, weights),
        np.einsum("ns,ns,s->n", scaled, logs, weights),
    )
    q = np.einsum("ns,ns->n", powers, powers)
    q1 = 2.0 * np.einsum("ns,ns->n", scaled, powers)
    q2 = 4.0 * np.einsum("ns,ns->n", scaled, scaled)
    slope = 2.0 * p1 / p - q1 / q
    return slope, 2.0 * (p2 / p - (p1 / p) ** 2) - (q2 / q - (q1 / q) ** 2)


def _best(fits: FloatArray) -> tuple[float, float, float, int, int]:
    """R2, both coefficients and the place of the best origin; the first of equals.

    Some origin always counts: both grids begin at or below what positive reflectances give.
    """
    i, j = np.unravel_index(np.nanargmax(fits[0]), fits[0].shape)
    r2, first, second = fits[:, i, j].tolist()
    return r2, first, second, int(i), int(j)
