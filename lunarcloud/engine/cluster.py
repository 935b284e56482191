"""Where tasks run: a Dask cluster somewhere, or a local one started for the command."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lunarcloud.config import settings
from lunarcloud.errors import InputError, MissingPackageError

if TYPE_CHECKING:  # a repeated command finds everything done and never loads Dask
    from distributed import Client

# A scheduler that is there answers within milliseconds; a wrong address should not look like a slow command.
_CONNECT_S = 10
# Dask has glibc give all memory back after each use and ask for it anew, which took half of the equations'
# time and more of ingest's. So it keeps what is smaller than a shard's array, in one arena instead of one
# for each thread, and gives the arrays back: about 40 MB a process more, however long the run. Other systems
# ignore this.
_ALLOCATOR = {
    "MALLOC_ARENA_MAX": 1,
    "MALLOC_MMAP_THRESHOLD_": 8 * 2**20,
    "MALLOC_TRIM_THRESHOLD_": 16 * 2**20,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Which cluster to use.

    Attributes
    ----------
    scheduler : str, optional
        Address of a running scheduler, such as ``tcp://10.0.0.1:8786``. Without one, local processes are
        started for the command and stopped after it.
    workers : int, optional
        Number of local processes; by default the setting ``LUNARCLOUD_WORKERS``.
    performance_report : str, optional
        Path of an HTML file for Dask's own report of the run.
    """

    scheduler: str | None = None
    workers: int | None = None
    performance_report: str | None = None


@contextmanager
def connect(cluster: Cluster | None = None) -> Iterator[Client]:
    """A client of a cluster for the length of a ``with`` block.

    It is not Dask's default: lazy arrays that the caller computes stay in the caller's process.

    Raises
    ------
    InputError
        If nothing answers at the scheduler's address.
    MissingPackageError
        If a performance report is wanted and bokeh is not installed.
    """
    cluster = cluster or Cluster()
    with ExitStack() as stack:
        if cluster.scheduler is None:
            client = stack.enter_context(_local(cluster.workers))
        else:
            client = stack.enter_context(_remote(cluster.scheduler))
        if cluster.performance_report is not None:
            _require_bokeh()
            from distributed import performance_report

            # The report is of Dask's current client, which ours is not by itself.
            stack.enter_context(client.as_current())
            stack.enter_context(performance_report(cluster.performance_report))
        yield client


@contextmanager
def _local(workers: int | None) -> Iterator[Client]:
    import dask
    from distributed import Client, LocalCluster

    chosen = settings()
    # Before the workers are spawned: glibc reads these once, when a process starts.
    environment = dask.config.get("distributed.nanny.pre-spawn-environ")
    with (
        dask.config.set({"distributed.nanny.pre-spawn-environ": {**environment, **_ALLOCATOR}}),
        LocalCluster(
            n_workers=workers or chosen.workers,
            threads_per_worker=chosen.threads,
            memory_limit=chosen.memory_limit,
            # Any free port for its pages: several commands may run at once.
            dashboard_address="127.0.0.1:0",
            # A failing task is reported once, by the command.
            silence_logs=logging.CRITICAL,
        ) as local,
        Client(local, set_as_default=False) as client,
    ):
        yield client


def _remote(address: str) -> Client:
    from distributed import Client

    try:
        return Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(
            f"no Dask scheduler answers at {address!r} ({error}); "
            "give an address such as tcp://host:8786, or leave it out to run locally"
        ) from error


def _require_bokeh() -> None:
    try:
        import bokeh  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise MissingPackageError(
            "a performance report needs bokeh: pip install 'lunarcloud[report]'"
        ) from error
