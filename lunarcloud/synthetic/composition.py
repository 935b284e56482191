"""Compositions of the synthetic Moon's rocks: oxides in wt%, their trends with FeO, and typical units."""

from typing import NamedTuple

from lunarcloud.moon import FloatArray


class Truth(NamedTuple):
    """What the synthetic Moon truly is at some positions; arrays of one shape.

    Attributes
    ----------
    feo, tio2, al2o3, mgo, cao : ndarray
        Oxides, wt%.
    omat : ndarray
        Optical maturity, dimensionless; higher is fresher.
    """

    feo: FloatArray
    tio2: FloatArray
    al2o3: FloatArray
    mgo: FloatArray
    cao: FloatArray
    omat: FloatArray


class Unit(NamedTuple):
    """Typical composition of a geological unit.

    Attributes
    ----------
    feo, tio2 : float
        wt%.
    omat : float
        Optical maturity, dimensionless.
    """

    feo: float
    tio2: float
    omat: float


# Straight lines through the mean highlands and maria of the published maps: mixing of two rocks.
_HIGHLAND_FEO, _HIGHLAND_AL2O3, _HIGHLAND_MGO, _HIGHLAND_CAO = 6.5, 25.8, 6.4, 15.6
_AL2O3_PER_FEO, _MGO_PER_FEO, _CAO_PER_FEO = -1.075, 0.27, -0.39
_AL2O3_PER_MGO, _AL2O3_PER_CAO = -0.2, 0.8

HIGHLANDS = Unit(feo=5.0, tio2=0.40, omat=0.225)
KREEP_TERRANE = Unit(feo=9.5, tio2=1.3, omat=0.215)
SOUTH_POLE_AITKEN = Unit(feo=10.0, tio2=0.9, omat=0.220)
#: A mare without an entry of its own.
TYPICAL_MARE = Unit(feo=15.0, tio2=1.8, omat=0.190)
#: Rounded from what remote sensing and samples agree on.
MARIA = {
    "Mare Tranquillitatis": Unit(feo=17.8, tio2=8.8, omat=0.160),
    "Oceanus Procellarum": Unit(feo=17.5, tio2=4.6, omat=0.180),
    "Mare Imbrium": Unit(feo=17.4, tio2=3.2, omat=0.182),
    "Mare Serenitatis": Unit(feo=17.0, tio2=2.2, omat=0.188),
    "Mare Crisium": Unit(feo=17.0, tio2=1.6, omat=0.190),
    "Mare Fecunditatis": Unit(feo=16.3, tio2=2.6, omat=0.185),
    "Mare Nectaris": Unit(feo=15.0, tio2=2.2, omat=0.190),
    "Mare Nubium": Unit(feo=16.5, tio2=3.0, omat=0.186),
    "Mare Humorum": Unit(feo=17.0, tio2=3.2, omat=0.184),
    "Mare Cognitum": Unit(feo=17.0, tio2=4.0, omat=0.180),
    "Mare Insularum": Unit(feo=16.5, tio2=3.6, omat=0.184),
    "Mare Vaporum": Unit(feo=16.3, tio2=2.8, omat=0.186),
    "Mare Frigoris": Unit(feo=13.5, tio2=1.3, omat=0.200),
    "Mare Smythii": Unit(feo=14.0, tio2=1.9, omat=0.195),
    "Mare Marginis": Unit(feo=13.0, tio2=1.5, omat=0.198),
    "Mare Humboldtianum": Unit(feo=13.0, tio2=1.4, omat=0.198),
    "Mare Australe": Unit(feo=12.5, tio2=1.1, omat=0.202),
    "Mare Orientale": Unit(feo=13.0, tio2=1.5, omat=0.200),
    "Mare Moscoviense": Unit(feo=15.5, tio2=2.0, omat=0.195),
    "Mare Ingenii": Unit(feo=14.5, tio2=1.4, omat=0.198),
    "Mare Anguis": Unit(feo=14.0, tio2=1.4, omat=0.195),
}


def alumina(feo: FloatArray, mgo: FloatArray, cao: FloatArray) -> FloatArray:
    """Al2O3 of a rock: its trend with FeO, and what plagioclase takes from MgO and gives with CaO.

    Parameters
    ----------
    feo, mgo, cao : ndarray, one shape
        Oxides of the rock, wt%.

    Returns
    -------
    ndarray
        wt%, of that shape.
    """
    # A function of the other three, so that five bands, of which two carry MgO and CaO, determine it.
    return (
        _HIGHLAND_AL2O3
        + _AL2O3_PER_FEO * (feo - _HIGHLAND_FEO)
        + _AL2O3_PER_MGO * (mgo - magnesium_trend(feo))
        + _AL2O3_PER_CAO * (cao - calcium_trend(feo))
    )


def magnesium_trend(feo: FloatArray) -> FloatArray:
    """MgO in wt% of a rock on the mixing line with this FeO."""
    return _HIGHLAND_MGO + _MGO_PER_FEO * (feo - _HIGHLAND_FEO)


def calcium_trend(feo: FloatArray) -> FloatArray:
    """CaO in wt% of a rock on the mixing line with this FeO."""
    return _HIGHLAND_CAO + _CAO_PER_FEO * (feo - _HIGHLAND_FEO)
