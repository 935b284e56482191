"""How one step is made: in this process, or as a job of its own that outlives it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from lunarcloud.engine import Session, Watch
from lunarcloud.jobs import Submitted, Wanted, follow_job, prepare, submit_job
from lunarcloud.lineage import Entry, Root
from lunarcloud.processes import Inputs, Process, run_in


class Made(NamedTuple):
    """A record that was made or found, and how many shards were computed (None: it was there)."""

    entry: Entry
    shards_computed: int | None


#: From a process, its inputs and what to call the record to that record, published.
Make: TypeAlias = Callable[[Process[Any, Any, Any], Inputs, str], Made]


def here(session: Session, root: Root) -> Make:
    """Make steps in this process.

    Parameters
    ----------
    session : Session
        Where to compute.
    root : Root
        Where to publish.
    """
    aside = root.aside()

    def make(process: Process[Any, Any, Any], inputs: Inputs, label: str) -> Made:
        outcome = run_in(session, process, inputs, aside, label=label)
        ref = outcome.record.ref
        return Made(root.find(ref.kind, ref.id), outcome.shards_computed)

    return make


def as_jobs(root: Root, wanted: Wanted, watch: Watch) -> Make:
    """Make each step as a job: one that runs already, also for somebody else, is only waited for.

    Parameters
    ----------
    root : Root
        Where to submit.
    wanted : Wanted
        Where they run.
    watch : callable
        Told how they go.
    """
    aside = root.aside()

    def make(process: Process[Any, Any, Any], inputs: Inputs, label: str) -> Made:
        prepared = prepare(process.name, inputs, aside, wanted._replace(label=label))
        if prepared.published is not None:
            return Made(prepared.published, None)
        job = submit_job(prepared, aside).job
        follow_job(root, job, watch)
        seen = Submitted(root, job).require_done()
        return Made(root.locate(seen.status.record or job.record), seen.status.shards)

    return make
