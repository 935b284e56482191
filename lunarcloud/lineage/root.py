"""A root: where records are, which are published, and which is the head; the only way to publish."""

import json
import os
import re
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache, partial, reduce
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from lunarcloud.errors import LunarcloudError, NotFoundError, StoreError
from lunarcloud.lineage.catalog import LATEST, PACKS, Catalog, Entry, Pack, Packed
from lunarcloud.lineage.packs import Split, leaving, of_series, split
from lunarcloud.lineage.record import FORMAT, Record, Ref
from lunarcloud.redaction import without_credentials
from lunarcloud.storage import (
    RECORD,
    Folder,
    digest,
    folder,
    local_path,
    parse_document,
    problem_of,
    read_document,
)

CATALOG = "catalog.json"
# Packs that are read at once, and how many are held: they never change.
_AT_ONCE, _HELD = 16, 1024
# The name of one record and no other, as it is typed.
_WHOLE = re.compile(r"[a-z]+/[0-9a-f]{16}")
_RESTORE = "restore it from a copy; what `latest` means is found without it"

T = TypeVar("T")
CardT = TypeVar("CardT", bound=BaseModel)


class _OfSeries(BaseModel):
    """Of a record whose card may be of any kind."""

    series: str


@dataclass(frozen=True, slots=True)
class Root:
    """A root; small and picklable. Make one with `open_root`."""

    folder: Folder
    #: The catalog's own object as `snapshot` read it; without one it is read whenever it is asked for.
    seen: Catalog | None = None
    #: Whether what is published moves no head: see `aside`.
    heads_stay: bool = False

    @property
    def url(self) -> str:
        """Path or URL of the root."""
        return self.folder.url

    def place(self, ref: Ref) -> Folder:
        """The folder of a record, with all that it made."""
        return self.folder / ref.path

    def catalog(self) -> Catalog:
        """Everything published; empty if nothing was yet.

        Raises
        ------
        StoreError
            If the catalog is damaged, or of another format.
        """
        return self._steady(self.recent(), lambda own: self._joined(own, own.packs()))

    def heads(self) -> Catalog:
        """All heads, and what was published last.

        Raises
        ------
        StoreError
            If the catalog is damaged, or of another format.
        """
        return self._steady(self.recent(), lambda own: self._joined(own, own.resting.values()))

    def head(self, series: str) -> Entry | None:
        """The head of a series, if there is such a series."""
        catalog = self._steady(self.recent(), lambda own: self._joined(own, _resting(own, (series,))))
        head = catalog.heads.get(series)
        return next(
            (each for each in catalog.records if head and (each.series, each.ref.id) == (series, head.id)),
            None,
        )

    def recent(self) -> Catalog:
        """What was published last, and heads, those made last: a small object, however much is published.

        Raises
        ------
        StoreError
            If the catalog is damaged, or of another format.
        """
        if self.seen is not None:
            return self.seen
        try:
            return self._parsed(self.folder.read(CATALOG))
        except NotFoundError:
            return Catalog()

    def snapshot(self) -> "Root":
        """The root as it is now: its catalog is read once, and again only where a pack of it was replaced.

        What is published through it is published as ever, and seen by its next snapshot.
        """
        return replace(self, seen=replace(self, seen=None).recent())

    def aside(self) -> "Root":
        """The root, with no head moved by what is published through it, until `advance` moves all at once."""
        return replace(self, heads_stay=True)

    def find(self, kind: str, name: str = LATEST) -> Entry:
        """A published record: see `Catalog.find`."""
        now = replace(self, seen=self.recent())
        # A whole id goes before all other names, and the record says where its entry is.
        entry = now.get(Ref(kind=kind, id=name)) if _WHOLE.fullmatch(f"{kind}/{name}") else None
        return entry or now._sought(name, lambda catalog: catalog.find(kind, name))

    def locate(self, name: str) -> Entry:
        """A published record of any kind: see `Catalog.locate`."""
        kind, slash, rest = name.partition("/")
        return self.find(kind, rest) if slash else self._sought(name, lambda catalog: catalog.locate(name))

    def get(self, ref: Ref) -> Entry | None:
        """The entry of a record, if it is published."""
        recent = self.recent()
        found = recent.get(ref)
        if found is not None or not recent.packs():
            return found
        # What is in a pack has a record too, and most of what is asked for and not found here has none.
        try:
            series = read_document(self.place(ref), RECORD, _OfSeries).series
        except NotFoundError:
            return None
        except StoreError:
            series = ""
        heads = self._steady(recent, lambda own: self._joined(own, _resting(own, (series,))))
        return heads.get(ref) or replace(self, seen=recent).catalog().get(ref)

    def record(self, entry: Entry, card: type[CardT]) -> Record[CardT]:
        """A published record with its card, checked against the catalog.

        Raises
        ------
        StoreError
            If it is damaged or not the one that was published.
        """
        place = self.place(entry.ref)
        data = place.read(RECORD)
        found = digest(data)
        if found != entry.record:
            raise StoreError(
                f"{place.url}/{RECORD} is not the record that was published (digest {found[:12]}, "
                f"the catalog says {entry.record[:12]}): restore it from a copy, or remove {entry.ref} and "
                "run its command again"
            )
        return parse_document(data, f"{place.url}/{RECORD}", Record[card])  # type: ignore[valid-type]  # the card's type is known at run time

    def finished(self, ref: Ref, card: type[CardT]) -> Record[CardT]:
        """The record in a folder that is whole, published or not yet: no catalog has vouched for it.

        Raises
        ------
        NotFoundError
            If the folder is not whole.
        StoreError
            If the record is damaged.
        """
        place = self.place(ref)
        return parse_document(place.read(RECORD), f"{place.url}/{RECORD}", Record[card])  # type: ignore[valid-type]  # the card's type is known at run time

    def publish(self, record: Record[CardT]) -> Entry:
        """Make a finished record visible, atomically; one that is published already only becomes the head.

        Whoever else publishes at the same time, no record is lost: the first of several who finish the same
        one says what it is, for the others left its folder as it was.

        Raises
        ------
        StoreError
            If the record that was there first is damaged.
        """
        place = self.place(record.ref)
        is_new = place.create(RECORD, record.dump())
        stored = place.read(RECORD)
        record = parse_document(stored, f"{place.url}/{RECORD}", type(record))
        entry = Entry(
            ref=record.ref,
            label=record.label,
            series=record.series,
            process=record.process,
            digest=record.digest,
            parents=record.given.parents,
            published=datetime.now(UTC),
            record=digest(stored),
            facts=record.facts,
            notes=record.given.notes,
        )
        add = Catalog.with_record_aside if self.heads_stay else Catalog.with_record
        needs = self._around if is_new else self._known
        grown = self._changed(lambda catalog: add(catalog, entry), partial(needs, (entry,)))
        return grown.find(record.ref.kind, record.ref.id)

    def republish(self, entry: Entry) -> Catalog:
        """Make a published record the head of its series again, if its parents are heads."""
        return self.recent() if self.heads_stay else self.advance((entry,))

    def advance(self, entries: Iterable[Entry]) -> Catalog:
        """Make published records the heads of their series, all in one step; a pinned head stays.

        Parameters
        ----------
        entries : iterable of Entry
            Parents before children: each becomes the head if its parents are heads by then.
        """
        wanted = tuple(entries)

        def advanced(present: Catalog) -> Catalog:
            return reduce(Catalog.with_record, wanted, present)

        known = partial(self._known, wanted)
        catalog = self._steady(self.recent(), lambda own: self._joined(own, known(own)))
        return catalog if advanced(catalog) == catalog else self._changed(advanced, known)

    def promote(self, entry: Entry) -> Catalog:
        """Make ``latest`` of its kind mean a record, until the next promotion."""
        return self._changed(lambda catalog: catalog.with_head(entry))

    def retract(self, entry: Entry, reason: str) -> Catalog:
        """Keep a record that shall never be a head again: see `Catalog.without_trust`.

        Parameters
        ----------
        entry : Entry
            Which.
        reason : str
            Why, for people.
        """
        return self._changed(lambda catalog: catalog.without_trust(entry, reason))

    def unpin(self, entry: Entry) -> Catalog:
        """Let the head of a record's series follow what is published again."""
        return self._changed(lambda catalog: catalog.unpinned(entry))

    def remove(self, entry: Entry) -> None:
        """Remove a record and all that it made; it is invisible before its first object goes.

        That is its record, so that what is left after a stop is not taken for a whole one.

        Raises
        ------
        InputError
            If another record was made from it.
        """
        self._changed(lambda catalog: catalog.without(entry))
        place = self.place(entry.ref)
        place.remove(RECORD)
        place.remove_all()

    def unnamed(self) -> list[str]:
        """Keys of packs that the catalog does not name: commands that were killed leave them."""
        keys = self.folder.keys(PACKS)
        return sorted(set(keys) - {pack.key for pack in self.recent().packs()})

    def relative(self, url: str) -> str:
        """A place as it is stored: relative to the root where it lies near it, without credentials."""
        if "://" in url:
            return without_credentials(url)
        home, path = Path(self.url), Path(os.path.normpath(local_path(url)))
        if "://" not in self.url and path.is_relative_to(home.parent):
            near = os.path.relpath(path, home)
            return near if near.startswith("..") else f"./{near}"
        return str(path)

    def absolute(self, url: str) -> str:
        """The place that `relative` stored, seen from here; anything else as it is."""
        if not url.startswith(("./", "../")):
            return url
        return os.path.normpath(Path(self.url) / url)

    def _sought(self, name: str, find: Callable[[Catalog], Entry]) -> Entry:
        """What a name means, without packs where these can say nothing else."""
        recent = self.recent()
        if not recent.packs():
            return find(recent)
        with suppress(NotFoundError):
            entry = find(recent)
            # A whole id is one record's.
            if name == entry.ref.id or (name in (LATEST, entry.ref.kind) and recent.is_head(entry)):
                return entry
        now = replace(self, seen=recent)
        with suppress(NotFoundError):
            heads = now.heads()
            entry = find(heads)
            # Of all with a label the head is meant.
            if name == entry.ref.id or (name == entry.label and heads.is_head(entry)):
                return entry
        return find(now.catalog())

    def _changed(
        self,
        change: Callable[[Catalog], Catalog],
        needs: Callable[[Catalog], Collection[Pack]] = Catalog.packs,
    ) -> Catalog:
        """Store the catalog after a change, and give it with what it was joined with.

        What the change needs of packs is joined first: all, where nothing is said.
        """
        changed, named = Catalog(), set[Pack]()
        # Keys of what is of no use once the change is stored: what it replaced, and packs of lost races.
        left = set[str]()

        def drawn(own: Catalog) -> Split:
            nonlocal changed
            packs = set(needs(own))
            while True:
                known = self._read(own, packs)
                changed = change(own.with_packed(known.values()))
                # What leaves the own object goes to those that rest already.
                more = of_series(changed, leaving(changed)) - packs
                if not more:
                    return split(changed, known)
                packs |= more

        def rewritten(present: bytes | None) -> bytes:
            own = Catalog() if present is None else self._parsed(present)
            stored, packs = self._steady(own, drawn)
            for key, data in packs.items():
                self.folder.write(key, data)
            left.update(packs, (pack.key for pack in own.packs()))
            named.clear()
            named.update(stored.packs())
            return stored.model_dump_json().encode()

        self.folder.update(CATALOG, rewritten)
        for key in left - {pack.key for pack in named}:
            # The change is stored; `prune` takes away what is not away yet.
            with suppress(LunarcloudError):
                self.folder.remove(key)
        return changed

    def _around(self, entries: Iterable[Entry], own: Catalog) -> Collection[Pack]:
        """The packs with heads of the series of some entries, and of those that these were made from."""
        given = ({entry.series, *(each.series for each in entry.parents.values())} for entry in entries)
        return _resting(own, set[str]().union(*given))

    def _known(self, entries: Iterable[Entry], own: Catalog) -> Collection[Pack]:
        """The same, or all packs if one of some published records is elsewhere."""
        packs = self._around(entries, own)
        catalog = self._joined(own, packs)
        return packs if all(catalog.get(entry.ref) for entry in entries) else own.packs()

    def _joined(self, own: Catalog, packs: Collection[Pack]) -> Catalog:
        """The catalog with what some of its packs hold."""
        return own.with_packed(self._read(own, packs).values()) if packs else own

    def _read(self, own: Catalog, packs: Collection[Pack]) -> dict[Pack, Packed]:
        """What some packs of a catalog hold, in their order: the last one counts of what is in two."""
        wanted = set(packs)
        ordered = [pack for pack in own.packs() if pack in wanted]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return dict(zip(ordered, pool.map(partial(_packed, self.url), ordered), strict=True))

    def _steady(self, own: Catalog, look: Callable[[Catalog], T]) -> T:
        """What a look at the catalog and at packs gives, though others may be replaced meanwhile."""
        try:
            return look(own)
        except StoreError:
            now = replace(self, seen=None).recent()
            if now.packs() == own.packs():
                raise
            return self._steady(now, look)

    def _parsed(self, data: bytes) -> Catalog:
        try:
            return Catalog.model_validate_json(data)
        except ValidationError as error:
            raise StoreError(_damaged(f"{self.url}/{CATALOG}", data, error)) from error


def open_root(url: str | os.PathLike[str]) -> Root:
    """The root of a folder or URL; nothing is read yet.

    Raises
    ------
    StoreError
        For a protocol that is not known.
    """
    return Root(folder(url))


def _resting(own: Catalog, series: Iterable[str]) -> Collection[Pack]:
    """The packs in which the heads of some series rest, as far as the catalog's own object has them not."""
    return of_series(own, set(series) - own.heads.keys())


@lru_cache(_HELD)
def _packed(url: str, pack: Pack) -> Packed:
    """What a pack of a root holds.

    Raises
    ------
    StoreError
        If it is lost or damaged.
    """
    where = f"{url}/{pack.key}"
    try:
        data = folder(url).read(pack.key)
    except NotFoundError as error:
        raise StoreError(f"{where} is lost, and with it {pack.records} records: {_RESTORE}") from error
    if digest(data) != pack.digest:
        raise StoreError(f"{where} is not what {CATALOG} says: {_RESTORE}")
    return parse_document(data, where, Packed)


def _damaged(where: str, data: bytes, error: ValidationError) -> str:
    try:
        found = json.loads(data)
    except ValueError:
        found = None
    # The first layout's catalog held entries and no format.
    if isinstance(found, dict) and found.get("format", 1) != FORMAT:
        return (
            f"{where} is of format {found.get('format', 1)!r}; this version reads format {FORMAT}: "
            "use another root, or the version of lunarcloud that wrote it"
        )
    return f"{where} {problem_of(error)}"
