"""Spherical-harmonic transforms, thin over ducc0: coefficients to values anywhere, and grids to coefficients.

Coefficients of a real field are one complex vector, orthonormal with the Condon-Shortley phase, orders
m >= 0, all degrees of order 0 first, then of order 1 (the layout of healpy and ducc0). Tables of the
field (4 pi normalised, no phase, shape (2, degree, order)) are converted at the edge by `from_table`.
Positions (`at`) are evaluated on one thread, since there shards run side by side; whole grids on as many as
the local cluster has. The bits depend on neither.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from lunarcloud.engine import usable_cores
from lunarcloud.moon import FloatArray, IntArray

Coefficients: TypeAlias = npt.NDArray[np.complex128]

#: Evaluates coefficients of a spin at fixed positions: components first, 1 for spin 0 and else 2.
Sampler: TypeAlias = Callable[[Coefficients, int], FloatArray]

# ducc0's modes for a scalar, its gradient, and the spin-2 field that the caller has scaled.
_MODES = ("STANDARD", "DERIV1", "GRAD_ONLY")
# Relative accuracy of `at`. With the oversampling fixed, ducc0 takes the same kernel for any number
# of positions, so a pixel's bits do not depend on the shard it is computed in.
_ACCURACY = 1e-10
_OVERSAMPLING = 2.0


class Vector(NamedTuple):
    """Components of a horizontal vector field, towards north and towards east."""

    north: FloatArray
    east: FloatArray


class Index(NamedTuple):
    """Degree and order of every entry of a coefficient vector."""

    degree: IntArray
    order: IntArray


def lmax_of(coefficients: Coefficients) -> int:
    """The highest degree of a coefficient vector."""
    # Solves (lmax + 1) (lmax + 2) / 2 = size.
    return round((math.sqrt(8 * coefficients.size + 1) - 3) / 2)


@lru_cache(maxsize=8)
def index(lmax: int) -> Index:
    """Degree and order of every entry of a coefficient vector up to a degree."""
    # The upper triangle row by row is the vector's layout, if rows are orders and columns degrees.
    order, degree = np.triu_indices(lmax + 1)
    return Index(degree=degree, order=order)


def from_table(table: FloatArray) -> Coefficients:
    """Coefficients from a table of cosine and sine coefficients.

    Parameters
    ----------
    table : array, shape (2, lmax + 1, lmax + 1)
        4 pi normalised coefficients without Condon-Shortley phase: ``[0, l, m]`` cosine, ``[1, l, m]`` sine.

    Returns
    -------
    array of complex
        ``a_lm = (-1)^m sqrt(4 pi / (2 - delta_m0)) (C_lm - i S_lm)``.
    """
    degree, order = index(table.shape[1] - 1)
    # A sine of order 0 has no meaning: some files leave numbers there, and a real field must not get them.
    sine = np.where(order > 0, table[1, degree, order], 0.0)
    coefficients: Coefficients = _normalisation(order) * (table[0, degree, order] - 1j * sine)
    return coefficients


def to_table(coefficients: Coefficients) -> FloatArray:
    """The inverse of `from_table`: 4 pi normalised coefficients, shape (2, lmax + 1, lmax + 1)."""
    lmax = lmax_of(coefficients)
    degree, order = index(lmax)
    factor = _normalisation(order)
    table = np.zeros((2, lmax + 1, lmax + 1))
    table[0, degree, order] = coefficients.real / factor
    table[1, degree, order] = np.where(order > 0, -coefficients.imag / factor, 0.0)
    return table


def resized(coefficients: Coefficients, lmax: int) -> Coefficients:
    """The same field up to another degree: higher degrees are dropped, missing ones are zero."""
    held = lmax_of(coefficients)
    if held == lmax:
        return coefficients
    degree, order = index(min(held, lmax))
    result = np.zeros((lmax + 1) * (lmax + 2) // 2, dtype=np.complex128)
    result[_place(degree, order, lmax)] = coefficients[_place(degree, order, held)]
    return result


def scaled(coefficients: Coefficients, by_degree: FloatArray) -> Coefficients:
    """The coefficients times a factor of their degree, shape (lmax + 1,)."""
    return coefficients * by_degree[index(lmax_of(coefficients)).degree]


def rms(coefficients: Coefficients) -> float:
    """Root mean square of the field over the sphere, by Parseval's theorem."""
    # An entry of order m > 0 stands for order -m too, its conjugate in a real field.
    twice = np.where(index(lmax_of(coefficients)).order > 0, 2.0, 1.0)
    return math.sqrt(float(np.sum(twice * np.abs(coefficients) ** 2)) / (4.0 * math.pi))


def at(*, lat: npt.ArrayLike, lon: npt.ArrayLike) -> Sampler:
    """Any positions, degrees, broadcast against each other; longitude in any convention.

    Values have a relative accuracy of 1e-10 of the field's root mean square, and their bits do not depend on
    which other positions are asked for.
    """
    # Slow to import, here and below, and a command that finds everything done does not need it.
    from ducc0.sht import synthesis_general

    # ducc0 wants colatitude and a longitude from 0 up, radians, side by side for each position.
    lat, lon = np.broadcast_arrays(np.asarray(lat, dtype=np.float64), np.asarray(lon, dtype=np.float64))
    places = np.empty((lat.size, 2))
    places[:, 0] = np.radians(90.0 - lat.ravel())
    places[:, 1] = np.radians(lon.ravel() % 360.0)
    shape = lat.shape

    def evaluate(coefficients: Coefficients, spin: int) -> FloatArray:
        found: FloatArray = synthesis_general(
            alm=coefficients[np.newaxis],
            spin=spin,
            lmax=lmax_of(coefficients),
            loc=places,
            epsilon=_ACCURACY,
            sigma_min=_OVERSAMPLING,
            sigma_max=_OVERSAMPLING,
            mode=_MODES[spin],
        )
        return found.reshape(-1, *shape)

    return evaluate


def on_dh2(lmax: int) -> Sampler:
    """The equally spaced grid of Driscoll & Healy (1994): 2 lmax + 2 rows from 90 N, columns from 0 E."""
    from ducc0.sht import synthesis_2d

    n_rows = 2 * lmax + 2

    def evaluate(coefficients: Coefficients, spin: int) -> FloatArray:
        found: FloatArray = synthesis_2d(
            alm=coefficients[np.newaxis],
            spin=spin,
            lmax=lmax_of(coefficients),
            geometry="DH",
            ntheta=n_rows,
            nphi=2 * n_rows,
            mode=_MODES[spin],
            nthreads=_threads(),
        )
        return found

    return evaluate


def values(coefficients: Coefficients, where: Sampler) -> FloatArray:
    """The field at positions, in its own unit."""
    found: FloatArray = where(coefficients, 0)[0]
    return found


def gradient(coefficients: Coefficients, where: Sampler) -> Vector:
    """The horizontal gradient of the field on the unit sphere at positions."""
    # The derivative by colatitude, which grows to the south, and by longitude over the sine of colatitude.
    south, east = where(coefficients, 1)
    return Vector(north=-south, east=east)


def anisotropy(coefficients: Coefficients, where: Sampler) -> FloatArray:
    """Half the difference of the two eigenvalues of the field's second derivatives on the unit sphere.

    ``|eth eth f| / 2``, where eth raises the spin (Goldberg et al. 1967, doi 10.1063/1.1705135).
    """
    degree = np.arange(lmax_of(coefficients) + 1, dtype=np.float64)
    # sqrt((l + 2)! / (l - 2)!) turns spin 0 into spin 2, which degrees 0 and 1 do not have.
    raise_twice = np.sqrt(np.maximum((degree + 2) * (degree + 1) * degree * (degree - 1), 0.0))
    real, imaginary = where(scaled(coefficients, raise_twice), 2)
    size: FloatArray = 0.5 * np.hypot(real, imaginary)
    return size


def to_gauss_grid(coefficients: Coefficients, degree: int) -> FloatArray:
    """The field on the Gauss-Legendre grid that holds a degree: degree + 1 rows from north to south."""
    from ducc0.fft import good_size
    from ducc0.sht import synthesis_2d

    # At least 2 degree + 1 columns to tell all orders apart, and then as many as the FFT likes best.
    n_cols = good_size(2 * degree + 1, True)
    grid: FloatArray = synthesis_2d(
        alm=coefficients[np.newaxis],
        spin=0,
        lmax=lmax_of(coefficients),
        geometry="GL",
        ntheta=degree + 1,
        nphi=n_cols,
        nthreads=_threads(),
    )[0]
    return grid


def from_gauss_grid(grid: FloatArray, lmax: int) -> Coefficients:
    """Coefficients of a field on a grid of `to_gauss_grid`, exact where its degree + lmax < 2 rows."""
    return _analyse(grid, lmax, "GL", first_lon=0.0)


def from_pixels(grid: FloatArray, lmax: int, *, first_lon: float) -> Coefficients:
    """Coefficients of a field given at the centres of global pixels of equal size in degrees.

    Parameters
    ----------
    grid : array, shape (rows, 2 * rows)
        Row 0 half a pixel from the north pole (Fejer's first rule), longitude ascending.
    lmax : int
        At most rows - 1; a field that holds no higher degree is recovered exactly.
    first_lon : float
        East longitude of the centre of column 0, degrees.

    Returns
    -------
    array of complex
        In the grid's unit, degrees 0..lmax.

    Raises
    ------
    RuntimeError
        Of ducc0, for a degree above rows - 1.
    """
    return _analyse(grid, lmax, "F1", first_lon=first_lon)


def _analyse(grid: FloatArray, lmax: int, geometry: str, *, first_lon: float) -> Coefficients:
    from ducc0.sht import analysis_2d

    coefficients: Coefficients = analysis_2d(
        map=grid[np.newaxis],
        spin=0,
        lmax=lmax,
        mmax=lmax,
        geometry=geometry,
        phi0=math.radians(first_lon % 360.0),
        nthreads=_threads(),
    )[0]
    return coefficients


def _threads() -> int:
    return usable_cores()


def _normalisation(order: IntArray) -> FloatArray:
    # The squares of 4 pi normalised harmonics have the mean 1, of orthonormal ones the integral 1: a factor
    # sqrt(4 pi). Cosine and sine are shared by the orders m and -m: sqrt(1/2). The rest is the phase.
    return np.where(order > 0, math.sqrt(0.5) * (-1.0) ** order, 1.0) * math.sqrt(4.0 * math.pi)


def _place(degree: IntArray, order: IntArray, lmax: int) -> IntArray:
    # Orders k below m hold lmax + 1 - k entries each, together m (2 lmax + 3 - m) / 2; of order m the degree
    # l is entry l - m. The product is even for every m, so the division is exact.
    return order * (2 * lmax + 1 - order) // 2 + degree
