"""What is wanted and what is due, as functions of the catalog alone: nothing here reads or writes."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from lunarcloud.lineage import Catalog, Entry, Parent, Replay, outdated


class Plan(NamedTuple):
    """What is to be done.

    Attributes
    ----------
    before : Catalog
        What is published.
    wanted : Catalog
        The same, once the main table is what the inbox says.
    due : tuple of Replay
        What is to be made again for it, parents before children.
    """

    before: Catalog
    wanted: Catalog
    due: tuple[Replay, ...]

    @property
    def moves_stations(self) -> bool:
        """Whether another table becomes the main one."""
        return self.wanted.heads != self.before.heads

    @property
    def is_done(self) -> bool:
        """Whether all is as it should be."""
        return not self.due and not self.moves_stations


def plan_of(catalog: Catalog, main: Parent, now: datetime) -> Plan:
    """What is to be done so that everything is made of the heads, and these of a main table.

    Parameters
    ----------
    catalog : Catalog
        What is published.
    main : Parent
        The main table as it should be, published or not.
    now : datetime
        When it would be published.
    """
    wanted = catalog
    # Where nothing was ever made of a main table, none is wanted.
    if main.series in catalog.heads:
        table = catalog.get(main.ref) or Entry(
            ref=main.ref, series=main.series, process="stations", digest=main.digest, published=now, record=""
        )
        wanted = catalog.with_record(table)
    return plan_between(catalog, wanted)


def plan_between(before: Catalog, wanted: Catalog) -> Plan:
    """What is due once the heads are those that are wanted.

    Parameters
    ----------
    before, wanted : Catalog
        As it is, and as it should be.
    """
    return Plan(before, wanted, tuple(outdated(wanted.records, wanted.heads)))


def newer_parents(catalog: Catalog, entry: Entry) -> dict[str, Entry]:
    """The heads of a record's parents' series, by input, where they are not what it was made from."""
    heads = {each.series: each for each in catalog.records if catalog.is_head(each)}
    followed = entry.followed().items()
    return {
        role: heads[parent.series]
        for role, parent in followed
        if parent.series in heads and heads[parent.series].digest != parent.digest
    }


def keeping(catalog: Catalog, entry: Entry) -> Catalog:
    """The catalog as if a record had been made of the present heads: it is good enough, as is what is of it.

    Parameters
    ----------
    catalog : Catalog
        What is published.
    entry : Entry
        What is kept.
    """
    newer = {role: each.as_parent() for role, each in newer_parents(catalog, entry).items()}
    kept = entry.model_copy(update={"parents": {**entry.parents, **newer}})
    records = tuple(kept if each.ref == entry.ref else each for each in catalog.records)
    return catalog.model_copy(update={"records": records})


def latest(catalog: Catalog, kind: str) -> Entry | None:
    """What ``latest`` of a kind means, if anything."""
    return catalog.find(kind) if kind in catalog.main else None
