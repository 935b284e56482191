"""Five-band reflectance that gives a composition back through the equation models: their exact inverse.

With x0, y0 of iron and titanium, the angles and the distance OMAT of Qiu, Yan & Liu (2025,
doi 10.1038/s43247-025-02914-w) are solved for R750, R950 and R415. R900 and R1000, which no equation uses,
follow the shape of the stations' spectra (Wilcox et al. 2005) and carry what MgO and CaO deviate from their
trend with FeO, so that five bands determine five oxides.
"""

import numpy as np

from lunarcloud.moon import FloatArray
from lunarcloud.synthetic.composition import Truth, calcium_trend, magnesium_trend

_IRON_X0, _IRON_Y0, _IRON_SLOPE, _IRON_INTERCEPT = 0.018, 1.188, 24.770, -8.053
_TITANIUM_Y0, _TITANIUM_FACTOR, _TITANIUM_EXPONENT = 0.481, 7.128, 4.022

# Least squares over the 39 complete stations: R900/R750 - 1 against R950/R750 - 1, and R1000/R950.
_SHAPE_900, _DIP_900 = 0.753, 0.0046
_SHAPE_1000 = 1.030
_PER_WT_MGO = 0.004
_PER_WT_CAO = 0.006
# Beyond a micrometre: soils go on to redden by so much a micrometre, and pyroxene's band recovers, by a share
# of its depth at 950 nm, at 1050, 1250 and 1550 nm.
_REDDENING = 0.35
_RECOVERY = ((1050.0, 0.1), (1250.0, 0.6), (1550.0, 0.95))


def reflectance(truth: Truth) -> FloatArray:
    """Reflectance of a composition and maturity.

    Parameters
    ----------
    truth : Truth
        Oxides in wt% (FeO below 30, TiO2 0..15) and OMAT above 0.

    Returns
    -------
    ndarray, shape (5, ...)
        Fractions at 415, 750, 900, 950 and 1000 nm.
    """
    # (R750 - x0, y0 - R950/R750) is the point at the distance OMAT and the angle theta from the iron origin:
    # polar coordinates, turned back into the two reflectances.
    theta_iron = (truth.feo - _IRON_INTERCEPT) / _IRON_SLOPE
    r750 = _IRON_X0 + truth.omat * np.cos(theta_iron)
    r950 = r750 * (_IRON_Y0 - truth.omat * np.sin(theta_iron))
    # tan(theta) = (R415/R750 - y0) / (R750 - x0), with titanium's x0 of 0.
    theta_titanium = (truth.tio2 / _TITANIUM_FACTOR) ** (1.0 / _TITANIUM_EXPONENT)
    r415 = r750 * (_TITANIUM_Y0 + r750 * np.tan(theta_titanium))
    magnesium = _PER_WT_MGO * (truth.mgo - magnesium_trend(truth.feo))
    calcium = _PER_WT_CAO * (truth.cao - calcium_trend(truth.feo))
    r900 = r750 + _SHAPE_900 * (r950 - r750) + r750 * (magnesium - _DIP_900)
    r1000 = r950 * (_SHAPE_1000 + calcium)
    return np.stack([r415, r750, r900, r950, r1000])


def infrared(five: FloatArray) -> FloatArray:
    """Reflectance beyond a micrometre that goes with five bands.

    Parameters
    ----------
    five : array, shape (5, ...)
        As of `reflectance`.

    Returns
    -------
    ndarray, shape (3, ...)
        Fractions at 1050, 1250 and 1550 nm: made up, so that eight bands are plausible; they say nothing of a
        composition that the five do not.
    """
    r750, r950, r1000 = five[1], five[3], five[4]
    depth = 1.0 - r950 / r750
    return np.stack(
        [
            r1000 * (1.0 + _REDDENING * (nm - 1000.0) / 1000.0) * (1.0 + share * np.clip(depth, 0.0, 1.0))
            for nm, share in _RECOVERY
        ]
    )
