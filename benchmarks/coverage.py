"""How often intervals hold what was measured of stations that had no part in them: every map, 68 and 95 %.

    python -m benchmarks.coverage

By station: each of the shipped stations is left out altogether, the jackknife+ is built from the others, each
of them left out in turn as well, and asked for the first; two stations left out are one training, whichever
of them is asked. By mission: the same with all stations of a mission, by the functions that ``fit`` itself
calls. What is promised is promised of stations that are drawn as the others were, which the first table is
of. Stations of a mission are more like each other than like the next place that somebody maps: the second
shows what is left of the promise where nobody has been.

Networks are the mean of two seeds and not of 20, for time: what the jackknife+ promises it promises of any
model. Half-widths are those that the networks give, not what a perceptron was taught of them.
"""

import itertools
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from benchmarks._results import Row, report
from lunarcloud.archive import mission, shipped_stations
from lunarcloud.models import members, session
from lunarcloud.models.equation_fit import evaluate, fit_equations
from lunarcloud.models.equations import Equations
from lunarcloud.models.gather import gather
from lunarcloud.models.graph import Networks, product_graph
from lunarcloud.models.inputs import FloatArray, Standard, network_inputs
from lunarcloud.models.intervals import covered, half_widths, too_few
from lunarcloud.models.network import initial_weights, stack
from lunarcloud.models.network_fit import fit_networks
from lunarcloud.models.origins import search_iron, search_titanium
from lunarcloud.models.samples import Samples
from lunarcloud.models.student import half_widths_of
from lunarcloud.models.training import Examples, TrainingSettings, train
from lunarcloud.models.training import predict as predict_scores
from lunarcloud.quantities import COVERAGES, OXIDES, QUANTITIES, mg_number
from lunarcloud.testing.machine import machine

#: Two say what chance is at all, more cost as many times the time.
_SEEDS = (0, 1)
_SETTINGS = TrainingSettings()
_EQUATIONS = ("feo", "tio2")

#: Stations left out together, by their place in the table.
LeftOut: TypeAlias = frozenset[int]


class Trial(NamedTuple):
    """One interval of one map at one station that had no part in it."""

    map: str
    end: str  #: which coverage, as in `COVERAGES`
    inside: bool
    half_width: float


def main() -> None:
    print(f"machine: {machine()}")
    samples = gather(shipped_stations(), None, "table").samples
    said = without_one_and_two(samples)
    _report("stations left out in turn", list(by_station(measured_maps(samples), said)))
    _report("missions left out in turn", list(by_mission(samples)))


def _report(table: str, trials: Sequence[Trial]) -> None:
    by_map = defaultdict[str, list[Trial]](list)
    for trial in trials:
        by_map[trial.map].append(trial)
    note = (
        f"Networks: means of {len(_SEEDS)} seeds. In brackets where 95 of 100 such experiments have the true "
        "share (Clopper and Pearson). Half-widths: medians, wt% (Mg#: a ratio)."
    )
    rows = [_row(name, by_map[name]) for name in QUANTITIES if name in by_map]
    report(table, rows, of=__file__, packages=("jax", "optax"), note=note)


def _row(name: str, trials: Sequence[Trial]) -> Row:
    row: dict[str, object] = {"map": name}
    for end, coverage in COVERAGES.items():
        chosen = [trial for trial in trials if trial.end == end]
        inside = np.array([trial.inside for trial in chosen])
        found, promised = covered(inside), f"{coverage:.0%}"
        row[f"{promised}: held"] = f"{inside.sum()} of {len(inside)}"
        row[f"{promised}: share, %"] = (
            f"{100 * found.share:.0f} ({100 * found.least:.0f} .. {100 * found.most:.0f})"
        )
        width = np.median([trial.half_width for trial in chosen])
        row[f"{promised}: half-width"] = f"{width:.{3 if QUANTITIES[name].units == '1' else 2}f}"
    return row


# ---- by station


def by_station(
    measured: Mapping[str, FloatArray], said: Mapping[str, Mapping[LeftOut, FloatArray]]
) -> Iterable[Trial]:
    """Every station asked of the jackknife+ of the others.

    Parameters
    ----------
    measured : mapping of str to ndarray, shape (station,)
        By map, NaN where it was not.
    said : mapping of str to mapping of LeftOut to ndarray, shape (station,)
        By map, what is said of all stations by what was fitted without each and without each two.
    """
    for name, values in measured.items():
        known = np.flatnonzero(np.isfinite(values)).tolist()
        for station in known:
            others = [other for other in known if other != station]
            pairs = [said[name][frozenset((station, other))] for other in others]
            centre = said[name][frozenset((station,))][[station]]
            without = np.array([[each[station]] for each in pairs])
            at_others = np.array([each[other] for each, other in zip(pairs, others, strict=True)])
            residuals = np.abs(at_others - values[others])
            for end, coverage in COVERAGES.items():
                if not too_few(len(others), coverage):
                    width = half_widths(centre, without, residuals, coverage)
                    yield from _trials(name, end, centre, width, values[[station]])


def without_one_and_two(samples: Samples) -> dict[str, dict[LeftOut, FloatArray]]:
    """What is said of all stations by what was fitted without each and without each two, by map."""
    places = range(len(samples.sites))
    sets = [frozenset(each) for n in (1, 2) for each in itertools.combinations(places, n)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        equations = dict(zip(sets, pool.map(lambda each: _equations(samples, each), sets), strict=True))
    said = {
        f"{oxide}_equation": {each: evaluate(samples, oxide, equations[each]) for each in sets}
        for oxide in _EQUATIONS
    }
    for oxide in OXIDES:
        known = frozenset(np.flatnonzero(np.isfinite(samples.oxide(oxide))).tolist())
        asked = {each: equations[each] for each in sets if each <= known}
        said[f"{oxide}_cnn"] = _networks(samples, oxide, asked)
    mgo, feo = said["mgo_cnn"], said["feo_cnn"]
    said["mg_number"] = {each: _mg_number(mgo[each], feo[each]) for each in mgo.keys() & feo.keys()}
    return said


def _kept(samples: Samples, left_out: LeftOut) -> npt.NDArray[np.bool_]:
    return ~np.isin(np.arange(len(samples.sites)), list(left_out))


def _equations(samples: Samples, left_out: LeftOut) -> Equations:
    kept = samples.take(_kept(samples, left_out))
    r415, r750, _, r950, _ = kept.reflectance
    return Equations(
        wavelengths_nm=samples.wavelengths_nm,
        iron=search_iron(r750, r950, kept.oxide("feo")).equation,
        titanium=search_titanium(r415, r750, kept.oxide("tio2")).equation,
    )


def _networks(
    samples: Samples, oxide: str, equations: Mapping[LeftOut, Equations]
) -> dict[LeftOut, FloatArray]:
    """The mean over seeds at all stations, wt%, by the stations that the networks were trained without."""
    weights = samples.oxide(oxide)
    inputs, targets, kept, standards = [], [], [], []
    for left_out, chosen in equations.items():
        others = _kept(samples, left_out)
        values, known = network_inputs(samples.reflectance, chosen), others & np.isfinite(weights)
        standard = Standard.of(weights[None, known])
        inputs.append(Standard.of(values[:, others]).apply(values).T)
        targets.append(np.where(known, standard.apply(weights[None])[0], 0.0))
        kept.append(known)
        standards.append(standard)
    examples = Examples(*(np.array(each, np.float32) for each in (inputs, targets, kept)))
    scores = []
    for seed in _SEEDS:
        first = initial_weights(examples.inputs.shape[2], seed=seed, network=list(OXIDES).index(oxide))
        trained = train(stack([first] * len(equations)), examples, _SETTINGS)
        scores.append(predict_scores(trained.weights, examples.inputs))
    means: FloatArray = np.mean(np.array(scores, np.float64), axis=0)
    return {
        left_out: standard.undo(row[None])[0]
        for left_out, standard, row in zip(equations, standards, means, strict=True)
    }


# ---- by mission


def by_mission(samples: Samples) -> Iterable[Trial]:
    """The stations of every mission asked of the jackknife+ of the other missions' stations."""
    missions = np.array([mission(site) for site in samples.sites])
    measured = measured_maps(samples)
    for name in dict.fromkeys(missions.tolist()):
        own = missions == name
        kept, asked = samples.take(~own), samples.take(own)
        equations = fit_equations(kept)
        fitted = fit_networks(kept, equations, seeds=_SEEDS, mapped=len(_SEEDS), settings=_SETTINGS)
        centres = _ensemble(fitted.networks, asked.reflectance)
        centres |= {f"{oxide}_equation": evaluate(asked, oxide, equations.equations) for oxide in _EQUATIONS}
        for made, widths in half_widths_of(kept, fitted, equations, asked.reflectance).items():
            of, end = made.rsplit("_", 1)
            yield from _trials(of, end, centres[of], widths, measured[of][own])


def _ensemble(networks: Networks, reflectance: FloatArray) -> dict[str, FloatArray]:
    """The mean of an ensemble, by map, Mg# too."""
    asked = session(product_graph(networks, {}))
    said = members(asked, reflectance.T.astype(np.float32), oxides=len(networks.oxides))
    means = said.mean(axis=0, dtype=np.float64)
    made = {f"{oxide}_cnn": row for oxide, row in zip(networks.oxides, means, strict=True)}
    return made | {"mg_number": _mg_number(made["mgo_cnn"], made["feo_cnn"])}


# ---- both


def measured_maps(samples: Samples) -> dict[str, FloatArray]:
    """What was measured of every map at all stations, NaN where it was not."""
    by_oxide = {oxide: samples.oxide(oxide) for oxide in OXIDES}
    return {
        **{f"{oxide}_equation": by_oxide[oxide] for oxide in _EQUATIONS},
        **{f"{oxide}_cnn": values for oxide, values in by_oxide.items()},
        "mg_number": _mg_number(by_oxide["mgo"], by_oxide["feo"]),
    }


def _mg_number(mgo: FloatArray, feo: FloatArray) -> FloatArray:
    share: FloatArray = mg_number(np.maximum(mgo, 0.0), np.maximum(feo, 0.0)).astype(np.float64)
    return share


def _trials(
    name: str, end: str, centre: FloatArray, width: FloatArray, measured: FloatArray
) -> Iterable[Trial]:
    for station in np.flatnonzero(np.isfinite(measured)):
        inside = abs(measured[station] - centre[station]) <= width[station]
        yield Trial(name, end, bool(inside), float(width[station]))


if __name__ == "__main__":
    main()
