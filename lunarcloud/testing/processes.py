"""Workers of an elastic cluster as processes of this machine, instead of pods."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

from lunarcloud.engine import CREDENTIALS, Credentials, Lost, WorkerSource, worker_command
from lunarcloud.engine.policy import ALLOCATOR

_MEMORY = 2 * 2**30
_PATIENCE_S = 20


class ProcessSource(WorkerSource):
    """Gives workers as processes; those that end by themselves are reported, as a watch of pods does.

    Parameters
    ----------
    folder : Path
        Existing; for credentials and logs.
    threads : int
        Of each worker.
    **variables
        Of the workers' environment.
    """

    def __init__(self, folder: Path, threads: int = 1, **variables: str) -> None:
        self.folder, self.threads = folder, threads
        #: Running processes by worker.
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        #: Workers that were started so far.
        self.started = 0
        allocator = {name: str(value) for name, value in ALLOCATOR.items()}
        self._environment = {**os.environ, **allocator, **variables}
        self._trouble = ""

    def open(self, scheduler: str, credentials: Credentials, lost: Lost) -> None:
        """Write the credentials down."""
        for field, file in CREDENTIALS.items():
            (self.folder / file).write_text(credentials._asdict()[field])
        self._scheduler, self._lost = scheduler, lost

    def start(self, name: str) -> None:
        """Start a process, and watch it."""
        command = worker_command(
            self._scheduler, name, threads=self.threads, memory=_MEMORY, folder=str(self.folder)
        )
        command += ["--local-directory", str(self.folder)]
        with (self.folder / f"worker-{name}.log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=self._environment)
        self.processes[name] = process
        self.started += 1
        threading.Thread(target=self._watch, args=(name, process), daemon=True).start()

    def stop(self, name: str) -> None:
        """Ask a process to end, and wait until it has."""
        process = self.processes.pop(name, None)
        if process is not None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_PATIENCE_S)

    def trouble(self) -> str:
        """How the last worker ended that nobody stopped."""
        return self._trouble

    def close(self) -> None:
        """Kill what still runs."""
        while self.processes:
            _, process = self.processes.popitem()
            process.send_signal(signal.SIGKILL)
            process.wait()

    def _watch(self, name: str, process: subprocess.Popen[bytes]) -> None:
        code = process.wait()
        if self.processes.pop(name, None) is not None:
            self._trouble = f"process {process.pid} ended with {code}"
            self._lost(name, self._trouble)
