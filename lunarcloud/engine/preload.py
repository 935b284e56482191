"""What a local worker process does before anything else; Dask calls it by name."""

import signal
from typing import Any


def dask_setup(worker: Any) -> None:
    """Leave Ctrl-C, which a terminal sends to all processes of a command, to the command."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
