"""A cluster whose workers come and go with the work: its scheduler runs here, its workers anywhere.

Dask decides how many workers there should be (`distributed.Adaptive`); a `WorkerSource` makes them. Three
things differ from Dask's own ways: only idle workers are taken away, a worker that is gone is forgotten at
once, and one that does not start is tried again ever more slowly.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import uuid4

from distributed import Adaptive, Client, Scheduler, Security, SpecCluster, Status
from distributed.deploy.cluster import Cluster as DaskCluster
from distributed.deploy.spec import ProcessInterface
from distributed.protocol.pickle import dumps
from distributed.utils import silence_logging_cmgr

from lunarcloud.engine.drain import leave
from lunarcloud.engine.policy import ALLOWED_DEATHS
from lunarcloud.engine.pool import Credentials, Pool
from lunarcloud.errors import LunarcloudError, MissingPackageError

_log = logging.getLogger(__name__)

# How often the number of workers is looked at, seconds, and how many looks in a row must find a worker idle:
# a stage that follows another finds its workers still there.
_LOOK_S = 1.0
_IDLE_LOOKS = 5
# Pauses after workers that did not start, seconds: the first, and the longest.
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
# A worker that lost its connection ends by itself; its source is told to see to it after so long, seconds,
# by when it knows why the worker ended.
_SEE_TO_IT_S = 15.0
_SCHEDULER_PORT = 8786
_PAGES_PORT = 8787


@contextmanager
def elastic(pool: Pool) -> Iterator[Client]:
    """A client of a cluster of a pool's workers, for the length of a ``with`` block.

    Raises
    ------
    MissingPackageError
        If certificates cannot be made.
    LunarcloudError
        If the source of workers cannot be used.
    """
    security = _security()
    with ExitStack() as stack:
        # A failing task is reported once, by the command; also when workers are gone before their scheduler.
        stack.enter_context(silence_logging_cmgr(logging.CRITICAL))
        cluster = stack.enter_context(Elastic(pool, security))
        # In this order: no worker is asked for any more, all are ended, the scheduler ends.
        stack.callback(pool.meter.all_went)
        stack.callback(pool.source.close)
        stack.callback(cluster.stop_adapting)
        pool.source.open(cluster.scheduler_address, _credentials(security), cluster.lost)
        cluster.adapt(
            Adaptive=IdleOnly,
            minimum=pool.minimum,
            maximum=pool.maximum,
            interval=_LOOK_S,
            wait_count=_IDLE_LOOKS,
        )
        yield stack.enter_context(Client(cluster, set_as_default=False))


def trouble(client: Client) -> str:
    """What last kept a worker of a client's cluster from starting, or ended one; empty if nothing did."""
    cluster = client.cluster
    return cluster.source.trouble() if isinstance(cluster, Elastic) else ""


class Elastic(SpecCluster):
    """The scheduler and the workers that were asked for.

    Parameters
    ----------
    pool : Pool
        Where workers come from.
    security : distributed.Security
        Who is let in.
    """

    def __init__(self, pool: Pool, security: Security) -> None:
        self.source, self._meter = pool.source, pool.meter
        self.pause = Pause()
        # Several clusters, or tries of one job, may share a place where names must differ.
        self._prefix = f"worker-{uuid4().hex[:6]}"
        self._seen: set[str] = set()
        options = {
            "host": pool.host,
            "port": _port(pool.host, _SCHEDULER_PORT),
            "protocol": "tls://",
            "security": security,
            "allowed_failures": ALLOWED_DEATHS,
            "dashboard_address": _address(pool.host, _port(pool.host, _PAGES_PORT)),
        }
        super().__init__(
            scheduler={"cls": Scheduler, "options": options},
            worker={"cls": Hired, "options": {"cluster": self}},
            security=security,
        )

    def lost(self, name: str, why: str) -> None:
        """Hear from the source that a worker is gone; from any thread, also twice."""
        _log.info("worker %s is gone: %s", name, why)
        if self.loop is not None:
            self.loop.add_callback(self.forget, name)

    async def forget(self, name: str) -> None:
        """Take a worker for gone: its tasks go to others, and another may come in its place."""
        if self.worker_spec.pop(name, None) is not None and name not in self._seen:
            self.pause.failed(time.monotonic())
        self._seen.discard(name)
        hired = self.workers.pop(name, None)
        if hired is not None:
            hired.gone()
        address = self._running().aliases.get(name)
        if address is not None:
            await self._running().remove_worker(address, stimulus_id=f"lost-{name}")

    async def end(self, name: str) -> None:
        """Have the source end a worker; where that cannot be done now, later."""
        try:
            await asyncio.to_thread(self.source.stop, name)
        except Exception:  # noqa: BLE001 - whatever a source does, the cluster stays
            _log.exception("worker %s cannot be stopped now", name)
            asyncio.get_running_loop().call_later(_SEE_TO_IT_S, self._see_to, name)

    def stop_adapting(self) -> None:
        """Ask for no more workers, and let go of those there are: their source ends them."""

        async def stop() -> None:
            if self._adaptive is not None:
                self._adaptive.stop()
            for hired in self.workers.values():
                hired.gone()

        self.sync(stop)

    def new_worker_spec(self) -> dict[str, Any]:
        """The next worker, under a name that none had."""
        self._i += 1
        return {f"{self._prefix}-{self._i}": self.new_spec}

    def _update_worker_status(self, op: str, msg: Any) -> None:
        """A worker has connected, or its connection has ended: then it does not come back (Dask's rule)."""
        if op == "add":
            self.pause.over()
            for address, worker in msg["workers"].items():
                self._meter.came(worker["name"])
                self._come(worker["name"], address)
        else:
            name = self.scheduler_info["workers"][msg]["name"]
            self._meter.went(name)
            self._went(name)
        # Past what SpecCluster does: it would wait, and start another worker of the same name.
        DaskCluster._update_worker_status(self, op, msg)

    def _come(self, name: str, address: str) -> None:
        if name in self.worker_spec:
            self._seen.add(name)
            return
        # Stopped while it began, when it could not hear it (the first process of a container, for one).
        message = {"op": "run", "function": dumps(leave)}
        self._do(self._running().broadcast(msg=message, workers=[address], on_error="return"))

    def _went(self, name: str) -> None:
        if name in self.worker_spec:
            self._do(self.forget(name))
            asyncio.get_running_loop().call_later(_SEE_TO_IT_S, self._see_to, name)

    def _see_to(self, name: str) -> None:
        if self.status == Status.running:
            self._do(self.end(name))

    def _do(self, what: Coroutine[Any, Any, Any]) -> None:
        """Have something done on the loop; it is waited for before the cluster is closed."""
        doing = asyncio.get_running_loop().create_task(what)
        self._futures.add(doing)
        doing.add_done_callback(self._futures.discard)

    def _running(self) -> Any:
        return self.scheduler


class Hired(ProcessInterface):
    """One worker, as its source knows it.

    Parameters
    ----------
    scheduler : str
        Address, which the source knows already.
    name : str
        Of the worker.
    cluster : Elastic
        Which asked for it.
    """

    def __init__(self, scheduler: str, *, name: str, cluster: Elastic) -> None:
        super().__init__(scheduler, name)
        self._name = name
        self._hiring = cluster

    async def start(self) -> None:
        """Ask for the worker. That there is none now is no error: the cluster asks again."""
        await super().start()
        try:
            await asyncio.to_thread(self._hiring.source.start, self._name)
        except LunarcloudError as error:
            self._hiring.lost(self._name, str(error))
        except Exception:  # noqa: BLE001 - whatever a source does, the cluster stays
            _log.exception("worker %s cannot be started", self._name)
            self._hiring.lost(self._name, "it cannot be started")

    async def close(self) -> None:
        """Have the worker finish what it computes, and end."""
        if self.status == Status.running:
            self.gone()
            await self._hiring.end(self._name)

    def gone(self) -> None:
        """There is nothing to be closed any more."""
        self.status = Status.closed
        self._event_finished.set()


class IdleOnly(Adaptive):
    """Takes workers away only where they have nothing to do, and lets them finish what comes meanwhile."""

    cluster: Any  # an Elastic

    async def workers_to_close(self, target: int) -> list[str]:
        """Names of idle workers, as many as there are too many."""
        workers = [
            worker for worker in self.cluster.scheduler.workers.values() if worker.name in self.cluster.plan
        ]
        idle = [worker.name for worker in workers if not worker.processing and not _holds(worker)]
        return idle[: max(0, len(workers) - target)]

    async def scale_up(self, n: Any) -> None:
        """Ask for workers, unless the last ones did not start a moment ago."""
        if not self.cluster.pause.lasts(time.monotonic()):
            await super().scale_up(n)

    async def scale_down(self, workers: Any) -> None:
        """Have workers drain. Dask's own way, to retire them, does not wait for what they compute."""
        await self.cluster.scale_down(workers)


class Pause:
    """The time to wait before workers are asked for again, longer after each failure in a row."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._until = float("-inf")

    def failed(self, now: float) -> None:
        """A worker did not start, at a time in seconds; those of the same moment count as one."""
        if not self.lasts(now):
            self._seconds = min(_LONGEST_PAUSE_S, 2 * self._seconds or _FIRST_PAUSE_S)
            self._until = now + self._seconds

    def over(self) -> None:
        """A worker has come."""
        self._seconds, self._until = 0.0, float("-inf")

    def lasts(self, now: float) -> bool:
        """Whether it is too early, at a time in seconds."""
        return now < self._until


def _holds(worker: Any) -> bool:
    """Whether a worker holds the only copy of something."""
    return any(len(task.who_has) < 2 for task in worker.has_what)


def _security() -> Security:
    try:
        found: Security = Security.temporary()
    except ImportError as error:
        raise MissingPackageError(
            "workers that come and go need certificates, and those need cryptography: "
            "pip install 'lunarcloud[k8s]'"
        ) from error
    return found


def _credentials(security: Any) -> Credentials:
    return Credentials(security.tls_ca_file, security.tls_worker_cert, security.tls_worker_key)


def _port(host: str, usual: int) -> int:
    """The usual port where it is free, as in a pod; else any."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as found:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((host, usual))
        except OSError:
            return 0
    return usual


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
