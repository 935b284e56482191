"""Listening: pokes wake whoever watches a root, Prometheus learns how it is, nothing else is answered."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import fsspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from lunarcloud.errors import InputError, StoreError
from lunarcloud.lineage import open_root
from lunarcloud.reprocessing.clock import SYSTEM
from lunarcloud.reprocessing.listen import listening
from lunarcloud.reprocessing.metrics import Health, metrics_text
from lunarcloud.testing.fixtures import Command
from lunarcloud.testing.make import make
from lunarcloud.testing.s3_server import s3_server
from tests.web import reset

_ROW = (
    "site,lat,lon,feo,tio2,r415,r750,r900,r950,r1000\nNew,5.5,-55.5,17.2,5.2,0.06,0.095,0.092,0.093,0.096\n"
)


def ask(port: int, method: str, path: str, body: bytes = b"") -> HTTPResponse:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body)
    return connection.getresponse()


@pytest.fixture
def poked() -> threading.Event:
    return threading.Event()


@pytest.fixture
def port(poked: threading.Event) -> Iterator[int]:
    with listening(0, poked, lambda: (b"lunarcloud_x 1.0\n", "text/plain")) as number:
        assert number is not None
        yield number


def test_a_poke_delivered_twice_is_one(port: int, poked: threading.Event) -> None:
    notice = b'{"Records": [{"s3": {"object": {"key": "inbox/new.csv"}}}]}'
    assert [ask(port, "POST", "/poke", notice).status for _ in range(2)] == [202, 202]
    assert poked.is_set()


def test_a_client_that_goes_away_is_told_to_nobody(port: int, capfd: pytest.CaptureFixture[str]) -> None:
    reset(port)
    assert capfd.readouterr() == ("", "")


def test_a_store_pokes_when_a_table_is_put_into_the_bucket(
    port: int, poked: threading.Event, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with s3_server(tmp_path, webhook=f"http://127.0.0.1:{port}/poke") as store:
        for name, value in store.environment.items():
            monkeypatch.setenv(name, value)
        poked.clear()
        fsspec.filesystem("s3", skip_instance_cache=True).pipe_file("moon/root/inbox/new.csv", b"site\n")
        assert poked.wait(30)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/healthz", 200), ("GET", "/poke", 404), ("POST", "/", 404), ("DELETE", "/poke", 501)],
)
def test_nothing_else_is_answered(
    port: int, poked: threading.Event, method: str, path: str, status: int
) -> None:
    assert ask(port, method, path).status == status
    assert not poked.is_set()


def test_a_notice_that_is_too_long_is_not_read(port: int, poked: threading.Event) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest("POST", "/poke")
    connection.putheader("Content-Length", str(1 << 40))
    connection.endheaders()
    assert connection.getresponse().status == 413
    assert not poked.is_set()


def test_a_store_that_is_away_is_said_to_prometheus(poked: threading.Event) -> None:
    def away() -> tuple[bytes, str]:
        raise StoreError("the store is away")

    with listening(0, poked, away) as port:
        answer = ask(port or 0, "GET", "/metrics")
    assert (answer.status, answer.read()) == (503, b"the store is away\n")


def test_a_port_that_is_taken_is_refused(poked: threading.Event) -> None:
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"--listen {port}"), listening(port, poked, lambda: (b"", "")):
            pass
    with pytest.raises(InputError, match="--listen 70000"), listening(70000, poked, lambda: (b"", "")):
        pass


def test_listening_goes_with_watching(lunarcloud: Command, tmp_path: Path) -> None:
    code, _, error = lunarcloud("reprocess", "--root", tmp_path, "--listen", 0)
    assert code == 2
    assert "--watch" in error


@pytest.mark.usefixtures("sketch")
def test_prometheus_reads_how_a_root_is(tmp_path: Path) -> None:
    make("fit", tmp_path, equations_only=True, reflectance="table")
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "new.csv").write_text(_ROW)
    (tmp_path / "inbox" / "bad.csv").write_text("no table")
    text, _ = metrics_text(open_root(tmp_path), Health(succeeded=12.5, failures=3), SYSTEM)
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }
    assert found["lunarcloud_staleness_seconds",] > 0
    assert found["lunarcloud_samples_rejected",] == 1
    assert found["lunarcloud_records_due",] == 1
    assert found["lunarcloud_last_success_timestamp_seconds",] == 12.5
    assert found["lunarcloud_reprocess_failures",] == 3
    assert found["lunarcloud_jobs", "running"] == 0


def test_whoever_watches_makes_it_at_a_poke_and_ends_when_told(tmp_path: Path) -> None:
    make("stations", tmp_path)
    command = [str(Path(sys.executable).with_name("lunarcloud")), "run", "reprocess", "--root", str(tmp_path)]
    inputs = ["--inputs", json.dumps({"forever": True, "listen": 0}), "--events", "json"]
    environment = {**os.environ, "LUNARCLOUD_SETTLE_S": "0"}
    with subprocess.Popen(
        [*command, *inputs], stdout=subprocess.PIPE, text=True, env=environment
    ) as watching:
        assert watching.stdout is not None
        events = (json.loads(line) for line in watching.stdout)
        said = next(event["text"] for event in events if event["event"] == "note")
        (tmp_path / "inbox").mkdir()
        (tmp_path / "inbox" / "new.csv").write_text(_ROW)
        ask(int(said.rpartition(" ")[2]), "POST", "/poke")
        assert next(event["kind"] for event in events if event["event"] == "published") == "stations"
        watching.send_signal(signal.SIGTERM)
        assert watching.wait(20) == 143
