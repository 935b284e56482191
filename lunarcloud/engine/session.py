"""A session: one command's use of a cluster, started when there is something to compute."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Self, TypeVar

from lunarcloud.engine.cluster import Cluster
from lunarcloud.engine.events import Watch, quiet
from lunarcloud.engine.memory import MemoryPlan
from lunarcloud.engine.work import Work

Item = TypeVar("Item")
Result = TypeVar("Result")


class Session:
    """A command's use of a cluster; a context manager. Connects, or starts local workers, when needed."""

    def __init__(self, cluster: Cluster | None = None, watch: Watch = quiet) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        raise NotImplementedError

    def __exit__(self, *error: object) -> None:
        raise NotImplementedError

    def threads(self) -> int:
        """Threads of the cluster, for estimates; a scheduler is asked, local workers are not started."""
        raise NotImplementedError

    def compute(self, work: Work) -> int:
        """Compute the shards of a group that are missing; how many they were."""
        raise NotImplementedError

    def spread(
        self,
        title: str,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        *,
        pixels: Callable[[Item], int],
        memory: MemoryPlan,
    ) -> Iterator[tuple[Item, Result]]:
        """Apply a function to items on the cluster; items with their results, in any order."""
        raise NotImplementedError
