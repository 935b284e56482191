"""How many cores this process may use: a container's share of a host, not the host."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")


def usable_cores(cgroups: Path = _CGROUPS, own: Path = _OWN) -> int:
    """Cores that this process may use: those it may run on, or fewer where its cgroup has a quota.

    Parameters
    ----------
    cgroups : Path
        Where the cgroups are mounted, of version 2 or 1.
    own : Path
        Which of them this process is in, as ``/proc/self/cgroup`` says it.

    Returns
    -------
    int
        At least 1; a part of a core counts as one.
    """
    quotas = [quota for folder in _folders(cgroups, own) if (quota := _quota(folder)) is not None]
    return max(
        1, min(_process_cores(), *(math.ceil(quota) for quota in quotas)) if quotas else _process_cores()
    )


def _process_cores() -> int:
    if hasattr(os, "process_cpu_count"):  # Python 3.13
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _folders(cgroups: Path, own: Path) -> Iterator[Path]:
    """The cgroups that hold this process, from its own up to the top: each may have a quota."""
    lines = own.read_text().splitlines() if own.exists() else ["0::/"]
    for line in lines:
        _, controllers, path = line.split(":", 2)
        top = cgroups / controllers if controllers else cgroups
        if controllers and "cpu" not in controllers.split(","):
            continue
        inner = top / path.lstrip("/")
        yield from (folder for folder in (inner, *inner.parents) if folder.is_relative_to(top))


def _quota(folder: Path) -> float | None:
    """Cores that a cgroup may use; None if it says nothing."""
    together = folder / "cpu.max"
    if together.exists():
        quota, period = together.read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    quota_us, period_us = folder / "cpu.cfs_quota_us", folder / "cpu.cfs_period_us"
    if not (quota_us.exists() and period_us.exists()):
        return None
    # A negative quota means none.
    allowed = int(quota_us.read_text())
    return allowed / int(period_us.read_text()) if allowed > 0 else None
