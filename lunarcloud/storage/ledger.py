"""The ledger: one small object a finished shard, written after everything of the shard was."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lunarcloud.errors import StoreError
from lunarcloud.moon import Shard
from lunarcloud.storage.digests import digest
from lunarcloud.storage.folder import Folder

#: Digest that stands for a shard without a single valid pixel: no object is stored for it.
EMPTY = "empty"

_NAME = re.compile(r"(\d+)-(\d+)\.json")
# The folder of a record, and the path of a group in a store there.
_GROUP = re.compile(r"(.*)/[^/]+\.zarr(/.*)?")


class Entry(BaseModel):
    """What is known of one finished shard."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shard: Shard
    inputs: dict[str, str] = Field(default_factory=dict, description="digest by input")
    objects: dict[str, str] = Field(
        description="digest by object of the group; 'empty' where no pixel is valid and nothing is stored"
    )
    counts: dict[str, int] = Field(default_factory=dict, description="pixels by kind")
    seconds: float = Field(description="computing time")
    worker: str = Field(description="address of the worker")

    def stored(self, key: str) -> bool:
        """Whether an object of that key was stored with the shard."""
        return self.objects.get(key, EMPTY) != EMPTY


@dataclass(frozen=True, slots=True)
class Ledger:
    """The finished shards of one group.

    Attributes
    ----------
    place : Folder
        Where the entries are, beside the group.
    """

    place: Folder

    def record(self, entry: Entry) -> None:
        """Note a finished shard; its objects must be written before."""
        self.place.write(_key(entry.shard), entry.model_dump_json().encode())

    def entry(self, shard: Shard) -> Entry:
        """What is known of a finished shard.

        Raises
        ------
        NotFoundError
            If it is not finished.
        StoreError
            If the entry is damaged.
        """
        return self.parse(_key(shard), self.place.read(_key(shard)))

    def entries(self) -> dict[Shard, Entry]:
        """All finished shards, in the raster's order; errors as `entry`."""
        found = (self.parse(key, data) for key, data in self.place.read_all().items())
        return dict(sorted((entry.shard, entry) for entry in found))

    def done(self) -> set[Shard]:
        """The finished shards, from the names of their entries alone: a listing, however many there are."""
        listed = self.place.keys()
        found = (_NAME.fullmatch(name) for name in listed)
        return {Shard(int(match[1]), int(match[2])) for match in found if match}

    def digest(self) -> str:
        """Digest of all finished shards: the same bytes give the same one, whenever and wherever computed."""
        return entries_digest(self.entries().values())

    def forget(self, shard: Shard) -> None:
        """Have a shard computed again: it counts as unfinished from now on."""
        self.place.remove(_key(shard))

    def parse(self, key: str, data: bytes) -> Entry:
        """An entry that was read already.

        Raises
        ------
        StoreError
            If it is damaged, or of another shard than its key says.
        """
        damaged = StoreError(
            f"{self.place.url}/{key}: this entry of the ledger is damaged; {self._advice(key)}"
        )
        try:
            found = Entry.model_validate_json(data)
        except ValidationError as error:
            raise damaged from error
        # One of another shard would stand twice in the ledger.
        if _key(found.shard) != key:
            raise damaged
        return found

    def advice(self, shard: Shard) -> str:
        """What to do about a damaged shard, in words."""
        return self._advice(_key(shard))

    def _advice(self, key: str) -> str:
        return (
            "`lunarcloud repair` of its record makes it again; if that is not published yet, remove "
            f"{self.place.url}/{key} and run its command again"
        )


def home_of(group: Folder) -> tuple[Folder, str]:
    """The folder of the record that a group is in, and the group's path in its store: empty, or ``/0``."""
    found = _GROUP.fullmatch(group.url)
    home, path = (found[1], found[2] or "") if found else (group.url.rpartition("/")[0], "")
    return replace(group, url=home), path


def ledger_beside(group: Folder) -> Ledger:
    """The ledger of a group: in the record's folder, at the path that the group has in its store.

    ``maps.zarr/north/0`` has ``ledger/north/0``, and ``mosaic.zarr`` has ``ledger``.
    """
    home, path = home_of(group)
    return Ledger(home / f"ledger{path}")


def entries_digest(entries: Iterable[Entry]) -> str:
    """`Ledger.digest` of entries that were read already, in any order."""
    content = sorted([*entry.shard, sorted(entry.objects.items())] for entry in entries)
    return digest(json.dumps(content).encode())


def _key(shard: Shard) -> str:
    return f"{shard.row}-{shard.col}.json"
