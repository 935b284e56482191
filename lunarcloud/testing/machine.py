"""Where something was measured, in words, and the memory it took."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

from distributed import Client


def machine() -> str:
    """Cores, processor family and system, as the system says."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    named = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return f"{cores} cores, {named or platform.machine()}, {platform.system()}"


def versions(*packages: str) -> dict[str, str]:
    """Versions of Python, lunarcloud and other installed packages."""
    named = {name: version(name) for name in ("lunarcloud", *packages)}
    return {"python": platform.python_version(), **named}


def peak_mib(client: Client) -> float:
    """Most resident memory that any worker process of a cluster on Linux ever had, MiB."""
    peaks: dict[str, float] = client.run(own_peak_mib)
    return max(peaks.values())


def own_peak_mib() -> float:
    """Most resident memory that this process on Linux ever had, MiB; not what its parent had before."""
    status = Path("/proc/self/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
