"""Gravity of a shape of constant density: the finite-amplitude method of Wieczorek & Phillips (1998)."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lunarcloud.errors import ComputeError, GeometryError
from lunarcloud.gravity import harmonics
from lunarcloud.gravity.harmonics import Coefficients
from lunarcloud.moon import FloatArray

#: Acceleration of one milligal, m/s2.
MGAL = 1e-5
#: Powers of the relief are added until the last one's attraction has a smaller root mean square, mGal.
TOLERANCE_MGAL = 1e-3

# Degrees of the grid on which the relief is raised, as a multiple of the shape's: the powers up to 5 are
# then free of aliasing, and what the higher ones alias is far below the tolerance (benchmarks/gravity.py).
_OVERSAMPLING = 3
# The Moon's relief needs about 10 powers at degree 600 and 16 at degree 1200.
_MOST_POWERS = 60


class Attraction(NamedTuple):
    """Potential of a shape, and how it was reached.

    Attributes
    ----------
    potential : array of complex
        Dimensionless potential coefficients at the reference radius, as of a gravity model.
    powers : int
        Powers of the relief that were added.
    last_mgal : float
        Root mean square of the last power's attraction at the reference radius, mGal.
    """

    potential: Coefficients
    powers: int
    last_mgal: float


def acceleration(potential: Coefficients, *, gm: float, radius_m: float) -> Coefficients:
    """Radial acceleration of a potential at its reference radius, positive downward.

    ``g_lm = 10^5 GM / R^2 (l + 1) C_lm``.

    Parameters
    ----------
    potential : array of complex
        Dimensionless potential coefficients.
    gm : float
        The body's gravitational parameter, m3/s2.
    radius_m : float
        Reference radius of the coefficients, metres.

    Returns
    -------
    array of complex
        Coefficients of the acceleration, mGal.
    """
    # l + 1 comes from -d/dr of r^-(l+1); without the minus sign more mass below is more gravity.
    degree = np.arange(harmonics.lmax_of(potential) + 1, dtype=np.float64)
    return harmonics.scaled(potential, gm / radius_m**2 / MGAL * (degree + 1))


def referred(potential: Coefficients, *, from_m: float, to_m: float) -> Coefficients:
    """The same potential with coefficients of another reference radius: ``C_lm (from / to)^l``.

    Parameters
    ----------
    potential : array of complex
        Dimensionless potential coefficients.
    from_m, to_m : float
        The reference radius they have and the one they shall have, metres. To a smaller one (downward) the
        highest degrees grow most, and their errors with them.

    Returns
    -------
    array of complex
        Dimensionless potential coefficients.
    """
    degree = np.arange(harmonics.lmax_of(potential) + 1, dtype=np.float64)
    return harmonics.scaled(potential, (from_m / to_m) ** degree)


def shape_potential(
    shape: Coefficients, *, density_kg_m3: float, gm: float, lmax: int, radius_m: float
) -> Attraction:
    """Potential of a body of constant density bounded by a shape, in the space above it.

    ``C_lm = 4 pi G D^3 rho / (GM (2l + 1) (l + 3)) sum_n (h^n)_lm / (D^n n!) prod_j=1..n (l + 4 - j)``

    with D the mean radius and h the relief above it; then referred to another radius. Strictly valid above
    the highest summit; at a lower reference radius it is the downward continuation, as for any model.

    Parameters
    ----------
    shape : array of complex
        Absolute radii, metres; all its degrees are used.
    density_kg_m3 : float
        Density, kg/m3.
    gm : float
        The body's gravitational parameter, m3/s2, by which the result is normalised.
    lmax : int
        Highest degree of the result.
    radius_m : float
        Reference radius of the result, metres.

    Returns
    -------
    Attraction
        The potential, and how many powers of the relief it took.

    Raises
    ------
    ComputeError
        If the powers of the relief do not fall below `TOLERANCE_MGAL`.

    References
    ----------
    Wieczorek & Phillips (1998), JGR 103, 1715, eq. 30, doi 10.1029/97JE03136.
    """
    mean_m = mean_radius(shape)
    potential = _sphere(density_kg_m3, gm, mean_m, lmax)
    for power, term in enumerate(_terms(shape, density_kg_m3, gm, lmax), start=1):
        # Each power is moved before it is judged: downward the highest degrees are amplified, and what was
        # negligible at the mean radius may not be at this one.
        term = referred(term, from_m=mean_m, to_m=radius_m)
        potential = potential + term
        last_mgal = harmonics.rms(acceleration(term, gm=gm, radius_m=radius_m))
        if last_mgal < TOLERANCE_MGAL:
            return Attraction(potential=potential, powers=power, last_mgal=last_mgal)
    raise ComputeError(
        f"the attraction of the topography does not converge: power {_MOST_POWERS} still adds "
        f"{last_mgal:.3g} mGal (allowed: {TOLERANCE_MGAL}); lower the highest degree {lmax} "
        f"or raise the radius {radius_m} m"
    )


def mean_radius(shape: Coefficients) -> float:
    """Mean radius of a shape, in its own unit."""
    # The orthonormal harmonic of degree 0 is the constant 1 / sqrt(4 pi).
    return float(shape[0].real) / math.sqrt(4.0 * math.pi)


def _terms(shape: Coefficients, density: float, gm: float, lmax: int) -> Iterator[Coefficients]:
    """Potential of each power of the relief, at the mean radius; power 1 first."""
    # Slow to import, here and below, and a reduction that is there already does not need it.
    from scipy.constants import G

    mean_m = mean_radius(shape)
    relief = _relief(shape)
    degree = np.arange(lmax + 1, dtype=np.float64)
    factor = 4.0 * math.pi * G * mean_m**3 * density / gm / ((2.0 * degree + 1.0) * (degree + 3.0))
    # h^n and prod_j (l + 4 - j) / n! are both made from those of the power before. At power l + 4 the product
    # has the factor 0 and keeps it: the series of each degree is finite.
    raised = np.ones_like(relief)
    for power in range(1, _MOST_POWERS + 1):
        raised *= relief
        factor = factor * (degree + 4.0 - power) / power
        yield harmonics.scaled(harmonics.from_gauss_grid(raised, lmax), factor)


def _relief(shape: Coefficients) -> FloatArray:
    """Relief over mean radius, dimensionless, on a grid fine enough for its powers."""
    relief = shape / mean_radius(shape)
    # Without degree 0 it is the height above the mean radius, some thousandths of that: so its powers fall.
    relief[0] = 0.0
    return harmonics.to_gauss_grid(relief, _OVERSAMPLING * max(harmonics.lmax_of(shape), 1))


def _sphere(density: float, gm: float, mean_m: float, lmax: int) -> Coefficients:
    """Potential of the homogeneous sphere of the mean radius."""
    from scipy.constants import G

    if not mean_m > 0:
        raise GeometryError(f"mean radius {mean_m} m: a shape needs absolute radii, not heights")
    # An entry for each pair 0 <= m <= l. That of degree 0 is the sphere's mass over the body's, orthonormal.
    potential = np.zeros((lmax + 1) * (lmax + 2) // 2, dtype=np.complex128)
    potential[0] = math.sqrt(4.0 * math.pi) * 4.0 / 3.0 * math.pi * G * mean_m**3 * density / gm
    return potential
