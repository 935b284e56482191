"""Writes down every path that this Python, and each that it starts, opens, makes, moves or removes.

Python imports a module of this name by itself where it is on PYTHONPATH. One JSON line for each path goes to
the file that OPENED_PATHS names: ``[process, path, changed]``.
"""

import json
import os
import sys

_LOG = os.open(os.environ["OPENED_PATHS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
_CHANGING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Events about one path and about two, which are its first arguments.
_ONE = {"os.mkdir", "os.remove", "os.rmdir", "os.truncate", "sqlite3.connect"}
_TWO = {"os.rename", "os.link", "os.symlink"}


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open":
        flags = arguments[2]
        _note(arguments[:1], changed=isinstance(flags, int) and bool(flags & _CHANGING))
    elif event in _ONE or event in _TWO:
        _note(arguments[: 1 + (event in _TWO)], changed=True)


def _note(paths: tuple[object, ...], *, changed: bool) -> None:
    for path in paths:
        # A number is a file that is open already.
        if isinstance(path, str | bytes | os.PathLike):
            line = json.dumps([os.getpid(), os.path.abspath(os.fsdecode(path)), changed])  # noqa: PTH100  # opens nothing
            os.write(_LOG, line.encode() + b"\n")


sys.addaudithook(_watch)
