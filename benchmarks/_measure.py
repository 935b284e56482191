"""What benchmarks share: the machine in words, the peak memory of workers, and the tests' made-up root."""

import os
import platform
import sys
from pathlib import Path

from distributed import Client

# A small root, a faulty store and a real S3 server are the tests' own.
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))


def machine() -> str:
    """Cores and processor family, as the system says."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    named = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    system = f"{platform.system()}, Python {platform.python_version()}"
    return f"{cores} cores, {named or platform.machine()}, {system}"


def peak_mib(client: Client) -> float:
    """Most resident memory that any worker process of a cluster ever had, MiB."""
    return max(client.run(_peak_mib).values())


def _peak_mib() -> float:
    status = Path("/proc/self/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
