"""A table is put into the bucket: with nobody at a keyboard the Moon is made again on the cluster."""

from __future__ import annotations

import hmac
import json
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from html import escape
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
import yaml

from lunarcloud.engine import Cluster
from lunarcloud.lineage import Entry, Root, open_root
from lunarcloud.moon import grid
from lunarcloud.processes.inbox import INBOX
from lunarcloud.reprocessing.status import status_of
from lunarcloud.storage import folder
from lunarcloud.testing.kube import Kube, eventually, run
from lunarcloud.testing.make import act, make
from lunarcloud.testing.small_root import spectra, write_mosaic
from tests.cluster.conftest import CHART, NAMESPACE, secret

pytestmark = pytest.mark.long

SECRET = "told to nobody"  # noqa: S105 - of this test
RELEASE = "luna"
#: A basalt that no mission has brought.
NEW = (
    b"site,lat,lon,feo,tio2,r415,r750,r900,r950,r1000\n"
    b"Chang'E-9,5.5,-55.5,17.2,5.2,0.06,0.095,0.092,0.093,0.096\n"
)


class Told(NamedTuple):
    """What a webhook got: when, the event, and whether it was signed by our key."""

    time: float
    event: dict[str, Any]
    is_signed: bool


class Receiver(ThreadingHTTPServer):
    """A webhook of this machine, as pods reach it."""

    daemon_threads = True

    def __init__(self, address: str) -> None:
        super().__init__((address, 0), _Taking)
        self.told: list[Told] = []

    def published(self) -> list[Told]:
        """Notices of something new."""
        return [each for each in self.told if each.event["type"] == "lunarcloud.run.published"]


class _Taking(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        wanted = f"sha256={hmac.new(SECRET.encode(), body, 'sha256').hexdigest()}"
        is_signed = hmac.compare_digest(wanted, self.headers["X-Lunarcloud-Signature"])
        self.server.told.append(Told(time.time(), json.loads(body), is_signed))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as http.server calls it
        pass


@pytest.fixture(scope="module")
def hook(kube: Kube) -> Iterator[Receiver]:
    with Receiver(kube.store) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def arrivals(chart: str) -> Root:
    """A root in the bucket as it was before anything arrived."""
    url = f"s3://moon/{uuid4().hex[:8]}"
    _make_old(url)
    return open_root(url)


def _make_old(url: str) -> None:
    """Have a model, its run, a finding of it, and a run of another series with a finding."""
    near = Cluster(workers=1)
    write_mosaic(folder(url), grid(2, 64), spectra)
    make("fit", url, equations_only=True, reflectance="table")  # the image trains no networks
    make("map", url, near)
    make("reduce", url, near, sampling="pixels")
    other = make("map", url, near, model="qiu2025", label="apart").record.ref.id
    make("reduce", url, near, run=other, sampling="pixels", label="apart")


@pytest.fixture(scope="module")
def luna(kube: Kube, chart: str, arrivals: Root, hook: Receiver) -> Iterator[None]:
    """A release that reprocesses that root every minute."""
    key = {"LUNARCLOUD_WEBHOOK_SECRET": SECRET}
    kube.ctl("apply", "-f", "-", given=yaml.safe_dump(secret("hooks", key)))
    _install(kube, arrivals, hook, listen=False)
    yield
    run("helm", "uninstall", RELEASE, "-n", NAMESPACE)


def _install(kube: Kube, root: Root, hook: Receiver, *, listen: bool) -> None:
    values = yaml.safe_load(run("helm", "get", "values", "lunarcloud", "-n", NAMESPACE, "-o", "yaml"))
    values["root"] = root.url
    values["reprocess"] = {
        "enabled": True,
        "schedule": "* * * * *",
        "settleSeconds": 5,
        "webhooks": [f"http://{kube.store}:{hook.server_address[1]}"],
        "webhookSecret": "hooks",
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "2Gi"}},
        "listen": {"enabled": listen},
    }
    install = ("helm", "upgrade", "--install", RELEASE, CHART, "-n", NAMESPACE, "--wait")
    run(*install, "-f", "-", given=yaml.safe_dump(values))


def _workers(kube: Kube) -> int:
    wanted = f"app.kubernetes.io/instance={RELEASE},app.kubernetes.io/component=worker"
    return len(kube.ctl("get", "pods", "-l", wanted, "-o", "name").split())


@contextmanager
def most_workers(kube: Kube) -> Iterator[list[int]]:
    """How many workers there were at most while a ``with`` block ran."""
    found, over = [0], threading.Event()

    def count() -> None:
        while not over.wait(0.5):
            found[0] = max(found[0], _workers(kube))

    thread = threading.Thread(target=count, daemon=True)
    thread.start()
    yield found
    over.set()
    thread.join()


def test_a_table_in_the_bucket_is_the_new_moon_within_minutes(
    kube: Kube, luna: None, arrivals: Root, hook: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    before = arrivals.catalog()
    with most_workers(kube) as most:
        put = time.time()
        folder(arrivals.url).write(f"{INBOX}/new.csv", NEW)
        (told, *_) = eventually(hook.published, 420)
    assert told.is_signed
    assert most[0] > 0
    after = arrivals.catalog()
    new = [each for each in after.records if before.get(each.ref) is None]
    assert {each.process for each in new} == {"stations", "fit", "map", "reduce", "compare"}
    assert {each.label for each in after.records if each.label} == {"apart"}
    apart = [each for each in before.records if each.label]
    assert len(apart) == 2
    assert all(after.is_head(each) for each in apart)
    assert after.find("runs").ref != before.find("runs").ref
    report = told.event["data"]["report"]
    assert escape("Chang'E-9").encode() in folder(report.rpartition("/")[0]).read("report.html")
    with capsys.disabled():
        print(
            f"\n  table put to change told {told.time - put:.0f} s, {_computing_s(arrivals, new):.0f} of it "
            f"computing, workers 0 -> {most[0]} -> 0"
        )
    eventually(lambda: _workers(kube) == 0)


def _computing_s(root: Root, entries: Iterable[Entry]) -> float:
    """Seconds that records took to be made, one after the other."""
    records = (json.loads(root.place(each.ref).read("record.json")) for each in entries)
    times = ((datetime.fromisoformat(each[end]) for end in ("started", "finished")) for each in records)
    return sum((finished - started).total_seconds() for started, finished in times)


def test_a_store_that_pokes_is_answered_at_once_and_a_withdrawn_table_brings_the_old_moon_back(
    kube: Kube, luna: None, arrivals: Root, hook: Receiver
) -> None:
    _install(kube, arrivals, hook, listen=True)
    kube.ctl("rollout", "status", f"deployment/{RELEASE}-reprocess", "--timeout=120s")
    newest, count = arrivals.catalog(), len(hook.published())
    folder(arrivals.url).write(f"{INBOX}/zz.csv", b"# withdraw: Chang'E-9\n")
    address = kube.ctl("get", "service", f"{RELEASE}-reprocess", "-o", "jsonpath={.spec.clusterIP}")
    time.sleep(5)  # until the inbox has settled
    # A store delivers at least once.
    assert [_poke(address) for _ in range(3)] == [202, 202, 202]
    eventually(lambda: len(hook.published()) > count, 120)
    back = arrivals.catalog()
    assert back.find("runs").ref != newest.find("runs").ref
    assert back.records == newest.records  # nothing was computed


def _poke(address: str) -> int:
    connection = HTTPConnection(address, 8080, timeout=10)
    connection.request("POST", "/poke", b"{}")
    return connection.getresponse().status


def test_rows_13_and_14_two_at_once_and_a_table_replaced_in_mid_run_end_at_what_is_wanted(
    kube: Kube, luna: None, arrivals: Root, tmp_path: Path
) -> None:
    inbox = folder(arrivals.url) / INBOX
    inbox.remove("zz.csv")
    inbox.write("new.csv", NEW.replace(b"17.2", b"12.5"))
    time.sleep(5)  # until the inbox has settled
    for number in range(2):
        made = f"by-hand-{number}-{uuid4().hex[:6]}"
        kube.ctl("create", "job", made, f"--from=cronjob/{RELEASE}-reprocess")
    eventually(lambda: _workers(kube) > 0, 180)
    inbox.write("new.csv", NEW.replace(b"17.2", b"21.0"))

    def is_quiet() -> bool:
        found = status_of(arrivals, datetime.now(UTC))
        return not (found.waiting or found.due or found.worker or found.running)

    eventually(is_quiet, 420)
    _make_old(str(tmp_path))
    (tmp_path / INBOX).mkdir()
    (tmp_path / INBOX / "new.csv").write_bytes(inbox.read("new.csv"))
    act("reprocess", tmp_path, Cluster(workers=1), now=True)
    here, there = open_root(tmp_path).catalog(), arrivals.catalog()
    for kind in ("stations", "models", "statistics"):
        assert there.find(kind).ref == here.find(kind).ref
    # Not its id: the image's Python has another scipy, whose fits may differ in their last digit.
    assert there.find("runs").digest == here.find("runs").digest
    assert not act("verify", arrivals.url, Cluster(workers=1), record="runs/latest").damaged
