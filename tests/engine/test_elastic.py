"""Clusters that grow and shrink, of processes instead of pods: what the end of a worker, or of all, costs."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import Client, Security

from lunarcloud.config import settings
from lunarcloud.engine import Cluster, Pool, connect
from lunarcloud.engine.driver import stream
from lunarcloud.errors import AwayError, ComputeError, InputError
from lunarcloud.moon import Shard
from lunarcloud.testing.kube import eventually
from lunarcloud.testing.processes import ProcessSource
from lunarcloud.testing.slow_shards import Watched

SHARDS = [Shard(row, col) for row in range(6) for col in range(8)]
WORKERS = 2


@pytest.fixture
def source(tmp_path: Path) -> Iterator[ProcessSource]:
    """Processes as workers; none is left."""
    made = ProcessSource(tmp_path)
    yield made
    made.close()


def pool(source: ProcessSource, minimum: int = 0) -> Cluster:
    return Cluster(pool=Pool(source=source, host="127.0.0.1", minimum=minimum, maximum=WORKERS))


def slow(log: Path, pause: float = 0.2) -> Watched:
    """A function of shards that takes a while, and notes each call with the process that it is made in."""
    return Watched(repr, log, pause)  # type: ignore[arg-type]  # of anything


def redone(log: Path) -> int:
    """Calls beyond the first of each shard."""
    counts = Counter(line.split()[0] for line in log.read_text().splitlines())
    assert len(counts) == len(SHARDS)
    return sum(counts.values()) - len(counts)


@pytest.mark.parametrize(("number", "most"), [(signal.SIGKILL, 1), (signal.SIGTERM, 0)])
def test_rows_1_and_2_a_killed_worker_costs_its_shard_and_one_told_to_end_costs_none(
    source: ProcessSource, tmp_path: Path, number: signal.Signals, most: int
) -> None:
    log = tmp_path / "calls"
    with connect(pool(source)) as client:
        for done, _ in enumerate(stream(client, slow(log), SHARDS), start=1):
            if done == len(SHARDS) // 3:
                next(iter(source.processes.values())).send_signal(number)
    assert redone(log) <= most
    assert source.started > WORKERS


def test_row_15_workers_come_for_work_and_go_without_it(source: ProcessSource, tmp_path: Path) -> None:
    with connect(pool(source)) as client:
        for turn in range(2):
            log = tmp_path / f"calls-{turn}"
            assert len(list(stream(client, slow(log), SHARDS))) == len(SHARDS)
            assert redone(log) == 0
            eventually(lambda: not source.processes, 30)
    assert source.started == 2 * WORKERS


def test_row_3_what_kills_every_worker_fails_and_says_how_they_ended(source: ProcessSource) -> None:
    with (
        connect(pool(source, minimum=WORKERS)) as client,
        pytest.raises(
            ComputeError, match=r"died, again and again \(last: process \d+ ended with 9\).*limits"
        ),
    ):
        list(stream(client, os._exit, [9]))
    assert source.started <= 16


_HOLDER = """
import sys
from pathlib import Path
from lunarcloud.engine import Cluster, Pool, connect
from lunarcloud.engine.driver import stream
from lunarcloud.moon import Shard
from lunarcloud.testing.processes import ProcessSource
from lunarcloud.testing.slow_shards import Watched

place = Path(sys.argv[1])
pool = Pool(source=ProcessSource(place), host="127.0.0.1", maximum=2)
with connect(Cluster(pool=pool)) as client:
    list(stream(client, Watched(repr, place / "calls", 0.2), [Shard(0, col) for col in range(1000)]))
"""


def test_row_5_workers_end_with_a_killed_scheduler(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", _HOLDER, tmp_path], stderr=subprocess.DEVNULL)
    log = tmp_path / "calls"
    workers = eventually(lambda: _processes(log) if len(_processes(log)) == WORKERS else set())
    holder.kill()
    holder.wait()
    eventually(lambda: not any(_runs(worker) for worker in workers), 10)


def _processes(log: Path) -> set[int]:
    return {int(line.split()[1]) for line in log.read_text().splitlines()} if log.exists() else set()


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_nobody_else_is_let_in(source: ProcessSource) -> None:
    with connect(pool(source)) as client:
        address = client.scheduler_info()["address"]
        with pytest.raises(OSError, match="(?i)connect"):
            Client(address.replace("tls", "tcp"), timeout=2)
        with pytest.raises(OSError, match="(?i)connect"):
            Client(address, security=Security.temporary(), timeout=2)


class _Refusing(ProcessSource):
    """Starts nothing at first, as where a quota is used up."""

    refusals = 1

    def start(self, name: str) -> None:
        self.started += 1
        if self.started > self.refusals:
            super().start(name)
            return
        self._trouble = "exceeded quota: moon"
        raise InputError(self._trouble)


def test_row_11_a_worker_that_cannot_be_made_is_tried_again(tmp_path: Path) -> None:
    source = _Refusing(tmp_path)
    with connect(pool(source)) as client:
        assert list(stream(client, repr, [1])) == [(1, "1")]


def test_row_11_without_any_worker_the_error_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = _Refusing(tmp_path)
    source.refusals = 1000
    monkeypatch.setenv("LUNARCLOUD_WORKER_WAIT_S", "6")
    settings.cache_clear()
    with connect(pool(source)) as client, pytest.raises(AwayError, match=r"never came .last: exceeded quota"):
        list(stream(client, repr, [1]))
    assert source.started <= 3
    monkeypatch.undo()
    settings.cache_clear()
