"""What a run waits for, told to whoever watches: a store that is away, seen from here or by any worker."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from lunarcloud.engine.driver import reaching
from lunarcloud.engine.events import Note, Watch
from lunarcloud.storage import WAITS

if TYPE_CHECKING:
    from distributed import Client

# Hundreds of workers wait for the same store.
_BETWEEN_S = 10.0


class _Teller(logging.Handler):
    """Makes a note of a line of the log, now and then."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(logging.WARNING)
        self._watch = watch
        self._told = float("-inf")

    def emit(self, record: logging.LogRecord) -> None:
        now = time.monotonic()
        if now - self._told >= _BETWEEN_S:
            self._told = now
            self._watch(Note(record.getMessage()))


@contextmanager
def telling(watch: Watch) -> Iterator[None]:
    """Tell a watch what this process waits for, and workers that are heard, while a ``with`` block runs."""
    logger, teller = logging.getLogger(WAITS), _Teller(watch)
    logger.addHandler(teller)
    try:
        yield
    finally:
        logger.removeHandler(teller)


@contextmanager
def hearing(client: Client) -> Iterator[None]:
    """Hear what workers wait for, while a ``with`` block runs; `AwayError` if the cluster is lost."""
    with reaching():
        client.forward_logging(WAITS, logging.WARNING)
    try:
        yield
    finally:
        # A cluster that is gone tells nothing more.
        with suppress(Exception):
            client.unforward_logging(WAITS)
