"""Action ``reprocess``: everything whose parents have newer heads is made again, in order, each once."""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from lunarcloud.engine import Cluster, Session, Watch
from lunarcloud.lineage import Catalog, Entry, Replay, Root, outdated
from lunarcloud.processes import stations
from lunarcloud.processes.action import Action
from lunarcloud.processes.inputs import Inputs, place
from lunarcloud.processes.process import Report, Table
from lunarcloud.processes.replay import known, replay
from lunarcloud.processes.run import run_in


class ReprocessInputs(Inputs):
    """Whether to do it."""

    dry_run: bool = place(False, "only say what would be made again")


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
    """

    model_config = ConfigDict(frozen=True)

    process: str
    old: str
    changed: tuple[str, ...] = ()
    new: str = ""
    shards_computed: int | None = None


class Reprocessed(BaseModel):
    """What was made again, in order."""

    model_config = ConfigDict(frozen=True)

    dry_run: bool
    steps: tuple[Step, ...]


def _act(inputs: ReprocessInputs, root: Root, cluster: Cluster, watch: Watch) -> Reprocessed:
    planned = _with_stations(root.catalog(), root)
    if inputs.dry_run:
        plan = outdated(planned.records, planned.heads)
        return Reprocessed(dry_run=True, steps=tuple(_step(each) for each in plan))
    with Session(cluster, watch) as session:
        if planned != root.catalog():
            run_in(session, stations.PROCESS, stations.StationsInputs(), root)
        catalog = root.catalog()
        steps = [_made(session, root, each) for each in outdated(catalog.records, catalog.heads)]
    return Reprocessed(dry_run=False, steps=tuple(steps))


def _made(session: Session, root: Root, due: Replay) -> Step:
    """One series made again, over what are the heads of its parents by now."""
    heads = root.catalog().heads
    changed = {role: heads[due.entry.parents[role].series].id for role in due.changed}
    outcome = replay(session, root, known(root, due.entry), **changed)
    found = {"new": str(outcome.record.ref), "shards_computed": outcome.shards_computed}
    return _step(due).model_copy(update=found)


def _step(due: Replay) -> Step:
    return Step(process=due.entry.process, old=str(due.entry.ref), changed=due.changed)


def _with_stations(catalog: Catalog, root: Root) -> Catalog:
    """The catalog as it is once the main table holds what the inbox brings; the same if that is nothing."""
    main = stations.desired_main(root)
    if main.parent.series not in catalog.heads:
        return catalog  # nothing was ever made of it
    published = catalog.get(main.parent.ref)
    entry = published or Entry(
        ref=main.parent.ref,
        series=main.parent.series,
        process=stations.PROCESS.name,
        digest=main.parent.digest,
        published=datetime.now(UTC),
        record="",
    )
    return catalog.with_record(entry)


def _report(found: Reprocessed) -> Report:
    if not found.steps:
        return Report({"reprocess": "nothing to do: everything is made of what are the heads now"})
    rows = tuple(
        (each.process, each.old, ", ".join(each.changed), each.new, each.shards_computed)
        for each in found.steps
    )
    title = "would be made again" if found.dry_run else "made again"
    columns = ("process", "was", "because of", "is now", "shards computed")
    return Report({title: len(found.steps)}, {title: Table(columns=columns, rows=rows)})


ACTION = Action(name="reprocess", inputs=ReprocessInputs, result=Reprocessed, act=_act, report=_report)
