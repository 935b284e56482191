"""``submit``: the options of every command, and where it runs instead."""

import json
import re
from pathlib import Path

import pytest

from lunarcloud import moon
from lunarcloud.jobs import find_job
from lunarcloud.lineage import open_root
from lunarcloud.processes import ACTIONS, PROCESSES
from lunarcloud.storage import folder
from lunarcloud.testing.fixtures import Command
from lunarcloud.testing.small_root import write_model, write_mosaic
from tests.places import add_place

#: Where and how a command runs here, and where a job runs.
HERE = {"--scheduler", "--workers", "--performance-report", "--dry-run"}
THERE = {"--on", "--pool", "--max-workers", "--deadline", "--wait", "--dry-run"}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch, toys: None) -> None:
    add_place(monkeypatch, "here")


def _options(lunarcloud: Command, *words: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--[a-z][\w-]*", lunarcloud(*words, "--help")[1]))


@pytest.mark.parametrize("name", [*PROCESSES, *ACTIONS])
def test_a_command_is_submitted_with_its_own_options(lunarcloud: Command, name: str) -> None:
    words = ("stations", "add") if name == "stations" else (name,)
    # The reprocessing says by the same names where its steps run.
    own = _options(lunarcloud, *words) - HERE - THERE
    # The reprocessing's own `--dry-run` is one of its inputs.
    assert _options(lunarcloud, "submit", name) - THERE == own


def test_a_job_is_accepted_and_waited_for(lunarcloud: Command, tmp_path: Path) -> None:
    words = ("submit", "toy", "hello", "--times", 3, "--root", tmp_path, "--on", "here", "--label", "mine")
    code, out, _ = lunarcloud(*words, "--wait")
    job = find_job(open_root(tmp_path), "toy")
    assert code == 0
    assert f"job {job.id} accepted (ended with 0)" in out
    assert f"{job.id}: done, {job.record}" in out
    assert (job.label, job.inputs["times"]) == ("mine", 3)
    code, out, _ = lunarcloud(*words, "--wait")
    assert (code, out.splitlines()[0]) == (0, f"nothing to do: {job.record} is published")


def test_machines_get_a_document(lunarcloud: Command, tmp_path: Path) -> None:
    words = ("submit", "toy", "hello", "--root", tmp_path, "--on", "here", "--json")
    started, published = (json.loads(lunarcloud(*words)[1]) for _ in range(2))
    assert (started["how"], published["how"]) == ("started", "published")
    assert started["job"] == published["job"] == find_job(open_root(tmp_path), "toy").id


def test_waiting_ends_as_the_job_did(lunarcloud: Command, tmp_path: Path) -> None:
    code, out, _ = lunarcloud(
        "submit", "check-toy", "bah", "--root", tmp_path, "--on", "here", "--wait", "--json"
    )
    assert (code, json.loads(out)["status"]["result"]) == (1, {"polite": False})


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("--times", "99"), "--times '99': "),
        (("--on", "moon"), "--on 'moon': there is no such place; there are kubernetes, local, here"),
        (("--pool", "gpu"), "--pool 'gpu': "),
        (("--deadline", "soon"), "--deadline 'soon': write a time"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_work_is_one_sentence(
    lunarcloud: Command, tmp_path: Path, typed: tuple[str, ...], said: str
) -> None:
    root = tmp_path / "root"
    code, _, err = lunarcloud("submit", "toy", "hello", "--root", root, "--on", "here", *typed)
    assert (code, said in err) == (2, True), err
    assert not root.exists()


def test_a_dry_run_says_what_it_would_take_and_writes_nothing(lunarcloud: Command, tmp_path: Path) -> None:
    write_mosaic(folder(tmp_path), moon.grid(1, 64))
    write_model(folder(tmp_path))
    before = folder(tmp_path).keys()
    words = (
        "submit",
        "map",
        "--seed",
        0,
        "--root",
        tmp_path,
        "--on",
        "here",
        "--dry-run",
        "--deadline",
        "50s",
    )
    out = lunarcloud(*words)[1]
    assert "29 shards to compute (0 done), 0.093 Mpixel · 4.5e-05 vCPU-h · 8 x 4 vCPU: about 60 s" in out
    assert "~2.2e-06 $ compute + 0 $ requests · at most +0.00205 GB stored" in out
    assert "not within 50 s: no number of workers is enough" in out
    assert json.loads(lunarcloud(*words, "--json")[1])["shards"] == 29
    assert folder(tmp_path).keys() == before
