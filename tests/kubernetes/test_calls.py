"""Calls to a Kubernetes whose answers are odd."""

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes import client

from lunarcloud.errors import AwayError, InputError
from lunarcloud.jobs import Job
from lunarcloud.kubernetes import calls
from lunarcloud.kubernetes.launch import LAUNCHER
from lunarcloud.kubernetes.place import Place

_POD = {"metadata": {"name": "w1"}}
_ADDED = json.dumps({"type": "ADDED", "object": _POD})
_TOO_OLD = json.dumps({"type": "ERROR", "object": {"code": 410, "reason": "Expired", "message": "too old"}})


class Answer:
    """What the API server sends, as the client's connection has it."""

    status = 200

    def __init__(self, text: str) -> None:
        self.data = text.encode()

    def stream(self, **_: Any) -> list[bytes]:
        """All of it at once."""
        return [self.data]

    def close(self) -> None:
        """Nothing to do."""

    release_conn = close


def answering(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Have every call answered by a text."""

    def listed(*_: Any, **__: Any) -> Answer:
        return Answer(text)

    # Of the client's method the watch reads whether it watches or follows.
    listed.__doc__ = client.CoreV1Api.list_namespaced_pod.__doc__
    monkeypatch.setattr(calls, "_core", lambda: SimpleNamespace(list_namespaced_pod=listed))


@pytest.mark.parametrize("line", [_TOO_OLD, "", '{"type": "AD'], ids=["too old", "empty", "cut"])
def test_a_watch_ends_without_an_error_at_what_is_no_change(
    monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    answering(monkeypatch, f"{_ADDED}\n{line}\n{_ADDED}\n")
    assert list(calls.changes("a=b", "1", 1)) == [calls.Change(_POD, deleted=False)]


def test_a_page_of_a_proxy_is_a_kubernetes_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, "<html>Please log in</html>")
    with pytest.raises(AwayError, match="cannot list pods: what answers is not Kubernetes"):
        calls.pods("a=b")


@pytest.fixture(
    params=[
        "contexts: [",
        "[1, 2]",
        "5",
        "{contexts: 3}",
        "{current-context: a, contexts: [{name: a, context: null}]}",
        "{current-context: a, contexts: [{name: a, context: {cluster: c, user: u}}], clusters: [{}]}",
    ]
)
def kubeconfig(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that cannot be used is the only one."""
    file = tmp_path / "config"
    file.write_text(request.param)
    # The client reads its variable when it is imported.
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(file))
    monkeypatch.setattr(calls, "place", lambda: Place(pod_name=""))
    calls._client.cache_clear()


@pytest.mark.usefixtures("kubeconfig")
def test_a_kubeconfig_that_cannot_be_read_is_refused_in_a_sentence() -> None:
    assert Place().namespace == "default"
    with pytest.raises(InputError, match="no Kubernetes cluster is known here"):
        calls.find_job("a")


@pytest.mark.usefixtures("kubeconfig")
def test_where_no_kubeconfig_can_be_read_nobody_knows_whether_a_job_is_alive() -> None:
    job = Job(id="map-1", process="map", inputs={}, on="kubernetes", submitted=datetime.now(UTC))
    assert LAUNCHER.alive(job) is None
