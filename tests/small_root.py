"""A small root for tests and benchmarks: a mosaic of made-up spectra and a model with untrained networks."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from lunarcloud import moon
from lunarcloud.lineage import Given, Record, Ref, Root, series_of
from lunarcloud.models import QIU2025, Card
from lunarcloud.models.graph import Networks, plain_graph, product_graph
from lunarcloud.models.inputs import Standard
from lunarcloud.models.network import initial_weights, stack
from lunarcloud.models.novelty import fit_novelty
from lunarcloud.models.package import NETWORKS
from lunarcloud.mosaic import REFLECTANCE, MosaicCard, mosaic_group
from lunarcloud.storage import Entry, Folder, Group, digest

CardT = TypeVar("CardT", bound=BaseModel)
Pixels: TypeAlias = Callable[[tuple[int, int], list[int]], npt.NDArray[np.int16]]

SCALING = 1.35e-4
MISSING = -32768
OXIDES = ("feo", "tio2", "al2o3", "mgo", "cao")
# Reflectances of a lunar soil, A to E, and their spread.
_SOIL = np.array([0.10, 0.17, 0.18, 0.185, 0.19])


def spectra(shape: tuple[int, int], seed: list[int]) -> npt.NDArray[np.int16]:
    """Numbers of the archive, shape (5, row, col), of soils of many brightnesses and slopes."""
    random = np.random.default_rng(seed)
    brightness = np.exp(random.normal(0.0, 0.35, shape))
    slope = random.normal(0.0, 0.03, shape)
    steps = np.linspace(-1.0, 1.0, 5)
    dn = [soil * brightness * (1.0 + slope * step) / SCALING for soil, step in zip(_SOIL, steps, strict=True)]
    return np.rint(dn).astype(np.int16)


def defective_spectra(shape: tuple[int, int], seed: list[int]) -> npt.NDArray[np.int16]:
    """The same with missing bands, off-scale values and dark pixels beyond the equations' validity."""
    dn = spectra(shape, seed)
    dn[:, ::7, ::5] = MISSING
    dn[2, 3::11, 1::6] = MISSING
    dn[0, 5::13, 2::7] = -50
    dn[1, 4::17, 3::8] = 9000
    dn[1, 6::19, 4::9] = 100
    return dn


def write_mosaic(root: Folder, grid: moon.Grid, pixels: Pixels = defective_spectra) -> Record[MosaicCard]:
    """Publish a mosaic whose shards are ``pixels(shape, seed)``, without tiles."""
    card = MosaicCard(
        ppd=grid.ppd,
        shard_edge=grid.shard_edge,
        scaling_factor=SCALING,
        offset=0.0,
        tiles={},
        pixels=grid.n_rows * grid.n_cols,
    )
    name = digest(json.dumps([grid.ppd, grid.shard_edge, pixels.__name__]).encode())[:16]
    group = mosaic_group(root / f"mosaics/{name}", card)
    for shard in grid.shards():
        write_shard(group, shard, {REFLECTANCE: pixels(grid.window(shard).shape, [shard.row, shard.col])})
    group.finish({"title": "made-up mosaic"})
    return publish(root, Ref(kind="mosaics", id=name), "ingest", card, content=group.digest())


def write_shard(group: Group, shard: moon.Shard, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write a shard of a group and note it, as a worker does."""
    objects = group.write(shard, arrays)
    group.ledger.record(Entry(shard=shard, objects=objects, seconds=0.0, worker="here"))


def publish(root: Folder, ref: Ref, process: str, card: CardT, *, content: str) -> Record[CardT]:
    """Publish something made up as the record of a process without inputs."""
    now = datetime.now(UTC)
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
        card=card,
    )
    Root(root).publish(record)
    return record


def untrained_networks() -> Networks:
    """Five networks of random weights, with the standards of soils."""
    weights = stack([initial_weights(6, seed=0, network=index) for index in range(len(OXIDES))])
    return Networks(
        oxides=OXIDES,
        weights=weights,
        inputs=Standard(mean=(*_SOIL, 0.2), deviation=(0.03, 0.05, 0.05, 0.05, 0.05, 0.05)),
        targets=Standard(mean=(9.0, 2.0, 20.0, 7.0, 13.0), deviation=(5.0, 2.5, 6.0, 2.5, 2.0)),
        equations=QIU2025,
    )


def write_model(root: Folder, name: str = "untrained") -> Record[Card]:
    """Publish a model with the networks of `untrained_networks` and a novelty of made-up stations."""
    onnx = product_graph(untrained_networks(), {})
    stations = spectra((6, 8), [1]).reshape(5, -1) * SCALING
    maturity = np.hypot(stations[1] - 0.018, stations[3] / stations[1] - 1.188)
    card = Card(
        equations=QIU2025,
        oxides=OXIDES,
        novelty=fit_novelty(np.vstack([stations, maturity])),
        digests={NETWORKS: digest(onnx)},
    )
    (root / f"models/{name}").write(NETWORKS, onnx)
    return publish(root, Ref(kind="models", id=name), "fit", card, content=digest(onnx))


def plain_model() -> bytes:
    """The networks of `untrained_networks` as a framework exports them."""
    return plain_graph(untrained_networks())
