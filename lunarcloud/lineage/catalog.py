"""The catalog: every published record in a line, the head of each series, the main series of each kind.

Pure: a catalog is a value, and each change gives another one. `Root` stores it by compare-and-swap; of many
records its own object holds the last ones, and names packs of the others (see `packs.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal, Self

from pydantic import Field, model_validator

from lunarcloud.errors import InputError, NotFoundError
from lunarcloud.lineage.record import FORMAT, Document, Parent, Ref

LATEST = "latest"
#: The folder of packs, under the root.
PACKS = "catalog"
# Records that a message names.
_SHOWN = 8
# What is published after another one is so by its time too, which says the order of what is read from packs.
_MOMENT = timedelta(microseconds=1)


class Entry(Document):
    """One published record in a line: what lists, lookups and lineage need without opening it.

    Attributes
    ----------
    ref, label, series, process, digest, parents
        As in the `Record`.
    published : datetime
        When it was published first.
    record : str
        SHA-256 of its ``record.json``.
    facts : dict
        A few words for lists: pixels per degree, accuracy, what it is about.
    notes : tuple of str
        As in what the record was given, for whatever is made from it.
    """

    ref: Ref
    label: str = ""
    series: str
    process: str
    digest: str
    parents: dict[str, Parent] = Field(default_factory=dict)
    published: datetime
    record: str
    facts: dict[str, str] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def as_parent(self) -> Parent:
        """The record, as what another is made from."""
        return Parent(ref=self.ref, digest=self.digest, series=self.series)

    def followed(self) -> dict[str, Parent]:
        """The parents whose newer heads outdate the record.

        Two of one series are not: what compares two versions of a thing is about these versions.
        """
        series = [parent.series for parent in self.parents.values()]
        return {role: each for role, each in self.parents.items() if series.count(each.series) == 1}


class Head(Document):
    """The record of a series that ``latest`` means.

    Attributes
    ----------
    id : str
        Which.
    desired : str
        The one that publishing would have made the head: another only where a person pinned an older one, or
        retracted this one.
    pinned : bool
        Whether a person holds the head where it is.
    """

    id: str
    desired: str
    pinned: bool = False


class Pack(Document):
    """Entries that are in an object of their own, which never changes.

    Attributes
    ----------
    digest : str
        SHA-256 of the object.
    records : int
        How many it has.
    """

    digest: str
    records: int

    @property
    def key(self) -> str:
        """The object, relative to the root."""
        return f"{PACKS}/{self.digest[:16]}.json"


class Part(Document):
    """Some records and heads."""

    format: Literal[3] = FORMAT
    records: tuple[Entry, ...] = ()
    heads: dict[str, Head] = Field(default_factory=dict, description="by series")


class Packed(Part):
    """What is in a pack."""

    mark: str = Field(default="", description="unlike that of any other pack")


class Catalog(Part):
    """Everything published under a root, in the order of publication; or what its own object says of that.

    The latter has what was published last, and the heads of series that were made last; others are in packs.
    """

    older: tuple[Pack, ...] = Field(
        default=(), description="packs of further records, each in the order of publication"
    )
    resting: dict[str, Pack] = Field(
        default_factory=dict, description="packs of further heads, by how the names of their series begin"
    )
    main: dict[str, str] = Field(default_factory=dict, description="series that 'latest' means, by kind")
    retracted: dict[str, str] = Field(default_factory=dict, description="why, by kind/id; never a head")

    @model_validator(mode="after")
    def _require_heads(self) -> Self:
        there = {(entry.series, entry.ref.id) for entry in self.records}
        lost = [series for series, head in self.heads.items() if (series, head.id) not in there]
        lost += [series for series in self.main.values() if series not in self.heads]
        if lost:
            raise ValueError(f"the head of series {lost[0]} is not among the records")
        return self

    def with_packed(self, packed: Iterable[Packed]) -> Catalog:
        """The catalog with what some of its packs hold."""
        # A record that became a head again is in two of them.
        parts: tuple[Part, ...] = (*packed, self)
        known = {entry.ref: entry for each in parts for entry in each.records}
        heads = {series: head for each in parts for series, head in each.heads.items()}
        records = sorted(known.values(), key=lambda entry: entry.published)
        return self.model_copy(update={"records": tuple(records), "heads": heads})

    def packs(self) -> tuple[Pack, ...]:
        """All packs that it names."""
        return (*self.older, *self.resting.values())

    def wanted(self) -> set[Ref]:
        """The records that are heads of their series, or would be if no other were held there."""
        names = {(series, name) for series, head in self.heads.items() for name in (head.id, head.desired)}
        return {entry.ref for entry in self.records if (entry.series, entry.ref.id) in names}

    def of(self, kind: str | None = None) -> list[Entry]:
        """All records of a kind, or of all kinds, the latest published last."""
        return [entry for entry in self.records if kind in (None, entry.ref.kind)]

    def get(self, ref: Ref) -> Entry | None:
        """The entry of a record, if it is published."""
        return next((entry for entry in self.records if entry.ref == ref), None)

    def find(self, kind: str, name: str = LATEST) -> Entry:
        """One record by its id, by an unmistakable beginning of it, by its label, or the latest of its kind.

        Raises
        ------
        NotFoundError
            If there is none, or several fit.
        """
        known = self.of(kind)
        if name == LATEST:
            return self._latest(kind)
        fitting = self._named(known, name)
        if len(fitting) != 1:
            ids = ", ".join(_shown(entry) for entry in known[-_SHOWN:]) or "none"
            more = (
                f"; {len(known) - _SHOWN} older ones: `lunarcloud list --all`" if len(known) > _SHOWN else ""
            )
            raise NotFoundError(f"{kind} {name!r}: {len(fitting)} of that name (there are: {ids}{more})")
        return fitting[0]

    def locate(self, name: str) -> Entry:
        """One record of any kind: ``KIND/ID``, ``KIND/latest``, or as in `find` over all kinds.

        Raises
        ------
        NotFoundError
            If there is none, or several fit.
        """
        kind, slash, rest = name.partition("/")
        if slash:
            return self.find(kind, rest)
        if name in {entry.ref.kind for entry in self.records}:
            return self.find(name)
        fitting = self._named(self.records, name)
        if len(fitting) != 1:
            raise NotFoundError(
                f"record {name!r}: {len(fitting)} of that name; `lunarcloud list --all` shows all ids, "
                "KIND/latest means the latest of a kind"
            )
        return fitting[0]

    def with_record(self, entry: Entry) -> Catalog:
        """The catalog with one more record, which becomes the head of its series if its parents are heads.

        A record that is there already keeps its entry; it becomes the head again.
        """
        records = self._records_with(entry)
        heads = dict(self.heads)
        head = heads.get(entry.series)
        if head is None:
            heads[entry.series] = Head(id=entry.ref.id, desired=entry.ref.id)
        elif self._is_current(entry):
            stays = head.pinned or self.is_retracted(entry)
            moved = {"desired": entry.ref.id, **({} if stays else {"id": entry.ref.id})}
            heads[entry.series] = head.model_copy(update=moved)
        main = {entry.ref.kind: entry.series, **self.main}
        return self.model_copy(update={"records": records, "heads": heads, "main": main})

    def with_record_aside(self, entry: Entry) -> Catalog:
        """The catalog with one more record and the same heads; only a series that has none gets one."""
        if entry.series not in self.heads:
            return self.with_record(entry)
        return self.model_copy(update={"records": self._records_with(entry)})

    def with_head(self, entry: Entry) -> Catalog:
        """The catalog in which ``latest`` of its kind means a record.

        It stays the head of its series until the next promotion, whatever is published meanwhile.

        Raises
        ------
        InputError
            If it was retracted.
        """
        if self.is_retracted(entry):
            raise InputError(f"{entry.ref} was retracted: {self.retracted[str(entry.ref)]}")
        head = Head(id=entry.ref.id, desired=self.heads[entry.series].desired, pinned=True)
        main = {**self.main, entry.ref.kind: entry.series}
        return self.model_copy(update={"heads": {**self.heads, entry.series: head}, "main": main})

    def unpinned(self, entry: Entry) -> Catalog:
        """The catalog in which the head of a record's series is the desired one again."""
        desired = self.heads[entry.series].desired
        head = Head(id=self._standing(entry.series, desired), desired=desired)
        return self.model_copy(update={"heads": {**self.heads, entry.series: head}})

    def without_trust(self, entry: Entry, reason: str) -> Catalog:
        """The catalog that keeps a record which is never a head again.

        Parameters
        ----------
        entry : Entry
            Which.
        reason : str
            Why, for people.

        Raises
        ------
        InputError
            If it is the only one of its series that could be the head.
        """
        retracted = {**self.retracted, str(entry.ref): reason}
        catalog, head = self.model_copy(update={"retracted": retracted}), self.heads[entry.series]
        if head.id != entry.ref.id:
            return catalog
        if not catalog._standing_of(entry.series):
            raise InputError(
                f"{entry.ref} is the only record of its series that can be its head: make another first, or "
                f"`lunarcloud remove {entry.ref.id}`"
            )
        standing = Head(id=catalog._standing(entry.series, head.desired), desired=head.desired)
        return catalog.model_copy(update={"heads": {**self.heads, entry.series: standing}})

    def without(self, entry: Entry) -> Catalog:
        """The catalog without a record.

        Raises
        ------
        InputError
            If another record was made from it.
        """
        children = [each for each in self.records if entry.ref in {p.ref for p in each.parents.values()}]
        if children:
            names = ", ".join(str(child.ref) for child in children[:_SHOWN])
            more = f" and {len(children) - _SHOWN} more" if len(children) > _SHOWN else ""
            raise InputError(
                f"{entry.ref} cannot be removed: {names}{more} were made from it; remove these first"
            )
        records = tuple(each for each in self.records if each.ref != entry.ref)
        left = [each for each in records if each.series == entry.series]
        if left and all(map(self.is_retracted, left)):
            raise InputError(
                f"{entry.ref} cannot be removed: all others of its series were retracted; remove these first"
            )
        # Made again, it is another one: who distrusted the first looks at it anew.
        distrusted = {name: why for name, why in self.retracted.items() if name != str(entry.ref)}
        changed = {"records": records, "heads": self._heads_of(records), "main": self._main_of(records)}
        return self.model_copy(update={**changed, "retracted": distrusted})

    def is_head(self, entry: Entry) -> bool:
        """Whether a record is what ``latest`` means in its series."""
        head = self.heads.get(entry.series)
        return head is not None and head.id == entry.ref.id

    def is_retracted(self, entry: Entry) -> bool:
        """Whether somebody said that a record must not be used any more."""
        return str(entry.ref) in self.retracted

    def is_latest(self, entry: Entry) -> bool:
        """Whether a record is what ``latest`` means of its kind."""
        return self.main.get(entry.ref.kind) == entry.series and self.is_head(entry)

    def _records_with(self, entry: Entry) -> tuple[Entry, ...]:
        """The records, and at their end one that is not among them, however slow the clock that it has."""
        if self.get(entry.ref):
            return self.records
        after = max((entry.published, *(each.published + _MOMENT for each in self.records[-1:])))
        return (*self.records, entry.model_copy(update={"published": after}))

    def _named(self, known: Sequence[Entry], name: str) -> list[Entry]:
        """The records that a name means: an id goes before a label, that before the beginning of an id.

        Of a series made again, all records have the same label: it means the head.
        """
        exact = [entry for entry in known if name == entry.ref.id]
        labelled = [entry for entry in known if name and name == entry.label]
        heads = [entry for entry in labelled if self.is_head(entry)]
        begun = [entry for entry in known if name and entry.ref.id.startswith(name)]
        return exact or heads or labelled or begun

    def _latest(self, kind: str) -> Entry:
        series = self.main.get(kind)
        if series is None:
            raise NotFoundError(f"{kind} 'latest': none is published yet under this root")
        return self._head(series)

    def _is_current(self, entry: Entry) -> bool:
        """Whether all parents of a record are heads; one that is not under this root cannot be outdated."""
        return all(
            self._head(parent.series).digest == parent.digest
            for parent in entry.followed().values()
            if parent.series in self.heads
        )

    def _standing_of(self, series: str) -> list[str]:
        """Ids of the records of a series that can be its head, the last published last."""
        mine = (each for each in self.records if each.series == series)
        return [each.ref.id for each in mine if not self.is_retracted(each)]

    def _standing(self, series: str, wanted: str) -> str:
        """The record that is wanted as the head of a series, or the last published if that was retracted."""
        can_be = self._standing_of(series)
        return wanted if wanted in can_be else can_be[-1]

    def _head(self, series: str) -> Entry:
        head = self.heads[series].id
        return next(each for each in self.records if (each.series, each.ref.id) == (series, head))

    def _heads_of(self, records: tuple[Entry, ...]) -> dict[str, Head]:
        """The heads that are left; a series that lost its head goes back to its last published record."""
        standing = [entry for entry in records if not self.is_retracted(entry)]
        last = {entry.series: entry.ref.id for entry in standing}
        left, can_be = ({entry.ref.id for entry in some} for some in (records, standing))

        def moved(series: str, head: Head) -> Head:
            desired = head.desired if head.desired in left else last[series]
            if head.id in left:
                return head.model_copy(update={"desired": desired})
            return Head(id=desired if desired in can_be else last[series], desired=desired)

        return {series: moved(series, head) for series, head in self.heads.items() if series in last}

    def _main_of(self, records: tuple[Entry, ...]) -> dict[str, str]:
        first = {entry.ref.kind: entry.series for entry in reversed(records)}
        left = {entry.series for entry in records}
        return {kind: self.main[kind] if self.main.get(kind) in left else first[kind] for kind in first}


def _shown(entry: Entry) -> str:
    return f"{entry.ref.id} ({entry.label})" if entry.label else entry.ref.id
