"""Streams on a real cluster: every item once, errors in words, faults tried again, a cluster that is lost."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from distributed import Client

from lunarcloud.config import settings
from lunarcloud.engine import Cluster, connect
from lunarcloud.engine.driver import shard_of, stream
from lunarcloud.engine.policy import ALLOWED_DEATHS
from lunarcloud.engine.stream import Limits
from lunarcloud.errors import AwayError, ComputeError, InputError, TransientStoreError
from lunarcloud.moon import Shard


def _square(number: int) -> int:
    return number * number


def test_every_item_comes_back_once_with_its_result(client: Client) -> None:
    assert sorted(stream(client, _square, range(50))) == [(number, number**2) for number in range(50)]


def test_items_are_read_as_workers_become_free(client: Client) -> None:
    read = []

    def source() -> Iterator[int]:
        for number in range(1000):
            read.append(number)
            yield number

    ahead = [len(read) - done for done, _ in enumerate(stream(client, _square, source()), start=1)]
    assert 256 < max(ahead) <= 256 * 9 // 8


def _shown(item: object) -> str:
    return repr(item)


def test_a_shard_arrives_as_a_shard_and_names_its_task(client: Client) -> None:
    items = [Shard(3, 4), (Shard(5, 6), "unit")]
    assert dict(stream(client, _shown, items)) == {item: repr(item) for item in items}
    assert [shard_of(item) for item in [*items, 7, (), (7, 8)]] == [(3, 4), (5, 6), None, None, None]


def _refuse(number: int) -> int:
    if number == 3:
        raise InputError("three is not allowed")
    return number


def test_an_error_of_ours_keeps_its_words(client: Client) -> None:
    with pytest.raises(InputError, match="three is not allowed"):
        list(stream(client, _refuse, range(5)))


def _fail(number: int) -> int:
    return 1 // number


def test_another_error_names_the_item(client: Client) -> None:
    with pytest.raises(ComputeError, match="0: ZeroDivisionError"):
        list(stream(client, _fail, [0]))


@dataclass(frozen=True)
class _Fault:
    """A store that is away for the first so many tasks."""

    log: Path
    times: int

    def __call__(self, item: int) -> int:
        with self.log.open("a") as log:
            log.write("x")
        if self.log.stat().st_size <= self.times:
            raise TransientStoreError("the store does not answer")
        return item


def test_an_item_is_tried_again_after_a_fault_that_may_pass(client: Client, tmp_path: Path) -> None:
    assert list(stream(client, _Fault(tmp_path / "log", 2), [7])) == [(7, 7)]
    with pytest.raises(TransientStoreError, match="does not answer"):
        list(stream(client, _Fault(tmp_path / "another", 99), [7]))
    assert (tmp_path / "another").stat().st_size == 3


def _die(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _allow_no_death(dask_scheduler: Any, before: int) -> None:
    assert dask_scheduler.allowed_failures == before
    dask_scheduler.allowed_failures = 0


@pytest.fixture
def strict_cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A cluster whose scheduler allows no death over an item, while the stream allows one."""
    monkeypatch.setattr("lunarcloud.engine.driver.Limits", partial(Limits, deaths=1))
    with connect(Cluster(workers=1)) as own:
        own.run_on_scheduler(_allow_no_death, before=ALLOWED_DEATHS)
        yield own


@dataclass(frozen=True)
class _Deadly:
    """Kills so many of the workers that compute it."""

    log: Path
    times: int

    def __call__(self, item: int) -> int:
        with self.log.open("a") as log:
            log.write("x")
        if self.log.stat().st_size <= self.times:
            os.kill(os.getpid(), signal.SIGKILL)
        return item


def test_an_item_that_kills_its_workers_again_and_again_is_given_up(
    strict_cluster: Client, tmp_path: Path
) -> None:
    assert list(stream(strict_cluster, _Deadly(tmp_path / "once", 1), [1])) == [(1, 1)]
    with pytest.raises(ComputeError, match=r"1: .*died, again and again.*LUNARCLOUD_MEMORY_LIMIT"):
        list(stream(strict_cluster, _Deadly(tmp_path / "always", 99), [1]))
    assert (tmp_path / "always").stat().st_size == 2


@dataclass(frozen=True)
class _Gated:
    """The first item at once, the others once a file exists."""

    gate: Path

    def __call__(self, item: int) -> int:
        while item and not self.gate.exists():
            time.sleep(0.01)
        return item * item


def _results(client: Client) -> int:
    """Results that workers hold."""
    return sum(map(len, client.has_what().values()))


def test_results_that_were_lost_with_their_worker_are_computed_again(tmp_path: Path) -> None:
    with connect(Cluster(workers=1)) as own:
        results = stream(own, _Gated(tmp_path / "gate"), range(6))
        found = dict([next(results)])
        (tmp_path / "gate").touch()
        _wait(lambda: _results(own) >= 5)
        (worker,) = own.run(os.getpid).values()
        os.kill(worker, signal.SIGKILL)
        _wait(lambda: _results(own) == 0)
        found.update(results)
    assert found == {item: item * item for item in range(6)}


def test_results_that_were_lost_with_the_last_worker_are_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUNARCLOUD_WORKER_WAIT_S", "1")
    settings.cache_clear()
    with connect(Cluster(workers=1)) as own:
        results = stream(own, _Gated(tmp_path / "gate"), range(6))
        next(results)
        (tmp_path / "gate").touch()
        _wait(lambda: _results(own) >= 5)
        # The client is not told, as when it asks at the moment of the loss.
        own._stream_handlers["lost-data"] = lambda **_: None
        (worker,), cluster = own.run(os.getpid).values(), own.cluster
        assert cluster is not None
        os.kill(worker, signal.SIGKILL)
        cluster.scale(0)
        _wait(lambda: not own.ncores() and not cluster.workers)
        with pytest.raises(AwayError, match="no worker for 1 s"):
            list(results)
    settings.cache_clear()


def _wait(true: Callable[[], bool]) -> None:
    while not true():
        time.sleep(0.01)


def test_a_cluster_that_lost_its_workers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUNARCLOUD_WORKER_WAIT_S", "0.5")
    settings.cache_clear()
    with connect(Cluster(workers=1)) as own:
        own.retire_workers()
        with pytest.raises(AwayError, match=r"no worker for 0\.5 s"):
            list(stream(own, _square, [1]))
    settings.cache_clear()


def _until(file: Path) -> None:
    _wait(file.exists)


def test_a_task_that_does_not_end_is_given_up_in_words(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUNARCLOUD_SHARD_WAIT_S", "1")
    settings.cache_clear()
    try:
        with pytest.raises(ComputeError, match=r"slow-0-\w+ has not ended for 1 s"):
            list(stream(client, _until, [tmp_path / "end"], title="slow"))
    finally:
        (tmp_path / "end").touch()
        settings.cache_clear()


def _first_hangs(item: tuple[int, Path]) -> None:
    number, end = item
    _until(end) if number == 0 else time.sleep(0.05)


def test_a_task_that_does_not_end_while_others_do_is_given_up_by_name(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUNARCLOUD_SHARD_WAIT_S", "2")
    settings.cache_clear()
    items = [(number, tmp_path / "end") for number in range(10_000)]
    try:
        with pytest.raises(ComputeError, match=r"one-0-\w+ has not ended for 2 s"):
            list(stream(client, _first_hangs, items, title="one"))
    finally:
        (tmp_path / "end").touch()
        settings.cache_clear()


def test_a_scheduler_that_does_not_answer_can_be_asked_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lunarcloud.engine.cluster._CONNECT_S", 1)
    with (
        pytest.raises(AwayError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:9'"),
        connect(Cluster(scheduler="tcp://127.0.0.1:9")),
    ):
        pass


@pytest.mark.parametrize("address", ["nowhere", "ftp://127.0.0.1:9"])
def test_an_address_that_is_none_is_bad_input(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setattr("lunarcloud.engine.cluster._CONNECT_S", 1)
    with pytest.raises(InputError, match=address), connect(Cluster(scheduler=address)):
        pass
