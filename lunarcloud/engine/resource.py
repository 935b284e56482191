"""One object a worker process, built once and shared by its threads: what cannot be pickled."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from distributed import Client

# What this process holds, by name. Not on the plugin: a second client that registers the same one takes the
# first away for a moment, while tasks of both are running.
_held: dict[str, Any] = {}
_building = threading.Lock()


@dataclass(frozen=True, slots=True)
class Resource:
    """How to build the object, and the name under which tasks find it.

    Attributes
    ----------
    name : str
        The same for the same object: a worker builds it once.
    build : callable
        Runs in every worker process, also in those that join later; picklable.
    """

    name: str
    build: Callable[[], Any]

    def held(self) -> Any:
        """The object of this process, built at the first call."""
        # Locked while building too: threads that come meanwhile wait for the one object, not for their own.
        with _building:
            if self.name not in _held:
                _held[self.name] = self.build()
            return _held[self.name]


def provide(client: Client, resource: Resource) -> None:
    """Have every worker of a cluster hold a resource before its first task."""
    from distributed import WorkerPlugin

    # A plugin and no task: Dask sets it up in workers that join later too, before their first task.
    class Holder(WorkerPlugin):
        name = resource.name

        def setup(self, worker: Any) -> None:
            resource.held()

    client.register_plugin(Holder())
