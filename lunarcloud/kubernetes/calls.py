"""Every call to Kubernetes that this program makes, with errors in words; objects are dicts, as in YAML."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from kubernetes import client, config
from kubernetes.client import ApiException
from kubernetes.watch import Watch
from urllib3.exceptions import HTTPError

from lunarcloud.errors import AwayError, InputError, LunarcloudError, NotFoundError
from lunarcloud.kubernetes.place import UNREADABLE, place

Manifest: TypeAlias = Mapping[str, Any]

# To connect, and to answer, seconds: an API server that is away is asked again soon enough.
_PATIENCE_S = (5, 20)
_FORBIDDEN, _UNAUTHORIZED, _MISSING, _THERE, _GONE, _BUSY = 403, 401, 404, 409, 410, 429


class Change(NamedTuple):
    """A pod as it is now, and whether it was deleted."""

    pod: Manifest
    deleted: bool


def read_templates(name: str) -> dict[str, str]:
    """The texts of a ConfigMap by their names.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    with _in_words(f"read ConfigMap {name}"):
        return dict(_asked(_core().read_namespaced_config_map, name, place().namespace).get("data") or {})


def create_job(manifest: Manifest) -> bool:
    """Create a Job; False if one of that name is there."""
    return _created(_batch().create_namespaced_job, "Job", manifest)


def find_job(name: str) -> Manifest | None:
    """A Job; None if there is none of that name."""
    with _in_words(f"read Job {name}"):
        return _found(_batch().read_namespaced_job, name)


def create_pod(manifest: Manifest) -> bool:
    """Create a pod; False if one of that name is there."""
    return _created(_core().create_namespaced_pod, "pod", manifest)


def delete_pod(name: str) -> None:
    """Have a pod end as its grace period allows; nothing if it is gone."""
    with _in_words(f"delete pod {name}"):
        _found(_core().delete_namespaced_pod, name)


def create_secret(manifest: Manifest) -> bool:
    """Create a secret; False if one of that name is there."""
    return _created(_core().create_namespaced_secret, "secret", manifest)


def delete_secret(name: str) -> None:
    """Delete a secret; nothing if it is gone."""
    with _in_words(f"delete secret {name}"):
        _found(_core().delete_namespaced_secret, name)


def create_event(manifest: Manifest) -> None:
    """Write down for whoever looks at an object that something happened to it."""
    _created(_core().create_namespaced_event, "event", manifest)


def pods(selector: str) -> tuple[list[Manifest], str]:
    """All pods that a label selector chooses, and the version from which `changes` goes on."""
    with _in_words("list pods"):
        found = _asked(_core().list_namespaced_pod, place().namespace, label_selector=selector)
    return found["items"], found["metadata"]["resourceVersion"]


def changes(selector: str, version: str, seconds: int) -> Iterator[Change]:
    """What happens to pods from a version on, for so many seconds.

    Parameters
    ----------
    selector : str
        Of labels.
    version : str
        As `pods` gave it.
    seconds : int
        How long to look.
    """
    with _in_words("watch pods"):
        stream = Watch().stream(
            _core().list_namespaced_pod,
            place().namespace,
            label_selector=selector,
            resource_version=version,
            timeout_seconds=seconds,
            _request_timeout=(_PATIENCE_S[0], seconds + _PATIENCE_S[1]),
            deserialize=False,
        )
        try:
            for event in stream:
                yield Change(event["object"], event["type"] == "DELETED")
        except (KeyError, json.JSONDecodeError):
            # The client's own ways to fail at an event of type ERROR (the version is too old) and at an
            # empty line: whoever watches lists anew.
            return


def last_warning(name: str) -> str:
    """What Kubernetes last said of an object that goes wrong; empty if nothing, or it may not be asked."""
    chosen = f"involvedObject.name={name},type=Warning"
    try:
        with _in_words("list events"):
            found = _asked(_core().list_namespaced_event, place().namespace, field_selector=chosen)
    except (InputError, AwayError):
        return ""
    events = sorted(
        found["items"], key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or ""
    )
    return f"{events[-1]['reason']}: {events[-1]['message']}" if events else ""


@cache
def _client() -> Any:
    """A connection as this machine's kubeconfig, or this pod's service account, says."""
    chosen = client.Configuration()
    try:
        if place().pod_name:
            config.load_incluster_config(client_configuration=chosen)
        else:
            config.load_kube_config(client_configuration=chosen)
    except UNREADABLE as error:
        raise InputError(
            f"no Kubernetes cluster is known here ({type(error).__name__}: {error}); set KUBECONFIG to the "
            "file, YAML, that your cluster's administrator or provider gave you"
        ) from error
    # Each call says how long it waits, and whoever calls tries again.
    chosen.retries = False
    return client.ApiClient(chosen)


def _core() -> Any:
    return client.CoreV1Api(_client())


def _batch() -> Any:
    return client.BatchV1Api(_client())


def _asked(call: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    answer = call(*arguments, **keywords, _preload_content=False, _request_timeout=_PATIENCE_S)
    return json.loads(answer.data)


def _created(call: Callable[..., Any], kind: str, manifest: Manifest) -> bool:
    with _in_words(f"create {kind} {manifest['metadata']['name']}"):
        try:
            _asked(call, place().namespace, manifest)
        except ApiException as error:
            if error.status != _THERE:
                raise
            return False
        return True


def _found(call: Callable[..., Any], name: str) -> Manifest | None:
    try:
        found: Manifest = _asked(call, name, place().namespace)
    except ApiException as error:
        if error.status != _MISSING:
            raise
        return None
    return found


@contextmanager
def _in_words(what: str) -> Iterator[None]:
    """Turn what the client raises into our errors, with what was to be done."""
    try:
        yield
    except ApiException as error:
        raise _refusal(what, error) from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise AwayError(
            f"cannot {what}: what answers is not Kubernetes, but maybe a proxy's page ({error}); if that "
            "stays so, see to the server that your kubeconfig names"
        ) from error
    except (HTTPError, OSError) as error:
        raise AwayError(f"cannot {what}: Kubernetes does not answer ({error})") from error


def _refusal(what: str, error: ApiException) -> LunarcloudError:
    said, where = _message(error), f"namespace {place().namespace}"
    if error.status == _MISSING:
        return NotFoundError(f"cannot {what} in {where}: {said}")
    if error.status == _UNAUTHORIZED:
        return InputError(f"cannot {what}: Kubernetes does not know you ({said}); renew your kubeconfig")
    if error.status == _FORBIDDEN and "exceeded quota" in said:
        return AwayError(f"cannot {what} in {where}: {said}; wait, or have the quota raised")
    if error.status == _FORBIDDEN:
        return InputError(
            f"cannot {what} in {where}: {said}; whoever installed the chart grants this by `submitters`"
        )
    if error.status in (_GONE, _BUSY) or (error.status or 0) >= 500:
        return AwayError(f"cannot {what}: Kubernetes is busy ({error.status}: {said})")
    return InputError(f"cannot {what} in {where}: {said}")


def _message(error: ApiException) -> str:
    """What the API server said, without the rest of its answer."""
    try:
        return str(json.loads(error.body or "")["message"])
    except (ValueError, KeyError, TypeError):
        return str(error.reason)
