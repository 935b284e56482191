"""Workers that come and go: those that die, drain, never start, or lose their scheduler cost little."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, Security

from lunarcloud.config import settings
from lunarcloud.engine import KEY_FILE, Cluster, MemoryPlan, Pool, Session, Work, connect
from lunarcloud.engine.elastic import Pause
from lunarcloud.engine.events import Event, ShardDone
from lunarcloud.engine.stream import Limits
from lunarcloud.errors import AwayError, ComputeError
from lunarcloud.testing.processes import ProcessSource
from lunarcloud.testing.slow_shards import Watched

COMMAND = Path(__file__).with_name("elastic_command.py")
HERE = "127.0.0.1"

Make = Callable[..., Work]
Contents = Callable[[Work], dict[str, bytes]]


def _wait(true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory, make_work: Make, contents: Contents) -> Any:
    """The bytes as one process makes them."""
    work = make_work(tmp_path_factory.mktemp("reference"))
    for shard in work.group.missing():
        work.group.write(shard, work.function(shard).arrays)
    return contents(work)


@pytest.fixture
def source(tmp_path: Path) -> ProcessSource:
    return ProcessSource(tmp_path / "workers")


@pytest.fixture
def work(make_work: Make, tmp_path: Path) -> Work:
    """18 shards of a third of a second, each start of one noted in a file."""
    made = make_work(tmp_path / "root")
    return replace(made, function=Watched(made.function, tmp_path / "log", 0.3))


def _at(counts: dict[int, Callable[[], Any]]) -> Callable[[Event], None]:
    """A watch that does something when so many shards are done."""
    done = iter(range(1, 1000))

    def watch(event: Event) -> None:
        if isinstance(event, ShardDone):
            counts.get(next(done), lambda: None)()

    return watch


def test_row_1_a_killed_worker_is_replaced_and_costs_the_shards_it_was_computing(
    source: ProcessSource, work: Work, tmp_path: Path, contents: Contents, reference: dict[str, bytes]
) -> None:
    pool = Pool(source=source, host=HERE, minimum=2, maximum=2)
    begun = time.monotonic()
    with Session(Cluster(pool=pool), _at({5: source.kill})) as session:
        session.compute(work)
    spent_s = pool.meter.seconds()
    assert 0 < spent_s == pool.meter.seconds() < 2 * (time.monotonic() - begun)
    assert len(source.started) == 3
    assert 18 <= len(_lines(tmp_path / "log")) <= 19
    assert contents(work) == reference


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that was idle for two looks is idle."""
    monkeypatch.setattr("lunarcloud.engine.elastic._IDLE_LOOKS", 2)


@pytest.mark.usefixtures("hasty")
def test_rows_2_and_15_workers_that_are_told_to_end_finish_their_shards_whatever_their_number(
    source: ProcessSource, work: Work, tmp_path: Path, contents: Contents, reference: dict[str, bytes]
) -> None:
    def end_all() -> None:
        for process in list(source.running.values()):
            process.send_signal(signal.SIGTERM)

    pool = Pool(source=source, host=HERE, maximum=2)
    with Session(Cluster(pool=pool), _at({6: end_all})) as session:
        session.compute(work)
        _wait(lambda: not source.running, "an idle worker stays")
        for shard in list(work.group.layout.raster.shards())[:6]:
            work.group.ledger.forget(shard)
        session.compute(work)
    assert len(_lines(tmp_path / "log")) == 18 + 6
    assert len(source.started) >= 3
    assert contents(work) == reference


@dataclass(frozen=True)
class _Deadly:
    """Kills each worker that computes it, as a machine does whose memory has run out."""

    log: Path

    def __call__(self, item: int) -> int:
        with self.log.open("a") as log:
            log.write(f"{item}\n")
        os.kill(os.getpid(), signal.SIGKILL)
        return item


def test_row_3_an_item_that_always_kills_its_worker_fails_and_names_the_memory(
    source: ProcessSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lunarcloud.engine.driver.Limits", partial(Limits, deaths=1))
    monkeypatch.setattr("lunarcloud.engine.elastic.ALLOWED_DEATHS", 1)
    deadly = _Deadly(tmp_path / "log")
    with (
        Session(Cluster(pool=Pool(source=source, host=HERE, maximum=1))) as session,
        pytest.raises(ComputeError, match=r"0: .*pool more memory.*ended with signal SIGKILL"),
    ):
        list(session.spread("kill", deadly, [0], pixels=lambda _: 1, memory=MemoryPlan(task=1)))
    assert len(_lines(tmp_path / "log")) == 2
    assert 2 <= len(source.started) <= 3


def _ended(process: int) -> bool:
    """Whether a process is no more, or only waits to be buried."""
    status = Path(f"/proc/{process}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"


def _stop_command(place: Path, number: signal.Signals) -> int:
    """Have a command hold its workers for an hour, then end it and see them end; its exit code."""
    log = place / "log"
    with subprocess.Popen([sys.executable, COMMAND, str(place), "3600"], start_new_session=True) as process:
        # All but the slow shards are done, and those are being computed.
        _wait(lambda: len(_lines(log)) == 8, "the command does not get on")
        process.send_signal(number)
        # As is promised to whoever sends the signal, not a measurement.
        code = process.wait(timeout=5)
    workers = {int(line.split()[1]) for line in _lines(log)}
    _wait(lambda: all(map(_ended, workers)), "a worker outlives its scheduler")
    return code


def test_rows_4_and_5_workers_end_with_the_command_that_holds_the_scheduler_and_another_goes_on(
    tmp_path: Path,
) -> None:
    assert _stop_command(tmp_path, signal.SIGKILL) == -signal.SIGKILL
    subprocess.run([sys.executable, COMMAND, str(tmp_path), "0"], check=True)
    assert len(_lines(tmp_path / "log")) == 8 + 12
    assert len(list((tmp_path / "root/ledger").iterdir())) == 18


def test_a_command_that_is_told_to_stop_takes_its_workers_with_it(tmp_path: Path) -> None:
    assert _stop_command(tmp_path, signal.SIGTERM) == 128 + signal.SIGTERM


def test_a_worker_that_cannot_be_had_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lunarcloud.engine.elastic._FIRST_PAUSE_S", 0.2)

    class Reluctant(ProcessSource):
        refused = 0

        def start(self, name: str) -> None:
            self.refused += 1
            if self.refused == 1:
                raise AwayError("no quota")
            if self.refused == 2:
                raise ZeroDivisionError  # what the source's author did not think of
            super().start(name)

    source = Reluctant(tmp_path / "workers")
    with Session(Cluster(pool=Pool(source=source, host=HERE, maximum=1))) as session:
        done = session.spread("hex", hex, [7], pixels=lambda _: 1, memory=MemoryPlan(task=1))
        assert list(done) == [(7, "0x7")]
    assert source.refused == 3


def test_workers_that_never_start_are_given_up_with_the_reason_and_are_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUNARCLOUD_WORKER_WAIT_S", "4")
    settings.cache_clear()
    source = ProcessSource(tmp_path / "workers", environment={"PYTHONHOME": "/nowhere"})
    with (
        Session(Cluster(pool=Pool(source=source, host=HERE, maximum=1))) as session,
        pytest.raises(AwayError, match=r"no worker for 4 s.*trouble.*ended with exit code 1"),
    ):
        list(session.spread("hex", hex, [7], pixels=lambda _: 1, memory=MemoryPlan(task=1)))
    settings.cache_clear()
    assert 2 <= len(source.started) <= 4


def test_failures_are_followed_by_ever_longer_pauses_until_a_worker_comes() -> None:
    pause, now, pauses = Pause(), 0.0, []
    for _ in range(9):
        pause.failed(now)
        pause.failed(now)  # of the same moment
        begun = now
        while pause.lasts(now):
            now += 0.5
        pauses.append(now - begun)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    pause.failed(now)
    pause.over()
    assert not pause.lasts(now)


def test_a_client_without_the_certificates_of_the_cluster_is_refused(source: ProcessSource) -> None:
    with connect(Cluster(pool=Pool(source=source, host=HERE, maximum=1))) as client:
        address = str(client.scheduler_info()["address"])
        with pytest.raises(OSError, match=HERE):
            Client(address.replace("tls://", "tcp://"), timeout=1)
        with pytest.raises(OSError, match="TLS certificate does not match"):
            Client(address, security=Security.temporary(), timeout=1)
    assert (source.folder / KEY_FILE).stat().st_mode & 0o077 == 0


def test_a_worker_that_nobody_waits_for_any_more_is_told_to_leave(source: ProcessSource) -> None:
    with connect(Cluster(pool=Pool(source=source, host=HERE, maximum=1))):
        source.start("late")
        _wait(lambda: not source.running, "it stays")
    assert source.trouble() == "late ended with exit code 0"


def test_threads_of_a_pool_are_those_that_it_may_have_and_none_is_started(source: ProcessSource) -> None:
    with Session(Cluster(pool=Pool(source=source, host=HERE, maximum=5, threads=3))) as session:
        assert session.threads() == 15
    assert source.started == []
