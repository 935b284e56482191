"""How a job gets on: rates, time left, a line."""

from datetime import UTC, datetime, timedelta

import pytest

from lunarcloud.engine import Note, ShardDone, StageDone, Started
from lunarcloud.jobs import Job, Seen, Status, line
from lunarcloud.jobs.progress import after

START = datetime(2030, 1, 1, tzinfo=UTC)
JOB = Job(id="map-1", process="map", inputs={}, on="local", submitted=START)


def _half_done() -> Status:
    begun = after(Status(state="running", attempt=1), Started("map", 2, 4_000_000), START)
    return after(begun, ShardDone("map", None, 2_000_000), START + timedelta(seconds=4))


def test_a_stage_has_a_rate_and_time_left() -> None:
    status = _half_done()
    assert (status.stage, status.done, status.total, status.shards) == ("map", 1, 2, 1)
    assert (status.mpixel_s, status.left_s) == pytest.approx((0.5, 4.0))


def test_another_stage_begins_with_nothing_done() -> None:
    status = after(_half_done(), StageDone("map"), START)
    status = after(status, Started("level 1", 3, 30), START)
    assert (status.done, status.total, status.pixels_done, status.left_s) == (0, 3, 0, None)
    assert status.shards == 1


def test_what_is_said_moves_nothing() -> None:
    assert after(_half_done(), Note("figures"), START) == _half_done()


def test_a_line_says_where_a_job_is() -> None:
    assert (
        line(Seen(JOB, "running", _half_done())) == "map-1: running, map 1/2 shards, 0.5 Mpixel/s, 4 s left"
    )
    failed = Status(state="failed", attempt=2, error="no")
    assert line(Seen(JOB, "failed", failed)) == "map-1: failed, attempt 2, no"
