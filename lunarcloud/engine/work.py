"""Work on shards: a Zarr group, the function that computes one shard of it, and what that takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy.typing as npt

from lunarcloud.engine.memory import MemoryPlan
from lunarcloud.moon import Shard
from lunarcloud.storage import Group


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A Zarr group to be computed.

    Attributes
    ----------
    title : str
        For whoever watches, and for the names of the tasks.
    group : Group
        What is computed: where, what it holds, and its ledger.
    function : callable
        From a shard to its `Product`; runs on workers. It goes to each worker process once, with all that it
        holds, so it may hold much; what cannot be pickled it holds as `Once`.
    memory : MemoryPlan
        What one task needs.
    rate : float
        About how much one thread computes, Mpixel/s, for estimates.
    needs : mapping of str to float
        What a task takes of a worker's Dask resources: ``{"GPU": 1}``.
    """

    title: str
    group: Group
    function: ShardFunction
    memory: MemoryPlan
    rate: float
    needs: Mapping[str, float] = field(default_factory=dict)
