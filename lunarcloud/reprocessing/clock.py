"""Time as it is asked for: given to whoever needs it, so that a test can let it pass."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple


class Clock(NamedTuple):
    """Where time comes from.

    Attributes
    ----------
    now : callable
        Date and time, UTC.
    monotonic : callable
        Seconds that only grow, to measure how long something takes.
    sleep : callable
        Waits so many seconds.
    """

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]


def _now() -> datetime:
    return datetime.now(UTC)


#: This machine's.
SYSTEM = Clock(_now, time.monotonic, time.sleep)
