"""Steps as jobs of their own: submitted once, found by the next reconciler, failing in the job's words."""

import re
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from lunarcloud.config import settings
from lunarcloud.engine import quiet
from lunarcloud.errors import InputError
from lunarcloud.jobs import Job, Wanted, list_jobs, look, run_job
from lunarcloud.lineage import Root
from lunarcloud.processes import checked, run_process
from lunarcloud.reprocessing.action import Reprocessed
from lunarcloud.reprocessing.making import as_jobs
from lunarcloud.testing.make import act
from tests.places import add_place
from tests.reprocessing.world import CHAIN, URL, WORLD, living, world_root

SEVEN = b"site,lat,lon,feo\nChang'E-7,-88.8,123.4,4.2\n"


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> Iterator[Root]:
    """A root with a chain of records, in which a sample has arrived; jobs end at once where they are sent."""
    WORLD.reset()
    add_place(monkeypatch, "here")
    with living():
        # Nobody waits here for a webhook that does not answer.
        monkeypatch.delenv("LUNARCLOUD_WEBHOOKS")
        settings.cache_clear()
        found = world_root()
        for process in CHAIN:
            run_process(process, checked(process.inputs, {}), found)
        (found.folder / "inbox").write("a.csv", SEVEN)
        yield found


def _reprocess() -> Reprocessed:
    found = act("reprocess", URL, on="here", now=True)
    assert isinstance(found, Reprocessed)
    return found


def test_each_step_is_a_job_of_its_own_and_heads_move_when_all_are_made(root: Root) -> None:
    before = root.catalog().heads
    assert [step.process for step in _reprocess().steps] == ["toy-fit", "toy-map", "toy-mean"]
    assert [job.process for job in list_jobs(root)] == ["toy-fit", "toy-map", "toy-mean"]
    assert {look(root, job).state for job in list_jobs(root)} == {"done"}
    after = root.catalog().heads
    assert {series for series in before if after[series] == before[series]} == set()
    assert _reprocess().steps == ()


def test_what_a_step_publishes_is_no_head_though_all_that_it_is_made_of_are(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, newer = root.catalog(), replace(CHAIN[-1], algorithm=CHAIN[-1].algorithm + 1)
    monkeypatch.setattr(sys.modules[f"world_{newer.name}"], "PROCESS", newer)
    made = as_jobs(root, Wanted(on="here"), quiet)(newer, checked(newer.inputs, {}), "")
    assert before.get(made.entry.ref) is None
    assert root.catalog().heads == before.heads


def test_the_report_says_what_it_took_and_cost(root: Root) -> None:
    (page,) = _reprocess().reports
    text = root.folder.read(page.removeprefix(f"{root.url}/").replace(".html", ".md")).decode()
    assert re.search(r"took: \S+ vCPU-hours, about \S+ US\$ at 0.05 US\$ an hour", text)


def test_what_a_stopped_reconciler_had_made_is_not_made_again(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = root.catalog().heads

    def start(job: Job, url: str) -> str:
        if job.process == "toy-map":
            raise KeyboardInterrupt
        return f"ended with {run_job(job.id, url)}"

    add_place(monkeypatch, "here", start=start)
    with pytest.raises(KeyboardInterrupt):
        _reprocess()
    assert root.catalog().heads == before
    add_place(monkeypatch, "here")
    assert [step.shards_computed for step in _reprocess().steps] == [None, 0, 0]
    assert set(WORLD.made.values()) == {1}


def test_a_job_that_fails_ends_the_work_in_its_words_and_moves_no_head(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = root.catalog().heads
    monkeypatch.setattr("tests.reprocessing.world.FAILS", "the pixels are too small")
    with pytest.raises(InputError, match="the pixels are too small"):
        _reprocess()
    assert root.catalog().heads == before


def test_a_place_that_is_not_there_is_named(root: Root) -> None:
    make = as_jobs(root, Wanted(on="moon"), quiet)
    with pytest.raises(InputError, match="--on 'moon': there is no such place"):
        make(CHAIN[0], checked(CHAIN[0].inputs, {}), "")
