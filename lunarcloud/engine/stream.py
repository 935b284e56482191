"""What to do next with a stream of tasks, as pure functions of a small state: submit, hand on, wait, give up.

Nothing here knows Dask or the time of day: `lunarcloud.engine.driver` says what happened and does what is
decided. In flight are at least `Limits.least`, whatever the number of workers, so that a cluster that adds
workers where it sees work sees some; and never more than an eighth above what is needed, so memory is flat.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import TypeAlias

from lunarcloud.engine.policy import ALLOWED_DEATHS, LEAST_IN_FLIGHT, TRIES_AGAIN


class Outcome(Enum):
    """How a task ended."""

    DONE = auto()
    FAILED = auto()  # with an error that would come again
    PASSING = auto()  # with a fault of the store that may pass
    KILLED = auto()  # its workers died


class Why(Enum):
    """Why a stream is given up."""

    FAILED = auto()
    KILLED = auto()
    NO_WORKERS = auto()
    NO_END = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a stream may do.

    Attributes
    ----------
    window : int
        Tasks in flight for each thread of the cluster.
    patience_s : float
        How long it waits without any worker, seconds.
    end_s : float
        How long it waits for any task to end while there are workers, and for each that runs, seconds.
    least : int
        Tasks in flight at least.
    deaths : int
        Workers that may die while they compute one item.
    tries : int
        Times that one item is tried again after a fault that may pass.
    """

    window: int
    patience_s: float
    end_s: float
    least: int = LEAST_IN_FLIGHT
    deaths: int = ALLOWED_DEATHS
    tries: int = TRIES_AGAIN


@dataclass(frozen=True, slots=True)
class Trouble:
    """What an item that is not finished yet has been through."""

    deaths: int = 0
    faults: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """A stream at one moment.

    Attributes
    ----------
    in_flight : int
        Tasks submitted and not ended.
    exhausted : bool
        Whether all items have been submitted.
    threads : int
        Of the cluster, when it was last seen.
    alone_since : float, optional
        Since when there has been no worker, seconds; None while there is one.
    still_since : float, optional
        Since when workers have had tasks and none ended, seconds.
    longest_s : float
        How long the task has run that has run the longest, when it was last seen, seconds.
    troubles : mapping
        By item, of those alone that had trouble.
    """

    in_flight: int = 0
    exhausted: bool = False
    threads: int = 0
    alone_since: float | None = None
    still_since: float | None = None
    longest_s: float = 0.0
    troubles: Mapping[Hashable, Trouble] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Submit:
    """Submit so many more items, or all if there are fewer."""

    number: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait until a task ends."""


@dataclass(frozen=True, slots=True)
class Finish:
    """Everything is done."""


@dataclass(frozen=True, slots=True)
class Yield:
    """Hand the result on."""


@dataclass(frozen=True, slots=True)
class Again:
    """Submit the same item once more."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """End the stream with an error."""

    why: Why


Next: TypeAlias = Submit | Wait | Finish | GiveUp
Answer: TypeAlias = Yield | Again | GiveUp


def submitted(state: State, number: int) -> State:
    """So many tasks were submitted."""
    return replace(state, in_flight=state.in_flight + number)


def exhausted(state: State) -> State:
    """There is no further item."""
    return replace(state, exhausted=True)


def seen(state: State, threads: int, now: float) -> State:
    """The cluster was seen to have so many threads, at a time in seconds.

    Parameters
    ----------
    state : State
        Before.
    threads : int
        Of all workers; 0 when there is none.
    now : float
        When, seconds.
    """
    alone_since = None if threads else _first(state.alone_since, now)
    still_since = _first(state.still_since, now) if threads and state.in_flight else None
    return replace(state, threads=threads, alone_since=alone_since, still_since=still_since)


def running(state: State, longest_s: float) -> State:
    """The task that has run the longest was seen to have run for so many seconds; 0 if none runs."""
    return replace(state, longest_s=longest_s)


def ended(
    state: State, item: Hashable, outcome: Outcome, limits: Limits, *, deaths: int = 0
) -> tuple[State, Answer]:
    """A task ended: the state without it, and what becomes of its item.

    Parameters
    ----------
    state : State
        Before.
    item : hashable
        Names the item, the same at each try.
    outcome : Outcome
        How the task ended.
    limits : Limits
        What the stream may do.
    deaths : int
        Workers that died over this task.
    """
    known = state.troubles.get(item, Trouble())
    others = {name: trouble for name, trouble in state.troubles.items() if name != item}
    # Whatever ended, a worker had it.
    state = replace(state, in_flight=state.in_flight - 1, troubles=others, alone_since=None, still_since=None)
    if outcome is Outcome.DONE:
        return state, Yield()
    now = replace(
        known,
        deaths=known.deaths + deaths,
        faults=known.faults + (outcome is Outcome.PASSING),
    )
    if outcome is Outcome.FAILED or now.faults > limits.tries:
        return state, GiveUp(Why.FAILED)
    if now.deaths > limits.deaths:
        return state, GiveUp(Why.KILLED)
    return replace(state, troubles={**others, item: now}), Again()


def decide(state: State, limits: Limits, now: float) -> Next:
    """What to do next, at a time in seconds.

    Parameters
    ----------
    state : State
        What happened so far.
    limits : Limits
        How many tasks may be in flight, and how long to wait for a worker.
    now : float
        Seconds.
    """
    if state.exhausted and not state.in_flight:
        return Finish()
    if state.alone_since is not None and now - state.alone_since >= limits.patience_s:
        return GiveUp(Why.NO_WORKERS)
    still_s = 0.0 if state.still_since is None else now - state.still_since
    if max(still_s, state.longest_s) >= limits.end_s:
        return GiveUp(Why.NO_END)
    wanted = max(limits.least, limits.window * state.threads)
    if state.exhausted or state.in_flight >= wanted:
        return Wait()
    # Somewhat more than is wanted: each submission costs a message, however many tasks are in it.
    return Submit(wanted + wanted // 8 - state.in_flight)


def _first(since: float | None, now: float) -> float:
    return now if since is None else since
