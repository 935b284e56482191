"""A whole fit: from gathered stations to equations, networks, novelty, and the card that says how good."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from lunarcloud.errors import InputError
from lunarcloud.models.accuracy import accuracy, residuals
from lunarcloud.models.card import Accuracy, Card, Kind, TrainingRecord
from lunarcloud.models.diagnostics import diagnostics
from lunarcloud.models.equation_fit import EquationFit, Predictions, fit_equations, influences
from lunarcloud.models.gather import Gathered
from lunarcloud.models.inputs import network_inputs
from lunarcloud.models.novelty import Novelty, fit_novelty
from lunarcloud.models.package import NETWORKS
from lunarcloud.models.training import TrainingSettings
from lunarcloud.storage import digest

if TYPE_CHECKING:
    import xarray as xr

    from lunarcloud.models.network_fit import NetworkFit
    from lunarcloud.models.student import Taught


_ARCHITECTURE = "Conv1D 32 k2 ReLU, Conv1D 32 k2 ReLU, MaxPool1D 2, Dense 64 ReLU, Dense 1"


class Fitting(NamedTuple):
    """What is fitted to what.

    Attributes
    ----------
    gathered : Gathered
        Stations with reflectances.
    seeds, trained : tuple of int
        Of the networks that are mapped with, and of these and more, for the spread; none with equations only.
    pixels : ndarray, float32, shape (block, band, pixel) or None
        Reflectances of a sample of the mosaic to teach the student on, fractions, NaN where missing.
    note : str
        What nobody may overlook of the stations or the mosaic; the model files say it too.
    """

    gathered: Gathered
    seeds: tuple[int, ...]
    trained: tuple[int, ...]
    pixels: npt.NDArray[np.float32] | None = None
    note: str = ""


class Fitted(NamedTuple):
    """A fit: its card, the files of its networks by name, and what its figures are drawn from."""

    card: Card
    files: dict[str, bytes]
    diagnostics: xr.Dataset


class _Fits(NamedTuple):
    """Everything that was fitted, and why other things were not."""

    equations: EquationFit
    networks: NetworkFit | None
    novelty: Novelty | None
    taught: Taught | None
    not_fitted: dict[str, str]


def fit_model(fitting: Fitting) -> Fitted:
    """Fit equations and networks to stations.

    Raises
    ------
    InputError
        If nothing can be fitted.
    MissingPackageError
        If networks are wanted and jax or optax is not installed.
    """
    # Loads onnx and onnxruntime, which a model that is there already does not need.
    from lunarcloud.models.export import export, export_taught

    fits = _fit(fitting)
    files, training = dict[str, bytes](), None
    if fits.networks is not None:
        networks = fits.networks.networks
        files[NETWORKS], difference = export(networks, fitting.gathered.samples.reflectance, fitting.note)
        training = _training(fitting, fits.networks, difference)
        if fits.taught is not None:
            files |= export_taught(fits.taught, networks.oxides, fitting.note)
    card = _card(fitting, fits, training, {name: digest(data) for name, data in files.items()})
    found = diagnostics(fitting.gathered, fits.equations, fits.networks, fitting.trained)
    return Fitted(card, files, found)


def _fit(fitting: Fitting) -> _Fits:
    samples = fitting.gathered.samples
    equations = fit_equations(samples)
    not_fitted = {f"{oxide} equation": reason for oxide, reason in equations.not_fitted.items()}
    if not equations.searches:
        raise InputError(f"nothing can be fitted: {'; '.join(not_fitted.values())}")
    networks, novelty, taught = None, None, None
    try:
        novelty = fit_novelty(network_inputs(samples.reflectance, equations.equations))
    except InputError as error:
        not_fitted["novelty"] = str(error)
    if fitting.trained:
        # Loads onnx, as above.
        from lunarcloud.models.network_fit import fit_networks

        try:
            networks = fit_networks(
                samples,
                equations,
                seeds=fitting.trained,
                mapped=len(fitting.seeds),
                settings=TrainingSettings(),
            )
        except InputError as error:
            not_fitted["networks"] = str(error)
        else:
            not_fitted |= {f"{oxide} network": reason for oxide, reason in networks.not_fitted.items()}
            taught = _taught(fitting, equations, networks, novelty, not_fitted)
    return _Fits(equations, networks, novelty, taught, not_fitted)


def _taught(
    fitting: Fitting,
    equations: EquationFit,
    networks: NetworkFit,
    stations: Novelty | None,
    not_fitted: dict[str, str],
) -> Taught | None:
    """The student, or why there is none."""
    from lunarcloud.models.student import teach

    samples = fitting.gathered.samples
    if len(fitting.seeds) < 2:
        not_fitted["uncertainty"] = "networks of a single seed say nothing of chance; fit with more seeds"
        return None
    if stations is None:
        not_fitted["uncertainty"] = f"where to trust a student is not known: {not_fitted['novelty']}"
        return None
    taught = teach(samples, networks, equations, stations, fitting.pixels)
    not_fitted |= taught.not_fitted
    return taught


def _card(fitting: Fitting, fits: _Fits, training: TrainingRecord | None, digests: dict[str, str]) -> Card:
    gathered, equations, networks = fitting.gathered, fits.equations, fits.networks
    predictions: dict[Kind, dict[str, Predictions]] = {
        "equation": dict(equations.predictions),
        "cnn": dict(networks.predictions) if networks else {},
    }
    return Card(
        equations=equations.equations,
        oxides=networks.networks.oxides if networks else (),
        training=training,
        student=fits.taught and fits.taught.record,
        novelty=fits.novelty,
        used=gathered.used,
        left_out=gathered.left_out,
        not_fitted=fits.not_fitted,
        accuracy=_accuracy(equations, networks),
        residuals=tuple(
            residual
            for kind, said in predictions.items()
            for oxide, each in said.items()
            for residual in residuals(
                kind,
                oxide,
                each,
                gathered.samples.sites,
                networks.by_seed[oxide] if kind == "cnn" and networks else (),
            )
        ),
        influence=tuple(influences(gathered.samples, equations.equations)),
        mosaic_against_table=gathered.compared.bands if gathered.compared else (),
        equal_spectra=gathered.samples.equal_spectra,
        digests=digests,
        software=_software(networks is not None),
    )


def _accuracy(equations: EquationFit, networks: NetworkFit | None) -> tuple[Accuracy, ...]:
    of_equations = [accuracy("equation", oxide, said) for oxide, said in equations.predictions.items()]
    if networks is None:
        return tuple(of_equations)
    of_networks = [
        accuracy("cnn", oxide, said, networks.by_seed[oxide]) for oxide, said in networks.predictions.items()
    ]
    return (*of_equations, *of_networks)


def _training(fitting: Fitting, fitted: NetworkFit, difference: float) -> TrainingRecord:
    return TrainingRecord(
        architecture=_ARCHITECTURE,
        settings=TrainingSettings(),
        seeds=fitting.seeds,
        spread_seeds=fitting.trained,
        inputs=fitted.networks.inputs,
        targets=fitted.networks.targets,
        plain_form_difference=difference,
    )


def _software(networks: bool) -> dict[str, str]:
    names = ["lunarcloud", "numpy", "scipy"]
    if networks:
        names += ["jax", "jaxlib", "optax", "onnx", "onnxruntime"]
    return {name: version(name) for name in names}
