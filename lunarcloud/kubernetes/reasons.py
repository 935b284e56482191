"""Why a pod is gone, or does not start, in words: read from what Kubernetes says of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

_KILLED = 137
# After the API server was away, all nodes seem silent until they are heard again; longer, and one is.
_SILENCE = timedelta(seconds=30)
#: What a container that waits is on its way with, and nothing is wrong.
_STARTING = ("ContainerCreating", "PodInitializing")


def gone(pod: Mapping[str, Any], now: datetime) -> str:
    """Why a pod does nothing any more; empty if it does, will, or is just ending as it should.

    Parameters
    ----------
    pod : mapping
        As Kubernetes tells it.
    now : datetime
        By which a node's silence is long enough.
    """
    status = pod.get("status", {})
    ended = [state["terminated"] for state in _states(pod) if "terminated" in state]
    if ended:
        return _ended(ended[0])
    if status.get("phase") in ("Failed", "Succeeded"):
        return _joined(status.get("reason") or "ended", status.get("message"))
    if "deletionTimestamp" not in pod["metadata"] and _unheard(pod, now):
        return f"node {pod['spec'].get('nodeName', '?')} does not answer"
    return ""


def stuck(pod: Mapping[str, Any]) -> str:
    """What keeps a pod from starting; empty if nothing is known to."""
    for condition in pod.get("status", {}).get("conditions", ()):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return _joined(condition.get("reason", "not scheduled"), condition.get("message"))
    for state in _states(pod):
        waiting = state.get("waiting")
        if waiting and waiting.get("reason") not in _STARTING:
            return _joined(waiting.get("reason", "waits"), waiting.get("message"))
    return ""


def _states(pod: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for container in pod.get("status", {}).get("containerStatuses") or ():
        yield container.get("state", {})


def _ended(terminated: Mapping[str, Any]) -> str:
    reason, code = terminated.get("reason", "ended"), terminated.get("exitCode")
    if reason == "OOMKilled":
        return "OOMKilled: it needed more memory than its pool's limits.memory"
    if code == _KILLED:
        return f"{reason}: killed (exit code {code})"
    return _joined(f"{reason} (exit code {code})", terminated.get("message"))


def _unheard(pod: Mapping[str, Any], now: datetime) -> bool:
    """Whether a container that ran is no longer known to, for long: its node fell silent."""
    if pod.get("status", {}).get("phase") != "Running":
        return False
    conditions = {each["type"]: each for each in pod["status"].get("conditions", ())}
    # A container without probes is ready as long as it runs and its node says so.
    ready = conditions.get("Ready", {})
    if ready.get("status") != "False" or not any("running" in state for state in _states(pod)):
        return False
    return now - datetime.fromisoformat(ready["lastTransitionTime"]) > _SILENCE


def _joined(reason: str, message: str | None) -> str:
    return f"{reason}: {message}" if message else reason
