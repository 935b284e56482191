"""What a worker of a pool does when it is told to end: it finishes the shards that it computes, then leaves.

A Dask preload. Without it ``dask worker`` just ends, and what it computed is computed again elsewhere.
"""

from __future__ import annotations

import asyncio
import signal
from types import FrameType
from typing import Any

from distributed.core import Status

# How often it is looked whether something still runs; what is on its way to the scheduler then, seconds.
_LOOK_S, _FLUSH_S = 0.1, 0.5


def dask_setup(worker: Any) -> None:
    """Have SIGTERM mean: take nothing new, finish what runs, leave."""
    loop = asyncio.get_running_loop()
    draining: list[asyncio.Task[None]] = []

    def begin() -> None:
        if not draining:
            draining.append(loop.create_task(_drain(worker)))

    def asked(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(begin)

    # Dask sets its own handler before it starts the worker: this one is later, and counts.
    signal.signal(signal.SIGTERM, asked)


async def _drain(worker: Any) -> None:
    # Not "paused": Dask would see that there is memory enough, and go on.
    worker.status = Status.closing_gracefully
    while worker.state.executing:
        await asyncio.sleep(_LOOK_S)
    await asyncio.sleep(_FLUSH_S)
    # For `close_gracefully`, which takes a worker that is closing for one that closes already.
    worker.status = Status.paused
    await worker.close_gracefully(reason="drained")
