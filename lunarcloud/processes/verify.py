"""Action ``verify``: every object of a record is read again and compared with its digest.

Three links are followed: the catalog holds the digest of the record, the record those of all its objects but
the shards and those of its ledgers, a ledger those of its shards. So a shard that was changed together with
its ledger is seen too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from pydantic import BaseModel, ConfigDict

from lunarcloud.engine import Cluster, MemoryPlan, Session, Watch
from lunarcloud.errors import LunarcloudError, NotFoundError, StoreError
from lunarcloud.lineage import RECORD, Record, Root
from lunarcloud.processes.action import Action
from lunarcloud.processes.inputs import ARGUMENT, Inputs, place
from lunarcloud.processes.process import Report
from lunarcloud.processes.replay import Known, known
from lunarcloud.storage import EMPTY, Entry, Folder, Ledger, digest, entries_digest

# A shard's objects are held one after the other, and hashed.
_TASK_BYTES = 256 * 2**20


class Name(Inputs):
    """Which record."""

    record: str = place(..., "record: its id, KIND/latest, or its label", **{ARGUMENT: True})


class Damage(BaseModel):
    """Something wrong with a record.

    Attributes
    ----------
    what : {"record", "object", "ledger", "shard"}
        What kind of thing is damaged.
    key : str
        Its key in the record's folder; of a shard, the key of its entry in the ledger.
    problem : str
        In words.
    """

    model_config = ConfigDict(frozen=True)

    what: Literal["record", "object", "ledger", "shard"]
    key: str
    problem: str


class Verification(BaseModel):
    """What reading every object of a record again found."""

    model_config = ConfigDict(frozen=True)

    record: str
    url: str
    objects: int
    shards: int
    damaged: tuple[Damage, ...]


class _Shards(NamedTuple):
    """A group of a record, and its shards by the keys of their entries."""

    group: Folder
    ledger: Folder
    ledger_key: str
    entries: dict[str, Entry | None]


_Item: TypeAlias = tuple[str, Folder, Entry]


@dataclass(frozen=True, slots=True)
class _Hash:
    """Finds what is wrong with the objects of one shard."""

    def __call__(self, item: _Item) -> list[Damage]:
        key, group, entry = item
        return [
            Damage(what="shard", key=key, problem=problem)
            for name, expected in entry.objects.items()
            if (problem := _problem(group, name, expected))
        ]


def verify(root: Root, found: Known, cluster: Cluster, watch: Watch) -> Verification:
    """Read every object of a record again.

    Parameters
    ----------
    root : Root
        Where it is published.
    found : Known
        The record.
    cluster : Cluster
        Shards are read there.
    watch : callable
        Told of every event.
    """
    home, record = root.place(found.entry.ref), found.record
    damaged = [
        Damage(what="object", key=key, problem=problem)
        for key, expected in record.outputs.items()
        if (problem := _problem(home, key, expected))
    ]
    groups = list(_groups(home, record))
    items: list[_Item] = []
    for each in groups:
        damaged += _ledger_damage(record, each)
        items += [(key, each.group, entry) for key, entry in each.entries.items() if entry is not None]
    with Session(cluster, watch) as session:
        memory = MemoryPlan(task=_TASK_BYTES)
        for _, problems in session.spread(
            "verify", _Hash(), items, pixels=lambda _: 0, memory=memory, place=home
        ):
            damaged += problems
    return Verification(
        record=str(found.entry.ref),
        url=home.url,
        objects=len(record.outputs) + 1,
        shards=sum(len(each.entries) for each in groups),
        damaged=tuple(sorted(damaged, key=lambda each: (each.what, each.key, each.problem))),
    )


def _act(inputs: Name, root: Root, cluster: Cluster, watch: Watch) -> Verification:
    entry = root.locate(inputs.record)
    try:
        found = known(root, entry)
    except NotFoundError:
        raise
    except LunarcloudError as error:
        # Nothing else can be checked: what there should be is said by the record alone.
        broken = Damage(what="record", key=RECORD, problem=str(error))
        return Verification(
            record=str(entry.ref), url=root.place(entry.ref).url, objects=1, shards=0, damaged=(broken,)
        )
    return verify(root, found, cluster, watch)


def _groups(home: Folder, record: Record[Any]) -> Iterator[_Shards]:
    for key, ledger_key in record.groups.items():
        ledger = Ledger(home / ledger_key.rstrip("/"))
        entries: dict[str, Entry | None] = {}
        for name, data in ledger.place.read_all().items():
            try:
                entries[f"{ledger_key}{name}"] = ledger.parse(name, data)
            except StoreError:
                entries[f"{ledger_key}{name}"] = None
        yield _Shards(home / key.rstrip("/"), ledger.place, ledger_key, entries)


def _ledger_damage(record: Record[Any], shards: _Shards) -> list[Damage]:
    readable = {key: entry for key, entry in shards.entries.items() if entry is not None}
    if unreadable := shards.entries.keys() - readable:
        return [
            Damage(what="shard", key=key, problem=f"{shards.ledger.url}: the entry {key} is damaged")
            for key in sorted(unreadable)
        ]
    if entries_digest(readable.values()) == record.ledgers[shards.ledger_key]:
        return []
    text = f"{shards.ledger.url}: the ledger is not the one that was published: entries are lost or changed"
    return [Damage(what="ledger", key=shards.ledger_key, problem=text)]


def _problem(place: Folder, key: str, expected: str) -> str:
    """What is wrong with an object; empty if nothing is."""
    try:
        data = place.read(key)
    except NotFoundError:
        return "" if expected == EMPTY else f"{place.url}/{key}: lost"
    if expected == EMPTY:
        return f"{place.url}/{key}: nothing should be there"
    found = digest(data)
    if found == expected:
        return ""
    return f"{place.url}/{key}: damaged: its digest is {found[:12]}, the record says {expected[:12]}"


def _report(found: Verification) -> Report:
    facts = {
        "record": found.record,
        "where": found.url,
        "objects read": found.objects,
        "shards": found.shards,
    }
    if not found.damaged:
        return Report({**facts, "damaged": "none"})
    problems = tuple(each.problem for each in found.damaged)
    # What is wrong with the record itself says what to do: nothing can be made again without one.
    if not any(each.what == "record" for each in found.damaged):
        problems += (f"`lunarcloud repair {found.record.rpartition('/')[2]}` makes again what is damaged",)
    return Report({**facts, "damaged": len(found.damaged)}, {}, problems)


ACTION = Action(
    name="verify",
    inputs=Name,
    result=Verification,
    act=_act,
    report=_report,
    exit_code=lambda found: int(bool(found.damaged)),
)
