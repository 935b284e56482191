"""Submitting: everything resolved and refused now, the job written down, its place told to run it."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, TypeAlias

from pydantic import ValidationError

from lunarcloud.errors import AwayError, InputError, StoreError, TransientStoreError
from lunarcloud.jobs import records
from lunarcloud.jobs.job import Job
from lunarcloud.jobs.launcher import Launcher, launcher
from lunarcloud.jobs.travel import absolute, require_sendable, require_storable, sent
from lunarcloud.lineage import Entry, Ref, Root, identity
from lunarcloud.processes import (
    ACTIONS,
    Action,
    Inputs,
    Process,
    load_action,
    load_process,
    replayed,
)
from lunarcloud.storage import digest

#: What submitting did: started the job, found it running, or found its record published.
How: TypeAlias = Literal["started", "attached", "published"]

_DIGITS = 16
_TIME = re.compile(r"(\d+(?:\.\d*)?) ?([smh]?)")
_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
# A job that is ending, or being cancelled, is waited for so long before it is started again, seconds.
_SETTLE_S, _ASK_S = 30.0, 0.2


class Wanted(NamedTuple):
    """Where and how a job should run.

    Attributes
    ----------
    on : str
        Name of the launcher.
    pool : str
        Of its pools, which.
    max_workers : int, optional
        At most.
    deadline_s : float, optional
        When it should be done, seconds after its start.
    label : str
        What to call the record.
    """

    on: str = "local"
    pool: str = "cpu"
    max_workers: int | None = None
    deadline_s: float | None = None
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A job that nothing speaks against, and what it is about; nothing is written yet.

    Attributes
    ----------
    job : Job
        As it will be written.
    process : Process or Action
        What runs.
    inputs : Inputs
        As they were given.
    material : object
        What the process works with; None for an action.
    published : Entry, optional
        The record, where it is published.
    """

    job: Job
    process: Process[Any, Any, Any] | Action[Any, Any]
    inputs: Inputs
    material: Any = None
    published: Entry | None = None


class Submission(NamedTuple):
    """What submitting came to: the job, what was done, and how the place calls the job."""

    job: Job
    how: How
    called: str = ""


def prepare(name: str, inputs: Inputs, root: Root, wanted: Wanted) -> Prepared:
    """Resolve what is wanted, and refuse what can be known not to work.

    Parameters
    ----------
    name : str
        Of the process or action.
    inputs : Inputs
        Its own, checked.
    root : Root
        Where it is submitted; one that is `aside` has the job publish so, too.
    wanted : Wanted
        Where and how it should run.

    Raises
    ------
    InputError, AwayError, StoreError
        Before anything is written or started.
    """
    place = launcher(wanted.on)
    if not place.near and not _is_shared(root):
        raise InputError(
            f"--root {root.url} is on this machine alone, and pods of --on {wanted.on} cannot see it: "
            "give the URL of a store, such as s3://bucket/prefix"
        )
    require_storable(inputs)
    if name in ACTIONS:
        action = _action(name, inputs, wanted)
        _require_answer(root)
        return _checked(action, place, root)
    if not place.near:
        require_sendable(inputs)
    _require_answer(root)
    found = _process(name, inputs, root, wanted)
    return found if found.published else _checked(found, place, root)


def start(prepared: Prepared, root: Root) -> Submission:
    """Have a job run, unless its record is published or it runs already.

    Parameters
    ----------
    prepared : Prepared
        The job.
    root : Root
        Where it was prepared.

    Raises
    ------
    AwayError
        If the place does not answer, or the job is still being cancelled.
    """
    if prepared.published is not None:
        # As the command itself would: what is asked for again becomes the head of its series.
        root.republish(prepared.published)
        return Submission(prepared.job, "published")
    place = launcher(prepared.job.on)
    wanted = _sent(prepared, root, place)
    if records.create(root, wanted):
        return Submission(wanted, "started", place.start(wanted, root.url))
    job = records.find(root, wanted.id)
    # Where the very same is there, the store's answer was lost: nobody else has written it.
    if job != wanted and _is_under_way(root, job):
        return Submission(job, "attached")
    records.forget_cancel(root, job)
    job = records.replace(root, job, wanted)
    records.accept_again(root, job)
    # If somebody who submitted at the same time has started it, this leaves it as it is.
    return Submission(job, "started", place.start(job, root.url))


def seconds(text: str | float) -> float:
    """A time as people write it: ``90``, ``90s``, ``30m``, ``2h``.

    Raises
    ------
    InputError
        If it is none, or not above zero.
    """
    found = _TIME.fullmatch(str(text).strip())
    if found is None or float(found[1]) <= 0:
        raise InputError(f"--deadline {text!r}: write a time above zero such as 90s, 30m or 2h")
    return float(found[1]) * _UNITS[found[2]]


def _process(name: str, inputs: Inputs, root: Root, wanted: Wanted) -> Prepared:
    process, root = load_process(name), root.snapshot()
    given, material = process.resolve(inputs, root)
    ref = Ref(kind=process.kind, id=identity(process.name, process.algorithm, given))
    values = replayed(process.inputs, given, root)
    typed = inputs.model_dump(mode="json")
    for role, parent in given.parents.items():
        # What is built in, or published by the process itself, is no record yet that could be named.
        if root.get(parent.ref) is None:
            values[role] = typed[role]
    about = {"record": str(ref), "label": wanted.label, "aside": root.heads_stay}
    job = _job(name, ref.id, absolute(inputs, values), wanted, **about)
    return Prepared(job=job, process=process, inputs=inputs, material=material, published=root.get(ref))


def _require_answer(root: Root) -> None:
    """Refuse an address at which nothing answers: a person has just given it, and can mend it."""
    try:
        root.recent()
    except TransientStoreError as error:
        advice = "check its address (AWS_ENDPOINT_URL, if it is not Amazon's)"
        raise StoreError(f"{error}; {advice}") from error


def _action(name: str, inputs: Inputs, wanted: Wanted) -> Prepared:
    values = inputs.model_dump(mode="json")
    content = json.dumps({"action": name, "inputs": values}, sort_keys=True)
    job = _job(name, digest(content.encode())[:_DIGITS], values, wanted)
    action = load_action(name)
    if action.own_root is not None and not launcher(wanted.on).near:
        raise InputError(
            f"{name} makes a folder of its own machine, and a pod of --on {wanted.on} keeps none: "
            f"run `lunarcloud {name}` here, or submit it --on local"
        )
    return Prepared(job=job, process=action, inputs=inputs)


def _job(name: str, identified: str, values: dict[str, Any], wanted: Wanted, **more: Any) -> Job:
    try:
        return Job(
            id=f"{name}-{identified}",
            process=name,
            inputs=values,
            on=wanted.on,
            pool=wanted.pool,
            max_workers=wanted.max_workers,
            deadline_s=wanted.deadline_s,
            submitted=datetime.now(UTC),
            **more,
        )
    except ValidationError as error:
        problem = error.errors()[0]
        raise InputError(f"{problem['loc'][0]} {problem['input']!r}: {problem['msg']}") from error


def _checked(prepared: Prepared, place: Launcher, root: Root) -> Prepared:
    """The same, once its place has nothing against it."""
    place.check(prepared.job, root.url)
    root.folder.require_writable()
    return prepared


def _sent(prepared: Prepared, root: Root, place: Launcher) -> Job:
    """The job as it is submitted now, with its files under the root where its place sees no others."""
    given = prepared.job.inputs
    values = given if place.near else sent(prepared.process.inputs, given, root)
    # To send files takes its time, and others reckon from here.
    return prepared.job.model_copy(update={"inputs": values, "submitted": datetime.now(UTC)})


def _is_under_way(root: Root, job: Job) -> bool:
    """Whether a job that was submitted before runs, or will; one that is ending is waited for."""
    end = time.monotonic() + _SETTLE_S
    while True:
        # In this order: a job that lives no more has said its last word.
        lives = records.alive(job)
        seen, cancelled = records.look(root, job), records.cancel_wanted(root, job)
        if cancelled and lives is True and seen.status.state == "accepted":
            records.forget_cancel(root, job)  # not begun: nothing was cancelled but a wish
        elif cancelled or lives is True or not _is_being_started(job, seen):
            settled = _settled(seen, cancelled=cancelled, lives=lives)
            if settled is not None:
                return settled
        if time.monotonic() > end:
            return _unsettled(job, seen.status.state)
        time.sleep(_ASK_S)


def _is_being_started(job: Job, seen: records.Seen) -> bool:
    """Whether somebody has just written a job down, and may be about to tell its place."""
    began = seen.status.started
    age_s = (datetime.now(UTC) - job.submitted).total_seconds()
    return age_s < _SETTLE_S and (began is None or began < job.submitted)


def _settled(seen: records.Seen, *, cancelled: bool, lives: bool | None) -> bool | None:
    """Whether a job runs, or will; None where that is not known yet."""
    if seen.state in ("accepted", "running") and not cancelled:
        return lives is True or (lives is None and seen.state == "running")
    if lives is False or (lives is None and seen.state != "running"):
        return False
    return None


def _unsettled(job: Job, state: str) -> bool:
    if state == "running":
        raise AwayError(f"job {job.id} is still being cancelled; submit it again when it has ended")
    # Failed, and its place tries again by itself; any other state is none that goes on.
    return state == "failed"


def _is_shared(root: Root) -> bool:
    return "://" in root.url and not root.url.startswith("memory://")
