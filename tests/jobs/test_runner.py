"""A job runs: its status, its log and its exit code, however it ends."""

from datetime import UTC, datetime
from typing import Any

import pytest

from lunarcloud.errors import AwayError, ComputeError, StoreError
from lunarcloud.jobs import Job, Seen, find_job, look, read_log, records, run_job, want_cancel
from lunarcloud.lineage import Root, open_root
from lunarcloud.testing.s3_server import S3
from tests.places import add_place


def _job(root: Root, name: str = "toy", on: str = "here", **inputs: Any) -> Job:
    job = Job(id=f"{name}-1", process=name, inputs=inputs, on=on, submitted=datetime.now(UTC))
    records.create(root, job)
    return job


def _ended(root: Root, job: Job) -> tuple[int, Seen]:
    code = run_job(job.id, root.url)
    return code, look(root, job)


def _toy_raises(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def raised(*anything: object, **more: object) -> None:
        raise error

    monkeypatch.setattr("lunarcloud.jobs.runner.run_process", raised)


def test_a_job_publishes_its_record_and_says_so(root: Root) -> None:
    code, (_, state, status) = _ended(root, _job(root, word="hello"))
    assert (code, state, status.exit_code, status.attempt) == (0, "done", 0, 1)
    assert status.record == str(root.find("toys").ref)
    assert status.url == root.place(root.find("toys").ref).url


def test_its_log_holds_its_events_without_secrets(root: Root) -> None:
    job = _job(root, word="https://me:secret@moon")
    run_job(job.id, root.url)
    assert "saying https://***@moon" in read_log(root, job)


def test_the_log_of_an_attempt_follows_those_before_it(root: Root) -> None:
    job = _job(root, word="hello")
    records.write_log(root, job, "from before\n")
    records.write_status(root, job, records.Status(state="failed", attempt=1))
    _, seen = _ended(root, job)
    assert seen.status.attempt == 2
    assert read_log(root, job).startswith("from before\n")


def test_a_long_log_keeps_its_end(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lunarcloud.jobs.keeper._LOG_BYTES", 300)
    job = _job(root, word="hello")
    run_job(job.id, root.url)
    text = read_log(root, job)
    assert len(text) <= 300
    assert "saying" not in text
    assert "was made, not " in text


def test_an_action_leaves_its_result_and_how_its_command_would_have_ended(root: Root) -> None:
    code, seen = _ended(root, _job(root, "check-toy", word="bah"))
    assert (code, seen.state, seen.status.exit_code) == (0, "done", 1)
    assert seen.status.result == {"polite": False}


@pytest.mark.parametrize(
    ("error", "code"),
    [(AwayError("no cluster"), 75), (StoreError("no room"), 2), (KeyError("a fault"), 1)],
    ids=lambda value: type(value).__name__,
)
def test_a_failure_is_said_with_the_exit_code_that_tells_whether_to_try_again(
    root: Root, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    _toy_raises(monkeypatch, error)
    job = _job(root, word="hello")
    ended, (_, state, status) = _ended(root, job)
    assert (ended, state, status.exit_code) == (code, "failed", code)
    assert str(error) in status.error
    assert str(error) in read_log(root, job)


def test_a_computation_that_fails_again_and_again_fails_for_good(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    _toy_raises(monkeypatch, ComputeError("its workers died"))
    ended, (_, state, status) = _ended(root, _job(root, word="hello"))
    assert (ended, state, status.exit_code) == (2, "failed", 1)


def test_what_happens_is_told_to_the_place(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, str]] = []
    add_place(monkeypatch, "there", tell=lambda job, reason, message: told.append((reason, message)))
    job = _job(root, word="hello", on="there")
    run_job(job.id, root.url)
    assert told == [("Started", "attempt 1"), ("Done", str(root.find("toys").ref))]


def test_bad_inputs_fail_for_good(root: Root) -> None:
    code, seen = _ended(root, _job(root, word="hello", times=99))
    assert (code, seen.state) == (2, "failed")
    assert "times 99" in seen.status.error


def test_a_job_that_is_stopped_waits_for_its_next_attempt(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    _toy_raises(monkeypatch, KeyboardInterrupt("SIGTERM"))
    job = _job(root, word="hello")
    with pytest.raises(KeyboardInterrupt):
        run_job(job.id, root.url)
    seen = look(root, job)
    assert (seen.state, seen.status.exit_code, seen.status.error) == ("accepted", None, "stopped by SIGTERM")


def test_a_job_cancelled_before_it_began_makes_nothing(root: Root) -> None:
    job = _job(root, word="hello")
    want_cancel(root, job)
    code, seen = _ended(root, job)
    assert (code, seen.state, seen.status.exit_code) == (0, "cancelled", 1)
    assert not root.catalog().records


def test_what_was_made_is_said_where_it_is_not_what_was_submitted(root: Root) -> None:
    job = _job(root, word="hello")
    run_job(job.id, root.url)
    assert "was made, not " in read_log(root, job)


def test_whoever_sees_only_the_root_sees_all_of_it(s3_environment: S3) -> None:
    root = open_root("s3://moon/jobs-runner")
    job = _job(root, word="hello")
    assert run_job("toy", root.url) == 0
    assert look(root, find_job(root, "toy")).state == "done"
    assert "published" in read_log(root, job)
