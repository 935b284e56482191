"""Webhooks: signed CloudEvents, tried again with longer pauses; that nobody listens harms nothing."""

import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lunarcloud.config import settings
from lunarcloud.errors import InputError
from lunarcloud.lineage import open_root
from lunarcloud.processes.inbox import Rejection
from lunarcloud.reprocessing.clock import Clock
from lunarcloud.reprocessing.notify import SIGNATURE, cloud_event, tell
from lunarcloud.reprocessing.telling import tell_rejected, telling

AT = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
KEY = "a key that both sides know"


@dataclass
class Receiver:
    """A server that notes what it gets, after it has refused so many requests."""

    url: str = ""
    refuses: int = 0
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def clock(self) -> Clock:
        return Clock(lambda: AT, lambda: 0.0, self.slept.append)


@contextmanager
def _served(receiver: Receiver) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append((dict(self.headers), body))
            self.send_response(503 if len(receiver.got) <= receiver.refuses else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A webhook that is in the settings, with its key."""
    found = Receiver()
    with _served(found):
        monkeypatch.setenv("LUNARCLOUD_WEBHOOKS", json.dumps([found.url]))
        monkeypatch.setenv("LUNARCLOUD_WEBHOOK_SECRET", KEY)
        settings.cache_clear()
        yield found
    monkeypatch.undo()
    settings.cache_clear()


def _event(place: Path) -> bytes:
    return cloud_event(open_root(place), "run.published", "a change", AT, {"moved": {}})


def test_an_event_is_a_cloud_event_whose_signature_holds(receiver: Receiver, tmp_path: Path) -> None:
    assert tell(_event(tmp_path), receiver.clock()) == {receiver.url: True}
    ((headers, body),) = receiver.got
    event = json.loads(body)
    assert headers["Content-Type"] == "application/cloudevents+json"
    assert headers[SIGNATURE] == f"sha256={hmac.new(KEY.encode(), body, 'sha256').hexdigest()}"
    assert {name: event[name] for name in ("specversion", "type", "id", "source", "time")} == {
        "specversion": "1.0",
        "type": "lunarcloud.run.published",
        "id": "a change",
        "source": str(tmp_path),
        "time": "2026-11-28T12:00:00+00:00",
    }


def test_a_webhook_that_is_busy_is_tried_again_later_and_later(receiver: Receiver, tmp_path: Path) -> None:
    receiver.refuses = 3
    assert tell(_event(tmp_path), receiver.clock()) == {receiver.url: True}
    assert len({body for _, body in receiver.got}) == 1
    assert receiver.slept == [1.0, 2.0, 4.0]


def test_a_webhook_that_stays_busy_is_given_up_after_five_tries(receiver: Receiver, tmp_path: Path) -> None:
    receiver.refuses = 99
    assert tell(_event(tmp_path), receiver.clock()) == {receiver.url: False}
    assert len(receiver.got) == 5


def test_refused_tables_and_failures_are_told(receiver: Receiver, tmp_path: Path) -> None:
    root, refused = open_root(tmp_path), Rejection(file="a.csv", errors=("line 2: no",))
    tell_rejected(root, receiver.clock(), ())
    tell_rejected(root, receiver.clock(), (refused,))
    with pytest.raises(InputError), telling(root, receiver.clock()):
        raise InputError("the root is on the far side")
    rejected, failed = (json.loads(body) for _, body in receiver.got)
    assert rejected["type"] == "lunarcloud.samples.rejected"
    assert rejected["data"] == {"files": [{"file": "a.csv", "errors": ["line 2: no"]}]}
    assert failed["type"] == "lunarcloud.reprocess.failed"
    assert failed["data"] == {"error": "the root is on the far side", "exit_code": 2}


def test_a_webhook_must_be_a_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUNARCLOUD_WEBHOOKS", '["file:///etc/passwd"]')
    settings.cache_clear()
    with pytest.raises(InputError, match="LUNARCLOUD_WEBHOOKS"):
        settings()
    monkeypatch.undo()
    settings.cache_clear()
