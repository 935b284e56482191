"""Action ``repair``: exactly what `verify` names is made again, to the same bytes."""

import json

from pydantic import BaseModel, ConfigDict

from lunarcloud.engine import PLAN, Cluster, Session, Watch, differences
from lunarcloud.errors import InputError
from lunarcloud.lineage import Root
from lunarcloud.processes.about import about
from lunarcloud.processes.action import Action
from lunarcloud.processes.process import Report
from lunarcloud.processes.replay import Known, known, material_of
from lunarcloud.processes.run import versions
from lunarcloud.processes.verify import Damage, Name, Verification, verify
from lunarcloud.storage import Folder, digest


class Repair(BaseModel):
    """What was damaged, and what is left of that."""

    model_config = ConfigDict(frozen=True)

    record: str
    made_again: tuple[Damage, ...]
    left: tuple[Damage, ...]


def _act(inputs: Name, root: Root, cluster: Cluster, watch: Watch) -> Repair:
    found = known(root, root.locate(inputs.record))
    before = verify(root, found, cluster, watch)
    if not before.damaged:
        return Repair(record=before.record, made_again=(), left=())
    _require_same_versions(found)
    material = material_of(root, found)
    home = root.place(found.entry.ref).saying(about(found.process, found.entry.ref, found.record.given))
    with Session(cluster, watch) as session:
        if found.record.groups:
            _hold_to_plan(session, home, found, before)
        for damage in before.damaged:
            _forget(home, damage)
        found.process.make(material, home, session)
    after: Verification = verify(root, found, cluster, watch)
    return Repair(record=before.record, made_again=before.damaged, left=after.damaged)


def _hold_to_plan(session: Session, home: Folder, found: Known, before: Verification) -> None:
    """Refuse workers that would make other bytes while all that is left is there; a damaged plan is anew."""
    if any(damage.key == PLAN for damage in before.damaged):
        home.remove(PLAN)
    session.hold(home)
    plan = home.read(PLAN)
    if digest(plan) != found.record.outputs.get(PLAN, digest(plan)):
        raise InputError(
            f"{found.entry.ref} was made by workers unlike these ({json.loads(plan)}), and its {PLAN}, which "
            "says what they were, is damaged: repair it with such workers, or remove the record and run its "
            "command again"
        )


def _forget(home: Folder, damage: Damage) -> None:
    """Have what is damaged computed again; objects that are no shards are written anew in any case."""
    if damage.what == "shard":
        home.remove(damage.key)
    elif damage.what == "ledger":
        # Which of its entries were changed cannot be known.
        (home / damage.key.rstrip("/")).remove_all()


def _require_same_versions(found: Known) -> None:
    different = differences(found.record.versions, versions())
    if different:
        raise InputError(
            f"{found.entry.ref} was made by other software: {different}. Repair it with that, so "
            "that it gets the same bytes; or remove it and run its command again"
        )


def _report(found: Repair) -> Report:
    facts = {
        "record": found.record,
        "made again": len(found.made_again) or "nothing: it is whole",
        "still damaged": len(found.left) or "none",
    }
    return Report(facts, {}, tuple(each.problem for each in found.left))


ACTION = Action(
    name="repair",
    inputs=Name,
    result=Repair,
    act=_act,
    report=_report,
    exit_code=lambda found: int(bool(found.left)),
)
