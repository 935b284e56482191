"""Gives a function to every worker process of a cluster once, for as long as a command needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TypeVar
from uuid import uuid4

from distributed import Client, Worker, WorkerPlugin
from distributed.protocol.pickle import dumps

from lunarcloud.engine.driver import reaching
from lunarcloud.engine.held import call, drop, keep

Item = TypeVar("Item")
Result = TypeVar("Result")


class Holder(WorkerPlugin):
    """Has a worker's process hold a function.

    Parameters
    ----------
    name : str
        Under which tasks find it.
    pickled : bytes
        The function.
    """

    def __init__(self, name: str, pickled: bytes) -> None:
        self.name = name
        self.pickled = pickled

    def setup(self, worker: Worker) -> None:
        """Before a worker's first task."""
        keep(self.name, self.pickled, worker.id)

    def teardown(self, worker: Worker) -> None:
        """When the command is done with it, or the worker closes."""
        drop(self.name, worker.id)


@contextmanager
def held(
    client: Client, title: str, function: Callable[[Item], Result]
) -> Iterator[Callable[[Item], Result]]:
    """A small stand-in for a function, for the length of a ``with`` block.

    Parameters
    ----------
    client : distributed.Client
        The cluster; each of its worker processes gets the function once.
    title : str
        For the name under which workers hold it.
    function : callable
        As large as it likes.

    Raises
    ------
    AwayError
        If the cluster is lost before they have it.
    """
    # A name of its own: another command of the same content ends at another time.
    name = f"{title}-{uuid4().hex}"
    holder = Holder(name, dumps(function))
    with reaching():
        client.register_plugin(holder, name=name)
    try:
        yield partial(call, name)
    finally:
        # A local cluster ends with its command. Where another command's cluster cannot be told, it is gone or
        # going: that is no error of what was computed.
        if client.cluster is None:
            with suppress(Exception):
                client.unregister_worker_plugin(name)
