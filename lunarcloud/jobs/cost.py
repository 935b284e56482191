"""What a job would take before it is submitted: shards, vCPU-hours, time, workers, money, bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from lunarcloud.config import settings
from lunarcloud.errors import LunarcloudError
from lunarcloud.jobs.launcher import Capacity, launcher
from lunarcloud.jobs.submit import Prepared
from lunarcloud.lineage import Entry, Root
from lunarcloud.processes import Estimate, known_record, material_of
from lunarcloud.storage import Folder, Ledger, folder

# So many entries of a ledger tell what its shards took; a whole one may have 290 000.
_SAMPLE = 32
# Objects of a shard and its ledger's entry, where no earlier run tells: a map has so many.
_PUTS = 16.0
# A folder in which nothing is done, for what all of an earlier run should have taken.
_NOWHERE = "memory://lunarcloud-nothing-done"


class Cost(BaseModel):
    """What a job would take.

    Attributes
    ----------
    process, record : str
        What runs, and what it will make.
    published : bool
        Whether that is there already: then there is nothing to do.
    shards, done : int
        To compute, and finished already.
    pixels : int
        To compute.
    vcpu_hours : float
        Hours of one vCPU.
    workers, threads : int
        At most at once, and threads of each.
    seconds : float
        From submission to the last shard, about.
    deadline_s : float, optional
        When it should be done.
    workers_for_deadline : int, optional
        Which takes so many workers; none do where the deadline is over before one runs.
    compute_usd, requests_usd : float
        By the pool's price of a vCPU-hour and the setting ``price_puts_1000``.
    bytes_at_most : int
        Stored, before compression.
    pace_from : str
        Record whose ledger says how long shards take here; empty for the benchmarks' rates.
    steps : tuple of Estimate
        By stage; seconds on one thread.
    """

    model_config = ConfigDict(frozen=True)

    process: str
    record: str
    published: bool = False
    shards: int = 0
    done: int = 0
    pixels: int = 0
    vcpu_hours: float = 0.0
    workers: int = 0
    threads: int = 0
    seconds: float = 0.0
    deadline_s: float | None = None
    workers_for_deadline: int | None = None
    compute_usd: float = 0.0
    requests_usd: float = 0.0
    bytes_at_most: int = 0
    pace_from: str = ""
    steps: tuple[Estimate, ...] = ()


class _Pace(NamedTuple):
    """How this root compares with the benchmarks, from whose ledger, and objects written for each shard."""

    factor: float = 1.0
    record: str = ""
    puts: float = _PUTS


def cost_of(prepared: Prepared, root: Root) -> Cost:
    """What a prepared job of a process would take; nothing is computed or written.

    Raises
    ------
    InputError, AwayError
        If its place does not know its pool, or does not answer.
    """
    job = prepared.job
    if prepared.published is not None:
        return Cost(process=job.process, record=job.record, published=True)
    process: Any = prepared.process
    steps = process.estimate(prepared.material, root.folder / job.record, 1)
    pace, capacity = _pace(prepared, root), launcher(job.on).capacity(job.pool)
    vcpu_s = pace.factor * sum(step.seconds for step in steps)
    tasks = sum(step.tasks for step in steps)
    workers = _workers(capacity, job.max_workers, tasks)
    needed = _needed(vcpu_s, capacity, job.deadline_s)
    if needed is not None:
        workers = min(workers, needed)
    return Cost(
        process=job.process,
        record=job.record,
        shards=tasks,
        done=sum(step.done for step in steps),
        pixels=sum(step.pixels for step in steps),
        vcpu_hours=vcpu_s / 3600,
        workers=workers,
        threads=capacity.threads,
        # No sooner than its longest shard, however many workers there are.
        seconds=capacity.start_s + max(vcpu_s / (workers * capacity.threads), vcpu_s / max(1, tasks)),
        deadline_s=job.deadline_s,
        workers_for_deadline=needed,
        compute_usd=vcpu_s / 3600 * capacity.price_vcpu_hour,
        requests_usd=_requests_usd(root, tasks * pace.puts),
        bytes_at_most=sum(step.bytes_at_most for step in steps),
        pace_from=pace.record,
        steps=tuple(steps),
    )


def in_time(prepared: Prepared, root: Root) -> Prepared:
    """The same with no more workers than its deadline takes, as it is reckoned now; without one as it is.

    Raises
    ------
    InputError, AwayError
        As `cost_of`.
    """
    job = prepared.job
    if job.deadline_s is None or not job.record:
        return prepared
    workers = cost_of(prepared, root).workers or None
    return replace(prepared, job=job.model_copy(update={"max_workers": workers}))


def _requests_usd(root: Root, puts: float) -> float:
    return puts / 1000 * settings().price_puts_1000 if root.url.startswith("s3://") else 0.0


def _workers(capacity: Capacity, most: int | None, tasks: int) -> int:
    return max(1, min(capacity.workers, most or capacity.workers, ceil(tasks / capacity.threads)))


def _needed(vcpu_s: float, capacity: Capacity, deadline_s: float | None) -> int | None:
    """Workers that a deadline takes."""
    if deadline_s is None or deadline_s <= capacity.start_s:
        return None
    return max(1, ceil(vcpu_s / (deadline_s - capacity.start_s) / capacity.threads))


def _pace(prepared: Prepared, root: Root) -> _Pace:
    """What this root's last run of the process took, by its ledger, against what it should have taken."""
    entries = [each for each in root.recent().of() if each.process == prepared.job.process]
    try:
        return _measured(root, entries[-1]) if entries else _Pace()
    except LunarcloudError:
        return _Pace()  # what it was made of is gone, or another version made it: the benchmarks tell


def _measured(root: Root, entry: Entry) -> _Pace:
    found = known_record(root, entry)
    if found.record.given.sources or not found.record.groups:
        return _Pace()  # to resolve it again would read its files, and it may have no shards
    steps = found.process.estimate(material_of(root, found), folder(_NOWHERE), 1)
    expected_s = sum(step.seconds for step in steps)
    taken_s, puts = _taken(root.place(entry.ref), tuple(found.record.groups.values()))
    return _Pace(taken_s / expected_s, str(entry.ref), puts) if taken_s and expected_s else _Pace()


def _taken(place: Folder, ledgers: Sequence[str]) -> tuple[float, float]:
    """Seconds that all shards of some ledgers took, and objects that one of them has, from a few of each."""
    seconds, objects, shards = 0.0, 0.0, 0
    for key in ledgers:
        ledger = Ledger(place / key.rstrip("/"))
        done = sorted(ledger.done())
        few = [ledger.entry(shard) for shard in done[:: max(1, len(done) // _SAMPLE)]]
        if few:
            seconds += len(done) * sum(entry.seconds for entry in few) / len(few)
            objects += len(done) * (1 + sum(len(entry.objects) for entry in few) / len(few))
            shards += len(done)
    return seconds, objects / max(1, shards)
