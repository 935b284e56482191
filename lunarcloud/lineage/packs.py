"""Packs: what left the catalog's own object, which is read and written by every publication.

There are two kinds. Older entries leave some at a time, in the order of publication. Of series that were not
made for long, the heads rest: by how the names of the series begin, so that a publication reads and writes
the few packs of the series that it is about, however many there are. A pack is named by its content, and
never changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from lunarcloud.lineage.catalog import Catalog, Entry, Head, Pack, Packed
from lunarcloud.lineage.record import Ref
from lunarcloud.storage import digest

#: Entries of a pack, and how many that are no heads the catalog's own object keeps at least: some of them are
#: what the next command asks for.
SIZE, KEPT = 50, 50
#: Series, the ones made last, whose heads it keeps besides what `latest` means of each kind.
ACTIVE = 50
#: Digits of a series' name that say in which pack its head rests: of ten thousand, 40 are in each.
DIGITS = 2


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
    names = {each[:DIGITS] for each in series}
    return {pack for name, pack in catalog.resting.items() if name in names}


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
        data = Packed(records=tuple(records), heads=dict(heads)).model_dump_json().encode()
        pack = Pack(digest=digest(data), records=len(records))
        if pack not in known:
            made[pack.key] = data
        return pack

    there, wanted, away = {entry.ref for entry in catalog.records}, catalog.wanted(), leaving(catalog)
    by_name: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in catalog.records:
        if entry.ref in wanted and entry.series in away:
            by_name[entry.series[:DIGITS]].append(entry)
    resting = {name: pack for name, pack in catalog.resting.items() if pack not in known}
    for name, heads in by_name.items():
        resting[name] = put(heads, {entry.series: catalog.heads[entry.series] for entry in heads})

    older: list[Pack] = []
    packed: dict[Ref, Entry] = {}
    for pack in catalog.older:
        entries = known[pack].records if pack in known else ()
        left = [entry for entry in entries if entry.ref in there]
        packed |= {entry.ref: entry for entry in left}
        if len(left) == len(entries):
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


def _full(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """The packs that can be made of some entries: of the first ones, and each full."""
    for start in range(0, len(entries) - KEPT - SIZE + 1, SIZE):
        yield entries[start : start + SIZE]
