"""Job ``fit``: stations become a published model: equations, networks, their accuracy, figures."""

import json
from importlib.metadata import version
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from lunarcloud.archive.stations import OXIDES, read_stations, shipped_stations
from lunarcloud.errors import InputError, NotFoundError
from lunarcloud.figures import models as figures
from lunarcloud.figures.style import save as save_figure
from lunarcloud.jobs.common import Estimate
from lunarcloud.models import network
from lunarcloud.models.accuracy import accuracy, residuals
from lunarcloud.models.card import Card, TrainingRecord
from lunarcloud.models.diagnostics import diagnostics
from lunarcloud.models.equation_fit import EquationFit, fit_equations, influences
from lunarcloud.models.export import export
from lunarcloud.models.gather import Gathered, gather
from lunarcloud.models.inputs import network_inputs
from lunarcloud.models.network_fit import NetworkFit, fit_networks
from lunarcloud.models.novelty import Novelty, fit_novelty
from lunarcloud.models.package import NETWORKS, STATIONS, model_card, model_place, save
from lunarcloud.models.training import TrainingSettings
from lunarcloud.mosaic import Mosaic, find_mosaic
from lunarcloud.storage import Folder, Published, digest, folder, publish, read_catalog, write_dataset

# Part of every id: raise it when the same inputs would give another model.
_ALGORITHM = 1
# Networks of so many seeds are trained at least, so that the card can say how much chance is in them.
_SPREAD_SEEDS = 3
# Seconds that a fit took on two cores: the equations, and the networks of one seed.
_EQUATION_SECONDS, _SEED_SECONDS = 8.0, 4.0
_DIAGNOSTICS = "diagnostics.zarr"
_ARCHITECTURE = "Conv1D 32 k2 ReLU, Conv1D 32 k2 ReLU, MaxPool1D 2, Dense 64 ReLU, Dense 1"


class FitInputs(BaseModel):
    """What to fit, and where to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    root: str = Field(min_length=1, description="folder or URL under which everything lives")
    stations: str | None = Field(default=None, description="CSV of stations; the shipped table without one")
    without: tuple[str, ...] = Field(default=(), description="sites or missions to leave out")
    reflectance: Literal["table", "mosaic"] | None = Field(
        default=None, description="where spectra come from; by default the table, else the mosaic"
    )
    mosaic: str = Field(default="latest", description="id of the mosaic to sample")
    equations_only: bool = Field(default=False, description="train no networks")
    seeds: int = Field(default=1, ge=1, le=32, description="networks averaged for each oxide")


class FitResult(BaseModel):
    """What a fit made."""

    model_config = ConfigDict(frozen=True)

    model: str
    url: str
    computed: bool = Field(description="False if this model was there already")
    card: Card


class _Plan(NamedTuple):
    """A fit before it starts."""

    id: str
    place: Folder
    gathered: Gathered
    seeds: tuple[int, ...]  #: mapped with
    trained: tuple[int, ...]  #: these and more, for the spread; empty with equations only
    mosaic: str | None  #: id, if a reflectance comes from it


class _Fits(NamedTuple):
    """Everything that was fitted, and why other things were not."""

    equations: EquationFit
    networks: NetworkFit | None
    novelty: Novelty | None
    not_fitted: dict[str, str]


def fit(inputs: FitInputs) -> FitResult:
    """Fit a model to stations and publish it; a model that is there already is not computed again.

    Raises
    ------
    InputError
        For a table that cannot be used (naming line, site and column), too few stations, or bands with
        which nothing can be fitted.
    NotFoundError
        For a table, site or mosaic that is not there.
    MissingPackageError
        If networks are wanted and jax or optax is not installed.
    StoreError
        If the root cannot be written.
    """
    root = folder(inputs.root)
    plan = _plan(inputs, root)
    if plan.id in {entry.id for entry in read_catalog(root).of("model")}:
        return FitResult(model=plan.id, url=plan.place.url, computed=False, card=model_card(plan.place))
    if plan.trained:
        network.packages()
    root.require_writable()
    card = _compute(plan)
    made_from = {"mosaic": plan.mosaic} if plan.mosaic else {}
    publish(root, Published(kind="model", id=plan.id, path=f"models/{plan.id}", inputs=made_from))
    return FitResult(model=plan.id, url=plan.place.url, computed=True, card=card)


def estimate_fit(inputs: FitInputs) -> list[Estimate]:
    """What a fit would take."""
    root = folder(inputs.root)
    plan = _plan(inputs, root)
    done = plan.id in {entry.id for entry in read_catalog(root).of("model")}
    stations = len(plan.gathered.samples.sites)
    tasks = (stations + 1) * (2 + len(OXIDES) * len(plan.trained))
    return [
        Estimate(
            title=f"fit {stations} stations",
            tasks=0 if done else tasks,
            done=tasks if done else 0,
            pixels=0,
            bytes_at_most=8 * 2**20,
            worker_bytes=1024 * 2**20,
            seconds=0.0 if done else _EQUATION_SECONDS + _SEED_SECONDS * len(plan.trained),
        )
    ]


def _plan(inputs: FitInputs, root: Folder) -> _Plan:
    table = read_stations(inputs.stations) if inputs.stations else shipped_stations()
    mosaic = _mosaic(inputs, root)
    gathered = gather(table.without(inputs.without), mosaic, inputs.reflectance)
    seeds = () if inputs.equations_only else tuple(range(inputs.seeds))
    trained = tuple(range(max(inputs.seeds, _SPREAD_SEEDS))) if seeds else ()
    from_mosaic = any(use.reflectance == "mosaic" for use in gathered.used)
    settings = TrainingSettings().model_dump()
    content = [_ALGORITHM, gathered.table.dump().decode(), seeds, trained, settings if seeds else None]
    model_id = digest(json.dumps(content, sort_keys=True).encode())[:16]
    return _Plan(
        id=model_id,
        place=model_place(root, model_id),
        gathered=gathered._replace(left_out={**_dropped(inputs), **gathered.left_out}),
        seeds=seeds,
        trained=trained,
        mosaic=mosaic.card.id if mosaic is not None and from_mosaic else None,
    )


def _dropped(inputs: FitInputs) -> dict[str, str]:
    return dict.fromkeys(inputs.without, "left out on request")


def _mosaic(inputs: FitInputs, root: Folder) -> Mosaic | None:
    """The mosaic to sample; none is needed where the table may do."""
    if inputs.reflectance == "table":
        return None
    try:
        return find_mosaic(root, inputs.mosaic)
    except NotFoundError:
        if inputs.reflectance == "mosaic" or inputs.mosaic != "latest":
            raise
        return None


def _compute(plan: _Plan) -> Card:
    fits = _fit(plan)
    files = {STATIONS: plan.gathered.table.dump()}
    training = None
    if fits.networks is not None:
        onnx, difference = export(fits.networks.networks, plan.gathered.samples.reflectance, plan.id)
        files[NETWORKS] = onnx
        training = _training(plan, fits.networks, difference)
    card = _card(plan, fits, training, {name: digest(data) for name, data in files.items()})
    found = diagnostics(plan.gathered.samples, fits.equations, fits.networks, plan.trained)
    write_dataset(plan.place / _DIAGNOSTICS, found)
    for name, figure in figures.draw_fit(card, found).items():
        save_figure(figure, plan.place / "figures", f"{name}.png")
    save(plan.place, card, files)
    return card


def _fit(plan: _Plan) -> _Fits:
    samples = plan.gathered.samples
    equations = fit_equations(samples)
    not_fitted = {f"{oxide} equation": reason for oxide, reason in equations.not_fitted.items()}
    if not equations.searches:
        raise InputError(f"nothing can be fitted: {'; '.join(not_fitted.values())}")
    networks, novelty = None, None
    try:
        novelty = fit_novelty(network_inputs(samples.reflectance, equations.equations))
    except InputError as error:
        not_fitted["novelty"] = str(error)
    if plan.trained:
        try:
            networks = fit_networks(
                samples, equations, seeds=plan.trained, mapped=len(plan.seeds), settings=TrainingSettings()
            )
        except InputError as error:
            not_fitted["networks"] = str(error)
        else:
            not_fitted |= {f"{oxide} network": reason for oxide, reason in networks.not_fitted.items()}
    return _Fits(equations, networks, novelty, not_fitted)


def _card(plan: _Plan, fits: _Fits, training: TrainingRecord | None, digests: dict[str, str]) -> Card:
    sites = plan.gathered.samples.sites
    equations, networks = fits.equations, fits.networks
    by_network = networks.predictions if networks else {}
    return Card(
        id=plan.id,
        equations=equations.equations,
        oxides=networks.networks.oxides if networks else (),
        training=training,
        novelty=fits.novelty,
        used=plan.gathered.used,
        left_out=plan.gathered.left_out,
        not_fitted=fits.not_fitted,
        accuracy=(
            *(accuracy("equation", oxide, said) for oxide, said in equations.predictions.items()),
            *(
                accuracy("cnn", oxide, said, networks.by_seed[oxide] if networks else ())
                for oxide, said in by_network.items()
            ),
        ),
        residuals=tuple(
            residual
            for kind, predictions in (("equation", equations.predictions), ("cnn", by_network))
            for oxide, said in predictions.items()
            for residual in residuals("cnn" if kind == "cnn" else "equation", oxide, said, sites)
        ),
        influence=tuple(influences(plan.gathered.samples, equations.equations)),
        digests=digests,
        software=_software(networks is not None),
    )


def _training(plan: _Plan, fitted: NetworkFit, difference: float) -> TrainingRecord:
    return TrainingRecord(
        architecture=_ARCHITECTURE,
        settings=TrainingSettings(),
        seeds=plan.seeds,
        spread_seeds=plan.trained,
        inputs=fitted.networks.inputs,
        targets=fitted.networks.targets,
        plain_form_difference=difference,
    )


def _software(networks: bool) -> dict[str, str]:
    names = ["lunarcloud", "numpy", "scipy"]
    if networks:
        names += ["jax", "jaxlib", "optax", "onnx", "onnxruntime"]
    return {name: version(name) for name in names}
