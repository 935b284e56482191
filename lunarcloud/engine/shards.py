"""Computing shards into a store: each written whole by one task, noted in the ledger, never twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy.typing as npt

from lunarcloud.engine.memory import MemoryPlan
from lunarcloud.engine.progress import show_progress
from lunarcloud.engine.resource import Resource, provide
from lunarcloud.engine.stream import stream
from lunarcloud.errors import NotFoundError
from lunarcloud.moon import Shard
from lunarcloud.storage import Entry, Folder, Layout, Ledger, write_shard

if TYPE_CHECKING:
    from distributed import Client


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


# An object and no closure: it pickles by its parts, and they are what a worker needs and nothing else.
@dataclass(frozen=True, slots=True)
class _Task:
    """Compute a shard, write it, then note it: a task killed at any point can simply run again.

    A shard that somebody noted meanwhile, such as the same command run twice, is left as it is.
    """

    function: ShardFunction
    place: Folder
    layout: Layout
    ledger: Ledger

    def __call__(self, shard: Shard) -> Entry:
        from distributed import get_worker

        # Asked again here: minutes may lie between the list of what remains and this task.
        with suppress(NotFoundError):
            return self.ledger.entry(shard)
        start = time.perf_counter()
        product = self.function(shard)
        # Written before it is noted: a task killed between the two leaves a shard that is written once more,
        # the same bytes; the other way round it would leave an entry without a shard.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A Zarr group to be computed.

    Attributes
    ----------
    title : str
        For the progress bar.
    place : Folder
        Where it is written.
    ledger : Ledger
        Where its finished shards are noted.
    layout : Layout
        What it holds.
    function : callable
        From a shard to its `Product`; runs on workers.
    memory : MemoryPlan
        What one task needs.
    resources : tuple of Resource
        What each worker process holds for the tasks.
    rate : float
        About how much one thread computes, Mpixel/s, for estimates.
    """

    title: str
    place: Folder
    ledger: Ledger
    layout: Layout
    function: ShardFunction
    memory: MemoryPlan
    rate: float
    resources: tuple[Resource, ...] = ()


def remaining(group: Group) -> list[Shard]:
    """The shards of a group that its ledger does not hold yet, in the raster's order."""
    # All entries at once: a question for each shard would be thousands of requests to a bucket.
    done = group.ledger.entries()
    return [shard for shard in group.layout.raster.shards() if shard not in done]


def compute(group: Group, shards: Iterable[Shard], client: Client) -> None:
    """Compute and write shards of a group on a cluster; the order does not matter to the result.

    Parameters
    ----------
    group : Group
        What to compute.
    shards : iterable of Shard
        Which of it: the `remaining` ones, in any order.
    client : distributed.Client
        Where.

    Raises
    ------
    InputError
        Before anything runs, if a task does not fit the memory of a worker.
    ComputeError, StoreError
        If a shard cannot be computed or written; what is finished stays finished.
    """
    group.memory.require_fit(client)
    for resource in group.resources:
        provide(client, resource)
    todo = list(shards)
    task = _Task(group.function, group.place, group.layout, group.ledger)
    with show_progress(group.title, len(todo)) as progress:
        for shard, _ in stream(client, task, todo):
            # What lies on the raster: shards at its edges are cut, and the rate counts pixels.
            rows, cols = group.layout.raster.window(shard).shape
            progress.advance(rows * cols)
