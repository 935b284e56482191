"""Computing shards into a store: each written whole by one task, noted in the ledger, never twice."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy.typing as npt
from distributed import Client, get_worker

from lunarcloud.engine.progress import Progress
from lunarcloud.engine.stream import stream
from lunarcloud.moon import Shard
from lunarcloud.storage import Entry, Folder, Layout, Ledger, write_shard


@dataclass(frozen=True, slots=True)
class Product:
    """What a task made of one shard.

    Attributes
    ----------
    arrays : mapping of str to array
        By variable, the stored codes of the shard's pixels.
    inputs : mapping of str to str
        Digests of what was read.
    counts : mapping of str to int
        Pixels by kind, for the report.
    """

    arrays: Mapping[str, npt.NDArray[Any]]
    inputs: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)


ShardFunction: TypeAlias = Callable[[Shard], Product]


@dataclass(frozen=True, slots=True)
class _Task:
    """Compute a shard, write it, then note it: a task killed at any point can simply run again."""

    function: ShardFunction
    place: Folder
    layout: Layout
    ledger: Ledger

    def __call__(self, shard: Shard) -> Entry:
        start = time.perf_counter()
        product = self.function(shard)
        outputs = write_shard(self.place, self.layout, shard, product.arrays)
        entry = Entry(
            shard=shard,
            inputs=dict(product.inputs),
            outputs=outputs,
            counts=dict(product.counts),
            seconds=time.perf_counter() - start,
            worker=get_worker().address,
        )
        self.ledger.record(entry)
        return entry


def remaining(layout: Layout, ledger: Ledger) -> list[Shard]:
    """The shards that the ledger does not hold yet, in the raster's order."""
    done = ledger.entries()
    return [shard for shard in layout.raster.shards() if shard not in done]


def write_shards(
    client: Client,
    function: ShardFunction,
    place: Folder,
    layout: Layout,
    ledger: Ledger,
    *,
    shards: Iterable[Shard],
    progress: Progress,
) -> None:
    """Compute and write shards on the cluster.

    Parameters
    ----------
    client : distributed.Client
        The cluster.
    function : callable
        From a shard to its `Product`; runs on workers.
    place, layout : Folder, Layout
        The group and what it holds.
    ledger : Ledger
        Where finished shards are noted.
    shards : iterable of Shard
        Which to compute, such as `remaining` ones; the order does not matter to the result.
    progress : Progress
        Told of every finished shard.
    """
    task = _Task(function, place, layout, ledger)
    for shard, _ in stream(client, task, shards):
        rows, cols = layout.raster.window(shard).shape
        progress.advance(rows * cols)
