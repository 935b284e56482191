"""The networks of all oxides trained on the stations, and again without each station that knows the oxide."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lunarcloud.errors import InputError
from lunarcloud.models import network
from lunarcloud.models.equation_fit import EquationFit, Predictions
from lunarcloud.models.graph import Networks
from lunarcloud.models.inputs import FloatArray, Standard, network_inputs
from lunarcloud.models.origins import PARAMETERS
from lunarcloud.models.samples import Samples
from lunarcloud.models.training import Examples, TrainingSettings, predict, train
from lunarcloud.quantities import OXIDES

#: Fewest stations a network is trained on: as many as an equation needs.
LEAST_STATIONS = PARAMETERS + 1


class NetworkFit(NamedTuple):
    """The networks of all oxides that can be trained, and why others cannot."""

    networks: Networks
    without: tuple[Networks, ...]  #: trained without each station in turn, of the oxides that it knows
    predictions: dict[str, Predictions]  #: means over the seeds that are mapped with
    by_seed: dict[str, tuple[Predictions, ...]]  #: of each seed trained
    losses: npt.NDArray[np.float32]  #: (oxide, seed, epoch), of the networks that know all stations
    not_fitted: dict[str, str]


class _Design(NamedTuple):
    """One training: an oxide, the station left out (None: none) and a seed."""

    oxide: str
    left_out: int | None
    seed: int


class _Fold(NamedTuple):
    """All stations' inputs standardised by the stations that are trained on."""

    standard: Standard
    scores: npt.NDArray[np.float32]  #: (station, input)


def fit_networks(
    samples: Samples,
    equations: EquationFit,
    *,
    seeds: Sequence[int],
    mapped: int,
    settings: TrainingSettings,
) -> NetworkFit:
    """Train the networks of every oxide on all stations and without each of them.

    Parameters
    ----------
    samples : Samples
        The stations.
    equations : EquationFit
        Their iron origin gives OMAT; without a station, the origin fitted without it.
    seeds : sequence of int
        One set of networks is trained for each.
    mapped : int
        The first so many of them make the model; the others tell only how much chance there is in it.
    settings : TrainingSettings
        The paper's, or others.

    Returns
    -------
    NetworkFit
        Networks of the oxides that enough stations know, their predictions (wt%) and loss curves.

    Raises
    ------
    InputError
        If no network at all can be trained: no iron equation, too few bands or stations.
    """
    oxides, not_fitted = _trainable(samples)
    folds = _input_folds(samples, equations)
    designs = [
        _Design(oxide, station, seed)
        for seed in seeds
        for oxide in oxides
        for station in (None, *np.flatnonzero(np.isfinite(samples.oxide(oxide))).tolist())
    ]
    targets = [_target(samples, design) for design in designs]
    examples = _examples(samples, designs, targets, folds)
    n_inputs = examples.inputs.shape[2]
    # Initial weights depend on the oxide's place among all oxides, not among those trained: a table without
    # MgO gives the same network of CaO. And not on the station left out: folds differ by stations alone.
    start = [
        network.initial_weights(n_inputs, seed=design.seed, network=list(OXIDES).index(design.oxide))
        for design in designs
    ]
    trained = train(network.stack(start), examples, settings)
    results = _Results(samples, designs, targets, predict(trained.weights, examples.inputs))
    by_seed = {oxide: tuple(results.predictions(oxide, seed) for seed in seeds) for oxide in oxides}

    def networks(station: int | None, known: tuple[str, ...]) -> Networks:
        rows = [[results.index(oxide, station, seed) for seed in seeds[:mapped]] for oxide in known]
        return Networks(
            oxides=known,
            # Raveled by oxide, then seed: an oxide's seeds lie side by side, on which the graph's mean rests.
            weights=network.take(trained.weights, np.ravel(rows).astype(int)),
            inputs=folds[station].standard,
            targets=_joined([targets[row[0]].standard for row in rows]),
            equations=equations.equations if station is None else equations.without[station],
        )

    without = tuple(
        networks(station, tuple(oxide for oxide in oxides if np.isfinite(samples.oxide(oxide)[station])))
        for station in range(len(samples.sites))
    )
    predictions = {oxide: _mean(each[:mapped]) for oxide, each in by_seed.items()}
    losses = trained.losses[[[results.index(oxide, None, seed) for seed in seeds] for oxide in oxides]]
    return NetworkFit(networks(None, oxides), without, predictions, by_seed, losses, not_fitted)


def _trainable(samples: Samples) -> tuple[tuple[str, ...], dict[str, str]]:
    """The oxides that enough stations know, and why others cannot be trained."""
    known = {oxide: int(np.isfinite(samples.oxide(oxide)).sum()) for oxide in OXIDES}
    # Constant targets have no R2 and nothing to learn. (n: a mean of no numbers would warn.)
    constant = {oxide for oxide, n in known.items() if n and np.nanstd(samples.oxide(oxide)) == 0}
    oxides = tuple(oxide for oxide, n in known.items() if n >= LEAST_STATIONS and oxide not in constant)
    not_fitted = {
        oxide: f"all {known[oxide]} stations have the same {oxide}"
        if oxide in constant
        else f"{known[oxide]} stations know {oxide}; a network needs at least {LEAST_STATIONS}"
        for oxide in OXIDES
        if oxide not in oxides
    }
    if not oxides:
        raise InputError(f"no network can be trained: {'; '.join(not_fitted.values())}")
    return oxides, not_fitted


def _input_folds(samples: Samples, equations: EquationFit) -> dict[int | None, _Fold]:
    """Standardised inputs for all stations trained on (None) and for each one left out."""

    def fold(station: int | None) -> _Fold:
        # Nothing of a station left out may reach its own prediction: neither through the origin of OMAT nor
        # through means and deviations. All are scored by them, so that it can be predicted afterwards.
        chosen = equations.equations if station is None else equations.without[station]
        inputs = network_inputs(samples.reflectance, chosen)
        trained_on = inputs if station is None else np.delete(inputs, station, axis=1)
        standard = Standard.of(trained_on)
        return _Fold(standard, standard.apply(inputs).T.astype(np.float32))

    return {station: fold(station) for station in (None, *range(len(samples.sites)))}


class _Target(NamedTuple):
    """Standardised wt% of all stations, the weights of those trained on, and the standard."""

    scores: FloatArray
    weights: FloatArray
    standard: Standard


def _target(samples: Samples, design: _Design) -> _Target:
    weights = samples.oxide(design.oxide)
    trained_on = np.isfinite(weights)
    if design.left_out is not None:
        trained_on[design.left_out] = False
    standard = Standard.of(weights[None, trained_on])
    # Stations of weight 0 get a number, for 0 times NaN is NaN and one would spoil the whole loss.
    scores = np.where(trained_on, standard.apply(weights[None])[0], 0.0)
    return _Target(scores, trained_on.astype(np.float64), standard)


def _examples(
    samples: Samples, designs: Sequence[_Design], targets: Sequence[_Target], folds: dict[int | None, _Fold]
) -> Examples:
    return Examples(
        inputs=np.stack([folds[design.left_out].scores for design in designs]),
        targets=np.stack([target.scores for target in targets]).astype(np.float32),
        weights=np.stack([target.weights for target in targets]).astype(np.float32),
    )


class _Results:
    """What every trained network says of every station, by its design."""

    def __init__(
        self,
        samples: Samples,
        designs: Sequence[_Design],
        targets: Sequence[_Target],
        scores: npt.NDArray[np.float32],
    ) -> None:
        self._samples = samples
        self._place = {design: index for index, design in enumerate(designs)}
        # (training, station), wt%
        self._said = np.stack(
            [
                target.standard.undo(row[None].astype(np.float64))[0]
                for target, row in zip(targets, scores, strict=True)
            ]
        )

    def index(self, oxide: str, station: int | None, seed: int) -> int:
        return self._place[_Design(oxide, station, seed)]

    def predictions(self, oxide: str, seed: int) -> Predictions:
        measured = self._samples.oxide(oxide)
        known = np.isfinite(measured)
        fitted = np.where(known, self._said[self.index(oxide, None, seed)], np.nan)
        without = np.full_like(measured, np.nan)
        # Of each fold only the station left out of it: the diagonal of (fold, station).
        for station in np.flatnonzero(known).tolist():
            without[station] = self._said[self.index(oxide, station, seed), station]
        return Predictions(measured, fitted, without)


def _mean(each: Sequence[Predictions]) -> Predictions:
    """The predictions of an ensemble."""
    without = [one.left_out for one in each if one.left_out is not None]
    return Predictions(
        each[0].measured,
        np.mean([one.fitted for one in each], axis=0),
        np.mean(without, axis=0) if without else None,
    )


def _joined(standards: Sequence[Standard]) -> Standard:
    """The standards of single variables as one of all of them."""
    return Standard(
        mean=tuple(standard.mean[0] for standard in standards),
        deviation=tuple(standard.deviation[0] for standard in standards),
    )
