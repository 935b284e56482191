"""Process ``fit``: stations become a model: equations, networks, their accuracy, figures."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from lunarcloud.archive import same_bands
from lunarcloud.engine import Note, Session
from lunarcloud.errors import NotFoundError
from lunarcloud.lineage import Entry, Given, Record, Root
from lunarcloud.models import (
    Card,
    Fitting,
    Model,
    accuracy_rows,
    agreement_rows,
    fit_model,
    gather_samples,
    load_model,
    model_digest,
    r2_in_words,
    remarks,
    sampled_reflectance,
)
from lunarcloud.mosaic import Mosaic, MosaicCard, load_mosaic
from lunarcloud.processes import stations
from lunarcloud.processes.inputs import Inputs, given_of, option, parent
from lunarcloud.processes.process import Estimate, Made, Process, Report, Table
from lunarcloud.processes.run import run_in
from lunarcloud.quantities import OXIDES
from lunarcloud.storage import Folder, write_dataset

# Networks of so many seeds are trained at least, so that the card can say how much chance is in them.
_SPREAD_SEEDS = 3
_DIAGNOSTICS = "diagnostics.zarr"
# Seconds that a fit took on two cores: the equations, the networks of one seed, and what stands for them all.
_EQUATION_SECONDS, _SEED_SECONDS, _STUDENT_SECONDS = 8.0, 3.0, 70.0
# Of the process: jax with 600 000 spectra and what twenty networks say of them.
_BYTES = 1536 * 2**20


class FitInputs(Inputs):
    """What to fit."""

    stations: str = parent(
        stations.KIND, "ground truth: main, a published table, or a CSV file", default=stations.MAIN
    )
    without: tuple[str, ...] = option((), "site or mission to leave out")
    reflectance: Literal["table", "mosaic", "mixed"] | None = option(
        None,
        "where spectra come from; by default the table, else the mosaic where both differ by 15 % at most; "
        "mixed: however much they differ",
    )
    mosaic: str | None = parent("mosaics", "mosaic to sample, if there is one")
    equations_only: bool = option(False, "train no networks")
    seeds: int = option(
        20,
        "networks of each oxide, alike but for chance: maps are of their mean; 1: as the paper",
        limits={"ge": 1, "le": 32},
    )
    first_seed: int = option(
        0, "chance of the first of them; the others count on", limits={"ge": 0, "le": 10**6}
    )


class _Material(NamedTuple):
    root: Root
    chosen: stations.Choice
    mosaic: Mosaic | None
    inputs: FitInputs


def _resolve(inputs: FitInputs, root: Root) -> tuple[Given, _Material]:
    chosen = stations.choose(root, inputs.stations)
    chosen = chosen._replace(table=chosen.table.without(inputs.without))
    found = _mosaic(inputs, root)
    parents = {"stations": chosen.parent}
    if found:
        # Though every station may have a reflectance today: the next one need not, and is of this series.
        parents["mosaic"] = found[0].as_parent()
    return given_of(inputs, root, parents), _Material(root, chosen, found[1] if found else None, inputs)


def _fitting(material: _Material) -> Fitting:
    """The stations with their spectra; a model that is there spares the seconds of sampling a mosaic."""
    _, chosen, mosaic, inputs = material
    gathered = gather_samples(chosen.table, mosaic, inputs.reflectance)
    dropped = dict.fromkeys(inputs.without, "left out on request")
    trained = _seeds(inputs, max(inputs.seeds, _SPREAD_SEEDS))
    gathered = gathered._replace(left_out={**dropped, **gathered.left_out})
    return Fitting(gathered, _seeds(inputs, inputs.seeds), trained)


def _seeds(inputs: FitInputs, number: int) -> tuple[int, ...]:
    first = inputs.first_seed
    return () if inputs.equations_only else tuple(range(first, first + number))


def _with_pixels(fitting: Fitting, mosaic: Mosaic | None) -> Fitting:
    """With what a student is taught on, where there is one and a mosaic of the stations' bands."""
    if mosaic is None or len(fitting.seeds) < 2:
        return fitting
    if not same_bands(fitting.gathered.samples.wavelengths_nm, mosaic.instrument.wavelengths_nm):
        return fitting
    return fitting._replace(pixels=sampled_reflectance(mosaic))


def _mosaic(inputs: FitInputs, root: Root) -> tuple[Entry, Mosaic] | None:
    """The mosaic to sample; none is needed where the table may do."""
    if inputs.reflectance == "table" or inputs.mosaic is None:
        return None
    try:
        entry = root.find("mosaics", inputs.mosaic)
    except NotFoundError:
        if inputs.reflectance == "mosaic" or inputs.mosaic != "latest":
            raise
        return None
    return entry, load_mosaic(root.place(entry.ref), root.record(entry, MosaicCard).card)


def _estimate(material: _Material, home: Folder, threads: int) -> Sequence[Estimate]:
    fitting = _fitting(material)
    number, trained = len(fitting.gathered.samples.sites), len(fitting.trained)
    return [
        Estimate(
            title=f"fit {number} stations",
            tasks=(number + 1) * (2 + len(OXIDES) * trained),
            bytes_at_most=8 * 2**20,
            worker_bytes=_BYTES,
            seconds=_EQUATION_SECONDS
            + _SEED_SECONDS * trained
            + (_STUDENT_SECONDS if len(fitting.seeds) > 1 else 0.0),
        )
    ]


def _make(material: _Material, home: Folder, session: Session) -> Made[Card]:
    fitting = _fitting(material)._replace(note=dict(home.says).get("note", ""))
    if material.chosen.inputs is not None:
        run_in(session, stations.PROCESS, material.chosen.inputs, material.root)
    session.tell(Note(f"fitting {len(fitting.gathered.samples.sites)} stations"))
    card, files, diagnostics = fit_model(_with_pixels(fitting, material.mosaic))
    for name, data in files.items():
        home.write(name, data)
    stations.write_stations(home, fitting.gathered.table)
    write_dataset(home / _DIAGNOSTICS, diagnostics)
    # Slow to import, and a model that is there already draws nothing.
    from lunarcloud.figures import draw_fit, save_figure

    for name, figure in draw_fit(card, diagnostics).items():
        save_figure(figure, home / "figures", f"{name}.png")
    kind = "cnn" if card.oxides else "equation"
    best = {f"R2 {each.oxide}": r2_in_words(each) for each in card.accuracy if each.kind == kind}
    facts = {"stations": str(len(card.used)), **best}
    return Made(card, model_digest(card), facts=facts)


def _open(record: Record[Card], home: Folder) -> Model:
    return load_model(home, record.ref.id, record.card)


def _report(record: Record[Card], home: Folder) -> Report:
    columns, rows = accuracy_rows(record.card)
    title = "accuracy: RMSE in wt%; LOO: each station predicted without itself"
    if record.card.training is not None:
        title += f"; cnn: medians over {len(record.card.training.spread_seeds)} seeds"
    facts = {"stations used": len(record.card.used)}
    tables = {title: Table(columns=columns, rows=rows)}
    if record.card.mosaic_against_table:
        columns, rows = agreement_rows(record.card)
        title = (
            "mosaic against table at the stations: mosaic = gain x table + offset; scatter about that line"
        )
        tables[title] = Table(columns=columns, rows=rows)
    return Report(facts, tables, tuple(remarks(record.card)))


PROCESS = Process(
    name="fit",
    kind="models",
    algorithm=7,
    inputs=FitInputs,
    card=Card,
    resolve=_resolve,
    estimate=_estimate,
    make=_make,
    open=_open,
    report=_report,
)
