"""Where tasks run: a Dask cluster somewhere, or a local one started for the command."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from distributed import Client, LocalCluster

from lunarcloud.config import settings
from lunarcloud.errors import InputError

_CONNECT_S = 15


@contextmanager
def connect(scheduler: str | None = None, workers: int | None = None) -> Iterator[Client]:
    """A client of a Dask cluster for the length of a ``with`` block.

    Parameters
    ----------
    scheduler : str, optional
        Address of a running scheduler, such as ``tcp://10.0.0.1:8786``. Without one, a cluster of local
        processes is started and stopped.
    workers : int, optional
        Processes of the local cluster; by default the setting ``LUNARCLOUD_WORKERS``.

    Raises
    ------
    InputError
        If nothing answers at the address.
    """
    if scheduler is not None:
        with _remote(scheduler) as client:
            yield client
        return
    chosen = settings()
    with (
        LocalCluster(
            n_workers=workers or chosen.workers,
            threads_per_worker=chosen.threads,
            memory_limit=chosen.memory_limit,
            dashboard_address=None,
            # A failing task is reported once, by the command.
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def _remote(address: str) -> Client:
    try:
        return Client(address, timeout=_CONNECT_S)
    except (OSError, ValueError) as error:
        raise InputError(
            f"no Dask scheduler answers at {address!r} ({error}); "
            "give an address such as tcp://host:8786, or leave it out to run locally"
        ) from error
