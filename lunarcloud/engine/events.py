"""What happens in a running process, said as events to whoever watches: a bar, a log, a job's status."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from lunarcloud.moon import Shard


@dataclass(frozen=True, slots=True)
class Started:
    """A stage begins: so many shards of so many pixels altogether are to be computed now."""

    title: str
    shards: int
    pixels: int


@dataclass(frozen=True, slots=True)
class ShardDone:
    """A shard, of so many pixels, is finished; None for a piece of work that is no shard."""

    title: str
    shard: Shard | None
    pixels: int


@dataclass(frozen=True, slots=True)
class StageDone:
    """All shards of a stage are finished."""

    title: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth knowing, in words."""

    text: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The process ended with an error."""

    message: str


@dataclass(frozen=True, slots=True)
class Published:
    """A record can be seen by everybody."""

    kind: str
    id: str
    url: str


Event: TypeAlias = Started | ShardDone | StageDone | Note | Failed | Published
Watch: TypeAlias = Callable[[Event], None]

_LOGGER = logging.getLogger("lunarcloud")
_NAMES: dict[type, str] = {
    Started: "started",
    ShardDone: "shard_done",
    StageDone: "stage_done",
    Note: "note",
    Failed: "failed",
    Published: "published",
}


def quiet(event: Event) -> None:
    """A watch that does nothing."""


def to_json(event: Event) -> dict[str, Any]:
    """An event as a JSON object: its kind as ``event``, then its fields; a shard is ``[row, col]``."""
    return {"event": _NAMES[type(event)], **asdict(event)}


def logged(watch: Watch = quiet) -> Watch:
    """A watch that also writes one line an event to the logger ``lunarcloud``.

    Parameters
    ----------
    watch : callable
        Gets the events too.
    """

    def write(event: Event) -> None:
        level = logging.ERROR if isinstance(event, Failed) else logging.INFO
        fields = to_json(event)
        line = " ".join(f"{name}={value}" for name, value in fields.items() if name != "event")
        _LOGGER.log(level, "%s %s", fields["event"], line, extra={"event": fields})
        watch(event)

    return write
