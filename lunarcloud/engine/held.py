"""What tasks share: a function that a worker process holds, so that a task carries only its item.

The scheduler keeps the pickled function and gives it to each worker process when it starts to serve, also to
those that join later; see `lunarcloud.engine.plugin`.
"""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from typing import Any

from lunarcloud.engine.once import Once
from lunarcloud.errors import ComputeError

_lock = threading.Lock()
# By name: the function, unpickled by the first task that wants it, and the workers in this process that hold
# it (threads of a test's cluster share a process).
_held: dict[str, tuple[Once[Callable[[Any], Any]], set[str]]] = {}


def keep(name: str, pickled: bytes, worker: str) -> None:
    """Have this process hold a function under a name, on behalf of a worker in it.

    Parameters
    ----------
    name : str
        Under which tasks find it.
    pickled : bytes
        The function.
    worker : str
        Id of the worker.
    """
    with _lock:
        _, workers = _held.setdefault(name, (Once(lambda: pickle.loads(pickled)), set()))  # noqa: S301 - the scheduler's, as every task
        workers.add(worker)


def drop(name: str, worker: str) -> None:
    """Let go of a function, once no worker of this process holds it."""
    with _lock:
        _, workers = _held.get(name, (None, set()))
        workers.discard(worker)
        if not workers:
            _held.pop(name, None)


def call(name: str, item: Any) -> Any:
    """Apply the function of a name to an item: the whole task of a shard.

    Raises
    ------
    ComputeError
        If this process does not hold it.
    """
    with _lock:
        found = _held.get(name)
    if found is None:
        raise ComputeError(
            f"this worker does not hold {name!r}, which its command has taken back: "
            "run the same command again, it goes on where it stopped"
        )
    return found[0]()(item)
