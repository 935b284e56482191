"""Following a job by its status under the root, as events: whoever watches commands watches jobs alike."""

from __future__ import annotations

import time

from lunarcloud.engine import Note, ShardDone, StageDone, Started, Watch, quiet
from lunarcloud.jobs import records
from lunarcloud.jobs.job import Job
from lunarcloud.jobs.records import ENDED, Seen, Status
from lunarcloud.lineage import Root

_ASK_S = 1.0


def follow(root: Root, job: Job, watch: Watch = quiet) -> Seen:
    """Wait until a job has ended, and tell what happens meanwhile.

    Parameters
    ----------
    root : Root
        Where it was submitted.
    job : Job
        Which.
    watch : callable
        Gets the events: those between two looks at the status together, those of a stage that began and ended
        between them not at all.
    """
    before, trouble = Status(), ""
    while True:
        seen = records.look(root, job)
        _tell(watch, before, seen.status)
        if seen.state == "accepted" and trouble != (trouble := records.trouble(job)) and trouble:
            watch(Note(f"waits: {trouble}"))
        before = seen.status
        if records.ended(seen):
            return seen
        time.sleep(_ASK_S)


def _tell(watch: Watch, before: Status, now: Status) -> None:
    """Tell what has happened between two looks."""
    known = before.done
    if _stage(before) != _stage(now):
        if before.stage:
            watch(StageDone(before.stage))
        if now.attempt > max(1, before.attempt):
            watch(Note(f"attempt {now.attempt}"))
        if now.stage:
            watch(Started(now.stage, now.total, now.pixels))
        known = 0
    new = now.done - known
    # What was done before the first look says nothing of the pace.
    pixels = now.pixels_done - before.pixels_done if known else 0
    for _ in range(new if now.stage else 0):
        watch(ShardDone(now.stage, None, pixels // new))
    if now.error and now.error != before.error and now.state not in ENDED:
        watch(Note(now.error))


def _stage(status: Status) -> tuple[object, ...]:
    return status.attempt, status.stage, status.stage_started
