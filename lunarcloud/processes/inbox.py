"""The inbox: tables that arrived under a root, and the table that they make of another.

What comes of them is a function of the files' names and bytes alone, files taken in the order of their names:
neither the order in which they arrived nor the store or machine that holds them matters.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from lunarcloud.archive import OutsideFile, StationTable, parse_stations
from lunarcloud.errors import ArchiveError, InputError, NotFoundError
from lunarcloud.lineage import Root
from lunarcloud.storage import Folder, digest

#: Where new tables arrive, under the root; within it, why some were refused.
INBOX, REJECTED = "inbox", ".rejected"
#: A table of ten thousand stations; what is larger is another file. No more than this is ever read.
MOST_BYTES = 4 << 20

_SUFFIX, _NOTE = ".csv", ".json"
# All tables as they were last read, in one object: hundreds of them are looked at by a handful of requests.
_READ = ".read.json"
_WITHDRAWAL = re.compile(r"#\s*withdraw\s*:(.*)", re.IGNORECASE)


class Rejection(BaseModel):
    """A table of the inbox that cannot be used: ``<root>/inbox/.rejected/<digest of the file>.json``.

    Attributes
    ----------
    file : str
        Its name.
    errors : tuple of str
        Each problem, with line, site and column.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    errors: tuple[str, ...]


class Arrival(NamedTuple):
    """What a table of the inbox brings: sites that it withdraws, and its stations."""

    withdrawn: tuple[str, ...]
    table: StationTable | None


class _Held(BaseModel):
    """A table of the inbox as it was read: which version, by the store, and its bytes."""

    model_config = ConfigDict(frozen=True, ser_json_bytes="base64", val_json_bytes="base64")

    version: str
    data: bytes


_HELD = TypeAdapter(dict[str, _Held])


class Files(NamedTuple):
    """What lies in an inbox: its tables by name, and digests of those that are said to have been refused."""

    tables: dict[str, bytes]
    noted: frozenset[str]
    #: Which version of each table it is, where the store says so; and whether each is held by `hold_read`.
    versions: dict[str, str]
    all_held: bool


class Inbox(NamedTuple):
    """All tables of an inbox, and what they come to.

    Attributes
    ----------
    table : StationTable
        The table that was begun with, with all that is accepted.
    accepted : dict of str to Arrival
        By name of the file.
    rejected : dict of str to Rejection
        By digest of the file.
    """

    table: StationTable
    accepted: dict[str, Arrival]
    rejected: dict[str, Rejection]


def read_inbox(root: Root) -> Files:
    """What lies in a root's inbox; of a table that is too large, a byte more than allowed."""
    place, notes = root.folder / INBOX, f"{REJECTED}/"
    listed = place.versions()
    held = _held(place) if _READ in listed else {}
    tables, versions = dict[str, bytes](), dict[str, str]()
    for key, version in listed.items():
        if not _is_table(key):
            continue
        if version:
            versions[key] = version
        if key in held and held[key].version == version:
            tables[key] = held[key].data
            continue
        # What was taken away since it was listed is not there.
        with suppress(NotFoundError):
            tables[key] = place.read(key, 0, MOST_BYTES + 1)
    noted = (key.removeprefix(notes).removesuffix(_NOTE) for key in listed if key.startswith(notes))
    are_held = versions == {key: each.version for key, each in held.items()}
    return Files(tables, frozenset(noted), versions, are_held)


def hold_read(root: Root, files: Files) -> None:
    """Keep what was read in one object, for the next who looks; nothing is written that is there.

    Parameters
    ----------
    root : Root
        Of the inbox.
    files : Files
        What was read there. A table that was written meanwhile is left out.
    """
    if files.all_held:
        return
    place = root.folder / INBOX
    now = place.versions()
    held = {
        key: _Held(version=version, data=files.tables[key])
        for key, version in files.versions.items()
        if key in files.tables and now.get(key) == version
    }
    place.write(_READ, _HELD.dump_json(held))


def _is_table(key: str) -> bool:
    return "/" not in key and not key.startswith(".") and key.casefold().endswith(_SUFFIX)


def _held(place: Folder) -> dict[str, _Held]:
    try:
        return _HELD.validate_json(place.read(_READ))
    except (ValidationError, NotFoundError):
        return {}  # what is damaged is only read again


def merged_with(first: StationTable, files: Mapping[str, bytes]) -> Inbox:
    """What the tables of an inbox make of a table: a later row of a site replaces an earlier one.

    A file that cannot be used changes nothing, and the others count.

    Parameters
    ----------
    first : StationTable
        What is begun with.
    files : mapping of str to bytes
        By name; their order does not matter.
    """
    table, accepted, rejected = first, dict[str, Arrival](), dict[str, Rejection]()
    for name, data in sorted(files.items()):
        try:
            arrival = parse_arrival(name, data)
            table = _with(table, arrival, name)
        except InputError as error:
            problems = tuple(line.strip() for line in str(error).splitlines())
            rejected[digest(data)] = Rejection(file=name, errors=problems)
        else:
            accepted[name] = arrival
    return Inbox(table, accepted, rejected)


def parse_arrival(name: str, data: bytes) -> Arrival:
    """What a table of the inbox brings.

    Raises
    ------
    InputError
        If it is none: with line, site and column.
    """
    where = f"{INBOX}/{name}"
    if len(data) > MOST_BYTES:
        raise ArchiveError(
            f"{where}: more than {MOST_BYTES >> 20} MiB, which is more than a table of stations has"
        )
    # Spreadsheets put a byte-order mark before the first column's name.
    text = OutsideFile(where, data, digest(data)).text("utf-8-sig")
    withdrawn = tuple(found[1].strip() for line in text.splitlines() if (found := _WITHDRAWAL.match(line)))
    is_more = any(line.strip() and not line.startswith("#") for line in text.splitlines())
    return Arrival(withdrawn, parse_stations(text, where) if is_more or not withdrawn else None)


def is_settled(changes: Iterable[datetime | None], now: datetime, settle_s: float) -> bool:
    """Whether so much time has passed since the newest change that nobody is still copying.

    Parameters
    ----------
    changes : iterable of datetime or None
        When each file was written; None where its store does not say.
    now : datetime
        On the same clock.
    settle_s : float
        Seconds.
    """
    return all(each is None or now - each >= timedelta(seconds=settle_s) for each in changes)


def changes_of(root: Root, names: Iterable[str]) -> dict[str, datetime | None]:
    """When each of some tables of the inbox was written, by the store's clock."""
    place, found = root.folder / INBOX, dict[str, datetime | None]()
    for name in names:
        try:
            found[name] = place.modified(name)
        except NotFoundError:
            continue  # taken away since it was listed
    return found


def note_rejections(
    root: Root, rejected: Mapping[str, Rejection], noted: Iterable[str]
) -> tuple[Rejection, ...]:
    """Say beside the tables why some are refused, and no longer of those that are not; the new ones.

    Parameters
    ----------
    root : Root
        Of the inbox.
    rejected : mapping of str to Rejection
        By digest of the file.
    noted : iterable of str
        Digests of those of which it was said before.
    """
    place, known = root.folder / INBOX / REJECTED, frozenset(noted)
    for name in known - rejected.keys():
        place.remove(f"{name}{_NOTE}")
    return tuple(
        each
        for name, each in rejected.items()
        if name not in known and place.create(f"{name}{_NOTE}", each.model_dump_json(indent=1).encode())
    )


def _with(table: StationTable, arrival: Arrival, name: str) -> StationTable:
    """A table with what arrived; sites are withdrawn first, so that one can be withdrawn and given anew."""
    try:
        kept = table.without(arrival.withdrawn)
    except NotFoundError as error:
        raise NotFoundError(f"{INBOX}/{name}: # withdraw: {error}") from error
    return kept if arrival.table is None else kept.merged(arrival.table)
