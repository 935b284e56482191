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
from lunarcloud.models.graph import Networks, plain_graph, product_graph
from lunarcloud.models.inputs import Standard
from lunarcloud.models.network import initial_weights, stack
from lunarcloud.models.novelty import fit_novelty
from lunarcloud.models.package import NETWORKS
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


def untrained_networks(instrument: Instrument = CLEMENTINE) -> Networks:
    """A network of random weights for each oxide, with the standards of soils."""
    soils, oxides = _soil(instrument).tolist(), tuple(quantities.OXIDES)
    weights = [initial_weights(len(soils) + 1, seed=0, network=index) for index in range(len(oxides))]
    means, deviations = zip(*(_TYPICAL.get(oxide, _ANY) for oxide in oxides), strict=True)
    return Networks(
        oxides=oxides,
        weights=stack(weights),
        inputs=Standard(mean=(*soils, 0.2), deviation=(0.03, *(0.05 for _ in soils))),
        targets=Standard(mean=means, deviation=deviations),
        equations=_equations(instrument),
    )


def _equations(instrument: Instrument) -> Equations:
    return QIU2025.model_copy(update={"wavelengths_nm": instrument.wavelengths_nm})


def write_model(root: Folder, name: str = "untrained", instrument: Instrument = CLEMENTINE) -> Record[Card]:
    """Publish a model with the networks of `untrained_networks` and a novelty of made-up stations.

    Parameters
    ----------
    root : Folder
        Where.
    name : str
        Its id.
    instrument : Instrument
        For whose bands.
    """
    networks = untrained_networks(instrument)
    onnx = product_graph(networks, {})
    stations = spectra((6, 8), [1], instrument).reshape(len(instrument.bands), -1) * SCALING
    maturity = np.hypot(stations[1] - 0.018, stations[3] / stations[1] - 1.188)
    card = Card(
        equations=networks.equations,
        oxides=networks.oxides,
        novelty=fit_novelty(np.vstack([stations, maturity])),
        digests={NETWORKS: digest(onnx)},
    )
    (root / f"models/{name}").write(NETWORKS, onnx)
    return publish(root, Ref(kind="models", id=name), "fit", card, content=digest(onnx))


def plain_model() -> bytes:
    """The networks of `untrained_networks` as a framework exports them."""
    return plain_graph(untrained_networks())
