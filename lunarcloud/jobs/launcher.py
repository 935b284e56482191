"""What starts a submitted job somewhere: a contract, and the places by name, loaded when they are used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from lunarcloud.errors import InputError
from lunarcloud.jobs.job import Job

if TYPE_CHECKING:  # whoever only looks at jobs loads no engine
    from lunarcloud.engine import Cluster


class Capacity(NamedTuple):
    """What a pool offers, for estimates.

    Attributes
    ----------
    threads : int
        Of each worker.
    workers : int
        At most.
    price_vcpu_hour : float
        US dollars for an hour of one vCPU (one thread); 0 where nothing is paid.
    start_s : float
        About how long until the first worker runs, seconds.
    """

    threads: int
    workers: int
    price_vcpu_hour: float
    start_s: float


def _untold(job: Job, reason: str, message: str) -> None:
    """Of a place without such a record: the job's status and log say it all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launcher:
    """A place where jobs run.

    Attributes
    ----------
    check : callable
        From a job and the root's URL: refuses, before anything is written or started, what can be known not
        to work (`InputError`, `AwayError`).
    capacity : callable
        From the name of a pool to what it offers; `InputError` for an unknown pool, naming those there are.
    start : callable
        From a job and the root's URL: has `lunarcloud jobs run ID --root URL` run there, at least once, and
        returns how the place calls it. A job that is there and has not ended is left as it is; one that has
        ended there is started anew.
    alive : callable
        From a job to whether the place still runs it or will, also by trying again after a failure; None if
        the place cannot be asked from here. Raises nothing.
    trouble : callable
        From a job to what keeps it from starting there, or ended it, in words; empty if nothing is known to,
        or the place cannot be asked. Raises nothing.
    cluster : callable
        From a job to where its tasks are computed; called where the job runs.
    tell : callable
        From a job, a reason in a word (``Started``, ``Retried``, ``Done``, ``Failed``, ``Cancelled``) and a
        message: has the place's own record of what happens say so. Called where the job runs; raises nothing.
    near : bool
        Whether jobs run where the submitter's own files and folders are seen.
    """

    check: Callable[[Job, str], None]
    capacity: Callable[[str], Capacity]
    start: Callable[[Job, str], str]
    alive: Callable[[Job], bool | None]
    trouble: Callable[[Job], str]
    cluster: Callable[[Job], Cluster]
    tell: Callable[[Job, str, str], None] = _untold
    near: bool = False


#: Where jobs can run, by the name that is typed after ``--on``; each module holds ``LAUNCHER``.
LAUNCHERS: dict[str, str] = {
    "kubernetes": "lunarcloud.kubernetes.launch",
    "local": "lunarcloud.jobs.local",
}


def launcher(name: str) -> Launcher:
    """The launcher of a name.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    if name not in LAUNCHERS:
        raise InputError(f"--on {name!r}: there is no such place; there are {', '.join(LAUNCHERS)}")
    found: Launcher = import_module(LAUNCHERS[name]).LAUNCHER
    return found
