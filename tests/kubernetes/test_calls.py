"""Calls to a Kubernetes whose answers are odd."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes import client

from lunarcloud.kubernetes import calls

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
