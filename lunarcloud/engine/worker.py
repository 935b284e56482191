"""How a worker of a pool is started: one command, whether it is a pod's or a process's."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import MappingProxyType

#: Names of the files in which a worker finds its credentials.
CREDENTIALS: Mapping[str, str] = MappingProxyType(
    {"ca": "ca.pem", "certificate": "certificate.pem", "key": "key.pem"}
)
# A worker that nobody answers any more ends after so long.
_ALONE_S = 60


def worker_command(scheduler: str, name: str, *, threads: int, memory: int, folder: str) -> list[str]:
    """The command of a worker process.

    Parameters
    ----------
    scheduler : str
        Its address.
    name : str
        Of the worker.
    threads : int
        Shards that it computes at once.
    memory : int
        What it may use, bytes.
    folder : str
        Where its credentials lie, under the names `CREDENTIALS`.
    """
    files = {
        option: f"{folder}/{CREDENTIALS[field]}"
        for option, field in (("--tls-ca-file", "ca"), ("--tls-cert", "certificate"), ("--tls-key", "key"))
    }
    return [
        *(sys.executable, "-m", "distributed.cli.dask_worker", scheduler),
        *("--name", name, "--nthreads", str(threads), "--memory-limit", str(memory)),
        # The pod, or whoever started the process, sees to it that another comes.
        *("--no-nanny", "--no-dashboard", "--death-timeout", str(_ALONE_S)),
        *(word for pair in files.items() for word in pair),
        *("--preload", "lunarcloud.engine.drain"),
    ]
