"""The ledger: one small object a finished shard, written by the task that wrote the shard."""

from pydantic import BaseModel, ConfigDict, Field

from lunarcloud.moon import Shard
from lunarcloud.storage.cards import Format, parse_record
from lunarcloud.storage.folder import Folder

# An entry alone says that a shard is done.
_ADVICE = "; remove it and run the command again: its shard is computed again"


class Entry(BaseModel):
    """What is known of one finished shard."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Format = 1
    shard: Shard
    inputs: dict[str, str] = Field(default_factory=dict, description="digest by input")
    outputs: dict[str, str] = Field(description="digest by variable")
    counts: dict[str, int] = Field(default_factory=dict, description="pixels by kind")
    seconds: float = Field(description="computing time")
    worker: str = Field(description="address of the worker")


class Ledger:
    """The finished shards of one group.

    Parameters
    ----------
    place : Folder
        Where the entries are, beside the group.
    """

    def __init__(self, place: Folder) -> None:
        self.place = place

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
        return self._parse(_key(shard), self.place.read(_key(shard)))

    def entries(self) -> dict[Shard, Entry]:
        """All finished shards, in the raster's order; errors as `entry`."""
        found = (self._parse(key, data) for key, data in self.place.read_all().items())
        return dict(sorted((entry.shard, entry) for entry in found))

    def _parse(self, key: str, data: bytes) -> Entry:
        return parse_record(data, Entry, f"{self.place.url}/{key}", advice=_ADVICE)


def _key(shard: Shard) -> str:
    return f"{shard.row}-{shard.col}.json"
