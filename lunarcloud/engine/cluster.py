"""Where tasks run: a Dask cluster somewhere, a pool's workers, or local ones started for the command."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from lunarcloud.config import settings
from lunarcloud.engine.cores import usable_cores
from lunarcloud.engine.policy import ALLOCATOR, ALLOWED_DEATHS
from lunarcloud.engine.pool import Pool
from lunarcloud.errors import AwayError, InputError, MissingPackageError

if TYPE_CHECKING:  # a repeated command finds everything done and never loads Dask
    from distributed import Client, LocalCluster

_CONNECT_S = 10
_SCHEMES = ("tcp", "tls", "ws", "wss", "inproc")
_ADVICE = "give an address such as tcp://host:8786, or leave it out to run locally"
# A worker that does not end by itself in about this time, seconds, is killed.
_STOP_S = 1
# What Python's tracker of semaphores says of those that it has removed.
_TRACKER = "ignore:resource_tracker:UserWarning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Which cluster to use: a running one, a pool's workers, or without either local processes.

    Attributes
    ----------
    scheduler : str, optional
        Address of a running scheduler, such as ``tcp://10.0.0.1:8786``. Without one, workers are started for
        the command and stopped after it.
    pool : Pool, optional
        Workers that come when there is work and go when there is none.
    workers : int, optional
        Number of local processes; by default the setting ``LUNARCLOUD_WORKERS``, or as many as the usable
        cores have threads for.
    performance_report : str, optional
        Path of an HTML file for Dask's own report of the run.
    """

    scheduler: str | None = None
    pool: Pool | None = None
    workers: int | None = None
    performance_report: str | None = None

    def own(self) -> tuple[int, int]:
        """Workers, and threads of each, that are started for a command, or may be in a pool."""
        if self.pool is not None:
            return self.pool.maximum, self.pool.threads
        chosen = settings()
        workers = self.workers or chosen.workers or max(1, usable_cores() // chosen.threads)
        return workers, chosen.threads

    def require_report(self) -> None:
        """Refuse a report that would be lost after hours of work.

        Raises
        ------
        InputError
            If it cannot be written.
        MissingPackageError
            If what draws it is not installed.
        """
        if self.performance_report is None:
            return
        path = Path(self.performance_report)
        if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
            raise InputError(
                f"performance report {path}: cannot be written; give a file in a folder that is there"
            )
        _require_bokeh()


@contextmanager
def connect(cluster: Cluster | None = None) -> Iterator[Client]:
    """A client of a cluster for the length of a ``with`` block.

    It is not Dask's default: lazy arrays that the caller computes stay in the caller's process.

    Raises
    ------
    InputError
        If the scheduler's address is none, or a performance report cannot be written.
    AwayError
        If nothing answers there.
    MissingPackageError
        If a performance report is wanted and bokeh is not installed, or a pool and cryptography is not.
    """
    cluster = cluster or Cluster()
    cluster.require_report()
    with ExitStack() as stack:
        if cluster.scheduler is not None:
            client = stack.enter_context(_remote(cluster.scheduler))
        elif cluster.pool is not None:
            from lunarcloud.engine.elastic import elastic

            client = stack.enter_context(elastic(cluster.pool))
        else:
            client = stack.enter_context(_local(*cluster.own()))
        if cluster.performance_report is not None:
            from distributed import performance_report

            stack.enter_context(client.as_current())
            stack.enter_context(performance_report(cluster.performance_report))
        yield client


@contextmanager
def _local(workers: int, threads: int) -> Iterator[Client]:
    import dask
    from distributed import Client

    environment = dask.config.get("distributed.nanny.pre-spawn-environ")
    policy = {
        "distributed.nanny.pre-spawn-environ": {**environment, **ALLOCATOR},
        "distributed.scheduler.allowed-failures": ALLOWED_DEATHS,
    }
    with (
        # For what workers spill, and for Dask's own locks, which would stay in the common one.
        TemporaryDirectory(prefix="lunarcloud-", ignore_cleanup_errors=True) as scratch,
        dask.config.set({**policy, "temporary-directory": scratch}),
        _started(workers, threads) as local,
        Client(local, set_as_default=False) as client,
    ):
        try:
            yield client
        except Exception:
            raise
        except BaseException:
            _stop(local)
            raise


def _started(workers: int, threads: int) -> LocalCluster:
    from distributed import LocalCluster

    _quieten_tracker()
    try:
        return LocalCluster(
            n_workers=workers,
            threads_per_worker=threads,
            memory_limit=settings().memory_limit,
            preload=["lunarcloud.engine.preload"],
            # Any free port for its pages: several commands may run at once.
            dashboard_address="127.0.0.1:0",
            # A failing task is reported once, by the command.
            silence_logs=logging.CRITICAL,
        )
    except RuntimeError as error:
        raise AwayError(
            f"the local workers ended while they started ({error}): killed, or for want of memory? "
            "Run the same command again, with fewer --workers if that was it"
        ) from error


def _quieten_tracker() -> None:
    """Have Python clean up after a worker that was killed without a word: nobody has to do anything.

    One that is busy when its command fails does not end in time, and leaves locks of libraries behind.
    """
    sys.warnoptions.append(_TRACKER)
    try:
        # It takes over the options of whoever starts it, and stays as long as the command.
        resource_tracker.ensure_running()
    finally:
        sys.warnoptions.remove(_TRACKER)


def _stop(local: LocalCluster) -> None:
    """End the workers of a stopped command without waiting for their shards."""

    async def stop_all() -> None:
        # Told so, they start no other process.
        for nanny in local.workers.values():
            nanny.close_gracefully()
        running = [nanny.process for nanny in local.workers.values() if nanny.process is not None]
        kills = (process.kill(timeout=_STOP_S, executor_wait=False) for process in running)
        await asyncio.gather(*kills, return_exceptions=True)

    local.sync(stop_all)


@contextmanager
def _remote(address: str) -> Iterator[Client]:
    from distributed import Client
    from distributed.utils import silence_logging_cmgr

    _require_address(address)
    # In pods, Dask's own lines belong to the log.
    quiet = nullcontext() if settings().log == "json" else silence_logging_cmgr(logging.CRITICAL)
    with quiet:
        _require_answer(address)
        try:
            client = Client(address, timeout=_CONNECT_S, set_as_default=False)
        except OSError as error:
            raise _no_answer(address, error) from error
        with client:
            yield client


def _require_address(address: str) -> None:
    from distributed import Security
    from distributed.comm.addressing import get_address_host_port, parse_address

    # As Dask does.
    full = address if "://" in address else f"tcp://{address}"
    try:
        scheme = parse_address(full)[0]
        if scheme not in _SCHEMES:
            raise ValueError(f"{scheme}:// is none of {', '.join(f'{each}://' for each in _SCHEMES)}")
        if "@" in full:
            raise ValueError("a scheduler knows no user and password")
        # One in this process has no port.
        if scheme != "inproc" and not 0 < get_address_host_port(full, strict=True)[1] < 65536:
            raise ValueError("ports are numbers from 1 to 65535")
    except ValueError as error:
        raise InputError(f"{full!r} is no address of a Dask scheduler ({error}); {_ADVICE}") from error
    # A client that is not allowed to begin leaves a traceback when it is thrown away.
    if scheme in ("tls", "wss") and Security().get_connection_args("client").get("ssl_context") is None:
        raise InputError(
            f"{address!r} wants certificates: give Dask's distributed.comm.tls.ca-file and "
            "distributed.comm.tls.client.cert and .key, for example as environment variables"
        )


def _require_answer(address: str) -> None:
    """Find out what is there before there is a client, which takes long to close and says much."""
    from distributed import Security
    from distributed.comm.core import connect as open_comm
    from distributed.utils import LoopRunner

    async def ask() -> None:
        options = Security().get_connection_args("client")
        # A server of another kind may wait for us as we wait for it.
        comm = await asyncio.wait_for(open_comm(address, timeout=_CONNECT_S, **options), _CONNECT_S + 1)
        comm.abort()

    runner = LoopRunner()
    runner.start()
    try:
        runner.run_sync(ask, callback_timeout=_CONNECT_S + 2)
    except OSError as error:
        raise _no_answer(address, error) from error
    except Exception as error:
        # What another kind of server says reads as anything.
        raise InputError(f"what answers at {address!r} is no Dask scheduler; {_ADVICE}") from error
    finally:
        runner.stop()


def _no_answer(address: str, error: OSError) -> AwayError:
    return AwayError(f"no Dask scheduler answers at {address!r} ({str(error) or 'silence'}); {_ADVICE}")


def _require_bokeh() -> None:
    try:
        import bokeh  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise MissingPackageError(
            "a performance report needs bokeh: pip install 'lunarcloud[report]'"
        ) from error
