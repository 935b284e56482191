"""How a command is stopped: Ctrl-C and SIGTERM alike, within seconds, leaving nothing half-visible."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

# A store that does not answer may hold up the way out; whoever sent the signal will soon send SIGKILL.
_PATIENCE_S = 4.0


class Stopped(BaseException):
    """Raised in the main thread by a signal.

    Not a `KeyboardInterrupt`: the command line's library swallows those.

    Attributes
    ----------
    exit_code : int
        128 and the signal's number: 130 for Ctrl-C, 143 for SIGTERM.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number

    def leave(self) -> NoReturn:
        """End the process now: Python's own way out frees every object, which can take seconds."""
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(self.exit_code)


@contextmanager
def stoppable() -> Iterator[None]:
    """Have SIGINT and SIGTERM raise `Stopped`, for the length of a ``with`` block.

    What runs on the way out has a few seconds; then the process ends with the same exit code. Its workers end
    with it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Python allows no handlers here
        return
    before = {number: signal.signal(number, _stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> None:
    stopped = Stopped(number)
    # Once is enough: a second signal must not disturb the way out.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    last = threading.Timer(_PATIENCE_S, os._exit, [stopped.exit_code])
    last.daemon = True
    last.start()
    raise stopped
