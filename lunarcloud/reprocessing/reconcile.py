"""Bringing a root to where it should be: look, make, look again, and only then move the heads."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from lunarcloud.config import settings
from lunarcloud.engine import Note, Watch
from lunarcloud.errors import InputError
from lunarcloud.lineage import Catalog, Entry, Root
from lunarcloud.processes import (
    Choice,
    Files,
    Inbox,
    Rejection,
    changes_of,
    checked,
    desired_main,
    hold_read,
    inbox_of,
    inputs_of,
    is_settled,
    known_record,
    load_process,
    note_rejections,
    read_inbox,
    run_process,
)
from lunarcloud.reprocessing import gate
from lunarcloud.reprocessing.clock import Clock
from lunarcloud.reprocessing.lease import Lease, who_holds
from lunarcloud.reprocessing.making import Made, Make
from lunarcloud.reprocessing.plan import Plan, keeping, latest, newer_parents, plan_of

#: Name of the lease.
LEASE = "reprocess"
# Whoever changes the inbox faster than a model is fitted is followed so often, and then by the next call.
_ROUNDS = 4


class Step(BaseModel):
    """One record that is made again.

    Attributes
    ----------
    process, old : str
        What makes it, and the record that it follows.
    changed : tuple of str
        Inputs whose parents have other heads.
    new : str
        The record that was made or found; empty on a dry run.
    shards_computed : int or None
        None where nothing had to be made.
    kept : dict of str to float, optional
        Of a run that is kept, by how much the new model would move each map, wt%.
    """

    model_config = ConfigDict(frozen=True)

    process: str
    old: str
    changed: tuple[str, ...] = ()
    new: str = ""
    shards_computed: int | None = None
    kept: dict[str, float] | None = None


class Hands(NamedTuple):
    """What a reconciler works with.

    Attributes
    ----------
    root : Root
        Where.
    make : callable
        How a step is made.
    watch : callable
        Told what happens.
    clock : Clock
        What time it is.
    holder : str
        Who works, for the lease.
    tolerance : float
        By how much a model may move the maps so that the run is kept, wt%; 0: it never is.
    tell : callable
        Tells of changes that happened and that nobody was told of, before the heads move on.
    refuse : callable
        Told which tables are refused now, before it is said beside them.
    announce : callable
        Told what was made, before the heads move to it.
    """

    root: Root
    make: Make
    watch: Watch
    clock: Clock
    holder: str
    tolerance: float
    tell: Callable[[], None]
    refuse: Callable[[tuple[Rejection, ...]], None]
    announce: Callable[[Round], None]


class Look(NamedTuple):
    """What was seen under a root: its inbox, what it comes to, and what is to be done."""

    files: Files
    inbox: Inbox
    main: Choice
    plan: Plan

    @property
    def says_all(self) -> bool:
        """Whether it is said of all and only the refused tables why they are refused."""
        return self.files.noted == self.inbox.rejected.keys()


class Round(NamedTuple):
    """What was made in one round, and whether the heads moved to it."""

    look: Look
    entries: tuple[Entry, ...] = ()
    steps: tuple[Step, ...] = ()
    is_promoted: bool = False


class Outcome(NamedTuple):
    """How it ended: what was made last, tables newly refused, and why nothing was done, if so."""

    round: Round
    rejected: tuple[Rejection, ...] = ()
    is_settling: bool = False
    busy: str = ""


def look(root: Root, clock: Clock, tolerance: float) -> Look:
    """What is to be done under a root, by a handful of requests, and one for each pack of heads.

    Parameters
    ----------
    root : Root
        Where.
    clock : Clock
        What time it is.
    tolerance : float
        By how much a model may move the maps so that the run is kept, wt%; 0: it never is.
    """
    files, catalog = read_inbox(root), root.heads()
    inbox = inbox_of(files.tables)
    main = desired_main(root, inbox.table)
    plan = plan_of(catalog, main.parent, clock.now())
    return Look(files, inbox, main, gate.without_kept(root, plan, tolerance))


def reconcile(hands: Hands, *, now: bool) -> Generator[Step, None, Outcome]:
    """Make whatever is due and move the heads to it; nothing is written where nothing is.

    It may be stopped anywhere, and any number may run at once: what is made is found by the next.

    Parameters
    ----------
    hands : Hands
        What to work with.
    now : bool
        Do not wait until the inbox has settled.

    Yields
    ------
    Step
        Each that was made or found.
    """
    seen = look(hands.root, hands.clock, hands.tolerance)
    if seen.plan.is_done and seen.says_all:
        return Outcome(Round(seen))
    if not now and not _is_settled(hands, seen):
        return Outcome(Round(seen), is_settling=True)
    lease = Lease(hands.root, LEASE, hands.holder, hands.clock)
    held = lease.take()
    if held.holder != hands.holder:
        return Outcome(Round(seen), busy=held.holder)
    with lease.kept():
        # Of a change whose heads have moved on, nobody could say any more that it happened.
        hands.tell()
        # Whoever had it may have done it all.
        made = Round(look(hands.root, hands.clock, hands.tolerance))
        rejected = _refused(hands, made.look)
        for _ in range(_ROUNDS):
            if made.is_promoted or made.look.plan.is_done or lease.is_lost:
                break
            made = yield from _round(hands, made.look)
        hold_read(hands.root, made.look.files)
    return Outcome(made, rejected, busy=who_holds(hands.root, LEASE).holder if lease.is_lost else "")


def _refused(hands: Hands, seen: Look) -> tuple[Rejection, ...]:
    """Tables that are refused now: whoever wants to know is told first, so that no death leaves it untold."""
    refused, noted = seen.inbox.rejected, seen.files.noted
    hands.refuse(tuple(each for name, each in refused.items() if name not in noted))
    return note_rejections(hands.root, refused, noted)


def _is_settled(hands: Hands, seen: Look) -> bool:
    if seen.says_all and not seen.plan.moves_stations:
        return True  # whatever is due, the inbox has no part in it
    names = (*seen.inbox.accepted, *(each.file for each in seen.inbox.rejected.values()))
    changes = changes_of(hands.root, names).values()
    return is_settled(changes, hands.clock.now(), settings().settle_s)


def _round(hands: Hands, seen: Look) -> Generator[Step, None, Round]:
    """Make what is due, and move the heads to it if the same is still wanted then; else look again."""
    entries: list[Entry] = []
    steps: list[Step] = []
    view = seen.plan.before
    if seen.plan.moves_stations:
        table = _published_table(hands.root, hands.watch)
        if table.ref != seen.main.parent.ref:
            return Round(look(hands.root, hands.clock, hands.tolerance))  # the inbox has changed since
        entries.append(table)
        view = view.with_record(table)
    for due in plan_of(view, seen.main.parent, hands.clock.now()).due:
        newer = newer_parents(view, due.entry)
        if not newer:
            continue  # what it is made of came out the same, or was good enough to be kept
        step = Step(process=due.entry.process, old=str(due.entry.ref), changed=tuple(newer))
        if moved := gate.moved_at_most(hands.root, due.entry, newer, hands.tolerance):
            view = keeping(view, due.entry)
            step = step.model_copy(update={"kept": moved})
        else:
            made = _made(hands, due.entry, newer)
            view = view.with_record(made.entry)
            entries.append(made.entry)
            found = {"new": str(made.entry.ref), "shards_computed": made.shards_computed}
            step = step.model_copy(update=found)
        steps.append(step)
        yield step
    if (comparison := _compared(hands, seen.plan.before, view)) is not None:
        entries.append(comparison)
    done = Round(seen, tuple(entries), tuple(steps), is_promoted=True)
    now = look(hands.root, hands.clock, hands.tolerance)
    if now.main.parent != seen.main.parent:
        hands.watch(Note("the inbox has changed meanwhile: what it says now is made"))
        return done._replace(look=now, is_promoted=False)
    hands.announce(done)
    hands.root.advance(entries)
    return done


def _published_table(root: Root, watch: Watch) -> Entry:
    """The main table as the inbox has it now, published; no head has moved."""
    process = load_process("stations")
    ref = run_process(process, checked(process.inputs, {}), root.aside(), watch=watch).record.ref
    return root.find(ref.kind, ref.id)


def _made(hands: Hands, entry: Entry, newer: Mapping[str, Entry]) -> Made:
    """A record made again over newer parents."""
    known = known_record(hands.root, entry)
    inputs = inputs_of(hands.root, known, **{role: each.ref.id for role, each in newer.items()})
    return hands.make(known.process, inputs, known.record.label)


def _compared(hands: Hands, before: Catalog, after: Catalog) -> Entry | None:
    """The main run against the one before it, if it is newer; an older one that comes back was compared."""
    old, new = (latest(catalog, "runs") for catalog in (before, after))
    if old is None or new is None or new.digest == old.digest or new.published < old.published:
        return None
    process = load_process("compare")
    try:
        inputs = checked(process.inputs, {"run": new.ref.id, "other": old.ref.id})
        return hands.make(process, inputs, "").entry
    except InputError as error:
        hands.watch(Note(f"{new.ref} cannot be compared with {old.ref}: {error}"))
        return None
