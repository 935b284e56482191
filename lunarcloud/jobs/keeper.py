"""Keeps the status and the log of a job that runs in this process, looks whether to cancel it."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections import deque
from datetime import UTC, datetime
from types import FrameType, TracebackType
from typing import Any, Self

from lunarcloud.config import settings
from lunarcloud.engine import Event, JsonFormatter, Meter, TextFormatter
from lunarcloud.errors import LunarcloudError
from lunarcloud.jobs import records
from lunarcloud.jobs.job import Job
from lunarcloud.jobs.launcher import launcher
from lunarcloud.jobs.progress import after
from lunarcloud.jobs.records import Status
from lunarcloud.lineage import Root

_LOGGER = logging.getLogger("lunarcloud")
# Seconds between looks for a wish to cancel, between heartbeats, and between copies of the log.
_LOOK_S, _BEAT_S, _LOG_S = 1.0, 5.0, 30.0
_LOG_BYTES = 2**20


class Cancelled(BaseException):
    """Raised in the main thread when somebody wants its job to be cancelled."""


class Keeper:
    """Keeps a job's status and log under its root; a context manager of the main thread, and a watch.

    Parameters
    ----------
    root : Root
        Where the job is.
    job : Job
        Which.
    """

    def __init__(self, root: Root, job: Job) -> None:
        #: Whether somebody wants the job to be cancelled.
        self.cancelled = False
        #: Of the workers that come for this job.
        self.meter = Meter()
        self._root, self._job = root, job
        before, now = records.read_status(root, job), datetime.now(UTC)
        #: How often a runner has begun the job, this time included.
        self.attempt = before.attempt + 1
        self._status = Status(state="running", attempt=self.attempt, started=now)
        self._spent_s = before.worker_seconds
        self._log = _Tail(records.read_log(root, job) if before.attempt else "")
        self._over, self._ending = threading.Event(), threading.Lock()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._log.attach()
        self._before = signal.signal(signal.SIGUSR1, _cancel)
        self.cancelled = records.cancel_wanted(self._root, self._job)
        self._write_status()
        self._tell("Retried" if self.attempt > 1 else "Started", f"attempt {self.attempt}")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        self._thread.join()
        signal.signal(signal.SIGUSR1, self._before)
        self._log.detach()

    def __call__(self, event: Event) -> None:
        """Count what has happened."""
        self._status = after(self._status, event, datetime.now(UTC))

    def close(self) -> None:
        """From now on it is not cancelled any more."""
        with self._ending:
            self._over.set()

    def end(self, **found: Any) -> None:
        """Write how the job ended, after its log: whoever sees that it has ended finds all of it.

        Parameters
        ----------
        **found
            Fields of the status.
        """
        self.close()
        self._thread.join()
        self._status = self._status.model_copy(update={"left_s": None, **found})
        records.write_log(self._root, self._job, self._log.text())
        self._write_status()
        self._tell(self._status.state.title(), self._status.error or self._status.record)

    def _tell(self, reason: str, message: str) -> None:
        launcher(self._job.on).tell(self._job, reason, message)

    def _beat(self) -> None:
        beaten = logged = time.monotonic()
        while not self._over.wait(_LOOK_S):
            now = time.monotonic()
            try:
                self._look()
                if now - beaten >= _BEAT_S:
                    beaten = now
                    self._write_status()
                if now - logged >= _LOG_S:
                    logged = now
                    records.write_log(self._root, self._job, self._log.text())
            except LunarcloudError as error:
                # The work itself may still go well: it tries again by itself.
                _LOGGER.warning("the job's status could not be kept: %s", error)

    def _look(self) -> None:
        if self.cancelled or not records.cancel_wanted(self._root, self._job):
            return
        with self._ending:
            if not self._over.is_set():
                self.cancelled = True
                # Ends the main thread's work wherever it is, as the keyboard would.
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

    def _write_status(self) -> None:
        spent_s = self._spent_s + self.meter.seconds()
        beating = self._status.model_copy(
            update={"heartbeat": datetime.now(UTC), "worker_seconds": round(spent_s, 1)}
        )
        records.write_status(self._root, self._job, beating)


def _cancel(number: int, frame: FrameType | None) -> None:
    raise Cancelled


class _Tail(logging.Handler):
    """The last megabyte of what is logged, after what was logged by earlier attempts."""

    def __init__(self, before: str) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(JsonFormatter() if settings().log == "json" else TextFormatter())
        self._lines: deque[str] = deque()
        self._size = 0
        for each in before.splitlines(keepends=True):
            self._add(each)

    def emit(self, record: logging.LogRecord) -> None:
        self._add(self.format(record) + "\n")

    def text(self) -> str:
        with self.lock or threading.RLock():
            return "".join(self._lines)

    def attach(self) -> None:
        self._level = _LOGGER.level
        _LOGGER.addHandler(self)
        _LOGGER.setLevel(logging.INFO)

    def detach(self) -> None:
        _LOGGER.removeHandler(self)
        _LOGGER.setLevel(self._level)

    def _add(self, line: str) -> None:
        self._lines.append(line)
        self._size += len(line)
        while self._size > _LOG_BYTES:
            self._size -= len(self._lines.popleft())
