"""A bounded stream of tasks: never more in flight than the workers need, results in any order.

Unlike one lazy graph of everything, the scheduler holds a few tasks, memory is flat, and workers may come
and go.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from lunarcloud.config import settings
from lunarcloud.errors import ComputeError, LunarcloudError

if TYPE_CHECKING:
    from distributed import Client, Future, as_completed

# Short beside any shard, long beside the question: waiting costs no core.
_POLL_S = 0.02

Item = TypeVar("Item")
Result = TypeVar("Result")


def stream(
    client: Client, function: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[tuple[Item, Result]]:
    """Apply a function to items on the cluster.

    Parameters
    ----------
    client : distributed.Client
        The cluster.
    function : callable
        What to do with an item, on a worker; must not depend on the other items. Called again if its
        worker dies.
    items : iterable
        What to do it with; read as workers become free.

    Yields
    ------
    tuple
        An item and its result, as they finish: the caller's use must not depend on the order.

    Raises
    ------
    ComputeError
        If an item kills its workers again and again, or the cluster is lost.
    LunarcloudError
        Whatever of ours the function raised.
    """
    from distributed import as_completed
    from distributed.comm.core import CommClosedError

    source = iter(items)
    # Items by key and not futures: `finished` holds those until they are done and nobody does afterwards, so
    # the scheduler forgets their results.
    waiting: dict[Any, Item] = {}
    # Errors are not raised by it: `_result` knows which item they are of.
    finished = as_completed(loop=client.loop, raise_errors=False)
    try:
        _top_up(client, function, source, waiting, finished)
        while waiting:
            future = _next(client, finished)
            item = waiting.pop(future.key)
            yield item, _result(future, item)
            _top_up(client, function, source, waiting, finished)
    except (CommClosedError, CancelledError, TimeoutError) as error:
        raise _lost(error) from error


def _next(client: Client, finished: as_completed) -> Future[Any]:
    """The next finished task.

    Raises
    ------
    ComputeError
        If there is none for as long as the setting ``worker_wait_s``, and no worker either.
    """
    # `next` would wait for ever where no worker is left to finish anything, so it is called only when it will
    # not wait; meanwhile the cluster is asked whether there is anybody.
    patience = settings().worker_wait_s
    give_up = time.monotonic() + patience
    while not finished.has_ready():
        time.sleep(_POLL_S)
        if time.monotonic() > give_up:
            if not client.ncores():
                raise ComputeError(
                    f"the Dask cluster has had no worker for {patience:g} s: its workers died or never came; "
                    "run the same command again, it goes on where it stopped "
                    "(LUNARCLOUD_WORKER_WAIT_S is how long it waits)"
                )
            give_up = time.monotonic() + patience
    return next(finished)


def _top_up(
    client: Client,
    function: Callable[[Any], Any],
    source: Iterator[Any],
    waiting: dict[Any, Any],
    finished: as_completed,
) -> None:
    # Asked each time, since workers come and go. At least one: without any worker, the first that joins must
    # find something to do. Not pure: the same item twice is two tasks, not one remembered result.
    threads = sum(client.ncores().values())
    for item in islice(source, max(1, settings().window * threads - len(waiting))):
        future = client.submit(function, item, pure=False)
        waiting[future.key] = item
        finished.add(future)


def _result(future: Future[Any], item: Any) -> Any:
    from distributed import KilledWorker

    if future.status == "finished":
        return future.result()
    if future.status in ("cancelled", "lost"):
        raise _lost(None)
    # What is ours is already said for people; what is not gets the item's name, or nobody could find it.
    error = future.exception()
    if isinstance(error, LunarcloudError):
        raise error
    if isinstance(error, KilledWorker):
        raise ComputeError(
            f"{item}: the workers that computed it died, again and again; if memory ran out, "
            "set LUNARCLOUD_MEMORY_LIMIT higher or LUNARCLOUD_THREADS lower, then run the command again"
        ) from error
    raise ComputeError(f"{item}: {type(error).__name__}: {error}") from error


def _lost(error: BaseException | None) -> ComputeError:
    return ComputeError(
        f"the Dask cluster was lost ({error or 'its scheduler ended'}); "
        "run the same command again: it goes on where it stopped"
    )
