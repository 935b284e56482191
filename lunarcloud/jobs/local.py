"""Jobs on this machine: a process of its own that outlives whoever submitted it.

The process holds the lock of a file as long as it lives, so that whether it lives is known without asking for
process numbers, which are given again.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from lunarcloud.engine import Cluster
from lunarcloud.errors import InputError
from lunarcloud.jobs.job import Job
from lunarcloud.jobs.launcher import Capacity, Launcher
from lunarcloud.storage import explained

POOL = "cpu"
# Files of jobs that ended go after a day: by then nobody asks whether one lives.
_KEPT_S = 86_400.0
# Until the first worker of a local cluster runs, about.
_START_S = 3.0
# Whoever only asks whether a job lives has its lock for a moment: tries, and seconds between them.
_TRIES, _PAUSE_S = 10, 0.02
_PROGRAM = "from lunarcloud.cli import main; main()"


def _check(job: Job, root: str) -> None:
    _capacity(job.pool)


def _capacity(pool: str) -> Capacity:
    if pool != POOL:
        raise InputError(f"--pool {pool!r}: this machine has one pool, {POOL}")
    workers, threads = Cluster().own()
    return Capacity(threads=threads, workers=workers, price_vcpu_hour=0.0, start_s=_START_S)


def _start(job: Job, root: str) -> str:
    _remove_old(_lock_of(job).parent)
    with _locked(job) as (held, mine):
        if mine:
            words = [sys.executable, "-P", "-c", _PROGRAM, "jobs", "run", job.id, "--root", root]
            process = subprocess.Popen(  # noqa: S603 - this very program
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                # With the open file it inherits its lock.
                pass_fds=[held.fileno()],
            )
            held.truncate(0)
            held.write(str(process.pid))
            # Whoever lives long and submits much would keep a dead process for each job.
            threading.Thread(target=process.wait, daemon=True).start()
        held.flush()
        held.seek(0)
        return f"process {held.read() or 'of this machine'}"


def _alive(job: Job) -> bool | None:
    if not _lock_of(job).exists():
        return None  # submitted on another machine
    with _locked(job) as (_, mine):
        return not mine


def _cluster(job: Job) -> Cluster:
    workers, _ = Cluster().own()
    return Cluster(workers=min(workers, job.max_workers or workers))


def _remove_old(place: Path) -> None:
    """Remove the files of jobs that ended long ago."""
    for path in place.glob("*"):
        # Somebody else may be doing the same.
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _KEPT_S:
                with path.open("r+") as held:
                    if _taken(held):
                        path.unlink()


@contextmanager
def _locked(job: Job) -> Iterator[tuple[IO[str], bool]]:
    """The file of a job, and whether its lock is ours, so that no process runs the job."""
    path = _lock_of(job)
    with explained(str(path), ""):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+") as held:
            yield held, _taken(held)


def _taken(held: IO[str]) -> bool:
    for _ in range(_TRIES):
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE_S)
        else:
            return True
    return False


def _lock_of(job: Job) -> Path:
    """The file of a job; another root's job of the same id was submitted at another time."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state, "lunarcloud", "jobs", f"{job.id}-{job.submitted:%Y%m%dT%H%M%S%f}")


def _trouble(job: Job) -> str:
    # What ends a process of this machine is in its log, or nobody knows it.
    return ""


LAUNCHER = Launcher(
    check=_check,
    capacity=_capacity,
    start=_start,
    alive=_alive,
    trouble=_trouble,
    cluster=_cluster,
    near=True,
)
