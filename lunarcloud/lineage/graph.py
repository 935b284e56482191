"""What is outdated, and what nobody needs: pure functions of the catalog's lines and heads."""

from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter
from typing import NamedTuple

from lunarcloud.lineage.catalog import Entry, Head


class Replay(NamedTuple):
    """A series to be made again.

    Attributes
    ----------
    entry : Entry
        Its present record: its inputs are those to be used again.
    changed : tuple of str
        Inputs whose parents have other heads, or will have.
    """

    entry: Entry
    changed: tuple[str, ...]


def outdated(records: Iterable[Entry], heads: Mapping[str, Head]) -> list[Replay]:
    """Every series whose record was made from what are no longer the heads of its parents' series.

    Parameters
    ----------
    records : iterable of Entry
        All published records.
    heads : mapping of str to Head
        By series.

    Returns
    -------
    list of Replay
        Each series at most once, parents before children. A series with a pinned head is made again, but does
        not make others outdated: its head does not move.
    """
    by_ref = {entry.ref: entry for entry in records}
    newest = {
        entry.series: entry
        for entry in by_ref.values()
        if entry.series in heads and heads[entry.series].desired == entry.ref.id
    }
    digests = {
        entry.series: entry.digest
        for entry in by_ref.values()
        if entry.series in heads and heads[entry.series].id == entry.ref.id
    }
    stale: dict[str, bool] = {}
    plan: list[Replay] = []

    def visit(series: str) -> bool:
        """Whether the head of a series will move; whatever it is made from is visited before."""
        if series not in newest:
            return False
        if series not in stale:
            entry = newest[series]
            changed = tuple(
                role
                for role, parent in sorted(entry.followed().items())
                # Both are asked: a parent is visited even where its head is another one already.
                if visit(parent.series) | (digests.get(parent.series, parent.digest) != parent.digest)
            )
            stale[series] = bool(changed)
            if changed:
                plan.append(Replay(entry, changed))
        return stale[series] and not heads[series].pinned

    for series in sorted(newest, key=lambda each: (newest[each].published, each)):
        visit(series)
    return plan


def unneeded(records: Iterable[Entry], heads: Mapping[str, Head]) -> list[Entry]:
    """The records that are neither a head nor what a head was made from, children before parents."""
    ordered = _parents_first(records)
    by_ref = {entry.ref: entry for entry in ordered}
    needed = {
        entry.ref
        for entry in ordered
        if entry.series in heads and entry.ref.id in (heads[entry.series].id, heads[entry.series].desired)
    }
    for entry in reversed(ordered):
        if entry.ref in needed:
            needed |= {parent.ref for parent in entry.parents.values() if parent.ref in by_ref}
    return [entry for entry in reversed(ordered) if entry.ref not in needed]


def _parents_first(records: Iterable[Entry]) -> list[Entry]:
    """Records in an order in which each comes after what it was made from."""
    by_ref = {entry.ref: entry for entry in records}
    sorter = TopologicalSorter(
        {ref: {parent.ref for parent in entry.parents.values()} for ref, entry in by_ref.items()}
    )
    return [by_ref[ref] for ref in sorter.static_order() if ref in by_ref]
