"""A session: one command's use of a cluster, started when there is something to compute."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from math import prod
from typing import TYPE_CHECKING, Any, Self, TypeVar

from lunarcloud.engine.cluster import Cluster, connect
from lunarcloud.engine.driver import reaching, shard_of, stream
from lunarcloud.engine.events import Event, ShardDone, StageDone, Started, Watch, quiet
from lunarcloud.engine.memory import MemoryPlan
from lunarcloud.engine.once import Once
from lunarcloud.engine.pin import pin
from lunarcloud.engine.shards import Conditions, ShardTask, able, ask, require_alike, seeing
from lunarcloud.engine.sight import Mark, beside, mark, recorded
from lunarcloud.engine.waits import hearing, telling
from lunarcloud.engine.work import Work
from lunarcloud.storage import RECORD, Folder

if TYPE_CHECKING:
    from distributed import Client

Item = TypeVar("Item")
Result = TypeVar("Result")


class Session:
    """A command's use of a cluster; a context manager.

    It connects, or starts local workers, only when something is to be computed.

    Parameters
    ----------
    cluster : Cluster, optional
        Which; by default a local one.
    watch : callable, optional
        Gets an event for each thing that happens.
    """

    def __init__(self, cluster: Cluster | None = None, watch: Watch = quiet) -> None:
        #: Shards computed so far.
        self.computed = 0
        self._cluster = cluster or Cluster()
        self._watch = watch
        self._stack = ExitStack()
        self._connected: Client | None = None
        # By the folder of a record: how its workers are known to be fit.
        self._proven: dict[str, Conditions] = {}

    def __enter__(self) -> Self:
        self._stack.enter_context(telling(self._watch))
        return self

    def __exit__(self, *error: Any) -> None:
        self._connected = None
        self._stack.__exit__(*error)

    def tell(self, event: Event) -> None:
        """Tell whoever watches."""
        self._watch(event)

    def threads(self) -> int:
        """Threads of the cluster, for estimates; at least 1.

        A scheduler is asked; local workers and those of a pool are not started.

        Raises
        ------
        InputError, AwayError
            If no scheduler answers at the address.
        """
        if self._cluster.scheduler is None:
            workers, threads = self._cluster.own()
            return workers * threads
        client = self._client()
        with reaching():
            return max(1, sum(map(int, client.ncores().values())))

    def require(self, memory: MemoryPlan) -> None:
        """Refuse now what would not fit into a worker after hours of other work.

        Raises
        ------
        InputError
            If it does not.
        AwayError
            If there is no cluster (any more), or it has no worker.
        """
        memory.require_fit(able(self._client(), {}))

    def compute(self, work: Work) -> int:
        """Compute and write the shards of a group that its ledger does not hold; the order does not matter.

        Parameters
        ----------
        work : Work
            What.

        Returns
        -------
        int
            How many were missing.

        Raises
        ------
        InputError
            Before anything is computed: if a task does not fit the memory of a worker, a worker does not see
            the group's folder, or the workers would make other bytes than those of the shards that are there.
        AwayError
            If there is no cluster (any more), or it has no worker.
        ComputeError, StoreError
            If a shard cannot be computed or written; what is finished stays finished.
        """
        missing = work.group.missing()
        if not missing:
            return 0
        client = self._client()
        work.memory.require_fit(able(client, work.needs))
        conditions = self.hold(beside(work.group.place), work.needs)
        # What a worker process must show is checked by its first task, so workers may join at any time.
        task = ShardTask(work.function, work.group, Once(conditions.checker(work.memory)))
        window = work.group.layout.raster.window
        for _ in self._run(work.title, task, missing, lambda shard: prod(window(shard).shape), work.needs):
            self.computed += 1
        return len(missing)

    def spread(
        self,
        title: str,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        *,
        pixels: Callable[[Item], int],
        memory: MemoryPlan,
        place: Folder | None = None,
    ) -> Iterator[tuple[Item, Result]]:
        """Apply a function to items on the cluster.

        Parameters
        ----------
        title : str
            For whoever watches, and for the names of the tasks.
        function : callable
            What to do with an item, on a worker; goes to each worker process once, with all that it holds.
        items : iterable
            What to do it with.
        pixels : callable
            The size of an item, pixels.
        memory : MemoryPlan
            What one task needs.
        place : Folder, optional
            The folder of the record below which the function reads or writes: each worker process shows
            before its first item that it sees it.

        Yields
        ------
        tuple
            An item and its result, as they finish: the caller's use must not depend on the order.

        Raises
        ------
        InputError
            Before anything runs, if a task does not fit the memory of a worker; or if a worker does not see
            `place`.
        AwayError
            If there is no cluster (any more), or it has no worker.
        ComputeError, StoreError
            If the function fails.
        """
        chosen = list(items)
        if chosen:
            client = self._client()
            memory.require_fit(able(client, {}))
            if place is not None:
                function = seeing(function, self._seen(place))
            yield from self._run(title, function, chosen, pixels, {})

    def prove(self, place: Folder, needs: Mapping[str, float] | None = None) -> Conditions:
        """Have a worker show that it sees a folder, and all that they would make the same bytes.

        Parameters
        ----------
        place : Folder
            Where the workers are to read and write.
        needs : mapping of str to float, optional
            Resources of the workers that count.

        Raises
        ------
        InputError
            If a worker does not see it, or one differs from another.
        AwayError
            If there is no cluster, or it has no worker.
        """
        client, needs = self._client(), needs or {}
        set_mark = self._marked(place)
        worker, found = ask(client, set_mark, needs)
        set_mark.require_reply(worker)
        require_alike(client, found, needs)
        return Conditions(set_mark, found)

    def hold(self, place: Folder, needs: Mapping[str, float] | None = None) -> Conditions:
        """What the workers of a record must meet, found out and pinned in its folder once.

        Parameters
        ----------
        place : Folder
            Of the record.
        needs : mapping of str to float, optional
            Resources of the workers that count.

        Raises
        ------
        InputError
            As `prove`; and if the record was begun with what would make other bytes.
        StoreError
            If what it was begun with cannot be read.
        AwayError
            As `prove`.
        """
        if place.url not in self._proven:
            proven = self.prove(place, needs)
            pin(place, proven.facts)
            self._proven[place.url] = proven
        return self._proven[place.url]

    def _client(self) -> Client:
        if self._connected is None:
            self._connected = self._stack.enter_context(connect(self._cluster))
            self._stack.enter_context(hearing(self._connected))
        return self._connected

    def _run(
        self,
        title: str,
        function: Callable[[Item], Result],
        items: list[Item],
        pixels: Callable[[Item], int],
        needs: Mapping[str, float],
    ) -> Iterator[tuple[Item, Result]]:
        """Items with their results, with an event for each."""
        # Loads Dask, which a session without work does not need.
        from lunarcloud.engine.plugin import held

        client = self._client()
        self._watch(Started(title, len(items), sum(map(pixels, items))))
        with held(client, title, function) as call:
            for item, result in stream(client, call, items, title=title, needs=needs):
                self._watch(ShardDone(title, shard_of(item), pixels(item)))
                yield item, result
        self._watch(StageDone(title))

    def _seen(self, place: Folder) -> Mark:
        """What workers must find in the folder of a record: itself once it is finished, else its mark."""
        if place.url in self._proven:
            return self._proven[place.url].mark
        return recorded(place) if place.exists(RECORD) else self._marked(place)

    def _marked(self, place: Folder) -> Mark:
        """A mark in a folder until the session ends: workers that join later look for it too."""
        set_mark = mark(place)
        set_mark.set()
        self._stack.callback(set_mark.clear)
        return set_mark
