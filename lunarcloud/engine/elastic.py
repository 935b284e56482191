"""A cluster that grows where there is work and shrinks where there is none; its scheduler is in this process.

Workers come from a `lunarcloud.engine.pool.WorkerSource`. Dask's own Adaptive says how many there should be;
ours only adds that a worker is taken away when it is idle, and that one which is gone is forgotten at once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import dask
from distributed import Adaptive, Client, Scheduler, Security, SpecCluster
from distributed.core import Status
from distributed.deploy.spec import ProcessInterface
from distributed.scheduler import WorkerState

from lunarcloud.engine.policy import ALLOWED_DEATHS
from lunarcloud.engine.pool import Credentials, Pool, WorkerSource
from lunarcloud.errors import LunarcloudError

_log = logging.getLogger("lunarcloud.elastic")

# How often the size is thought over, seconds, and how often in a row a worker must be too many.
_LOOK_S, _LOOKS = 1.0, 5
# A worker whose connection was lost may come back so long, seconds.
_BACK_S = 5.0
# Pauses before a successor of a worker that never connected: nothing is gained by trying faster.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 2.0, 60.0
# When the command ends, seconds; pods that outlive it end by themselves.
_CLOSE_S = 20.0


class ElasticCluster(SpecCluster):
    """A Dask cluster whose workers come from a source.

    Parameters
    ----------
    pool : Pool
        Of workers.
    security : Security
        Certificates of this cluster alone.
    """

    def __init__(self, pool: Pool, security: Security) -> None:
        self._source = pool.source
        self._pause_s = _FIRST_PAUSE_S
        # Workers that have connected at some time.
        self._came: set[int] = set()
        scheduler = {
            "protocol": "tls://",
            "security": security,
            "host": pool.host,
            "port": 0,
            "dashboard": False,
            # Dask's metrics.
            "dashboard_address": f"{pool.host}:{pool.metrics_port}",
            "allowed_failures": ALLOWED_DEATHS,
        }
        super().__init__(
            scheduler={"cls": Scheduler, "options": scheduler},
            worker={"cls": _Worker, "options": {"source": pool.source, "failed": self.lost}},
            security=security,
            name="lunarcloud",
            silence_logs=logging.CRITICAL,
        )

    def trouble(self) -> str:
        """What last kept a worker from starting, or ended one, in words."""
        return self._source.trouble()

    def lost(self, name: str, why: str) -> None:
        """A worker is gone for good; from any thread."""
        _log.info("worker %s is gone: %s", name, why)
        self.loop.add_callback(self._forget, int(name))

    def new_worker_spec(self) -> dict[int, Any]:
        """The next worker under a name that no worker had before: what is left of that may linger."""
        self._i += 1
        return {self._i: self.new_spec}

    def _update_worker_status(self, op: str, msg: Any) -> None:
        """As every cluster does; Dask's SpecCluster would start the same worker again."""
        name = self.scheduler_info["workers"][msg]["name"] if op == "remove" else None
        super(SpecCluster, self)._update_worker_status(op, msg)
        if op == "add":
            self._came.update(worker["name"] for worker in msg["workers"].values())
            self._pause_s = _FIRST_PAUSE_S
        if name is not None:
            asyncio.get_running_loop().call_later(_BACK_S, self._stop_if_away, name)

    def _stop_if_away(self, name: int) -> None:
        if name in self.worker_spec and name not in self.scheduler.aliases and self.status == Status.running:
            worker = self.workers.get(name)
            if worker is not None:
                self._futures.add(asyncio.ensure_future(worker.close()))
            self._drop(name)

    async def _forget(self, name: int) -> None:
        """Have tasks of a worker go elsewhere, now, and let Adaptive make another."""
        address = self.scheduler.aliases.get(name)
        if address is not None:
            await self.scheduler.remove_worker(address, stimulus_id=f"lost-{time.time()}")
        if name in self._came:
            self._drop(name)
        elif name in self.worker_spec:
            # It never came: its place stays taken for a while, so that the next is not tried at once.
            asyncio.get_running_loop().call_later(self._pause_s, self._drop, name)
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)

    def _drop(self, name: int) -> None:
        self.worker_spec.pop(name, None)
        worker = self.workers.pop(name, None)
        if worker is not None:
            worker.status = Status.closed


class _Worker(ProcessInterface):
    """A worker of a source, as Dask's cluster handles it."""

    def __init__(self, scheduler: str, source: WorkerSource, failed: Any, name: int) -> None:
        super().__init__(scheduler=scheduler, name=name)
        self._source, self._failed, self._named = source, failed, str(name)

    async def start(self) -> None:
        """Have it come to be; a failure is told, not raised: others go on."""
        try:
            await asyncio.to_thread(self._source.start, self._named)
        except LunarcloudError as error:
            self._failed(self._named, str(error))
        await super().start()

    async def close(self) -> None:
        """Have it end."""
        if self.status != Status.closed:
            self.status = Status.closed
            with suppress(LunarcloudError):
                await asyncio.to_thread(self._source.stop, self._named)
        await super().close()


class IdleOnly(Adaptive):
    """Dask's Adaptive, which takes away idle workers only: a shard is never computed again for it."""

    async def workers_to_close(self, target: int) -> list[Any]:
        """Names of idle workers, as many as are too many."""
        idle = [worker.name for worker in self.cluster.scheduler.workers.values() if _is_idle(worker)]
        return idle[: max(0, len(self.plan) - target)]

    async def scale_down(self, workers: Iterable[Any]) -> None:
        """Take workers away that are still idle, and from now on get nothing to do."""
        scheduler = self.cluster.scheduler
        chosen = []
        # In one step of the event loop, which is the scheduler's too: nothing can come between.
        for name in workers:
            worker = scheduler.workers.get(scheduler.aliases.get(name))
            if worker is None:
                chosen.append(name)
            elif _is_idle(worker):
                scheduler.handle_worker_status_change(
                    Status.closing_gracefully, worker, stimulus_id=f"idle-{time.time()}"
                )
                chosen.append(name)
        await super().scale_down(chosen)


@contextmanager
def elastic(pool: Pool) -> Iterator[Client]:
    """A client of an elastic cluster for the length of a ``with`` block.

    Parameters
    ----------
    pool : Pool
        Where its workers come from, and how many there may be.
    """
    security = Security.temporary()
    # Only what this cluster's own scheduler reads: a machine that others use too is not told apart otherwise.
    with dask.config.set({"distributed.scheduler.worker-ttl": "2 minutes"}):
        cluster = ElasticCluster(pool, security)
        try:
            pool.source.open(cluster.scheduler_address, _credentials(security), cluster.lost)
            cluster.adapt(
                Adaptive=IdleOnly,
                minimum=pool.minimum,
                maximum=pool.maximum,
                interval=_LOOK_S,
                wait_count=_LOOKS,
            )
            with Client(cluster, security=security, set_as_default=False) as client:
                yield client
            cluster.close(timeout=_CLOSE_S)
        finally:
            # Where the command was stopped, this is all that is waited for.
            pool.source.close()


def _credentials(security: Security) -> Credentials:
    return Credentials(
        ca=security.tls_ca_file, certificate=security.tls_worker_cert, key=security.tls_worker_key
    )


def _is_idle(worker: WorkerState) -> bool:
    return not worker.processing
