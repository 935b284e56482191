"""The bounded stream of tasks: every item once, errors in words, a window that stays small."""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from distributed import Client

from lunarcloud.config import settings
from lunarcloud.engine import Cluster, Resource, connect, stream
from lunarcloud.engine.resource import provide
from lunarcloud.errors import ComputeError, InputError


def _square(number: int) -> int:
    return number * number


def test_every_item_comes_back_once_with_its_result(client: Client) -> None:
    assert sorted(stream(client, _square, range(50))) == [(number, number**2) for number in range(50)]


def test_items_are_read_as_workers_become_free(client: Client) -> None:
    read = []

    def source() -> Iterator[int]:
        for number in range(40):
            read.append(number)
            yield number

    ahead = [len(read) - done for done, _ in enumerate(stream(client, _square, source()), start=1)]
    assert max(ahead) <= settings().window * sum(client.ncores().values())


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


def _die(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_an_item_that_kills_its_workers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    import dask

    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        connect(Cluster(workers=1)) as own,
        pytest.raises(ComputeError, match=r"died, again and again.*LUNARCLOUD_MEMORY_LIMIT"),
    ):
        list(stream(own, _die, [1]))


def test_a_cluster_that_lost_its_workers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUNARCLOUD_WORKER_WAIT_S", "0.5")
    settings.cache_clear()
    with connect(Cluster(workers=1)) as own:
        own.retire_workers()
        with pytest.raises(ComputeError, match=r"no worker for 0\.5 s"):
            list(stream(own, _square, [1]))
    settings.cache_clear()


@dataclass(frozen=True)
class _Use:
    resource: Resource

    def __call__(self, _: int) -> tuple[int, int]:
        return id(self.resource.held()), os.getpid()


def test_a_resource_is_built_once_a_process_also_after_it_is_provided_again(client: Client) -> None:
    use = _Use(Resource("list", list))
    provide(client, use.resource)
    first = {result for _, result in stream(client, use, range(8))}
    provide(client, use.resource)
    assert {result for _, result in stream(client, use, range(8))} | first == first
    assert len({process for _, process in first}) == len(first)


def test_a_scheduler_that_does_not_answer_is_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lunarcloud.engine.cluster._CONNECT_S", 1)
    with (
        pytest.raises(InputError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:9'"),
        connect(Cluster(scheduler="tcp://127.0.0.1:9")),
    ):
        pass
