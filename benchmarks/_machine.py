"""The machine in words, for every benchmark's head."""

import os
import platform
from pathlib import Path


def machine() -> str:
    """Cores and processor family, as the system says."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    named = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    system = f"{platform.system()}, Python {platform.python_version()}"
    return f"{cores} cores, {named or platform.machine()}, {system}"
