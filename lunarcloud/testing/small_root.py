"""A small root for tests and benchmarks: a mosaic of made-up spectra and a model with untrained networks."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from lunarcloud import moon, quantities
from lunarcloud.archive.instruments import CLEMENTINE, Instrument
from lunarcloud.lineage import Given, Record, Ref, Root, series_of
from lunarcloud.models import QIU2025, Card, Equations
from lunarcloud.models.card import IntervalError, StudentError, StudentRecord, TrainingRecord
from lunarcloud.models.choices import CHOICES
from lunarcloud.models.graph import Networks, Perceptron, perceptron_graph, plain_graph, product_graph
from lunarcloud.models.inputs import Standard
from lunarcloud.models.network import initial_weights, stack
from lunarcloud.models.novelty import fit_novelty
from lunarcloud.models.novelty import novelty as novelty_of
from lunarcloud.models.package import INTERVALS, NETWORKS, STUDENT
from lunarcloud.models.student import HALF_WIDTHS, MEANS
from lunarcloud.models.training import Teaching, TrainingSettings
from lunarcloud.mosaic import REFLECTANCE, MosaicCard, mosaic_group
from lunarcloud.storage import Entry, Folder, Group, digest

CardT = TypeVar("CardT", bound=BaseModel)

#: Numbers of a shard (band, row, col) from its shape and a seed.
Pixels: TypeAlias = Callable[[tuple[int, int], list[int]], npt.NDArray[np.int16]]

SCALING = 1.35e-4
MISSING = -32768
OXIDES = tuple(quantities.OXIDES)
# Reflectances of a lunar soil by wavelength, nm.
_SOIL_NM = (415.0, 750.0, 900.0, 950.0, 1000.0, 1550.0)
_SOIL = (0.10, 0.17, 0.18, 0.185, 0.19, 0.24)
# Mean and spread of the oxides, wt%, and of one that has none here.
_TYPICAL = {
    "feo": (9.0, 5.0),
    "tio2": (2.0, 2.5),
    "al2o3": (20.0, 6.0),
    "mgo": (7.0, 2.5),
    "cao": (13.0, 2.0),
}
_ANY = (40.0, 5.0)


def spectra(
    shape: tuple[int, int], seed: list[int], instrument: Instrument = CLEMENTINE
) -> npt.NDArray[np.int16]:
    """Numbers of the archive, shape (band, row, col), of soils of many brightnesses and slopes.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    seed : list of int
        Of the random numbers.
    instrument : Instrument
        Whose bands.
    """
    random = np.random.default_rng(seed)
    brightness = np.exp(random.normal(0.0, 0.35, shape))
    slope = random.normal(0.0, 0.03, shape)
    soils = _soil(instrument)
    steps = np.linspace(-1.0, 1.0, len(soils))
    dn = [soil * brightness * (1.0 + slope * step) / SCALING for soil, step in zip(soils, steps, strict=True)]
    return np.rint(dn).astype(np.int16)


def _soil(instrument: Instrument) -> npt.NDArray[np.float64]:
    return np.interp(instrument.wavelengths_nm, _SOIL_NM, _SOIL)


def defective_spectra(
    shape: tuple[int, int], seed: list[int], instrument: Instrument = CLEMENTINE
) -> npt.NDArray[np.int16]:
    """The same with missing bands, off-scale values and dark pixels beyond the equations' validity.

    Parameters
    ----------
    shape, seed, instrument
        As in `spectra`.
    """
    dn = spectra(shape, seed, instrument)
    dn[:, ::7, ::5] = MISSING
    dn[2, 3::11, 1::6] = MISSING
    dn[0, 5::13, 2::7] = -50
    dn[1, 4::17, 3::8] = 9000
    dn[1, 6::19, 4::9] = 100
    return dn


def write_mosaic(
    root: Folder, grid: moon.Grid, pixels: Pixels | None = None, instrument: Instrument = CLEMENTINE
) -> Record[MosaicCard]:
    """Publish a mosaic whose shards are ``pixels(shape, seed)``, without tiles.

    Parameters
    ----------
    root : Folder
        Where.
    grid : Grid
        On which grid.
    pixels : callable, optional
        `defective_spectra` of the instrument without one.
    instrument : Instrument
        Whose bands.
    """
    made = pixels or partial(defective_spectra, instrument=instrument)
    card = MosaicCard(
        ppd=grid.ppd,
        shard_edge=grid.shard_edge,
        scaling_factor=SCALING,
        offset=0.0,
        instrument=instrument.name,
        tiles={},
        pixels=grid.n_rows * grid.n_cols,
    )
    what = [grid.ppd, grid.shard_edge, (pixels or defective_spectra).__name__, instrument.name]
    name = digest(json.dumps(what).encode())[:16]
    group = mosaic_group(root / f"mosaics/{name}", card)
    for shard in grid.shards():
        write_shard(group, shard, {REFLECTANCE: made(grid.window(shard).shape, [shard.row, shard.col])})
    group.finish({"title": "made-up mosaic"})
    return publish(root, Ref(kind="mosaics", id=name), "ingest", card, content=group.digest(), groups=[group])


def write_shard(group: Group, shard: moon.Shard, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write a shard of a group and note it, as a worker does.

    Parameters
    ----------
    group : Group
        Of what.
    shard : Shard
        Which.
    arrays : mapping of str to array
        Its codes by variable.
    """
    objects = group.write(shard, arrays)
    group.ledger.record(Entry(shard=shard, objects=objects, seconds=0.0, worker="here"))


def publish(
    root: Folder, ref: Ref, process: str, card: CardT, *, content: str, groups: Sequence[Group] = ()
) -> Record[CardT]:
    """Publish something made up as the record of a process without inputs.

    Parameters
    ----------
    root : Folder
        Where.
    ref : Ref
        What it is called.
    process : str
        Which process is said to have made it.
    card : model
        What is known of it.
    content : str
        Its digest.
    groups : sequence of Group
        Sharded groups in its folder, finished.
    """
    now, home = datetime.now(UTC), f"{(root / ref.path).url}/"
    ledgers = {f"{group.ledger.place.url.removeprefix(home)}/": group.digest() for group in groups}
    places = (f"{group.place.url.removeprefix(home)}/" for group in groups)
    record: Record[CardT] = Record(
        ref=ref,
        process=process,
        algorithm=1,
        series=series_of(process, {"made up": ref.id}, {}),
        given=Given(),
        versions={},
        started=now,
        finished=now,
        digest=content,
        outputs={},
        groups=dict(zip(places, ledgers, strict=True)),
        ledgers=ledgers,
        card=card,
    )
    Root(root).publish(record)
    return record


def untrained_networks(instrument: Instrument = CLEMENTINE, *, seeds: int = 1) -> Networks:
    """Networks of random weights for each oxide, with the standards of soils."""
    soils, oxides = _soil(instrument).tolist(), tuple(quantities.OXIDES)
    weights = [
        initial_weights(len(soils) + 1, seed=seed, network=index)
        for index in range(len(oxides))
        for seed in range(seeds)
    ]
    means, deviations = zip(*(_TYPICAL.get(oxide, _ANY) for oxide in oxides), strict=True)
    return Networks(
        oxides=oxides,
        weights=stack(weights),
        inputs=Standard(mean=(*soils, 0.2), deviation=(0.03, *(0.05 for _ in soils))),
        targets=Standard(mean=means, deviation=deviations),
        equations=_equations(instrument),
    )


def _untaught(networks: Networks, settings: Teaching, values: Standard, above_0: int) -> Perceptron:
    """A perceptron of random weights, as large as those that are taught."""
    random, inputs = np.random.default_rng(3), len(networks.inputs.mean)
    outputs = len(values.mean) + above_0
    seen = (inputs, *settings.hidden[:-1], settings.hidden[-1] + inputs)
    shapes = list(zip((*settings.hidden, outputs), seen, strict=True))
    return Perceptron(
        kernels=tuple(
            random.normal(0.0, 0.7 / np.sqrt(shape[1]), shape).astype(np.float32) for shape in shapes
        ),
        biases=tuple(np.zeros(shape[0], np.float32) for shape in shapes),
        inputs=networks.inputs,
        values=values,
        logarithms=Standard(mean=(-1.0,) * above_0, deviation=(0.5,) * above_0),
        equations=networks.equations,
    )


def _equations(instrument: Instrument) -> Equations:
    return QIU2025.model_copy(update={"wavelengths_nm": instrument.wavelengths_nm})


def untrained_record(networks: Networks, seeds: tuple[int, ...]) -> TrainingRecord:
    """What a card says of networks that nobody trained."""
    return TrainingRecord(
        architecture="untrained",
        settings=TrainingSettings(),
        seeds=seeds,
        spread_seeds=seeds,
        inputs=networks.inputs,
        targets=networks.targets,
        plain_form_difference=0.0,
    )


def student_record(oxides: tuple[str, ...], reach: float, intervals: tuple[str, ...]) -> StudentRecord:
    """What a card says of a student without error.

    Parameters
    ----------
    oxides : tuple of str
        That it answers for.
    reach : float
        Distance from the stations up to which it does.
    intervals : tuple of str
        Maps of half-widths.
    """
    errors = (
        StudentError(oxide=oxide, rms=0, of_999=0, largest=0, chance=1, within_a_fifth=1, chance_error=0)
        for oxide in oxides
    )
    return StudentRecord(
        teaching=MEANS,
        teaching_of_intervals=HALF_WIDTHS,
        choices=CHOICES,
        mosaic=False,
        spectra=1,
        held_out=1,
        reach=reach,
        errors=tuple(errors),
        intervals=tuple(IntervalError(map=name, median=1, error=0) for name in intervals),
    )


def write_model(root: Folder, name: str = "untrained", instrument: Instrument = CLEMENTINE) -> Record[Card]:
    """Publish a model that nobody trained: two seeds, a student, intervals, a novelty of made-up stations.

    Parameters
    ----------
    root : Folder
        Where.
    name : str
        Its id.
    instrument : Instrument
        For whose bands.
    """
    networks = untrained_networks(instrument, seeds=2)
    stations, many = (_with_maturity(*drawn, instrument) for drawn in (((6, 8), [1]), ((100, 100), [2])))
    novelty = fit_novelty(stations)
    reach = float(np.quantile(novelty_of(many[:-1], many[-1], novelty), 0.999))
    intervals = tuple(each for each in quantities.QUANTITIES.values() if each.method == "interval")
    student = _untaught(networks, MEANS, networks.targets, len(networks.oxides))
    half_widths = _untaught(networks, HALF_WIDTHS, Standard(mean=(), deviation=()), len(intervals))
    files = {
        NETWORKS: product_graph(networks, {}),
        STUDENT: perceptron_graph(student, {}),
        INTERVALS: perceptron_graph(half_widths, {}),
    }
    card = Card(
        equations=networks.equations,
        oxides=networks.oxides,
        training=untrained_record(networks, (0, 1)),
        student=student_record(networks.oxides, reach, tuple(each.name for each in intervals)),
        novelty=novelty,
        digests={name: digest(data) for name, data in files.items()},
    )
    for file, data in files.items():
        (root / f"models/{name}").write(file, data)
    return publish(root, Ref(kind="models", id=name), "fit", card, content=digest(files[NETWORKS]))


def _with_maturity(
    shape: tuple[int, int], seed: list[int], instrument: Instrument
) -> npt.NDArray[np.float64]:
    """Reflectances and OMAT, (input, n)."""
    found = spectra(shape, seed, instrument).reshape(len(instrument.bands), -1) * SCALING
    return np.vstack([found, np.hypot(found[1] - 0.018, found[3] / found[1] - 1.188)])


def plain_model() -> bytes:
    """The networks of `untrained_networks` as a framework exports them."""
    return plain_graph(untrained_networks())
