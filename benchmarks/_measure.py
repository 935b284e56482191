"""What benchmarks on a cluster share: the peak memory of workers, and the tests' made-up root."""

import sys
from pathlib import Path

from distributed import Client

# A small root, a faulty store and a real S3 server are the tests' own.
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))


def peak_mib(client: Client) -> float:
    """Most resident memory that any worker process of a cluster ever had, MiB."""
    return max(client.run(_peak_mib).values())


def _peak_mib() -> float:
    status = Path("/proc/self/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
