"""Action ``reprocess``: everything whose parents have newer heads is made again, in order, each once."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn
from uuid import uuid4

from pydantic import BaseModel, ConfigDict

from lunarcloud.engine import Cluster, Note, Session, Watch
from lunarcloud.errors import AGAIN, InputError, LunarcloudError
from lunarcloud.jobs import Wanted, load_launcher
from lunarcloud.lineage import Root
from lunarcloud.processes import OPTION, Action, Inputs, Rejection, Report, Table, option, place
from lunarcloud.reprocessing.change import change_of, write_change
from lunarcloud.reprocessing.clock import SYSTEM
from lunarcloud.reprocessing.listen import listening
from lunarcloud.reprocessing.making import Make, as_jobs, here
from lunarcloud.reprocessing.metrics import Health, metrics_text
from lunarcloud.reprocessing.reconcile import Hands, Outcome, Round, Step, look, reconcile
from lunarcloud.reprocessing.telling import tell_changes, tell_rejected, telling

# Seconds between two looks of one who goes on, and at least: a store may poke at each shard that is written.
_LOOK_S, _REST_S = 30.0, 2.0


class ReprocessInputs(Inputs):
    """How far to go, and where."""

    dry_run: bool = place(False, "only say what would be made again")
    now: bool = place(False, "do not wait until the inbox has settled")
    tolerance: float = option(
        0.0,
        "keep a run where its new model moves no oxide of 99 of 100 pixels of a sample by more; 0: never",
        unit="wt%",
        limits={"ge": 0},
    )
    on: str | None = place(
        None, "where each step runs as a job of its own: kubernetes or local; without one, here"
    )
    pool: str = place("cpu", "pool of workers of that place")
    forever: bool = place(False, "go on until stopped: look again every half minute", **{OPTION: "watch"})
    listen: int | None = place(
        None,
        "with --watch, port to listen on: POST /poke has it look at once, GET /metrics is for Prometheus",
    )


class Reprocessed(BaseModel):
    """What was made again, in order.

    Attributes
    ----------
    dry_run : bool
        Whether it was only said.
    steps : tuple of Step
        What was made, found or kept.
    rejected : tuple of Rejection
        Tables of the inbox that were refused now.
    settling : bool
        Whether nothing was done since the inbox has changed just now.
    busy : str
        Who else is at it, if nothing was done for that.
    reports : tuple of str
        URLs of the pages that tell what has changed.
    """

    model_config = ConfigDict(frozen=True)

    dry_run: bool = False
    steps: tuple[Step, ...] = ()
    rejected: tuple[Rejection, ...] = ()
    settling: bool = False
    busy: str = ""
    reports: tuple[str, ...] = ()


def _act(inputs: ReprocessInputs, root: Root, cluster: Cluster, watch: Watch) -> Reprocessed:
    if inputs.dry_run:
        return _planned(root, inputs.tolerance)
    if inputs.forever:
        _watched(inputs, root, cluster, watch)
    elif inputs.listen is not None:
        raise InputError("--listen goes with --watch: a command that ends hears nobody")
    return _once(inputs, root, cluster, watch)


def _watched(inputs: ReprocessInputs, root: Root, cluster: Cluster, watch: Watch) -> NoReturn:
    """Look again and again, at once where somebody pokes, until stopped."""
    health, poked = Health(), threading.Event()
    with listening(inputs.listen, poked, lambda: metrics_text(root, health, SYSTEM)) as port:
        if port is not None:
            watch(Note(f"listening on port {port}"))
        while True:
            poked.clear()
            try:
                _once(inputs, root, cluster, watch)
            except LunarcloudError as error:
                # The next look may find it mended.
                health.failures += 1
                watch(Note(f"not done: {error}"))
            else:
                health.succeeded, health.failures = SYSTEM.now().timestamp(), 0
            SYSTEM.sleep(_REST_S)
            poked.wait(_LOOK_S)


def _planned(root: Root, tolerance: float) -> Reprocessed:
    seen = look(root, SYSTEM, tolerance)
    steps = tuple(
        Step(process=each.entry.process, old=str(each.entry.ref), changed=each.changed)
        for each in seen.plan.due
    )
    return Reprocessed(dry_run=True, steps=steps, rejected=tuple(seen.inbox.rejected.values()))


def _once(inputs: ReprocessInputs, root: Root, cluster: Cluster, watch: Watch) -> Reprocessed:
    reports: list[str] = []

    def tell() -> None:
        reports.extend(tell_changes(root, SYSTEM))

    def refuse(rejected: tuple[Rejection, ...]) -> None:
        tell_rejected(root, SYSTEM, rejected)

    def announce(made: Round) -> None:
        price = 0.0 if inputs.on is None else load_launcher(inputs.on).capacity(inputs.pool).price_vcpu_hour
        write_change(root, change_of(made, SYSTEM.now(), price))

    with _maker(inputs, root, cluster, watch) as make, telling(root, SYSTEM):
        hands = Hands(root, make, watch, SYSTEM, _holder(), inputs.tolerance, tell, refuse, announce)
        outcome = _ended(hands, now=inputs.now)
        if not outcome.busy:
            tell()
    return Reprocessed(
        steps=outcome.round.steps,
        rejected=outcome.rejected,
        settling=outcome.is_settling,
        busy=outcome.busy,
        reports=tuple(reports),
    )


def _ended(hands: Hands, *, now: bool) -> Outcome:
    """A reconciler gone through all its steps."""
    steps = reconcile(hands, now=now)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome


@contextmanager
def _maker(inputs: ReprocessInputs, root: Root, cluster: Cluster, watch: Watch) -> Iterator[Make]:
    if inputs.on is not None:
        yield as_jobs(root, Wanted(on=inputs.on, pool=inputs.pool), watch)
        return
    with Session(cluster, watch) as session:
        yield here(session, root)


def _holder() -> str:
    """A name of this process that no other has, and that says where it is."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"


def _report(found: Reprocessed) -> Report:
    refused = tuple(f"refused: {each.file}: {'; '.join(each.errors)}" for each in found.rejected)
    if found.busy:
        return Report({"reprocess": f"{found.busy} is at it; nothing was done here"}, remarks=refused)
    if found.settling:
        why = "the inbox has changed just now; it is read when it has settled, or with --now"
        return Report({"reprocess": why}, remarks=refused)
    if not found.steps:
        why = "nothing to do: everything is made of what are the heads now"
        return Report({"reprocess": why}, remarks=refused)
    rows = tuple(
        (each.process, each.old, ", ".join(each.changed), _new(each), each.shards_computed)
        for each in found.steps
    )
    title = "would be made again" if found.dry_run else "made again"
    columns = ("process", "was", "because of", "is now", "shards computed")
    facts = {title: len(found.steps), **({"report": found.reports[-1]} if found.reports else {})}
    return Report(facts, {title: Table(columns=columns, rows=rows)}, refused)


def _new(step: Step) -> str:
    if step.kept is None:
        return step.new
    return f"kept: no oxide moves by more than {max(step.kept.values()):.2g} wt%"


ACTION = Action(
    name="reprocess",
    inputs=ReprocessInputs,
    result=Reprocessed,
    act=_act,
    report=_report,
    exit_code=lambda found: AGAIN if found.busy else 0,
)
