"""What an elastic cluster asks of whoever gives it workers: pods of Kubernetes, processes of this machine."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias


class Credentials(NamedTuple):
    """What a worker needs to be let in by the scheduler: certificates and a key, as PEM text."""

    ca: str
    certificate: str
    key: str


#: Told that a worker is gone for good: its name, and why in words. May be called from any thread, also twice.
Lost: TypeAlias = Callable[[str, str], None]


class WorkerSource(ABC):
    """Gives workers and takes them back. Calls block, come from threads, and several may run at once."""

    @abstractmethod
    def open(self, scheduler: str, credentials: Credentials, lost: Lost) -> None:
        """Get ready, before the first `start`; after `close`, anew.

        Parameters
        ----------
        scheduler : str
            Address that workers connect to: ``tls://10.244.1.7:8786``.
        credentials : Credentials
            Of this job alone.
        lost : callable
            To be told of every worker that is gone without having been stopped.
        """

    @abstractmethod
    def start(self, name: str) -> None:
        """Have a worker of a name come to be; it connects by itself, later.

        Raises
        ------
        LunarcloudError
            If none will: the cluster tries again later, under another name.
        """

    @abstractmethod
    def stop(self, name: str) -> None:
        """Have a worker finish what it computes, and end; nothing if it is gone."""

    @abstractmethod
    def trouble(self) -> str:
        """What last kept a worker from starting, or ended one, in words; empty if nothing did."""

    @abstractmethod
    def close(self) -> None:
        """End all workers and remove what was made for them."""


class Meter:
    """For how long workers were connected, all together: what they cost."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}
        self._past_s = 0.0
        self._lock = threading.Lock()

    def came(self, name: str) -> None:
        """A worker has connected."""
        with self._lock:
            self._since.setdefault(name, time.monotonic())

    def went(self, name: str) -> None:
        """A worker's connection has ended; nothing if it had none."""
        with self._lock:
            now = time.monotonic()
            self._past_s += now - self._since.pop(name, now)

    def all_went(self) -> None:
        """Their scheduler ends: nobody tells of those that end after it."""
        for name in list(self._since):
            self.went(name)

    def seconds(self) -> float:
        """Worker-seconds until now."""
        with self._lock:
            now = time.monotonic()
            return self._past_s + sum(now - since for since in self._since.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Workers that come when there is work and go when there is none.

    Attributes
    ----------
    source : WorkerSource
        Gives them.
    host : str
        Address of this machine, or pod, at which workers reach the scheduler that runs here.
    minimum, maximum : int
        Workers at least and at most.
    threads : int
        Of each worker.
    meter : Meter
        What they took so far.
    """

    source: WorkerSource
    host: str
    minimum: int = 0
    maximum: int
    threads: int = 1
    meter: Meter = field(default_factory=Meter)
