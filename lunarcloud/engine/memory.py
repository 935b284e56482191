"""What a shard task needs of a worker's memory, said before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lunarcloud.errors import InputError

# Interpreter, libraries and Dask itself in a worker that has computed nothing yet, as measured.
_IDLE_BYTES = 250 * 2**20
# Dask begins to spill and pause above this part of a worker's limit.
_USABLE = 0.7


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """Bytes that a worker needs.

    Attributes
    ----------
    task : int
        For one shard task at its peak, bytes.
    process : int
        Once a process, whatever its threads: a model, an index; bytes.
    """

    task: int
    process: int = 0

    def worker_bytes(self, threads: int) -> int:
        """Bytes that a worker of so many threads needs."""
        return _IDLE_BYTES + self.process + threads * self.task

    def require_fit(self, workers: Mapping[str, Any]) -> None:
        """Refuse a plan that some worker cannot hold.

        Parameters
        ----------
        workers : mapping
            By address, what the scheduler knows of a worker.

        Raises
        ------
        InputError
            With what is needed, what there is, and the setting that would help.
        """
        for address, worker in workers.items():
            self.require(address, int(worker["nthreads"]), int(worker["memory_limit"]))

    def require(self, worker: str, threads: int, limit: int) -> None:
        """Refuse the plan on a worker that has too little memory for it.

        Parameters
        ----------
        worker : str
            Its address.
        threads : int
            Each of which runs a task.
        limit : int
            Its memory, bytes; 0 for no limit.

        Raises
        ------
        InputError
            With what it needs, has, and what to set.
        """
        needed = self.worker_bytes(threads)
        enough = _mib(int(needed / _USABLE) + 1)
        if limit and needed > limit * _USABLE:
            raise InputError(
                f"worker {worker}: {threads} threads need {_mib(needed)}; its memory limit is {_mib(limit)}, "
                f"of which {_USABLE:.0%} can be used. Set LUNARCLOUD_MEMORY_LIMIT to {enough} or more "
                "(for workers of a pool: their memory), or use fewer LUNARCLOUD_THREADS or a smaller --shard"
            )


def _mib(number: int) -> str:
    return f"{-(-number // 2**20)} MiB"
