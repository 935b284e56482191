"""``jobs``: what was submitted, seen by somebody who has nothing but the root."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lunarcloud.jobs import Job, Status, records
from lunarcloud.lineage import Root, open_root
from lunarcloud.testing.fixtures import Command
from lunarcloud.testing.s3_server import S3
from tests.places import add_place

NOW = datetime(2100, 1, 1, tzinfo=UTC)
JOB = Job(id="toy-12", process="toy", inputs={"word": "hello"}, on="here", record="toys/12", submitted=NOW)
RUNNING = Status(
    state="running", attempt=1, heartbeat=NOW, stage="toy", done=1, total=4, mpixel_s=2.5, left_s=90.0
)


@pytest.fixture(autouse=True)
def _places(monkeypatch: pytest.MonkeyPatch, toys: None) -> None:
    """A place that cannot be asked from here, as somebody sees it who has nothing but the root."""
    add_place(monkeypatch, "here", alive=lambda job: None)


@pytest.fixture
def root(tmp_path: Path) -> Root:
    """A root with one job that runs."""
    found = open_root(tmp_path)
    records.create(found, JOB)
    records.write_status(found, JOB, RUNNING)
    records.write_log(found, JOB, "one line\n")
    return found


def test_jobs_are_listed_with_their_progress(root: Root, lunarcloud: Command) -> None:
    [_, columns, row] = lunarcloud("jobs", "list", "--root", root.url)[1].splitlines()
    assert columns.split() == ["job", "state", "done", "attempt", "on", "submitted", "record"]
    assert row.split() == ["toy-12", "running", "1/4", "1", "here", "2100-01-01", "00:00"]
    [found] = json.loads(lunarcloud("jobs", "list", "--root", root.url, "--json")[1])
    assert (found["job"]["id"], found["state"], found["status"]["total"]) == ("toy-12", "running", 4)


def test_a_root_without_jobs_has_none(tmp_path: Path, lunarcloud: Command) -> None:
    assert lunarcloud("jobs", "list", "--root", tmp_path / "new")[1].startswith("0 jobs")


def test_a_job_is_shown(root: Root, lunarcloud: Command) -> None:
    out = lunarcloud("jobs", "show", "toy", "--root", root.url)[1]
    assert "toy: 1/4 shards, 2.5 Mpixel/s, about 90 s left" in out
    assert "input word  hello" in out
    assert "will make   toys/12" in out


def test_a_log_is_printed_and_followed_to_its_end(
    root: Root, lunarcloud: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lunarcloud("jobs", "logs", "toy", "--root", root.url)[1] == "one line\n"

    def goes_on(seconds: float) -> None:
        records.write_log(root, JOB, "one line\nanother\n")
        records.write_status(root, JOB, Status(state="done"))

    monkeypatch.setattr("lunarcloud.cli.jobs.time.sleep", goes_on)
    assert lunarcloud("jobs", "logs", "toy", "-f", "--root", root.url)[1] == "one line\nanother\n"


def test_a_log_whose_beginning_is_gone_is_followed_without_repeating(
    root: Root, lunarcloud: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    records.write_log(root, JOB, "one\ntwo\n")

    def goes_on(seconds: float) -> None:
        records.write_log(root, JOB, "two\nthree\n")
        records.write_status(root, JOB, Status(state="done"))

    monkeypatch.setattr("lunarcloud.cli.jobs.time.sleep", goes_on)
    assert lunarcloud("jobs", "logs", "toy", "-f", "--root", root.url)[1] == "one\ntwo\nthree\n"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Status(state="done", exit_code=0), 0),
        (Status(state="failed", exit_code=2, error="no"), 2),
        (Status(state="cancelled", exit_code=1), 1),
        (Status(state="running", heartbeat=datetime(2000, 1, 1, tzinfo=UTC)), 75),
    ],
    ids=["done", "failed", "cancelled", "lost"],
)
def test_waiting_ends_with_the_exit_code_of_the_job(
    root: Root, lunarcloud: Command, status: Status, code: int
) -> None:
    records.write_status(root, JOB, status)
    assert lunarcloud("jobs", "wait", "toy", "--root", root.url)[0] == code


def test_a_job_is_cancelled_once(root: Root, lunarcloud: Command) -> None:
    assert "will end within seconds" in lunarcloud("jobs", "cancel", "toy", "--root", root.url)[1]
    assert records.cancel_wanted(root, JOB)
    records.write_status(root, JOB, Status(state="cancelled"))
    assert lunarcloud("jobs", "cancel", "toy", "--root", root.url)[1] == "job toy-12 has ended: cancelled\n"


def test_a_job_that_would_be_tried_again_is_cancelled(
    root: Root, lunarcloud: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    records.write_status(root, JOB, Status(state="failed", exit_code=75))
    add_place(monkeypatch, "here", alive=lambda job: True)
    assert "will end within seconds" in lunarcloud("jobs", "cancel", "toy", "--root", root.url)[1]


def test_a_job_that_is_not_there_is_said(root: Root, lunarcloud: Command) -> None:
    code, _, err = lunarcloud("jobs", "show", "map", "--root", root.url)
    assert (code, "there are toy-12" in err) == (2, True)


def test_what_a_pod_runs_ends_with_the_exit_code_for_its_place(tmp_path: Path, lunarcloud: Command) -> None:
    root = open_root(tmp_path)
    records.create(root, JOB)
    assert lunarcloud("jobs", "run", "toy-12", "--root", root.url)[0] == 0
    bad = JOB.model_copy(update={"id": "toy-13", "inputs": {}})
    records.create(root, bad)
    assert lunarcloud("jobs", "run", "toy-13", "--root", root.url)[0] == 2


def test_nothing_but_the_bucket_is_needed(s3_environment: S3, lunarcloud: Command) -> None:
    root = open_root("s3://moon/jobs-cli")
    records.create(root, JOB)
    records.write_status(root, JOB, RUNNING)
    assert "running" in lunarcloud("jobs", "list", "--root", root.url)[1]
    assert lunarcloud("jobs", "cancel", "toy", "--root", root.url)[0] == 0
    assert lunarcloud("jobs", "run", "toy", "--root", root.url)[0] == 0
    assert "cancelled" in lunarcloud("jobs", "logs", "toy", "--root", root.url)[1]
