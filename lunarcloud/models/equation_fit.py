"""The equations fitted to the stations, and what they would be without one station or one mission."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lunarcloud.archive import BAND_TOLERANCE_NM, band, listed, mission
from lunarcloud.errors import InputError
from lunarcloud.models.card import MissionInfluence
from lunarcloud.models.equations import Equations, feo, tio2
from lunarcloud.models.inputs import FloatArray
from lunarcloud.models.origins import Search, left_out, search_iron, search_titanium
from lunarcloud.models.samples import Samples


class _Method(NamedTuple):
    """How the equation of an oxide is found and evaluated, both from two bands in this order."""

    # By wavelength, not by role: 750 nm is the first band of iron and the second of titanium.
    bands_nm: tuple[float, float]
    search: Callable[..., Search[Any]]
    evaluate: Callable[..., Any]


_METHODS = {
    "feo": _Method((750.0, 950.0), search_iron, feo),
    "tio2": _Method((415.0, 750.0), search_titanium, tio2),
}


class Predictions(NamedTuple):
    """One model of one oxide at all stations, wt%; NaN where the oxide is unknown.

    ``left_out`` is what a model fitted without the station says of it; None where one station fewer
    would be too few.
    """

    measured: FloatArray
    fitted: FloatArray
    left_out: FloatArray | None


class EquationFit(NamedTuple):
    """The equations, the searches behind them, and why an oxide has none."""

    equations: Equations
    searches: dict[str, Search[Any]]
    predictions: dict[str, Predictions]
    without: tuple[Equations, ...]  #: fitted without each station in turn
    not_fitted: dict[str, str]


def fit_equations(samples: Samples) -> EquationFit:
    """Fit the FeO and TiO2 equations, and again without each station.

    An oxide that cannot be fitted (no bands, too few stations) is explained in ``not_fitted``.
    """
    searches, not_fitted = _searches(samples)
    folds = {oxide: _left_out(_METHODS[oxide], _stations(samples, oxide)) for oxide in searches}
    predictions = {oxide: _predictions(samples, oxide, searches[oxide], folds[oxide]) for oxide in searches}
    return EquationFit(
        _equations(samples, searches), searches, predictions, _without(samples, searches, folds), not_fitted
    )


def influences(samples: Samples, whole: Equations) -> list[MissionInfluence]:
    """What the equations would be without each mission's stations, where enough others are left."""
    missions = np.array([mission(site) for site in samples.sites])
    # Each mission once, in the table's order: a set would shuffle them.
    return [_influence(samples, name, missions == name, whole) for name in dict.fromkeys(missions.tolist())]


def _influence(samples: Samples, name: str, own: npt.NDArray[np.bool_], whole: Equations) -> MissionInfluence:
    equations = _equations(samples, _searches(samples.take(~own))[0])
    change, error = {}, {}
    for oxide in _fitted(equations):
        said, known = evaluate(samples, oxide, equations), own & np.isfinite(samples.oxide(oxide))
        # Two models are compared on every spectrum, measured or not; only an error needs a measurement.
        change[oxide] = float(np.sqrt(np.mean((said - evaluate(samples, oxide, whole)) ** 2)))
        if known.any():
            error[oxide] = float((said - samples.oxide(oxide))[known].mean())
    return MissionInfluence(
        mission=name, stations=int(own.sum()), equations=equations, change=change, error=error
    )


def _fitted(equations: Equations) -> list[str]:
    found = {"feo": equations.iron, "tio2": equations.titanium}
    return [oxide for oxide, equation in found.items() if equation is not None]


def _searches(samples: Samples) -> tuple[dict[str, Search[Any]], dict[str, str]]:
    """The best equation of each oxide, and why an oxide has none."""
    searches, not_fitted = {}, {}
    for oxide, method in _METHODS.items():
        try:
            searches[oxide] = method.search(*_stations(samples, oxide))
        except InputError as error:
            not_fitted[oxide] = str(error)
    return searches, not_fitted


def evaluate(samples: Samples, oxide: str, equations: Equations) -> FloatArray:
    """What the equations say of an oxide at all stations.

    Parameters
    ----------
    samples : Samples
        The stations' spectra.
    oxide : {"feo", "tio2"}
        Which equation.
    equations : Equations
        Fitted to these stations, to some of them or to none.

    Returns
    -------
    ndarray, shape (station,)
        wt%; NaN throughout if the equations do not have the oxide.

    Raises
    ------
    InputError
        If the stations have no band that the equation needs.
    """
    equation = equations.iron if oxide == "feo" else equations.titanium
    if equation is None:
        return np.full(len(samples.sites), np.nan)
    said: FloatArray = _METHODS[oxide].evaluate(*_bands(samples, oxide), equation)
    return said


def _bands(samples: Samples, oxide: str) -> tuple[FloatArray, FloatArray]:
    first, second = (_band(samples, wanted, oxide) for wanted in _METHODS[oxide].bands_nm)
    return first, second


def _band(samples: Samples, wanted_nm: float, oxide: str) -> FloatArray:
    index = band(samples.wavelengths_nm, wanted_nm)
    if index is None:
        raise InputError(
            f"the equation of {oxide} needs a band within {BAND_TOLERANCE_NM:g} nm of {wanted_nm:g} nm; "
            f"the stations have bands at {listed(samples.wavelengths_nm)}"
        )
    reflectance: FloatArray = samples.reflectance[index]
    return reflectance


def _stations(samples: Samples, oxide: str) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Both bands and the wt% of the stations that know the oxide."""
    weights = samples.oxide(oxide)
    known = np.isfinite(weights)
    first, second = _bands(samples, oxide)
    return first[known], second[known], weights[known]


def _left_out(method: _Method, stations: tuple[FloatArray, ...]) -> list[Search[Any]]:
    """The search without each station, empty if they are too few for that."""
    # The fewest stations that can be fitted at all are one too few for every fold.
    try:
        return left_out(method.search, *stations)
    except InputError:
        return []


def _predictions(samples: Samples, oxide: str, whole: Search[Any], folds: list[Search[Any]]) -> Predictions:
    measured = samples.oxide(oxide)
    known = np.isfinite(measured)
    first, second = _bands(samples, oxide)
    evaluate_ = _METHODS[oxide].evaluate
    fitted = np.where(known, evaluate_(first, second, whole.equation), np.nan)
    if not folds:
        return Predictions(measured, fitted, None)
    without = np.full_like(measured, np.nan)
    # Folds count only the stations that know the oxide; here each finds back to its place in the table.
    for station, fold in zip(np.flatnonzero(known), folds, strict=True):
        without[station] = evaluate_(first[station], second[station], fold.equation)
    return Predictions(measured, fitted, without)


def _without(
    samples: Samples, searches: dict[str, Search[Any]], folds: dict[str, list[Search[Any]]]
) -> tuple[Equations, ...]:
    """The equations without each station; one that does not know an oxide leaves its equation as it is."""
    each = [dict(searches) for _ in samples.sites]
    for oxide, found in folds.items():
        known = np.flatnonzero(np.isfinite(samples.oxide(oxide)))
        # Not strict: there is a fold for each station or, where they are too few, none at all.
        for station, fold in zip(known, found, strict=False):
            each[station][oxide] = fold
    return tuple(_equations(samples, chosen) for chosen in each)


def _equations(samples: Samples, searches: dict[str, Search[Any]]) -> Equations:
    return Equations(
        wavelengths_nm=samples.wavelengths_nm,
        iron=searches["feo"].equation if "feo" in searches else None,
        titanium=searches["tio2"].equation if "tio2" in searches else None,
    )
