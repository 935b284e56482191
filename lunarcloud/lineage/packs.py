"""Packs: entries of the catalog that left its own object, which is read and written by every publication.

Heads, and what they would be, never leave it: what `latest` means, and whether a record is outdated, is known
without a pack. A pack is named by its content, and never changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from lunarcloud.lineage.catalog import Catalog, Entry, Pack
from lunarcloud.lineage.record import FORMAT, Document, Ref
from lunarcloud.storage import digest

#: Entries of a pack, and how many that are no heads the catalog's own object keeps at least: some of them are
#: what the next command asks for.
SIZE, KEPT = 100, 50


class Packed(Document):
    """What is in a pack."""

    format: Literal[3] = FORMAT
    records: tuple[Entry, ...]


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


def split(catalog: Catalog, known: Mapping[Pack, Sequence[Entry]]) -> Split:
    """A catalog as it is to be stored.

    Parameters
    ----------
    catalog : Catalog
        After a change.
    known : mapping of Pack to sequence of Entry
        Those of its packs whose entries are among its records, unless the change removed them. All others
        stay as they are.
    """
    there, wanted = {entry.ref for entry in catalog.records}, catalog.wanted()
    older: list[Pack] = []
    made: dict[str, bytes] = {}

    def put(entries: Sequence[Entry]) -> None:
        data = Packed(records=tuple(entries)).model_dump_json().encode()
        pack = Pack(digest=digest(data), records=len(entries))
        older.append(pack)
        made[pack.key] = data

    packed: dict[Ref, Entry] = {}
    for pack in catalog.older:
        entries = known.get(pack, ())
        left = [entry for entry in entries if entry.ref in there]
        packed |= {entry.ref: entry for entry in left}
        if len(left) == len(entries):
            older.append(pack)
        elif left:
            put(left)
    own = [entry for entry in catalog.records if entry.ref in wanted or packed.get(entry.ref) != entry]
    leaving = list(_leaving([entry for entry in own if entry.ref not in wanted]))
    for entries in leaving:
        put(entries)
    gone = {entry.ref for entries in leaving for entry in entries}
    records = tuple(entry for entry in own if entry.ref not in gone)
    return Split(catalog.model_copy(update={"records": records, "older": tuple(older)}), made)


def _leaving(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """The packs that can be made of some entries: of the first ones, and each full."""
    for start in range(0, len(entries) - KEPT - SIZE + 1, SIZE):
        yield entries[start : start + SIZE]
