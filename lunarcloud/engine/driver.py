"""Runs a stream of tasks on a cluster as `lunarcloud.engine.stream` decides; results in any order.

Unlike one lazy graph of everything, the scheduler holds a few tasks, memory is flat, and workers may come
and go.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError, wait
from concurrent.futures import Future as Fetching
from contextlib import contextmanager
from itertools import count, islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import uuid4

from lunarcloud.config import settings
from lunarcloud.engine.stream import (
    Again,
    Finish,
    GiveUp,
    Limits,
    Outcome,
    State,
    Submit,
    Why,
    decide,
    ended,
    exhausted,
    running,
    seen,
    submitted,
)
from lunarcloud.errors import AGAIN, AwayError, ComputeError, LunarcloudError
from lunarcloud.moon import Shard

if TYPE_CHECKING:
    from distributed import Client, Future

_POLL_S = 0.02
# How often the cluster is asked for its threads: it may grow, shrink, or be gone.
_LOOK_S = 1.0
# How often it is asked which task has run the longest: while others end, it would not be missed.
_ASK_S = 10.0
# Done once, but its result went with its worker: the scheduler has it computed again.
_PENDING = ("lost", "pending")

Item = TypeVar("Item")
Result = TypeVar("Result")


def stream(
    client: Client,
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    title: str = "task",
    needs: Mapping[str, float] | None = None,
) -> Iterator[tuple[Item, Result]]:
    """Apply a function to items on the cluster.

    Parameters
    ----------
    client : distributed.Client
        The cluster.
    function : callable
        What to do with an item, on a worker; must not depend on the other items. Called again if its
        worker dies. It travels with each item: let it be small.
    items : iterable
        What to do it with; read as workers become free.
    title : str
        Of the tasks' names, ``title-row-col-<nonce>``.
    needs : mapping of str to float, optional
        What a task takes of a worker's Dask resources.

    Yields
    ------
    tuple
        An item and its result, as they finish: the caller's use must not depend on the order.

    Raises
    ------
    ComputeError
        If an item fails, or kills its workers again and again.
    AwayError
        If the cluster is lost, or has no worker for longer than the setting ``worker_wait_s``.
    LunarcloudError
        Whatever of ours the function raised.
    """
    driver = _Driver(client, function, items, title, needs or {})
    try:
        with reaching():
            yield from driver.run()
    finally:
        driver.close()


@contextmanager
def reaching() -> Iterator[None]:
    """Say of a cluster that is lost while a ``with`` block asks it something that it is away.

    Raises
    ------
    AwayError
        In place of what Dask raises then.
    """
    from distributed.comm.core import CommClosedError

    try:
        yield
    except LunarcloudError:
        raise  # the store's errors are the system's too, and say more
    except (CommClosedError, CancelledError, OSError) as error:
        raise _lost(error) from error


def shard_of(item: object) -> Shard | None:
    """The shard that an item is, or begins with."""
    if isinstance(item, tuple) and item and not isinstance(item, Shard):
        item = item[0]
    return item if isinstance(item, Shard) else None


class _Driver(Generic[Item, Result]):
    """The tasks in flight, and the state that decides about them."""

    def __init__(
        self,
        client: Client,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        title: str,
        needs: Mapping[str, float],
    ) -> None:
        from distributed import as_completed

        chosen = settings()
        self._client = client
        self._function = function
        self._source = _named(title, items)
        self._needs = dict(needs)
        self._limits = Limits(
            window=chosen.window, patience_s=chosen.worker_wait_s, end_s=chosen.shard_wait_s
        )
        self._state = State()
        self._looked = float("-inf")
        self._asked = time.monotonic()
        self._longest = ""
        self._waiting: dict[str, tuple[str, Item]] = {}
        self._again = count(1)
        self._finished = as_completed(loop=client.loop, raise_errors=False)
        # Tasks that have ended, and the results of those that ended well, on their way.
        self._fetching: tuple[list[tuple[Future[Any], str]], Fetching[list[Result]]] | None = None

    def run(self) -> Iterator[tuple[Item, Result]]:
        """Items with their results until all are done."""
        while True:
            self._look()
            match decide(self._state, self._limits, time.monotonic()):
                case Submit(number):
                    self._submit(number)
                case Finish():
                    return
                case GiveUp(Why.NO_END):
                    longest = self._longest if self._longest in self._waiting else next(iter(self._waiting))
                    raise _endless(self._limits.end_s, self._waiting[longest][0], len(self._waiting))
                case GiveUp():
                    raise _alone(self._limits.patience_s, self._trouble())
                case _:
                    yield from self._collect()

    def close(self) -> None:
        """Let go of the tasks in flight: those that do not run yet never will."""
        if self._fetching is not None:
            self._fetching[1].cancel()
        for future in list(self._finished.futures):
            future.release()
        self._finished.clear()

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked >= _LOOK_S:
            self._looked = now
            self._state = seen(self._state, sum(self._client.ncores().values()), now)
        if now - self._asked >= min(_ASK_S, self._limits.end_s):
            self._asked = now
            times = self._client.run_on_scheduler(_running)
            seconds = {key: times[key] for key in self._waiting if key in times}
            self._longest = max(seconds, key=seconds.__getitem__, default="")
            self._state = running(self._state, max(seconds.values(), default=0.0))

    def _submit(self, number: int) -> None:
        chosen = list(islice(self._source, number))
        if len(chosen) < number:
            self._state = exhausted(self._state)
        if chosen:
            self._send([(name, name, item) for name, item in chosen])

    def _send(self, tasks: list[tuple[str, str, Item]]) -> None:
        """Submit tasks, each a key, the name of its item, and the item."""
        keys = [key for key, _, _ in tasks]
        items = [item for _, _, item in tasks]
        futures = self._client.map(self._function, items, key=keys, pure=False, resources=self._needs or None)
        self._waiting.update({key: (name, item) for key, name, item in tasks})
        self._finished.update(futures)
        self._state = submitted(self._state, len(tasks))

    def _collect(self) -> Iterator[tuple[Item, Result]]:
        """What has ended and is here; after a moment's wait if nothing is."""
        if self._fetching is None:
            if not self._finished.has_ready():
                time.sleep(_POLL_S)
                return
            self._fetching = self._fetch()
        found, results = self._fetching
        # A moment: what went with its worker is on its way until another has computed it, or for ever.
        if not wait([results], _LOOK_S).done:
            return
        self._fetching = None
        if results.exception() and any(status == "finished" != future.status for future, status in found):
            # It went with its worker and failed when it was computed again: all are looked at anew.
            self._finished.update([future for future, _ in found])
            return
        fetched = iter(results.result())
        for future, status in found:
            if status in _PENDING:
                self._finished.add(future)
                continue
            name, item = self._waiting.pop(str(future.key))
            outcome, deaths = _outcome(future, status)
            self._state, answer = ended(self._state, name, outcome, self._limits, deaths=deaths)
            match answer:
                case GiveUp(why):
                    raise _failure(why, future, item, self._advice()) from future.exception()
                case Again():
                    self._send([(f"{name}-again-{next(self._again)}", name, item)])
                case _:
                    yield item, next(fetched)

    def _fetch(self) -> tuple[list[tuple[Future[Any], str]], Fetching[list[Result]]]:
        """Have the results of all that has ended brought here."""
        # The state of each at one moment, for a worker may be gone in the next, and its results with it.
        found = [(future, future.status) for future in self._finished.next_batch(block=False)]
        # Together: to fetch them one by one takes a message to and fro for each.
        ready = [future for future, status in found if status == "finished"]
        results = self._client.gather(ready, asynchronous=True)
        loop: Any = self._client.loop
        return found, asyncio.run_coroutine_threadsafe(results, loop.asyncio_loop)

    def _trouble(self) -> str:
        """What the source of workers, where there is one, last had trouble with: a sentence's end."""
        from lunarcloud.engine.elastic import trouble

        said = trouble(self._client)
        return f"; last trouble with a worker: {said}" if said else ""

    def _advice(self) -> str:
        """What to do against workers that die, and why they did as far as that is known."""
        from lunarcloud.engine.elastic import Elastic

        if isinstance(self._client.cluster, Elastic):
            return f"give the workers of the pool more memory, or fewer threads{self._trouble()}"
        return "set LUNARCLOUD_MEMORY_LIMIT higher or LUNARCLOUD_THREADS lower"


def _named(title: str, items: Iterable[Item]) -> Iterator[tuple[str, Item]]:
    """Items with the names of their tasks: the shard's row and column, else a running number."""
    nonce = uuid4().hex[:8]
    for number, item in enumerate(items):
        shard = shard_of(item)
        place = str(number) if shard is None else f"{shard.row}-{shard.col}"
        yield f"{title}-{place}-{nonce}", item


def _running(dask_scheduler: Any) -> dict[str, float]:
    """For how many seconds each task has run, as workers last said; runs in the scheduler."""
    return {
        task.key: seconds
        for worker in dask_scheduler.workers.values()
        for task, seconds in worker.executing.items()
    }


def _outcome(future: Future[Any], status: str) -> tuple[Outcome, int]:
    """How a task ended, and how many workers died over it."""
    from distributed import KilledWorker

    if status == "finished":
        return Outcome.DONE, 0
    if status == "cancelled":
        raise _lost(None)
    error = future.exception()
    if isinstance(error, KilledWorker):
        return Outcome.KILLED, error.allowed_failures + 1
    if isinstance(error, LunarcloudError) and error.exit_code == AGAIN:
        return Outcome.PASSING, 0
    return Outcome.FAILED, 0


def _failure(why: Why, future: Future[Any], item: object, advice: str) -> LunarcloudError:
    error = future.exception()
    if isinstance(error, LunarcloudError):
        return error
    if why is Why.KILLED:
        return ComputeError(
            f"{item}: the workers that computed it died, again and again. If memory ran out, {advice}. "
            "Then run the command again, it goes on where it stopped"
        )
    return ComputeError(f"{item}: {type(error).__name__}: {error}")


def _alone(patience_s: float, trouble: str) -> AwayError:
    return AwayError(
        f"the Dask cluster has had no worker for {patience_s:g} s: its workers died or never came{trouble}; "
        "run the same command again, it goes on where it stopped "
        "(LUNARCLOUD_WORKER_WAIT_S is how long it waits)"
    )


def _endless(patience_s: float, name: str, tasks: int) -> ComputeError:
    return ComputeError(
        f"{name} has not ended for {patience_s:g} s although there are workers, which have {tasks} tasks: "
        "has the model a loop, or is the store stuck? What is finished stays "
        "(LUNARCLOUD_SHARD_WAIT_S is how long it waits)"
    )


def _lost(error: BaseException | None) -> AwayError:
    return AwayError(
        f"the Dask cluster was lost ({error or 'its scheduler ended'}); "
        "run the same command again: it goes on where it stopped"
    )
