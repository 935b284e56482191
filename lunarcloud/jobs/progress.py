"""How a job gets on: its status after an event, pure; and that status in a line."""

from __future__ import annotations

from datetime import datetime

from lunarcloud.engine import Event, ShardDone, StageDone, Started
from lunarcloud.jobs.records import Seen, Status


def after(status: Status, event: Event, now: datetime) -> Status:
    """The status of a running job once something has happened.

    Parameters
    ----------
    status : Status
        Before.
    event : Event
        What happened.
    now : datetime
        When, UTC.
    """
    match event:
        case Started():
            stage = {"stage": event.title, "total": event.shards, "pixels": event.pixels}
            return status.model_copy(update={**_NOTHING, **stage, "stage_started": now})
        case ShardDone():
            pixels = status.pixels_done + event.pixels
            counted = {"done": status.done + 1, "shards": status.shards + 1, "pixels_done": pixels}
            return status.model_copy(update={**counted, **_pace(status, pixels, now)})
        case StageDone():
            return status.model_copy(update={"left_s": None})
        case _:
            return status


def line(seen: Seen) -> str:
    """A job in a line, for people."""
    status, parts = seen.status, [f"{seen.job.id}: {seen.state}"]
    if seen.state == "running" and status.total:
        parts.append(f"{status.stage} {status.done}/{status.total} shards")
        parts.append(f"{status.mpixel_s:.1f} Mpixel/s")
        if status.left_s is not None:
            parts.append(f"{status.left_s:.0f} s left")
    if status.attempt > 1:
        parts.append(f"attempt {status.attempt}")
    if status.error:
        parts.append(status.error)
    if status.record:
        parts.append(status.record)
    return ", ".join(parts)


_NOTHING = {"done": 0, "pixels_done": 0, "mpixel_s": 0.0, "left_s": None}


def _pace(status: Status, pixels: int, now: datetime) -> dict[str, float | None]:
    """Rate, and time left at that rate, of a stage that has come so far."""
    passed_s = (now - (status.stage_started or now)).total_seconds()
    if passed_s <= 0:
        return {}
    rate = pixels / passed_s
    return {"mpixel_s": rate / 1e6, "left_s": (status.pixels - pixels) / rate if rate else None}
