"""A submitted job in Python."""

from datetime import UTC, datetime

import pandas as pd
import pytest

import lunarcloud as lc
from lunarcloud.errors import AwayError, ComputeError, InputError
from lunarcloud.jobs import Status, Submitted, records
from lunarcloud.lineage import Root
from lunarcloud.testing.make import make
from tests.places import add_place


@pytest.fixture
def waiting(root: Root, monkeypatch: pytest.MonkeyPatch) -> Submitted:
    """A job that nobody has begun."""
    add_place(monkeypatch, "slow", start=lambda job, url: "later", alive=lambda job: None)
    return lc.submit("toy", root=root.url, on="slow", word="hello", tags="one")


def test_a_result_is_what_the_function_of_the_same_name_gives(root: Root) -> None:
    job = lc.submit("toy", root=root.url, on="here", word="hello", times=3)
    assert isinstance(job.result(), pd.DataFrame)
    assert job.result()["said"].tolist() == ["hello"] * 3
    assert (job.state, job.wait(), "published" in job.logs()) == ("done", "done", True)


def test_what_was_published_before_is_a_result_too(root: Root) -> None:
    make("toy", root.url, word="hello")
    job = lc.submit("toy", root=root.url, on="here", word="hello")
    assert (job.state, len(job.result())) == ("done", 2)


def test_the_result_of_an_action_is_its_own(root: Root) -> None:
    job = lc.submit("check-toy", root=root.url, on="here", word="bah")
    assert job.result().polite is False


def test_a_job_is_found_by_whoever_sees_the_root(root: Root, waiting: Submitted) -> None:
    assert lc.job(root.url, "toy") == waiting
    assert waiting.state == "accepted"
    waiting.cancel()
    assert (waiting.wait(), lc.job(root.url, "toy").state) == ("cancelled", "cancelled")
    with pytest.raises(ComputeError, match="cancelled"):
        waiting.result()


@pytest.mark.parametrize(("code", "kind"), [(2, InputError), (75, AwayError), (1, ComputeError)])
def test_what_failed_is_raised_as_its_function_would_have(
    waiting: Submitted, code: int, kind: type[Exception]
) -> None:
    records.write_status(waiting.root, waiting.job, Status(state="failed", exit_code=code, error="it broke"))
    with pytest.raises(kind, match="it broke"):
        waiting.result()


def test_progress_is_a_line_and_a_bar_in_a_notebook(
    waiting: Submitted, capsys: pytest.CaptureFixture[str]
) -> None:
    now = datetime.now(UTC)
    running = Status(state="running", heartbeat=now, stage="<toy>", done=1, total=4)
    records.write_status(waiting.root, waiting.job, running)
    assert '<progress value="1" max="4">' in waiting._repr_html_()
    assert "&lt;toy&gt; 1/4 shards" in waiting._repr_html_()
    records.write_status(waiting.root, waiting.job, Status(state="cancelled"))
    waiting.progress()
    assert capsys.readouterr().err == f"\r{waiting.id}: cancelled\n"
    assert repr(waiting) == f"<lunarcloud job {waiting.id}: cancelled>"


def test_bad_inputs_are_named_as_they_were_given(root: Root) -> None:
    with pytest.raises(InputError, match="volume: there is no such input"):
        lc.submit("toy", root=root.url, on="here", word="a", volume=3)
    with pytest.raises(InputError, match="max_workers 0"):
        lc.submit("toy", root=root.url, on="here", word="a", max_workers=0)
