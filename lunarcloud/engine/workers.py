"""The command of a worker process on another machine, or in a pod: one for whoever starts workers."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

from lunarcloud.engine.logs import said_about

#: Names of the files that hold a worker's `Credentials`, PEM: the authority, the certificate, its key.
CA_FILE = "ca.pem"
CERTIFICATE_FILE = "certificate.pem"
KEY_FILE = "key.pem"

# A worker that finds no scheduler in this time ends, seconds.
_NO_SCHEDULER_S = 60


def worker_command(
    scheduler: str,
    name: str,
    threads: int,
    memory_bytes: int,
    credentials_folder: str,
    resources: Mapping[str, float] | None = None,
) -> list[str]:
    """The command of a worker process, which lets it drain when it is told to end.

    There is no nanny: who started the process watches it, and what limits its memory (a container) kills it.

    Parameters
    ----------
    scheduler : str
        Address, as `WorkerSource.open` was told it.
    name : str
        As `WorkerSource.start` was told it.
    threads : int
        Shards at once.
    memory_bytes : int
        Of its memory, bytes; 0 for no limit.
    credentials_folder : str
        Where the worker finds `CA_FILE`, `CERTIFICATE_FILE` and `KEY_FILE`.
    resources : mapping of str to float, optional
        What it has for tasks that need it, such as ``{"GPU": 1}``.

    Returns
    -------
    list of str
        The program and its arguments, for this installation or another of the same image.
    """
    options = {
        "--tls-ca-file": f"{credentials_folder}/{CA_FILE}",
        "--tls-cert": f"{credentials_folder}/{CERTIFICATE_FILE}",
        "--tls-key": f"{credentials_folder}/{KEY_FILE}",
        "--name": name,
        "--nthreads": threads,
        "--memory-limit": memory_bytes,
        "--death-timeout": _NO_SCHEDULER_S,
        # Dask always serves its health there; nobody outside needs it.
        "--dashboard-address": "127.0.0.1:0",
        "--preload": "lunarcloud.engine.drain",
    }
    if resources:
        options["--resources"] = " ".join(f"{each}={amount:g}" for each, amount in resources.items())
    words = [str(word) for option in options.items() for word in option]
    module = [sys.executable, "-m", "distributed.cli.dask_worker"]
    return [*module, scheduler, "--no-nanny", "--no-dashboard", *words]


def worker_environment() -> dict[str, str]:
    """Variables of a worker process: its log says of which job it is, as this process' does."""
    return {"LUNARCLOUD_LOG_ABOUT": json.dumps(said_about())}
