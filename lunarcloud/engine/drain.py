"""What a worker process does when it is told to end: it finishes its shards. Dask calls it by name.

Dask's own answer to SIGTERM is to end at once, and retiring a worker does not wait for what it computes.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from types import FrameType

from distributed import Status, Worker

from lunarcloud.engine.logs import write_log

# Within the two minutes that a spot instance and a pod are given, with something to spare, seconds.
_GRACE_S = 110.0
# A result may wait this long for whoever wants it, seconds; after that it goes to another worker.
_FETCH_S = 2.0
_POLL_S = 0.05
# A worker without a scheduler has nobody to compute for; Dask would wait for its threads, seconds.
_LAST_S = 2.0

# What the loop runs is kept from the garbage collector here.
_draining: list[asyncio.Task[None]] = []


def dask_setup(worker: Worker) -> None:
    """Take SIGTERM over from Dask, which has set its own handler before it calls this; begin the log."""
    write_log()
    loop = asyncio.get_running_loop()

    def begin() -> None:
        if not _draining:
            _draining.append(loop.create_task(_drain(worker)))

    def told(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(begin)

    signal.signal(signal.SIGTERM, told)


def leave() -> None:
    """Have the worker of this process drain; runs on it."""
    os.kill(os.getpid(), signal.SIGTERM)


def dask_teardown(worker: Worker) -> None:
    """End soon, whatever still runs: what a worker that closes computes, nobody gets any more."""
    last = threading.Timer(_LAST_S, os._exit, [0 if _draining else 1])
    last.daemon = True
    last.start()


async def _drain(worker: Worker) -> None:
    """Finish what runs, give back what waits, and close."""
    if worker.status not in (Status.running, Status.paused):
        os._exit(0)  # not connected yet: nothing to lose
    try:
        await _finish(worker)
    finally:
        await worker.close(nanny=False, reason="drained")


async def _finish(worker: Worker) -> None:
    # Not "paused": Dask resumes what is paused as soon as memory allows.
    worker.status = Status.closing_gracefully
    ends = time.monotonic() + _GRACE_S
    while _busy(worker) and time.monotonic() < ends:
        _give_back(worker)
        await asyncio.sleep(_POLL_S)
    fetched = time.monotonic() + _FETCH_S
    while worker.data and time.monotonic() < fetched:
        await asyncio.sleep(_POLL_S)
    # Told so, the scheduler blames none of the tasks for the end of this worker.
    await worker.scheduler.retire_workers(workers=[worker.address], close_workers=False, remove=True)


def _busy(worker: Worker) -> bool:
    return bool(worker.state.executing or worker.state.long_running)


def _give_back(worker: Worker) -> None:
    """Have the scheduler give the tasks that wait here to others; some may still be on their way here."""
    for task in [*worker.state.ready, *worker.state.constrained]:
        worker.batched_send({"op": "reschedule", "key": task.key, "stimulus_id": f"drain-{time.time()}"})
