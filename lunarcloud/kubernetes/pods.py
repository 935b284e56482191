"""Workers as pods: created and deleted as the cluster wants them, watched, so that a dead one is known."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

from lunarcloud.engine import Credentials, Lost, WorkerSource, worker_command
from lunarcloud.errors import AwayError, LunarcloudError
from lunarcloud.kubernetes import calls
from lunarcloud.kubernetes.manifests import CREDENTIALS_FOLDER, LABEL, secret, secrets_of, worker_pod
from lunarcloud.kubernetes.place import Place
from lunarcloud.kubernetes.pools import PoolSettings
from lunarcloud.kubernetes.reasons import gone, stuck

_log = logging.getLogger(__name__)

# How long one watch lasts: then all pods are looked at, since a silence that lasts is no change. And the
# pause before the next where Kubernetes did not answer, seconds.
_WATCH_S, _PAUSE_S = 20, 2.0
_OVER = ("Failed", "Succeeded")


class PodSource(WorkerSource):
    """Gives workers as pods that the runner's pod owns.

    Parameters
    ----------
    job_id : str
        Whose workers.
    template : str
        Of a worker's pod, YAML.
    owner : Place
        The runner's pod.
    pool : PoolSettings
        What each worker is.
    """

    def __init__(self, job_id: str, template: str, owner: Place, pool: PoolSettings) -> None:
        self._job_id, self._template, self._owner = job_id, template, owner
        self._threads, self._memory, self._resources = pool.threads, pool.memory_bytes(), pool.resources
        self._secret = self._scheduler = ""
        self._lost: Lost = lambda _name, _why: None
        # By the name of the pod that of the worker; those that were stopped are no longer in it.
        self._names: dict[str, str] = {}
        self._created: set[str] = set()
        self._trouble = ""
        self._closed = threading.Event()

    def open(self, scheduler: str, credentials: Credentials, lost: Lost) -> None:
        """Put the certificates where pods find them, and begin to watch.

        Parameters
        ----------
        scheduler, credentials, lost
            As in `WorkerSource.open`.
        """
        self._scheduler, self._lost = scheduler, lost
        self._names, self._created, self._trouble = {}, set(), ""
        # Of this opening alone: the watch of one before may still be on its way out, and so may its secret.
        self._closed = threading.Event()
        self._secret = f"{self._owner.pod_name}-tls-{uuid4().hex[:6]}"
        self._bury()
        calls.create_secret(secret(self._secret, self._job_id, self._owner, credentials))
        threading.Thread(target=self._watch, args=(self._closed,), name="pods", daemon=True).start()

    def start(self, name: str) -> None:
        """Create a pod."""
        if self._closed.is_set():
            raise AwayError(f"worker {name}: its job is ending")
        pod = self._pod(name)
        command = worker_command(
            self._scheduler, name, self._threads, self._memory, CREDENTIALS_FOLDER, self._resources
        )
        self._names[pod] = name
        made = worker_pod(self._template, pod, self._job_id, self._owner, self._secret, command)
        try:
            calls.create_pod(made)
        except LunarcloudError as error:
            self._names.pop(pod, None)
            self._trouble = str(error)
            raise
        self._created.add(pod)

    def stop(self, name: str) -> None:
        """Delete a pod: its worker finishes what it computes."""
        pod = self._pod(name)
        self._names.pop(pod, None)
        calls.delete_pod(pod)

    def trouble(self) -> str:
        """What last went wrong with a pod; of one that does not start, Kubernetes' own words now."""
        for pod in self._mine():
            if pod["metadata"]["name"] in self._names and (why := _why(pod)):
                return f"pod {pod['metadata']['name']}: {why}"
        return self._trouble

    def close(self) -> None:
        """Delete all pods and the certificates."""
        self._closed.set()
        # Also those of which nobody knows: where the reply that they were created was lost.
        own = {_name(pod) for pod in self._mine() if _owner_uid(pod) == self._owner.pod_uid}
        for pod in own | set(self._names):
            self._names.pop(pod, None)
            _tried(partial(calls.delete_pod, pod))
        _tried(partial(calls.delete_secret, self._secret))

    def _bury(self) -> None:
        """Delete workers, and their certificates, whose runner was killed: its pod is over, but still there.

        Kubernetes deletes what a pod owns when the pod is deleted, and a Job keeps pods that failed.
        """
        found = self._mine()
        # Another root's job of the same work has the same label: its runner lives, and so do its workers.
        alive = {
            pod["metadata"].get("uid") for pod in found if pod.get("status", {}).get("phase") not in _OVER
        }
        left = [pod for pod in found if (owner := _owner_uid(pod)) and owner not in alive]
        for pod in left:
            _tried(partial(calls.delete_pod, _name(pod)))
        for name in {name for pod in left for name in secrets_of(pod)}:
            _tried(partial(calls.delete_secret, name))

    def _pod(self, name: str) -> str:
        """Name of a worker's pod: the runner's of this attempt, and the worker's."""
        return f"{self._owner.pod_name}-{name}"

    def _mine(self) -> list[Mapping[str, Any]]:
        try:
            return calls.pods(f"{LABEL}={self._job_id}")[0]
        except LunarcloudError as error:
            self._trouble = str(error)
            return []

    def _watch(self, closed: threading.Event) -> None:
        """See every pod end, until what `open` made is set; Kubernetes may be away meanwhile."""
        while not closed.is_set():
            try:
                version = self._look()
                for change in calls.changes(f"{LABEL}={self._job_id}", version, _WATCH_S):
                    if closed.is_set():
                        return
                    self._see(change.pod, deleted=change.deleted)
            except LunarcloudError:
                closed.wait(_PAUSE_S)
            except Exception:  # noqa: BLE001 - whatever Kubernetes says, pods are watched until the job ends
                _log.exception("pods of job %s cannot be watched now", self._job_id)
                closed.wait(_PAUSE_S)

    def _look(self) -> str:
        """See how all pods are, also those that ended while nobody looked; the version of what was seen."""
        before = set(self._created)
        found, version = calls.pods(f"{LABEL}={self._job_id}")
        for pod in found:
            self._see(pod, deleted=False)
        for name in before - {pod["metadata"]["name"] for pod in found}:
            self._see({"metadata": {"name": name}}, deleted=True)
        return version

    def _see(self, pod: Mapping[str, Any], *, deleted: bool) -> None:
        why = gone(pod, datetime.now(UTC)) or ("deleted" if deleted else "")
        name = self._names.get(pod["metadata"]["name"]) if why else None
        if name is None:
            return
        self._names.pop(pod["metadata"]["name"], None)
        self._trouble = f"pod {pod['metadata']['name']}: {why}"
        self._lost(name, self._trouble)
        if not deleted:
            # What is over, or on a node that fell silent, would else lie there until the job ends.
            _tried(partial(calls.delete_pod, pod["metadata"]["name"]))


def _why(pod: Mapping[str, Any]) -> str:
    """What keeps a pod from running: of a container that is being made, only events know."""
    if pod.get("status", {}).get("phase") != "Pending":
        return ""
    return stuck(pod) or calls.last_warning(pod["metadata"]["name"])


def _name(pod: Mapping[str, Any]) -> str:
    return str(pod["metadata"]["name"])


def _owner_uid(pod: Mapping[str, Any]) -> str:
    """Id of the runner's pod that owns a worker's; empty of a runner, which a Job owns."""
    owners = pod["metadata"].get("ownerReferences") or ()
    return next((str(each["uid"]) for each in owners if each["kind"] == "Pod"), "")


def _tried(call: Callable[[], None]) -> None:
    # Where Kubernetes is away now: the owner's end takes the pods away too.
    with suppress(LunarcloudError):
        call()
