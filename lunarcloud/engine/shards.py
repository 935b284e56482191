"""What runs on a worker for one shard of a group, and what the worker must show before its first."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from lunarcloud.engine.driver import reaching, stream
from lunarcloud.engine.memory import MemoryPlan
from lunarcloud.engine.once import Once
from lunarcloud.engine.pin import facts, require_same
from lunarcloud.engine.sight import Mark
from lunarcloud.engine.work import ShardFunction
from lunarcloud.errors import NotFoundError
from lunarcloud.moon import Shard
from lunarcloud.storage import Entry, Group

if TYPE_CHECKING:
    from distributed import Client

_LOGGER = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Conditions:
    """What every worker process of a run must meet.

    Attributes
    ----------
    mark : Mark
        Seen by all.
    facts : mapping of str to str
        What decides bytes, the same for all.
    """

    mark: Mark
    facts: Mapping[str, str]

    def checker(self, memory: MemoryPlan) -> Callable[[], None]:
        """What a worker process runs before its first shard."""
        return partial(_check, self, memory)


@dataclass(frozen=True, slots=True)
class ShardTask:
    """Compute a shard, write it, then note it: a task killed at any point can simply run again.

    A shard that somebody noted meanwhile, such as the same command run twice, is left as it is.
    """

    function: ShardFunction
    group: Group
    ready: Once[None]

    def __call__(self, shard: Shard) -> None:
        """Run on a worker."""
        from distributed import get_worker

        self.ready()
        with suppress(NotFoundError):
            self.group.ledger.entry(shard)
            return
        start = time.perf_counter()
        product = self.function(shard)
        objects = self.group.write(shard, product.arrays)
        entry = Entry(
            shard=shard,
            inputs=dict(product.inputs),
            objects=objects,
            counts=dict(product.counts),
            seconds=time.perf_counter() - start,
            worker=get_worker().address,
        )
        self.group.ledger.record(entry)
        done = {"event": "computed", "place": self.group.place.url, "shard": shard, "seconds": entry.seconds}
        _LOGGER.info("computed shard %d-%d of %s", *shard, self.group.place.url, extra={"event": done})


@dataclass(frozen=True, slots=True)
class Seeing(Generic[Item, Result]):
    """A function of an item, on a worker process that has shown before its first that it sees a folder."""

    function: Callable[[Item], Result]
    ready: Once[None]

    def __call__(self, item: Item) -> Result:
        """Run on a worker."""
        self.ready()
        return self.function(item)


def seeing(function: Callable[[Item], Result], mark: Mark) -> Seeing[Item, Result]:
    """A function that runs where a mark is seen only."""
    return Seeing(function, Once(partial(_see, mark)))


def able(client: Client, needs: Mapping[str, float]) -> dict[str, Any]:
    """The workers, by address, that have the resources a task needs; `AwayError` if the cluster is lost."""
    with reaching():
        workers = client.scheduler_info(n_workers=-1)["workers"]
    return {
        address: worker
        for address, worker in workers.items()
        if all(worker["resources"].get(name, 0) >= amount for name, amount in needs.items())
    }


def ask(client: Client, mark: Mark, needs: Mapping[str, float]) -> tuple[str, dict[str, str]]:
    """A worker's address and facts, once it has shown that it sees a mark; waits until there is a worker.

    Parameters
    ----------
    client : distributed.Client
        The cluster.
    mark : Mark
        In the folder of what is to be computed.
    needs : mapping of str to float
        Resources that the worker must have.
    """
    ((_, answer),) = stream(client, _answer, [mark], title="prove", needs=needs)
    return answer


def require_alike(client: Client, found: Mapping[str, str], needs: Mapping[str, float]) -> None:
    """Refuse a cluster whose workers would make different bytes.

    Parameters
    ----------
    client : distributed.Client
        The cluster.
    found : mapping of str to str
        Facts of one of its workers.
    needs : mapping of str to float
        Resources of the workers that count.

    Raises
    ------
    InputError
        Naming a worker that differs, and in what.
    AwayError
        If the cluster is lost.
    """
    workers = list(able(client, needs))
    with reaching():
        answers = client.run(facts, workers=workers, on_error="ignore")
    for address, other in answers.items():
        require_same(found, address, other)


def _answer(mark: Mark) -> tuple[str, dict[str, str]]:
    from distributed import get_worker

    address = str(get_worker().address)
    mark.reply(address)
    return address, facts()


def _see(mark: Mark) -> None:
    from distributed import get_worker

    mark.require(get_worker().address)


def _check(conditions: Conditions, memory: MemoryPlan) -> None:
    from distributed import get_worker

    worker = get_worker()
    conditions.mark.require(worker.address)
    require_same(conditions.facts, worker.address, facts())
    memory.require(worker.address, worker.state.nthreads, worker.memory_manager.memory_limit or 0)
