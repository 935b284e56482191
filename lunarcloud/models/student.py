"""The student of an ensemble: what many networks say, and how sure they are, by two small ones.

The first answers for the ensemble's mean and chance (standard deviation over seeds), the second for the
half-widths of the jackknife+ intervals (`intervals`). Both are taught on spectra of the mosaic itself and on
widened ones around them, and measured on pixels that they were not taught on.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lunarcloud.models.card import IntervalError, StudentError, StudentRecord
from lunarcloud.models.choices import CHOICES
from lunarcloud.models.distillation import Lesson, distil
from lunarcloud.models.equation_fit import EquationFit, Predictions, evaluate
from lunarcloud.models.equations import Equations
from lunarcloud.models.graph import Networks, Perceptron, perceptron_graph, product_graph
from lunarcloud.models.inputs import FloatArray, network_inputs
from lunarcloud.models.intervals import half_widths, too_few
from lunarcloud.models.network_fit import NetworkFit
from lunarcloud.models.novelty import Novelty, novelty
from lunarcloud.models.package import members, predict, session
from lunarcloud.models.samples import Samples
from lunarcloud.models.training import Teaching
from lunarcloud.quantities import mg_number

MEANS = Teaching(hidden=(96, 96, 80), epochs=60, value_weight=0.7)
HALF_WIDTHS = Teaching(hidden=(32, 32), epochs=200)
# Spectra asked of the ensemble at a time.
_PART = 5_000
# wt%, and a ratio a tenth of it: chance below cannot be told in what is stored.
_LEAST = 1e-3


class Taught(NamedTuple):
    """Both perceptrons and what is known of them."""

    means: Perceptron  #: columns: mean of each oxide, then its chance, wt%
    half_widths: Perceptron | None  #: columns by `StudentRecord.intervals`; None where stations are too few
    record: StudentRecord
    not_fitted: dict[str, str]  #: intervals that there are not, or a student that may not answer, and why


class _Pool(NamedTuple):
    """Spectra as a student is taught and examined on them."""

    taught: FloatArray  #: (band, n)
    held_out: FloatArray  #: (band, m), of pixels as they are
    reach: float  #: distance from the stations (`novelty`) up to which the student answers
    mosaic: bool  #: whether there are pixels of a mosaic among them


def teach(
    samples: Samples,
    fitted: NetworkFit,
    equations: EquationFit,
    stations: Novelty,
    pixels: npt.NDArray[np.float32] | None,
) -> Taught:
    """Teach a student what an ensemble says.

    Parameters
    ----------
    samples : Samples
        The stations.
    fitted : NetworkFit
        The ensemble, of two seeds or more, and its networks without each station.
    equations : EquationFit
        The equations, and without each station.
    stations : Novelty
        The distribution of the stations' spectra.
    pixels : ndarray, shape (block, band, pixel) or None
        Reflectances of a sample of the mosaic, fractions, NaN where missing; None without a mosaic. Every
        tenth of the blocks with a valid pixel is held out.

    Returns
    -------
    Taught
        With the errors against the ensemble on pixels held out.
    """
    pool = _pool(samples, equations, stations, pixels)
    lesson, examined = (_said(fitted.networks, each) for each in (pool.taught, pool.held_out))
    # Side by side: a lesson keeps one core busy.
    with ThreadPoolExecutor(1) as beside:
        of_half_widths = beside.submit(_teach_intervals, samples, fitted, equations, pool)
        inputs = network_inputs(pool.taught, equations.equations)
        told = Lesson(inputs, lesson.mean, lesson.chance, lesson.chance)
        taught = distil(told, equations.equations, MEANS, seed=CHOICES.seed_of_means)
        intervals, of_intervals = of_half_widths.result()
    answered = _answers(taught, pool.held_out, len(fitted.networks.oxides))
    errors = tuple(
        _error(oxide, *(said[row] for said in (*examined, *answered)))
        for row, oxide in enumerate(fitted.networks.oxides)
    )
    record = StudentRecord(
        teaching=MEANS,
        teaching_of_intervals=HALF_WIDTHS,
        choices=CHOICES,
        mosaic=pool.mosaic,
        spectra=pool.taught.shape[1],
        held_out=pool.held_out.shape[1],
        reach=pool.reach,
        errors=errors,
        intervals=of_intervals,
    )
    return Taught(taught, intervals, record, _not_fitted(samples, record))


def _not_fitted(samples: Samples, record: StudentRecord) -> dict[str, str]:
    reasons = {
        f"{each.oxide} student": f"it errs by {each.rms:.3f} wt%, {', '.join(each.doubts)}: "
        "every pixel is answered by all networks"
        for each in record.errors
        if each.doubts
    }
    made = {each.map for each in record.intervals}
    known = {each.oxide: np.isfinite(samples.oxide(each.oxide)) for each in record.errors}
    maps = {f"{oxide}_cnn": (oxide, stations) for oxide, stations in known.items()}
    if {"mgo", "feo"} <= known.keys():
        maps["mg_number"] = "mg_number", known["mgo"] & known["feo"]
    for name, (called, stations) in maps.items():
        for end, coverage in CHOICES.coverages.items():
            if f"{name}_{end}" not in made:
                reasons[f"{called} {coverage:.0%} interval"] = too_few(int(stations.sum()), coverage)
    return reasons


def _pool(
    samples: Samples, equations: EquationFit, stations: Novelty, pixels: npt.NDArray[np.float32] | None
) -> _Pool:
    random = np.random.default_rng(CHOICES.seed_of_spectra)
    shares = random.dirichlet(np.ones(CHOICES.stations_mixed), CHOICES.mixtures)
    chosen = random.integers(0, len(samples.sites), shares.shape)
    mixtures = np.einsum("bnm,nm->bn", samples.reflectance[:, chosen], shares)
    held = np.arange(CHOICES.mixtures) % CHOICES.held_out_one_in == 0
    seen, unseen = mixtures[:, ~held], mixtures[:, held]
    # Counted among those that have a valid pixel: of a mosaic of a few tiles most blocks are empty.
    blocks = [] if pixels is None else [spectra for each in pixels if (spectra := _valid(each)).size]
    # Of a single block none can be held out.
    mosaic = len(blocks) > 1
    if mosaic:
        unseen = np.concatenate(blocks[:: CHOICES.held_out_one_in], axis=1)
        del blocks[:: CHOICES.held_out_one_in]
        seen = np.concatenate([*blocks, seen], axis=1)
    widened = seen[:, :: CHOICES.widened_one_in]
    widened = widened * np.exp(
        CHOICES.brightness * random.standard_normal(widened.shape[1])
        + CHOICES.between_bands * random.standard_normal(widened.shape)
    )
    every = np.concatenate([seen, widened[:, (widened <= 1).all(axis=0)]], axis=1)
    distance, of_unseen = (_distance(each, equations, stations) for each in (every, unseen))
    reach = float(np.quantile(of_unseen, CHOICES.answered))
    return _Pool(every[:, distance <= reach], unseen[:, of_unseen <= reach], reach, mosaic)


def _valid(block: npt.NDArray[np.float32]) -> FloatArray:
    """The spectra (band, n) that the networks may be asked of."""
    spectra = block.astype(np.float64)
    return spectra[:, ((spectra > 0) & (spectra <= 1)).all(axis=0)]


def _distance(reflectance: FloatArray, equations: EquationFit, stations: Novelty) -> npt.NDArray[np.float32]:
    return novelty(reflectance, network_inputs(reflectance, equations.equations)[-1], stations)


class _Said(NamedTuple):
    mean: FloatArray  #: (oxide, n), wt%
    chance: FloatArray  #: (oxide, n), wt%


def _said(networks: Networks, reflectance: FloatArray) -> _Said:
    """Mean and chance of an ensemble, as its own model file says them."""
    asked, oxides = session(product_graph(networks, {})), len(networks.oxides)

    def said(part: FloatArray) -> _Said:
        answers = members(asked, part.T.astype(np.float32), oxides=oxides)
        return _Said(answers.mean(axis=0, dtype=np.float64), answers.std(axis=0, ddof=1, dtype=np.float64))

    # In parts: all members' answers at once would be gigabytes.
    parts = np.array_split(reflectance, max(1, reflectance.shape[1] // _PART), axis=1)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        each = list(pool.map(said, parts))
    means, chances = (np.concatenate(rows, axis=1) for rows in zip(*each, strict=True))
    return _Said(means, np.maximum(chances, _LEAST))


def _answers(taught: Perceptron, reflectance: FloatArray, values: int) -> tuple[FloatArray, FloatArray]:
    """What a perceptron's file says: its first columns and the others."""
    asked = session(perceptron_graph(taught, {}))
    said = predict(asked, reflectance.T.astype(np.float32)).T.astype(np.float64)
    return said[:values], said[values:]


def _error(
    oxide: str, mean: FloatArray, chance: FloatArray, answered: FloatArray, of_chance: FloatArray
) -> StudentError:
    error, typical = np.abs(answered - mean), float(np.median(chance))
    return StudentError(
        oxide=oxide,
        rms=float(np.sqrt(np.mean(error**2))),
        of_999=float(np.quantile(error, 0.999)),
        largest=float(error.max()),
        chance=typical,
        within_a_fifth=float(np.mean(error <= np.maximum(chance / 5, _LEAST))),
        chance_error=float(np.sqrt(np.mean((of_chance / chance - 1) ** 2))),
    )


# ---- intervals


def _teach_intervals(
    samples: Samples, fitted: NetworkFit, equations: EquationFit, pool: _Pool
) -> tuple[Perceptron | None, tuple[IntervalError, ...]]:
    """A perceptron of half-widths, and how far it is from those that the networks give."""
    every = CHOICES.intervals_one_in
    taught, held_out = pool.taught[:, ::every], pool.held_out[:, :: every // 2]
    both = np.concatenate([taught, held_out], axis=1)
    widths = half_widths_of(samples, fitted, equations, both)
    if not widths:
        return None, ()
    table = np.maximum(np.stack(list(widths.values())), _LEAST)
    # Beyond an equation's validity there is none.
    defined = np.all(np.isfinite(table), axis=0)
    table, both, n_taught = table[:, defined], both[:, defined], int(defined[: taught.shape[1]].sum())
    (taught, held_out), (seen, unseen) = (np.split(each, [n_taught], axis=1) for each in (both, table))
    nothing = np.empty((0, n_taught))
    lesson = Lesson(network_inputs(taught, equations.equations), nothing, nothing, seen)
    made = distil(lesson, equations.equations, HALF_WIDTHS, seed=CHOICES.seed_of_intervals)
    answered = _answers(made, held_out, 0)[1]
    return made, tuple(
        IntervalError(
            map=name,
            median=float(np.median(unseen[row])),
            error=float(np.sqrt(np.mean((answered[row] / unseen[row] - 1) ** 2))),
        )
        for row, name in enumerate(widths)
    )


def half_widths_of(
    samples: Samples, fitted: NetworkFit, equations: EquationFit, reflectance: FloatArray
) -> dict[str, FloatArray]:
    """Half-widths of all intervals that there can be.

    Parameters
    ----------
    samples, fitted, equations
        The stations and what was fitted to them.
    reflectance : ndarray, shape (band, n)
        Spectra, fractions.

    Returns
    -------
    dict of str to ndarray, shape (n,)
        By map (``feo_cnn_half95``), in its unit.
    """
    n = reflectance.shape[1]
    unknown = np.full((len(samples.oxides), n), np.nan)
    asked = Samples(("",) * n, samples.wavelengths_nm, reflectance, unknown)
    by_equation = tuple(equations.predictions)
    centres = _maps_said(asked, fitted.networks, equations.equations, by_equation)
    residuals = residuals_of(fitted.predictions, equations.predictions)
    rows: dict[str, list[FloatArray]] = {name: [] for name in residuals}
    for station, fold in enumerate(zip(fitted.without, equations.without, strict=True)):
        said = _maps_said(asked, *fold, by_equation)
        for name, each in residuals.items():
            if np.isfinite(each[station]):
                rows[name].append(said[name])
    without = {name: np.stack(each) for name, each in rows.items()}
    return {
        f"{name}_{end}": half_widths(centres[name], without[name], np.abs(each[np.isfinite(each)]), coverage)
        for end, coverage in CHOICES.coverages.items()
        for name, each in residuals.items()
        if not too_few(len(without[name]), coverage)
    }


def residuals_of(
    networks: Mapping[str, Predictions], equations: Mapping[str, Predictions]
) -> dict[str, FloatArray]:
    """Errors at every station by what was fitted without it, NaN where it is not known.

    Parameters
    ----------
    networks, equations : mapping of str to Predictions
        By oxide.

    Returns
    -------
    dict of str to ndarray, shape (station,)
        By map, Mg# too, in its unit; maps without leave-one-out are left away, and those that no station
        knows, as Mg# where MgO is known of some and FeO of others.
    """
    said = {f"{oxide}_cnn": each for oxide, each in networks.items()}
    said |= {f"{oxide}_equation": each for oxide, each in equations.items()}
    left_out = {name: each.left_out for name, each in said.items() if each.left_out is not None}
    measured = {name: said[name].measured for name in left_out}
    left_out |= _with_mg_number(left_out)
    measured |= _with_mg_number(measured)
    errors = {name: left_out[name] - measured[name] for name in left_out}
    return {name: each for name, each in errors.items() if np.isfinite(each).any()}


def _with_mg_number(values: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    parts = ("mgo_cnn", "feo_cnn")
    if not set(parts) <= values.keys():
        return {}
    # As the map has it: an oxide below 0 is none.
    share: FloatArray = mg_number(*(np.maximum(values[part], _LEAST) for part in parts)).astype(np.float64)
    return {"mg_number": share}


def _maps_said(
    asked: Samples, networks: Networks, equations: Equations, by_equation: Sequence[str]
) -> dict[str, FloatArray]:
    """What networks and equations say of some spectra, by map, Mg# too."""
    means = _said(networks, asked.reflectance).mean if networks.oxides else ()
    said = {f"{oxide}_cnn": row for oxide, row in zip(networks.oxides, means, strict=True)}
    said |= {f"{oxide}_equation": evaluate(asked, oxide, equations) for oxide in by_equation}
    return said | _with_mg_number(said)
