"""What lies under a root's jobs, and what state a job is seen in."""

from datetime import UTC, datetime, timedelta

import pytest

from lunarcloud.errors import NotFoundError
from lunarcloud.jobs import Job, Status, find_job, list_jobs, look, read_log, records, want_cancel
from lunarcloud.lineage import Root, open_root
from tests.places import add_place

# Never long ago, however long the tests take.
NOW = datetime(2100, 1, 1, tzinfo=UTC)
LONG_AGO = datetime.now(UTC) - timedelta(seconds=61)


def _job(name: str = "toy-12", on: str = "here", submitted: datetime = NOW) -> Job:
    return Job(id=name, process="toy", inputs={}, on=on, submitted=submitted)


def _running(heartbeat: datetime) -> Status:
    return Status(state="running", heartbeat=heartbeat)


def test_a_job_is_written_once(root: Root) -> None:
    assert records.create(root, _job())
    assert not records.create(root, _job(on="far"))
    assert find_job(root, "toy-12").on == "here"


def test_jobs_are_found_by_an_unmistakable_beginning(root: Root) -> None:
    for name in ("toy-12", "toy-123", "toy-2"):
        records.create(root, _job(name))
    records.write_status(root, _job(), Status())
    assert (find_job(root, "toy-12").id, find_job(root, "toy-2").id) == ("toy-12", "toy-2")
    assert {job.id for job in list_jobs(root)} == {"toy-12", "toy-123", "toy-2"}
    for name in ("toy", "", "map"):
        with pytest.raises(NotFoundError, match="toy-123"):
            find_job(root, name)


def test_a_job_that_has_ended_is_not_read_again_until_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    # A store that tells versions, as object stores do.
    root = open_root("memory://ended")
    read: list[str] = []
    look = records.look

    def noted(root: Root, job: Job) -> records.Seen:
        read.append(job.id)
        return look(root, job)

    monkeypatch.setattr(records, "look", noted)
    for name, status in (("toy-1", Status(state="done")), ("toy-2", _running(NOW))):
        records.create(root, _job(name))
        records.write_status(root, _job(name), status)
    known: records.Known = {}
    first, second = records.all_seen(root, known), records.all_seen(root, known)
    assert (first == second, sorted(read)) == (True, ["toy-1", "toy-2", "toy-2"])
    records.accept_again(root, _job("toy-1"))
    assert {each.job.id: each.state for each in records.all_seen(root, known)}["toy-1"] == "accepted"
    root.folder.remove_all()


def test_a_job_without_a_status_is_accepted_and_has_no_log(root: Root) -> None:
    seen = look(root, _job())
    assert (seen.state, seen.status.attempt, read_log(root, _job())) == ("accepted", 0, "")


def test_a_job_that_is_cancelled_before_it_began_is_cancelled(root: Root) -> None:
    want_cancel(root, _job())
    assert look(root, _job()).state == "cancelled"


def test_a_silent_job_is_lost_unless_its_place_says_that_it_lives(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    records.write_status(root, _job(), _running(LONG_AGO))
    found = []
    for lives in (True, None, False):
        add_place(monkeypatch, "here", alive=lambda job, lives=lives: lives)
        found.append(look(root, _job()).state)
    assert found == ["running", "lost", "lost"]
    records.write_status(root, _job(), _running(NOW))
    assert look(root, _job()).state == "running"


def test_a_job_that_waits_long_is_lost_only_where_its_place_knows_nothing_of_it(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = _job(submitted=LONG_AGO)
    assert look(root, waiting).state == "lost"
    add_place(monkeypatch, "here", alive=lambda job: None)
    assert look(root, waiting).state == "accepted"


def test_a_job_of_a_place_that_is_not_known_here_is_seen_all_the_same(root: Root) -> None:
    records.write_status(root, _job(on="elsewhere"), Status(state="done", record="toys/1"))
    assert look(root, _job(on="elsewhere")).state == "done"
    assert look(root, _job("toy-3", on="elsewhere", submitted=LONG_AGO)).state == "accepted"


def test_a_job_that_has_ended_is_replaced_by_one_of_two_who_try(root: Root) -> None:
    old, first, second = _job(), _job(on="far"), _job(on="elsewhere")
    records.create(root, old)
    assert records.replace(root, old, first) == first
    assert records.replace(root, old, second) == first


def test_a_job_that_runs_is_not_set_back(root: Root) -> None:
    records.write_status(root, _job(), _running(NOW))
    records.accept_again(root, _job())
    assert records.read_status(root, _job()).state == "running"
    records.write_status(root, _job(), Status(state="failed", attempt=2, error="no"))
    records.accept_again(root, _job())
    status = records.read_status(root, _job())
    assert (status.state, status.attempt, status.error) == ("accepted", 2, "")
