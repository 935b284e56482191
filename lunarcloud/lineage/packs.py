"""Packs: what left the catalog's own object, which is read and written by every publication.

There are two kinds. Older entries leave some at a time, in the order of publication. Of series that were
not made for long, the heads rest: by how the names of the series begin, so that a publication reads and
writes the few packs of the series that it is about, however many there are. A pack never changes; what
replaces one has another name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from uuid import uuid4

from lunarcloud.lineage.catalog import Catalog, Entry, Head, Pack, Packed
from lunarcloud.lineage.record import Ref
from lunarcloud.storage import digest

#: Entries of a pack, and how many that are no heads the catalog's own object keeps at least: some of them are
#: what the next command asks for.
SIZE, KEPT = 50, 50
#: Series, the ones made last, whose heads it keeps besides what `latest` means of each kind.
ACTIVE = 50
#: Entries that a pack of heads has at most: of more, several are made, by one more digit of their series.
MOST = 64


class Split(NamedTuple):
    """A catalog as it is stored.

    Attributes
    ----------
    own : Catalog
        What its own object says.
    packs : dict of str to bytes
        Packs that are new, by key.
    """

    own: Catalog
    packs: dict[str, bytes]


def of_series(catalog: Catalog, series: Iterable[str]) -> set[Pack]:
    """The packs in which the heads of some series rest, or would."""
    names = _names(series, catalog.resting).values()
    return {catalog.resting[name] for name in names if name in catalog.resting}


def leaving(catalog: Catalog) -> set[str]:
    """Those of a catalog's series whose heads do not belong in its own object."""
    wanted = catalog.wanted()
    newest = dict.fromkeys(entry.series for entry in reversed(catalog.records) if entry.ref in wanted)
    active = {*list(newest)[:ACTIVE], *catalog.main.values()}
    return {series for series in catalog.heads if series not in active}


def split(catalog: Catalog, known: Mapping[Pack, Packed]) -> Split:
    """A catalog as it is to be stored.

    Parameters
    ----------
    catalog : Catalog
        After a change.
    known : mapping of Pack to Packed
        Those of its packs that are in it, unless the change removed what they hold: all, or at least those of
        the series that leave it. Others stay as they are.
    """
    made: dict[str, bytes] = {}

    def put(records: Sequence[Entry], heads: Mapping[str, Head]) -> Pack:
        # Named by what it holds alone, one that comes back could be removed as the one that was replaced.
        packed = Packed(records=tuple(records), heads=dict(heads), mark=uuid4().hex)
        data = packed.model_dump_json().encode()
        pack = Pack(digest=digest(data), records=len(records))
        made[pack.key] = data
        return pack

    there, wanted, away = {entry.ref for entry in catalog.records}, catalog.wanted(), leaving(catalog)
    at_rest = [entry for entry in catalog.records if entry.ref in wanted and entry.series in away]
    resting = {name: pack for name, pack in catalog.resting.items() if pack not in known}
    for name, entries in _by_name(at_rest, catalog.resting):
        heads = {entry.series: catalog.heads[entry.series] for entry in entries}
        before = catalog.resting.get(name)
        is_there = before and (known[before].records, known[before].heads) == (tuple(entries), heads)
        resting[name] = before if before and is_there else put(entries, heads)

    older: list[Pack] = []
    packed: dict[Ref, Entry] = {}
    for pack in catalog.older:
        records = known[pack].records if pack in known else ()
        left = [entry for entry in records if entry.ref in there]
        packed |= {entry.ref: entry for entry in left}
        if len(left) == len(records):
            older.append(pack)
        elif left:
            older.append(put(left, {}))
    others = [
        entry for entry in catalog.records if entry.ref not in wanted and packed.get(entry.ref) != entry
    ]
    staying = {entry.ref for entry in others}
    for full in _full(others):
        older.append(put(full, {}))
        staying -= {entry.ref for entry in full}
    staying |= {entry.ref for entry in catalog.records if entry.ref in wanted and entry.series not in away}
    changed = {
        "records": tuple(entry for entry in catalog.records if entry.ref in staying),
        "older": tuple(older),
        "resting": dict(sorted(resting.items())),
        "heads": {series: head for series, head in catalog.heads.items() if series not in away},
    }
    return Split(catalog.model_copy(update=changed), made)


def _names(series: Iterable[str], names: Collection[str]) -> dict[str, str]:
    """The pack of each of some series: how its name begins, as one there is is called, or none."""
    divided = {name[:length] for name in names for length in range(1, len(name))}

    def name_of(one: str) -> str:
        begins = (one[:length] for length in range(1, len(one)))
        return next((name for name in begins if name not in divided), one)

    return {each: name_of(each) for each in series}


def _by_name(entries: Iterable[Entry], names: Collection[str]) -> Iterator[tuple[str, list[Entry]]]:
    """Entries by the packs that they rest in, of which some are there."""
    of, groups = _names((entry.series for entry in entries), names), defaultdict[str, list[Entry]](list)
    for entry in entries:
        groups[of[entry.series]].append(entry)
    for name, group in groups.items():
        yield from _divided(name, group)


def _divided(name: str, entries: list[Entry]) -> Iterator[tuple[str, list[Entry]]]:
    """A pack, or what is too much for one by one more digit."""
    if len(entries) <= MOST:
        yield name, entries
        return
    parts = defaultdict[str, list[Entry]](list)
    for entry in entries:
        parts[entry.series[: len(name) + 1]].append(entry)
    for part, group in parts.items():
        yield from _divided(part, group)


def _full(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """The packs that can be made of some entries: of the first ones, and each full."""
    for start in range(0, len(entries) - KEPT - SIZE + 1, SIZE):
        yield entries[start : start + SIZE]
