"""Following a job: the events of its status, until it has ended."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from lunarcloud.engine import Event, Note, ShardDone, StageDone, Started
from lunarcloud.jobs import Job, Status, ended, follow_job, look, records
from lunarcloud.lineage import Root
from tests.places import add_place

# Never long ago, however long the tests take.
NOW = datetime(2100, 1, 1, tzinfo=UTC)
JOB = Job(id="map-1", process="map", inputs={}, on="here", submitted=NOW)


def _running(stage: str, done: int, total: int = 3, attempt: int = 1) -> Status:
    at = NOW.replace(microsecond=attempt)
    pixels = {"pixels": 10 * total, "pixels_done": 10 * done}
    return Status(
        state="running", heartbeat=NOW, stage=stage, done=done, total=total, attempt=attempt, stage_started=at
    ).model_copy(update=pixels)


def _told(root: Root, monkeypatch: pytest.MonkeyPatch, *said: Status) -> list[Event]:
    """What is told of a job whose runner says one thing after the other."""
    told: list[Event] = []
    saying: Iterator[Status] = iter(said)
    monkeypatch.setattr("lunarcloud.jobs.follow.time.sleep", lambda s: None)
    monkeypatch.setattr(records, "read_status", lambda root, job: next(saying))
    follow_job(root, JOB, told.append)
    return told


def test_shards_and_stages_are_told_as_a_command_tells_them(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = _running("level 1", 1, 1).model_copy(update={"state": "done"})
    told = _told(root, monkeypatch, Status(), _running("map", 1), _running("map", 3), done)
    # Of what was done before the first look no pixels are told: it says nothing of the pace.
    one, ten = ShardDone("map", None, 0), ShardDone("map", None, 10)
    assert told[:5] == [Started("map", 3, 30), one, ten, ten, StageDone("map")]
    assert told[5:] == [Started("level 1", 1, 10), ShardDone("level 1", None, 0)]


def test_another_attempt_is_told(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = _running("map", 1).model_copy(update={"state": "accepted", "error": "stopped by SIGTERM"})
    done = _running("map", 2, 2, attempt=2).model_copy(update={"state": "done"})
    told = _told(root, monkeypatch, _running("map", 1), stopped, done)
    notes = [event.text for event in told if isinstance(event, Note)]
    assert notes == ["stopped by SIGTERM", "attempt 2"]
    assert told.count(StageDone("map")) == 1


def test_a_failure_that_its_place_tries_again_is_not_the_end(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    records.write_status(root, JOB, Status(state="failed", exit_code=75))
    assert ended(look(root, JOB))
    add_place(monkeypatch, "here", alive=lambda job: True)
    assert not ended(look(root, JOB))
    records.write_status(root, JOB, Status(state="failed", exit_code=2))
    assert ended(look(root, JOB))


def test_what_keeps_a_job_from_starting_is_told_once(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    add_place(monkeypatch, "here", trouble=lambda job: "pod x: ErrImagePull: moon:9")
    done = _running("map", 3).model_copy(update={"state": "done"})
    told = _told(root, monkeypatch, Status(), Status(), done)
    assert told.count(Note("waits: pod x: ErrImagePull: moon:9")) == 1
