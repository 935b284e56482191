"""What a run waits for is told to whoever watches it, whoever waits."""

import time
from collections.abc import Iterator

import pytest

from lunarcloud.config import settings
from lunarcloud.engine import Cluster, Event, MemoryPlan, Note, Session
from lunarcloud.errors import TransientStoreError
from lunarcloud.storage import retried


def _read_after_a_fault(number: int) -> int:
    failures = iter([TransientStoreError("s3://moon/map: busy")])

    @retried
    def read(where: str) -> int:
        for failure in failures:
            raise failure
        return number

    return read("s3://moon")


def _notes(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Note)]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A store is tried again, soon."""
    monkeypatch.setenv("LUNARCLOUD_BACKOFF_S", "0.001")
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_what_a_worker_waits_for_is_told(scheduler: str) -> None:
    events: list[Event] = []
    with Session(Cluster(scheduler=scheduler), events.append) as session:
        (found,) = session.spread(
            "read", _read_after_a_fault, [7], pixels=lambda _: 1, memory=MemoryPlan(task=0)
        )
        end = time.monotonic() + 10
        while not _notes(events) and time.monotonic() < end:
            time.sleep(0.05)
    assert found == (7, 7)
    assert _notes(events) == ["waiting for the store, 0 s until now: s3://moon/map: busy"]


def test_what_the_command_itself_waits_for_is_told_once_in_a_while() -> None:
    events: list[Event] = []
    with Session(watch=events.append):
        assert [_read_after_a_fault(number) for number in range(3)] == [0, 1, 2]
    assert len(_notes(events)) == 1
    _read_after_a_fault(3)
    assert len(_notes(events)) == 1
