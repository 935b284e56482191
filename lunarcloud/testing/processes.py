"""Worker processes of this machine that come and go as pods do, to test and measure elastic clusters."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from lunarcloud.engine import (
    CA_FILE,
    CERTIFICATE_FILE,
    KEY_FILE,
    Credentials,
    Lost,
    WorkerSource,
    worker_command,
)
from lunarcloud.engine.policy import ALLOCATOR
from lunarcloud.errors import AwayError


class ProcessSource(WorkerSource):
    """Starts worker processes, watches them, and tells of those that end without having been stopped.

    Parameters
    ----------
    folder : Path
        For the workers' certificates and logs.
    threads : int
        Of each worker.
    memory_bytes : int
        Of each worker.
    environment : mapping of str to str, optional
        For the workers, besides that of this process.

    Attributes
    ----------
    running : dict of str to Popen
        By name, those that run now.
    started : list of str
        Names of all.
    """

    def __init__(
        self,
        folder: Path,
        *,
        threads: int = 1,
        memory_bytes: int = 2 * 2**30,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.started: list[str] = []
        self.folder, self._threads, self._memory = folder, threads, memory_bytes
        allocator = {name: str(value) for name, value in ALLOCATOR.items()}
        self._environment = {**os.environ, **allocator, **(environment or {})}
        self._lock = threading.Lock()
        self._watches: list[threading.Thread] = []
        self._stopped: set[str] = set()
        self._closed = False
        self._trouble = ""
        self._seconds = 0.0

    def open(self, scheduler: str, credentials: Credentials, lost: Lost) -> None:
        """Keep where the scheduler is and what lets workers in.

        Parameters
        ----------
        scheduler, credentials, lost
            As in `WorkerSource.open`.
        """
        self._scheduler, self._lost = scheduler, lost
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, text in zip((CA_FILE, CERTIFICATE_FILE, KEY_FILE), credentials, strict=True):
            path = self.folder / name
            path.touch(mode=0o600)
            path.write_text(text)

    def start(self, name: str) -> None:
        """Start a process; it connects by itself."""
        command = worker_command(self._scheduler, name, self._threads, self._memory, str(self.folder))
        with self._lock, (self.folder / f"{name}.log").open("wb") as log:
            if self._closed:
                raise AwayError(f"worker {name}: its source is closed")
            # A session of its own: Ctrl-C at a terminal is the command's alone.
            process = subprocess.Popen(
                command, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
            self.running[name] = process
            self.started.append(name)
            watch = threading.Thread(target=self._watch, args=(name, process), daemon=True)
            self._watches.append(watch)
            watch.start()

    def stop(self, name: str) -> None:
        """Send SIGTERM; the worker ends when it has finished what it computes."""
        with self._lock:
            self._stopped.add(name)
            if name in self.running:
                self.running[name].terminate()

    def trouble(self) -> str:
        """How the last worker ended that was not stopped."""
        return self._trouble

    def close(self) -> None:
        """Kill what runs."""
        with self._lock:
            self._closed = True
            for process in self.running.values():
                process.kill()
            watches = list(self._watches)
        for watch in watches:
            watch.join()

    def kill(self) -> str:
        """Kill the worker that has run longest, as a machine's kernel does; its name."""
        with self._lock:
            name, process = next(iter(self.running.items()))
            process.kill()
        return name

    def worker_seconds(self) -> float:
        """Seconds that all processes that have ended ran, together."""
        return self._seconds

    def _watch(self, name: str, process: "subprocess.Popen[bytes]") -> None:
        begun = time.monotonic()
        code = process.wait()
        with self._lock:
            del self.running[name]
            self._seconds += time.monotonic() - begun
            expected = self._closed or name in self._stopped
            if not expected:
                self._trouble = f"{name} ended with {_ending(code)}"
        if not expected:
            self._lost(name, self._trouble)


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
