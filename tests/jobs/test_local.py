"""Jobs of this machine, as processes that outlive whoever submits them: killed, cancelled, stopped, twice."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from lunarcloud import moon
from lunarcloud.config import settings
from lunarcloud.jobs import (
    Job,
    Seen,
    Submission,
    Wanted,
    follow_job,
    local,
    look,
    prepare,
    submit_job,
    want_cancel,
)
from lunarcloud.lineage import Root
from lunarcloud.processes import load_process
from lunarcloud.storage import Ledger
from lunarcloud.testing.small_root import write_model, write_mosaic

# Of full resolution, and with those of two levels and of both poles.
SHARDS, ALL, WORKERS = 18, 29, 2
#: Maps with shards that take a while, each start noted, and without pictures.
_PROGRAM = """
from pathlib import Path
from lunarcloud.cli import main
from lunarcloud.processes import map
from lunarcloud.testing.slow_shards import watched_works
map.map_works, map._draw = watched_works(Path({log!r}), {pause}), lambda *_: {{}}
main()
"""
# What a shell starts starts this.
_SHELL = """
import os
from lunarcloud.cli import main
from lunarcloud.jobs import local
local._PROGRAM = os.environ["PROGRAM"]
main()
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the starts of slow shards are noted."""
    found = tmp_path / "starts"
    monkeypatch.setattr(local, "_PROGRAM", _PROGRAM.format(log=str(found), pause=0.5))
    monkeypatch.setenv("LUNARCLOUD_WORKERS", str(WORKERS))
    settings.cache_clear()
    return found


@pytest.fixture
def mapped(root: Root, log: Path) -> Root:
    """A root with a mosaic of 18 shards and a model."""
    write_mosaic(root.folder, moon.grid(1, 64))
    write_model(root.folder)
    return root


def _submitted(root: Root) -> Submission:
    return submit_job(prepare("map", load_process("map").inputs(seed=0), root, Wanted(on="local")), root)


def _process_of(found: Submission) -> int:
    return int(found.called.removeprefix("process "))


def _until(true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def _half_done(root: Root, job: Job) -> int:
    """How many shards are done, once some are."""
    ledger = Ledger(root.folder / job.record / "ledger/0")
    _until(lambda: len(ledger.done()) >= SHARDS // 3, "the job does not get on")
    return len(ledger.done())


def _starts(log: Path) -> Counter[str]:
    return Counter(line.split()[0] for line in log.read_text().splitlines())


def _ended(root: Root, job: Job) -> Seen:
    seen = follow_job(root, job)
    _until(lambda: local.LAUNCHER.alive(job) is False, "the job's process does not end")
    return seen


def test_a_killed_job_goes_on_where_it_was(mapped: Root, log: Path) -> None:
    first = _submitted(mapped)
    assert local.LAUNCHER.alive(first.job) is True
    _half_done(mapped, first.job)
    os.kill(_process_of(first), signal.SIGKILL)
    _until(lambda: local.LAUNCHER.alive(first.job) is False, "a killed process holds its lock")
    second = _submitted(mapped)
    assert (second.how, second.job.id) == ("started", first.job.id)
    state, status = _ended(mapped, second.job)[1:]
    assert (state, status.attempt, status.record) == ("done", 2, first.job.record)
    # Only what was running is computed again.
    assert sum(_starts(log).values()) - ALL <= WORKERS
    # The coarser levels' have the same names.
    assert len(_starts(log)) == SHARDS


def test_a_cancelled_job_publishes_nothing_and_goes_on_when_it_is_submitted_again(
    mapped: Root, log: Path
) -> None:
    job = _submitted(mapped).job
    _half_done(mapped, job)
    want_cancel(mapped, job)
    again = _submitted(mapped)
    assert again.how == "started"
    assert not mapped.catalog().of("runs")
    done = _half_done(mapped, job)
    assert _ended(mapped, again.job).state == "done"
    assert done < SHARDS
    assert sum(_starts(log).values()) - ALL <= WORKERS


def test_a_stopped_job_waits_and_says_why(mapped: Root) -> None:
    found = _submitted(mapped)
    _half_done(mapped, found.job)
    os.kill(_process_of(found), signal.SIGTERM)
    _until(lambda: local.LAUNCHER.alive(found.job) is False, "a stopped process does not end")
    seen = look(mapped, found.job)
    assert (seen.state, seen.status.error) == ("accepted", "stopped by SIGTERM")


def test_the_same_job_from_two_shells_at_once_is_one(mapped: Root, log: Path) -> None:
    words = [
        sys.executable,
        "-P",
        "-c",
        _SHELL,
        "submit",
        "map",
        "--seed",
        "0",
        "--on",
        "local",
        "--root",
        mapped.url,
    ]
    environment = {**os.environ, "PROGRAM": local._PROGRAM}
    shells = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) for _ in range(2)]
    said = [shell.communicate(timeout=60)[0] for shell in shells]
    assert [shell.returncode for shell in shells] == [0, 0]
    [name] = {line.split()[1] for each in said for line in each.splitlines() if line.startswith("job ")}
    job = Job.model_validate_json(mapped.folder.read(f"jobs/{name}.json"))
    assert _ended(mapped, job).status.attempt == 1
    assert sum(_starts(log).values()) == ALL


def test_a_job_of_another_machine_cannot_be_asked_about(mapped: Root) -> None:
    job = prepare("map", load_process("map").inputs(seed=0), mapped, Wanted(on="local")).job
    assert local.LAUNCHER.alive(job) is None


def test_a_job_gets_no_more_workers_than_it_may_have(mapped: Root) -> None:
    wanted = Wanted(on="local", max_workers=1)
    job = prepare("map", load_process("map").inputs(seed=0), mapped, wanted).job
    assert local.LAUNCHER.cluster(job).workers == 1
    assert local.LAUNCHER.capacity("cpu").workers == WORKERS


def test_files_of_jobs_that_ended_long_ago_are_removed(tmp_path: Path) -> None:
    new, ended, living = (tmp_path / name for name in ("new", "ended", "living"))
    for path in (new, ended, living):
        path.write_text("1")
    for path in (ended, living):
        os.utime(path, (0, 0))
    with living.open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        local._remove_old(tmp_path)
    assert {*tmp_path.iterdir()} == {new, living}
    local._remove_old(tmp_path / "nowhere")
