"""What a shard task needs of a worker's memory, said before anything runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lunarcloud.errors import InputError

if TYPE_CHECKING:
    from distributed import Client

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

    def require_fit(self, client: Client) -> None:
        """Refuse a plan that some worker cannot hold.

        Raises
        ------
        InputError
            With what is needed, what there is, and the setting that would help.
        """
        # -1: all of them; some versions of Dask name only the first five otherwise.
        for address, worker in client.scheduler_info(n_workers=-1)["workers"].items():
            self.require(address, int(worker["nthreads"]), int(worker["memory_limit"]))

    def require(self, worker: str, threads: int, limit: int) -> None:
        """Refuse the plan on a worker that cannot hold it.

        Parameters
        ----------
        worker : str
            Its address, for the message.
        threads : int
            Tasks that it runs at once.
        limit : int
            Its memory limit, bytes; 0 is no limit.

        Raises
        ------
        InputError
            With what is needed, what there is, and the setting that would help.
        """
        needed = self.worker_bytes(threads)
        # One byte more, so that the advice passes this same check after rounding.
        enough = _mib(int(needed / _USABLE) + 1)
        if limit and needed > limit * _USABLE:
            raise InputError(
                f"worker {worker}: {threads} threads need {_mib(needed)}; its memory limit is {_mib(limit)}, "
                f"of which {_USABLE:.0%} can be used. Set LUNARCLOUD_MEMORY_LIMIT to {enough} or more, "
                "or use fewer LUNARCLOUD_THREADS or a smaller --shard"
            )


def _mib(number: int) -> str:
    # Upwards: a limit set to what the message says must be enough.
    return f"{-(-number // 2**20)} MiB"
