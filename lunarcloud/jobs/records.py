"""What lies under ``<root>/jobs/``: each job, its status, its log, the wish to cancel it.

Whoever sees the root sees all of it: neither the place where a job runs nor its client is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, TypeAlias

from pydantic import BaseModel, ConfigDict

from lunarcloud.errors import LunarcloudError, NotFoundError
from lunarcloud.jobs.job import Job
from lunarcloud.jobs.launcher import launcher
from lunarcloud.lineage import Root
from lunarcloud.storage import Folder, read_document

#: The folder under the root.
JOBS = "jobs"
#: A heartbeat older than this, seconds, is none; the runner's is at most 5 s old.
LOST_AFTER_S = 60.0

State: TypeAlias = Literal["accepted", "running", "done", "failed", "cancelled", "lost"]
#: States in which nothing happens any more.
ENDED: tuple[State, ...] = ("done", "failed", "cancelled", "lost")

# Exit code of a failure that no other attempt would mend.
_FOR_GOOD = 2
_JOB, _STATUS, _LOG, _CANCEL = ".json", ".status.json", ".log", ".cancel"


class Status(BaseModel):
    """How a job goes: ``<root>/jobs/<id>.status.json``; only its runner writes it.

    Attributes
    ----------
    state : str
        ``accepted`` (waits for its runner, also after that was stopped), ``running``, ``done``, ``failed`` or
        ``cancelled``.
    attempt : int
        How often a runner has begun it.
    stage : str
        What is being computed.
    done, total : int
        Shards of the stage that this attempt has to compute.
    pixels_done, pixels : int
        Of those shards.
    mpixel_s : float
        Computed each second since the stage began, Mpixel/s.
    left_s : float, optional
        About how long the stage will still take, seconds.
    shards : int
        Computed by this attempt in all stages.
    worker_seconds : float
        For how long workers that came for this job were connected, all of its attempts together; 0 where it
        has none of its own.
    started, stage_started, heartbeat : datetime, optional
        UTC: when this attempt and its stage began, and when the runner was last known to live.
    exit_code : int, optional
        Of a job that has ended, as the command itself would have ended.
    error : str
        What went wrong, in a sentence.
    record, url : str
        ``kind/id`` of the record that was made, and where it is.
    result : object
        Of an action.
    """

    # A newer runner may say more.
    model_config = ConfigDict(frozen=True, extra="ignore")

    state: State = "accepted"
    attempt: int = 0
    stage: str = ""
    done: int = 0
    total: int = 0
    pixels_done: int = 0
    pixels: int = 0
    mpixel_s: float = 0.0
    left_s: float | None = None
    shards: int = 0
    worker_seconds: float = 0.0
    started: datetime | None = None
    stage_started: datetime | None = None
    heartbeat: datetime | None = None
    exit_code: int | None = None
    error: str = ""
    record: str = ""
    url: str = ""
    result: Any = None


class Seen(NamedTuple):
    """A job as it is seen from here: what is wanted, its state, what its runner last said."""

    job: Job
    state: State
    status: Status


#: Jobs that had ended when they were seen, by id, each with the versions of what was read of it then.
Known: TypeAlias = dict[str, tuple[tuple[str | None, ...], Seen]]


def place_of(root: Root) -> Folder:
    """The folder of a root's jobs."""
    return root.folder / JOBS


def create(root: Root, job: Job) -> bool:
    """Write a job down, unless it is there; whether this call did."""
    return place_of(root).create(f"{job.id}{_JOB}", job.model_dump_json(indent=1).encode())


def replace(root: Root, old: Job, new: Job) -> Job:
    """Write down a job that has ended as it is wanted now; what somebody else wrote meanwhile stands.

    Parameters
    ----------
    root : Root
        Where it is.
    old, new : Job
        As it was read, and as it shall be: elsewhere, perhaps, with other workers.
    """

    def changed(present: bytes | None) -> bytes:
        is_old = present is None or Job.model_validate_json(present) == old
        return new.model_dump_json(indent=1).encode() if is_old else present or b""

    return Job.model_validate_json(place_of(root).update(f"{old.id}{_JOB}", changed))


def names(root: Root) -> list[str]:
    """Ids of all jobs."""
    return _ids(place_of(root).keys())


def _ids(keys: Iterable[str]) -> list[str]:
    return [key.removesuffix(_JOB) for key in keys if key.endswith(_JOB) and not key.endswith(_STATUS)]


def find(root: Root, name: str) -> Job:
    """A job by its id, or by an unmistakable beginning of it.

    Raises
    ------
    NotFoundError
        If there is none, or several fit.
    """
    known = names(root)
    fitting = [name] if name in known else [each for each in known if name and each.startswith(name)]
    if len(fitting) != 1:
        raise NotFoundError(
            f"job {name!r}: {len(fitting)} of that name under {root.url}; "
            f"there are {', '.join(known) or 'none'}"
        )
    return read_document(place_of(root), f"{fitting[0]}{_JOB}", Job)


def jobs_of(root: Root) -> list[Job]:
    """All jobs of a root, the last submitted last."""
    found = [read_document(place_of(root), f"{name}{_JOB}", Job) for name in names(root)]
    return sorted(found, key=lambda job: job.submitted)


def read_status(root: Root, job: Job) -> Status:
    """What the runner last said; of a job that no runner has begun, that it is accepted."""
    try:
        return read_document(place_of(root), f"{job.id}{_STATUS}", Status)
    except NotFoundError:
        return Status()


def write_status(root: Root, job: Job, status: Status) -> None:
    """Say how a job goes.

    Parameters
    ----------
    root : Root
        Where the job is.
    job : Job
        Which.
    status : Status
        How.
    """
    place_of(root).write(f"{job.id}{_STATUS}", status.model_dump_json(indent=1).encode())


def accept_again(root: Root, job: Job) -> None:
    """Have a job that has ended wait for its runner again; nothing if one has begun it meanwhile."""

    def again(present: bytes | None) -> bytes:
        status = Status() if present is None else Status.model_validate_json(present)
        if status.state != "running" or seen_as(job, status, cancelled=False) == "lost":
            # What was done is begun anew; what was not is tried once more.
            before = Status() if status.state == "done" else status
            status = Status(
                attempt=before.attempt, worker_seconds=before.worker_seconds, heartbeat=datetime.now(UTC)
            )
        return status.model_dump_json(indent=1).encode()

    place_of(root).update(f"{job.id}{_STATUS}", again)


def look(root: Root, job: Job) -> Seen:
    """A job as it is now."""
    status = read_status(root, job)
    return Seen(job, seen_as(job, status, cancelled=cancel_wanted(root, job)), status)


def all_seen(root: Root, known: Known) -> list[Seen]:
    """All jobs as they are now, the last submitted last; one listing, and requests for those that go on.

    Parameters
    ----------
    root : Root
        Where they are.
    known : dict
        Of earlier calls, empty at the first: those that had ended, and are as they were, are not read again.
    """
    versions = place_of(root).versions()
    found = [_seen_again(root, name, versions, known) for name in _ids(versions)]
    return sorted(found, key=lambda each: each.job.submitted)


def _seen_again(root: Root, name: str, versions: Mapping[str, str | None], known: Known) -> Seen:
    version = tuple(versions.get(f"{name}{kind}") for kind in (_JOB, _STATUS, _CANCEL))
    if name in known and known[name][0] == version:
        return known[name][1]
    seen = look(root, read_document(place_of(root), f"{name}{_JOB}", Job))
    # Where the store tells no versions, nothing tells that a job was started again.
    if seen.status.state in ENDED and None not in version[:2]:
        known[name] = version, seen
    return seen


def seen_as(job: Job, status: Status, *, cancelled: bool) -> State:
    """The state of a job, of which its runner said something, perhaps long ago.

    Parameters
    ----------
    job : Job
        Which.
    status : Status
        What its runner said.
    cancelled : bool
        Whether somebody wants it to be cancelled.
    """
    if status.state in ENDED:
        return status.state
    if cancelled and status.state == "accepted":
        return "cancelled"
    silent_s = (datetime.now(UTC) - (status.heartbeat or job.submitted)).total_seconds()
    if silent_s < LOST_AFTER_S:
        return status.state
    lives = alive(job)
    # One that was never begun may wait long for its turn where it cannot be asked about.
    is_lost = lives is False or (lives is None and status.state == "running")
    return "lost" if is_lost else status.state


def alive(job: Job) -> bool | None:
    """Whether the place still runs a job or will; None where it cannot be asked from here."""
    try:
        return launcher(job.on).alive(job)
    except LunarcloudError:
        return None  # its client is not installed, or it is a place that this version does not know


def trouble(job: Job) -> str:
    """What keeps a job from running at its place, in that place's words; empty if nothing is known to."""
    try:
        return launcher(job.on).trouble(job)
    except LunarcloudError:
        return ""


def cancel_wanted(root: Root, job: Job) -> bool:
    """Whether somebody wants a job to be cancelled."""
    return place_of(root).exists(f"{job.id}{_CANCEL}")


def ended(seen: Seen) -> bool:
    """Whether nothing more will happen with a job; what has failed may be tried again by its place."""
    if seen.state == "failed" and seen.status.exit_code != _FOR_GOOD:
        return alive(seen.job) is not True
    return seen.state in ENDED


def want_cancel(root: Root, job: Job) -> None:
    """Say that a job should be cancelled; its runner looks for that every second."""
    place_of(root).write(f"{job.id}{_CANCEL}", b"")


def forget_cancel(root: Root, job: Job) -> None:
    """Take that back."""
    place_of(root).remove(f"{job.id}{_CANCEL}")


def read_log(root: Root, job: Job) -> str:
    """The last megabyte of a job's log; empty if there is none yet."""
    try:
        return place_of(root).read(f"{job.id}{_LOG}").decode(errors="replace")
    except NotFoundError:
        return ""


def write_log(root: Root, job: Job, text: str) -> None:
    """Store a job's log.

    Parameters
    ----------
    root : Root
        Where the job is.
    job : Job
        Which.
    text : str
        All of it.
    """
    place_of(root).write(f"{job.id}{_LOG}", text.encode())
