"""What the viewer's server sent, by its own log: for limits and measurements of what a view asks for."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

# The log of the server.
_LOGGER = logging.getLogger("lunarcloud.viewer")


@dataclass
class Sent:
    """Requests for data that were answered since the last `clear`, and how many bytes.

    Attributes
    ----------
    data : list of int
        Bytes of each part of an array.
    metadata : list of int
        Bytes of each document of the root, read whole.
    missing : int
        Requests for what is not stored, as chunks without a valid pixel are not.
    """

    data: list[int] = field(default_factory=list)
    metadata: list[int] = field(default_factory=list)
    missing: int = 0

    def clear(self) -> None:
        """Count from here on."""
        self.data.clear()
        self.metadata.clear()
        self.missing = 0

    @property
    def requests(self) -> int:
        """Answers with data or documents, and those that there is nothing."""
        return len(self.data) + len(self.metadata) + self.missing

    @property
    def bytes(self) -> int:
        """Bytes of data and documents."""
        return sum(self.data) + sum(self.metadata)


@contextmanager
def sent() -> Iterator[Sent]:
    """Count what the servers of this process send of their roots while a ``with`` block runs."""
    found = Sent()
    handler = _Handler(found)
    before = _LOGGER.level
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.DEBUG)
    try:
        yield found
    finally:
        _LOGGER.removeHandler(handler)
        _LOGGER.setLevel(before)


class _Handler(logging.Handler):
    def __init__(self, found: Sent) -> None:
        super().__init__()
        self._found = found

    def emit(self, record: logging.LogRecord) -> None:
        if not isinstance(record.args, tuple) or len(record.args) != 4:
            return
        _, path, status, length = record.args
        if not str(path).startswith("/root/"):
            return
        if status == 206:
            self._found.data.append(int(str(length)))
        elif status == 200:
            self._found.metadata.append(int(str(length)))
        elif status == 404:
            self._found.missing += 1
