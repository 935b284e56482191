"""One object a process, built at its first use and shared by the threads: what cannot be pickled."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

Held = TypeVar("Held")


class Once(Generic[Held]):
    """An object that is built where it is used; pickled, it is only the way to build it.

    Parameters
    ----------
    build : callable
        Makes the object; picklable. It runs at most once for each copy of this, in the process that uses it,
        with that process's settings.
    """

    def __init__(self, build: Callable[[], Held]) -> None:
        self._build = build
        self._building = threading.Lock()
        self._held: list[Held] = []

    def __call__(self) -> Held:
        """The object, built at the first call."""
        with self._building:
            if not self._held:
                self._held.append(self._build())
            return self._held[0]

    def __reduce__(self) -> tuple[Any, ...]:
        return Once, (self._build,)
