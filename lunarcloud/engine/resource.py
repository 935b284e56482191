"""One object a worker process, built once and shared by its threads: what cannot be pickled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from distributed import Client


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
        """The object of this worker process; call it in a task."""
        from distributed import get_worker

        return get_worker().plugins[self.name].value


def provide(client: Client, resource: Resource) -> None:
    """Have every worker of a cluster hold a resource."""
    from distributed import WorkerPlugin

    class Holder(WorkerPlugin):
        name = resource.name

        def setup(self, worker: Any) -> None:
            self.value = resource.build()

    client.register_plugin(Holder())
