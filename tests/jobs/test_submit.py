"""Submitting: what is resolved and refused at once, what is found, what is started again."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lunarcloud import moon
from lunarcloud.errors import AwayError, InputError, StoreError
from lunarcloud.jobs import Job, Submission, Wanted, look, prepare, records, seconds, submit_job, want_cancel
from lunarcloud.lineage import Root, open_root
from lunarcloud.processes import load_action, load_process
from lunarcloud.testing.make import make
from lunarcloud.testing.s3_server import S3, reconnect
from lunarcloud.testing.small_root import write_mosaic
from tests.places import add_place


def _submitted(
    root: Root, name: str = "toy", *, on: str = "here", pool: str = "cpu", **inputs: Any
) -> Submission:
    model = (load_action(name) if name == "check-toy" else load_process(name)).inputs
    return submit_job(prepare(name, model(**inputs), root, Wanted(on=on, pool=pool, label="mine")), root)


def test_a_job_says_what_latest_meant(root: Root) -> None:
    friend = make("toy", root.url, word="good").record.ref.id
    job = _submitted(root, word="hello", friend="latest").job
    assert job.inputs["friend"] == friend
    assert root.catalog().find("toys", "mine").parents["friend"].ref.id == friend
    assert (job.id.removeprefix("toy-"), job.label) == (job.record.removeprefix("toys/"), "mine")


def test_what_is_published_is_not_made_again(root: Root) -> None:
    made = make("toy", root.url, word="hello").record.ref
    job, how, called = _submitted(root, word="hello")
    assert (how, job.record, called) == ("published", str(made), "")
    assert not records.names(root)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"on": "moon"}, "--on 'moon'"),
        ({"pool": "gpu"}, "--pool 'gpu'"),
        ({"friend": "nobody"}, "toys 'nobody'"),
        ({"on": "far"}, "is on this machine alone"),
        ({"source": "https://me:secret@moon/a.csv"}, "copy the file to the store"),
    ],
    ids=str,
)
def test_what_cannot_work_is_refused_before_anything_is_written(
    root: Root, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        _submitted(root, word="hello", **given)
    assert not Path(root.url).exists()


def test_a_root_that_may_only_be_read_is_refused_before_anything_is_started(
    s3_environment: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = open_root("s3://moon/read-only-jobs")
    write_mosaic(root.folder, moon.grid(1, 180))
    before = root.folder.keys()
    add_place(monkeypatch, "far", near=False, start=pytest.fail)
    for name, value in s3_environment.account("reader").items():
        monkeypatch.setenv(name, value)
    reconnect()
    with pytest.raises(StoreError, match="not permitted"):
        _submitted(root, "map", on="far", model="qiu2025")
    assert root.folder.keys() == before


def test_a_job_that_failed_is_started_again_as_it_is_wanted_now(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_place(monkeypatch, "broken", cluster=_no_cluster)
    failed = _submitted(root, on="broken", word="hello").job
    assert look(root, failed).status.error == "no cluster"
    job, how, called = _submitted(root, word="hello")
    assert (how, called, job.on, job.id) == ("started", "ended with 0", "here", failed.id)
    assert (look(root, job).state, look(root, job).status.attempt) == ("done", 2)


def test_a_cancelled_job_is_started_again(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    add_place(monkeypatch, "slow", start=lambda job, url: "later")
    job = _submitted(root, on="slow", word="hello").job
    want_cancel(root, job)
    assert _submitted(root, word="hello").called == "ended with 0"
    assert not records.cancel_wanted(root, job)


def test_a_job_that_runs_is_found(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    add_place(monkeypatch, "slow", start=lambda job, url: "later", alive=lambda job: True)
    job = _submitted(root, on="slow", word="hello").job
    assert _submitted(root, word="hello") == Submission(job, "attached")


def test_a_job_that_another_is_just_starting_is_found(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter((False, None, True))
    add_place(monkeypatch, "slow", start=lambda job, url: "later", alive=lambda job: next(answers))
    job = _submitted(root, on="slow", word="hello").job
    assert _submitted(root, on="slow", word="hello") == Submission(job, "attached")


def test_a_job_that_failed_and_another_is_just_starting_again_is_found(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_place(monkeypatch, "broken", cluster=_no_cluster)
    failed = _submitted(root, on="broken", word="hello").job
    answers = iter((False, True))

    def alive(job: Job) -> bool:
        records.accept_again(root, job)  # the other goes on meanwhile
        return next(answers)

    add_place(monkeypatch, "slow", start=lambda job, url: "later", alive=alive)
    # The other has come as far as that.
    job = records.replace(
        root, failed, failed.model_copy(update={"on": "slow", "submitted": datetime.now(UTC)})
    )
    assert _submitted(root, on="slow", word="hello") == Submission(job, "attached")


def test_a_job_whose_writing_the_store_did_not_confirm_is_started_at_once(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = records.create
    monkeypatch.setattr(records, "create", lambda root, job: create(root, job) and False)
    monkeypatch.setattr("lunarcloud.jobs.submit.time.sleep", pytest.fail)
    add_place(monkeypatch, "slow", start=lambda job, url: "later")
    assert _submitted(root, on="slow", word="hello").how == "started"


def test_a_job_that_waits_and_was_cancelled_is_found_and_wanted_again(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_place(monkeypatch, "slow", start=lambda job, url: "later", alive=lambda job: True)
    job = _submitted(root, on="slow", word="hello").job
    want_cancel(root, job)
    assert _submitted(root, on="slow", word="hello") == Submission(job, "attached")
    assert not records.cancel_wanted(root, job)


def test_a_job_that_is_being_cancelled_is_waited_for(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lunarcloud.jobs.submit._SETTLE_S", 0.3)
    add_place(monkeypatch, "slow", start=lambda job, url: "later", alive=lambda job: True)
    job = _submitted(root, on="slow", word="hello").job
    records.write_status(root, job, records.Status(state="running", heartbeat=job.submitted))
    want_cancel(root, job)
    with pytest.raises(AwayError, match="still being cancelled"):
        _submitted(root, word="hello")


def test_what_makes_a_folder_of_its_own_machine_is_refused_far_away(monkeypatch: pytest.MonkeyPatch) -> None:
    add_place(monkeypatch, "store", near=False)
    with pytest.raises(InputError, match="run `lunarcloud demo` here"):
        prepare("demo", load_action("demo").inputs(), open_root("s3://moon/demo"), Wanted(on="store"))


@pytest.mark.parametrize("name", ["toy", "check-toy"])
def test_an_address_at_which_no_store_answers_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(variable, "mine")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("LUNARCLOUD_RETRIES", "0")
    reconnect()
    with pytest.raises(StoreError, match="check its address") as refused:
        _submitted(open_root("s3://nowhere/moon"), name, word="hello")
    reconnect()
    assert refused.value.exit_code == 2


def test_an_action_is_done_again_each_time(root: Root) -> None:
    first, second = (_submitted(root, "check-toy", word="please") for _ in range(2))
    assert first.job.id == second.job.id
    assert (second.how, look(root, second.job).status.attempt) == ("started", 1)


def test_what_is_no_record_yet_stays_the_name_that_was_given(root: Root) -> None:
    mosaic = write_mosaic(root.folder, moon.grid(1)).ref.id
    mapped = prepare("map", load_process("map").inputs(model="qiu2025"), root, Wanted(on="here"))
    assert mapped.job.inputs == {
        "model": "qiu2025",
        "mosaic": mosaic,
        "exact": False,
        "seed": None,
    }
    fitted = prepare("fit", load_process("fit").inputs(equations_only=True), root, Wanted(on="here"))
    assert (fitted.job.inputs["stations"], fitted.job.inputs["mosaic"]) == ("main", mosaic)


@pytest.mark.parametrize(("text", "found"), [("90", 90), ("90s", 90), ("1.5m", 90), ("2 h", 7200), (3, 3)])
def test_times_are_read_as_people_write_them(text: str | float, found: float) -> None:
    assert seconds(text) == found


@pytest.mark.parametrize("text", ["soon", "0", "-3m", "3d", ""])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="90s, 30m or 2h"):
        seconds(text)


def _no_cluster(job: object) -> None:
    raise AwayError("no cluster")
