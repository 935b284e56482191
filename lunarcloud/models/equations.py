"""The equation models of FeO, TiO2 and optical maturity (OMAT): coefficients, limits and kernels.

Method of Lucey et al. (2000, doi 10.1029/1999JE001117) with the coefficients of Qiu, Yan & Liu (2025,
doi 10.1038/s43247-025-02914-w).
"""

from typing import Annotated, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from lunarcloud.archive import CLEMENTINE, band, listed
from lunarcloud.errors import InputError
from lunarcloud.quantities import OXIDES

Reflectance: TypeAlias = npt.NDArray[np.floating]
Flags: TypeAlias = npt.NDArray[np.uint8]
Finite: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]

#: Bits of `EquationMaps.flags`; one for each oxide that left its physical range.
OUTSIDE_VALIDITY = np.uint8(1)
CLIPPED = {"feo": np.uint8(2), "tio2": np.uint8(4)}


class IronEquation(BaseModel):
    """FeO = slope x theta + intercept (wt%), theta = -arctan((R950/R750 - y0) / (R750 - x0)).

    Defined where R750 > x0 and R950 > 0. At and below x0 the angle jumps by pi, so nothing is read there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    x0: Finite
    y0: Finite
    slope: Finite
    intercept: Finite


class TitaniumEquation(BaseModel):
    """TiO2 = factor x theta ** exponent (wt%), theta = arctan((R415/R750 - y0) / (R750 - x0)).

    Defined where R750 > x0 and R415 > 0. A ratio below y0 gives a negative angle, whose power is not
    defined; the curve ends in 0 wt% at the origin, so such a pixel is 0 wt% and flagged as clipped.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    x0: Finite
    y0: Finite
    factor: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    exponent: Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Equations(BaseModel):
    """The equations fitted for one instrument; an oxide whose equation could not be fitted is None.

    OMAT uses the origin of iron.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    wavelengths_nm: tuple[float, ...] = CLEMENTINE.wavelengths_nm
    iron: IronEquation | None
    titanium: TitaniumEquation | None


#: The coefficients published by Qiu, Yan & Liu (2025), fitted to 49 stations with Chang'E-5 and Chang'E-6.
QIU2025 = Equations(
    iron=IronEquation(x0=0.018, y0=1.188, slope=24.770, intercept=-8.053),
    titanium=TitaniumEquation(x0=0.0, y0=0.481, factor=7.128, exponent=4.022),
)


class EquationMaps(NamedTuple):
    """What the equations say of n pixels, in the dtype of the reflectance.

    NaN where an equation is outside its validity (and in all pixels of an equation that was not fitted).
    """

    feo: Reflectance  #: wt%, 0..30
    tio2: Reflectance  #: wt%, 0..20
    omat: Reflectance  #: dimensionless, 0 and above
    flags: Flags  #: bits `OUTSIDE_VALIDITY`, those of `CLIPPED`


def offsets(
    other: Reflectance, r750: Reflectance, *, x0: float, y0: float
) -> tuple[Reflectance, Reflectance]:
    """Distances from an origin in the plane of R750 and a ratio: ``R750 - x0`` and ``other/R750 - y0``.

    Parameters
    ----------
    other : ndarray
        Reflectance in the band of the ratio's numerator, a fraction.
    r750 : ndarray
        Reflectance at 750 nm of the same pixels, a fraction.
    x0, y0 : float
        The origin: a reflectance and a ratio.

    Returns
    -------
    dx, dy : ndarray
        Of the pixels' shape and dtype, dimensionless.
    """
    # Python's floats do not widen single precision: maps of 6 Gpixel are computed in the dtype they came in.
    return np.subtract(r750, x0), np.subtract(other / r750, y0)


def feo(r750: Reflectance, r950: Reflectance, equation: IronEquation) -> Reflectance:
    """FeO as the line gives it: not clipped, so below 0 for spectra brighter than any station.

    ``FeO = slope theta + intercept``, ``theta = -arctan((R950/R750 - y0) / (R750 - x0))`` (Lucey et al. 2000,
    doi 10.1029/1999JE001117).

    Parameters
    ----------
    r750, r950 : ndarray
        Reflectance at 750 and 950 nm, fractions of one shape; not checked against the equation's validity.
    equation : IronEquation
        The coefficients.

    Returns
    -------
    ndarray
        wt%.
    """
    dx, dy = offsets(r950, r750, x0=equation.x0, y0=equation.y0)
    return _iron(dx, dy, equation)


def tio2(r415: Reflectance, r750: Reflectance, equation: TitaniumEquation) -> Reflectance:
    """TiO2, 0 where the angle is negative.

    ``TiO2 = factor theta^exponent``, ``theta = arctan((R415/R750 - y0) / (R750 - x0))`` (Lucey et al. 2000,
    doi 10.1029/1999JE001117).

    Parameters
    ----------
    r415, r750 : ndarray
        Reflectance at 415 and 750 nm, fractions of one shape; not checked against the equation's validity.
    equation : TitaniumEquation
        The coefficients.

    Returns
    -------
    ndarray
        wt%, 0 and above, without an upper limit.
    """
    dx, dy = offsets(r415, r750, x0=equation.x0, y0=equation.y0)
    return np.maximum(_titanium(dx, dy, equation), 0)


def _iron(dx: Reflectance, dy: Reflectance, equation: IronEquation) -> Reflectance:
    # Subtracted, since theta is the negative of this angle.
    return np.subtract(equation.intercept, equation.slope * _angle(dx, dy)).astype(dx.dtype)


def _titanium(dx: Reflectance, dy: Reflectance, equation: TitaniumEquation) -> Reflectance:
    """Below 0 where the angle is negative and has no power."""
    theta = _angle(dx, dy)
    weight = np.copysign(np.abs(theta) ** equation.exponent, theta)
    return np.multiply(equation.factor, weight).astype(dx.dtype)


def _angle(dx: Reflectance, dy: Reflectance) -> npt.NDArray[np.float64]:
    """The angle of an offset, radians, in double precision.

    In single precision the C libraries of two systems differ in the last digit, which moved one code in
    10 000 pixels of a map. Within the validity dx is above 0, where arctan is the whole angle.
    """
    return np.arctan(dy / dx, dtype=np.float64)


def omat(r750: Reflectance, r950: Reflectance, *, x0: float, y0: float) -> Reflectance:
    """Optical maturity ``sqrt((R750 - x0)^2 + (R950/R750 - y0)^2)``; fresh is high.

    Parameters
    ----------
    r750, r950 : ndarray
        Reflectance at 750 and 950 nm, fractions of one shape.
    x0, y0 : float
        The origin, that of iron.

    Returns
    -------
    ndarray
        Dimensionless, 0 and above.

    References
    ----------
    Lucey et al. (2000), JGR 105, 20377, doi 10.1029/1999JE001117.
    """
    dx, dy = offsets(r950, r750, x0=x0, y0=y0)
    return np.sqrt(dx * dx + dy * dy)


def equation_maps(reflectance: Reflectance, equations: Equations) -> EquationMaps:
    """FeO, TiO2 and OMAT of n pixels with their validity, in one pass.

    Parameters
    ----------
    reflectance : ndarray, float32 or float64, shape (band, n)
        Bands in the order of ``equations.wavelengths_nm``; a missing pixel is NaN. Blocks of about
        16 000 pixels stay in the cache and are fastest.
    equations : Equations
        The coefficients.

    Returns
    -------
    EquationMaps
        A pixel is flagged `OUTSIDE_VALIDITY`, and NaN in the products concerned, where a reflectance is
        0 or less or NaN, or R750 <= x0; it is flagged `CLIPPED` where FeO or TiO2 left what is possible
        (`quantities.OXIDES`).
        No floating-point warnings are raised.

    Raises
    ------
    InputError
        If the number of bands is not that of the equations.
    """
    bands = _named_bands(reflectance, equations)
    n, dtype = reflectance.shape[1], reflectance.dtype
    flags = np.zeros(n, dtype=np.uint8)
    missing = np.full(n, np.nan, dtype=dtype)
    with np.errstate(all="ignore"):  # what would warn is flagged instead
        iron = _iron_maps(bands, equations.iron, flags) if equations.iron else (missing, missing)
        titanium = _titanium_map(bands, equations.titanium, flags) if equations.titanium else missing
    return EquationMaps(feo=iron[0], tio2=titanium, omat=iron[1], flags=flags)


def _named_bands(reflectance: Reflectance, equations: Equations) -> dict[int, Reflectance]:
    wavelengths = equations.wavelengths_nm
    if len(reflectance) != len(wavelengths):
        raise InputError(
            f"{len(reflectance)} bands for equations of {len(wavelengths)} bands at {listed(wavelengths)}: "
            "use a model fitted for this instrument"
        )
    found = {wanted: band(wavelengths, wanted) for wanted in (415, 750, 950)}
    return {wanted: reflectance[index] for wanted, index in found.items() if index is not None}


def _iron_maps(
    bands: dict[int, Reflectance], equation: IronEquation, flags: Flags
) -> tuple[Reflectance, Reflectance]:
    """FeO and OMAT; sets bits of ``flags``."""
    # Angle and length of one vector: both products share its components, and so one division of the bands.
    dx, dy = offsets(bands[950], bands[750], x0=equation.x0, y0=equation.y0)
    outside = _outside(bands[750], bands[950], equation.x0)
    maturity = np.sqrt(dx * dx + dy * dy)
    maturity[outside] = np.nan
    return _limited("feo", _iron(dx, dy, equation), outside, flags), maturity


def _titanium_map(bands: dict[int, Reflectance], equation: TitaniumEquation, flags: Flags) -> Reflectance:
    """TiO2; sets bits of ``flags``."""
    dx, dy = offsets(bands[415], bands[750], x0=equation.x0, y0=equation.y0)
    outside = _outside(bands[750], bands[415], equation.x0)
    # What is below 0 is seen as that, and clipped.
    return _limited("tio2", _titanium(dx, dy, equation), outside, flags)


def _outside(r750: Reflectance, other: Reflectance, x0: float) -> npt.NDArray[np.bool_]:
    # Written as "not inside" so that NaN is outside. The ratio divides by R750, so that must be above 0 even
    # where the origin is not.
    return ~((r750 > max(x0, 0.0)) & (other > 0))


def _limited(oxide: str, weight: Reflectance, outside: npt.NDArray[np.bool_], flags: Flags) -> Reflectance:
    """The mass fraction within its physical range, NaN outside the validity; sets bits of ``flags``."""
    least, most = 0.0, OXIDES[oxide].highest
    # What is outside has a meaningless weight: it must not count as clipped too.
    clipped = ((weight < least) | (weight > most)) & ~outside
    flags |= outside * OUTSIDE_VALIDITY
    flags |= clipped * CLIPPED[oxide]
    np.clip(weight, least, most, out=weight)
    weight[outside] = np.nan
    return weight
