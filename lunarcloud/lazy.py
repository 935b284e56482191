"""Names of a room that load their module when they are first used: the command line must start at once."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def lazily(room: str, homes: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """The ``__getattr__`` of a room.

    Parameters
    ----------
    room : str
        Its full name.
    homes : mapping of str to sequence of str
        By module of the room, the names that it holds, as others see them: ``"save"``, or
        ``"run as run_process"`` where another name says more outside.
    """
    found: dict[str, tuple[str, str]] = {}
    for home, names in homes.items():
        for name in names:
            inner, _, outer = name.partition(" as ")
            found[outer or inner] = (f"{room}.{home}", inner)

    def load(name: str) -> Any:
        if name not in found:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        home, inner = found[name]
        return getattr(import_module(home), inner)

    return load
