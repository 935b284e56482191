"""Zarr as xarray reads it: every object by its folder, and nothing lost or damaged read as data."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import xarray as xr
from pydantic import BaseModel
from xarray.backends import ZarrStore
from xarray.backends.zarr import ZarrArrayWrapper
from xarray.core.indexing import LazilyIndexedArray
from zarr.abc.store import ByteRequest, OffsetByteRequest, RangeByteRequest, Store, SuffixByteRequest
from zarr.core.buffer import Buffer, BufferPrototype

from lunarcloud.config import settings
from lunarcloud.errors import DamagedError, NotFoundError, StoreError
from lunarcloud.moon import Shard
from lunarcloud.storage.documents import RECORD, read_document
from lunarcloud.storage.faults import undamaged
from lunarcloud.storage.folder import Folder
from lunarcloud.storage.ledger import home_of, ledger_beside

_ROOT = "zarr.json"
# A chunk of an array, and of two dimensions and more the shard that it may be. A scalar that is zero is not
# stored, and the reference system is one.
_CHUNK = re.compile(r".+/c(?:/\d+)*/\d+")
_SHARD = re.compile(r".+/c(?:/\d+)*/(\d+)/(\d+)")

_ReadT = TypeVar("_ReadT")


def open_stored(place: Folder, chunks: dict[str, int] | None) -> xr.Dataset:
    """A group lazily, codes as they are; what is read of it later is refused if it is lost or damaged.

    Parameters
    ----------
    place : Folder
        The group.
    chunks : dict or None
        As xarray's: empty for Dask arrays of the stored chunks, None for none of Dask's.

    Raises
    ------
    NotFoundError
        If nothing finished is there.
    StoreError
        If its metadata or coordinates are damaged; and, whenever an array is read, if an object of it is, or
        is not there although it was stored.
    """
    with undamaged(place.url, _ROOT):
        group = _Group.open_group(FolderStore(place), consolidated=True, zarr_format=3)
        return xr.open_dataset(group, engine="store", mask_and_scale=False, chunks=chunks)


def again_if_damaged(read: Callable[[], _ReadT]) -> _ReadT:
    """Read part of an object, and once more where it is damaged: on its way, unless it stays so.

    Of a part no digest is known before it is decoded.
    """
    for _ in range(settings().retries):
        with suppress(DamagedError):
            return read()
    return read()


def require_never_stored(place: Folder, key: str) -> None:
    """Refuse to take an object that is gone for one that there never was: it would read as missing pixels.

    Parameters
    ----------
    place : Folder
        The group.
    key : str
        The object that is not there.

    Raises
    ------
    StoreError
        If it was stored.
    """
    home, _ = home_of(place)
    if _in_ledger(place, key) or _in_record(home, f"{place.url[len(home.url) + 1 :]}/{key}"):
        record = "/".join(home.url.split("/")[-2:])
        raise StoreError(
            f"{place.url}/{key}: this object was stored, but it is not there; "
            f"`lunarcloud repair {record}` makes it again"
        )


class FolderStore(Store):
    """A folder as Zarr reads it: tried again and checked as all that is read; picklable, cheap to make."""

    supports_writes = False
    supports_deletes = False
    supports_listing = True

    def __init__(self, place: Folder) -> None:
        super().__init__(read_only=True)
        self.place = place

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FolderStore) and self.place == other.place

    def __str__(self) -> str:
        return self.place.url

    async def get(
        self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """The bytes of an object, or of a part; None where nothing was stored.

        Parameters
        ----------
        key : str
            The object.
        prototype : BufferPrototype
            What the bytes come in.
        byte_range : ByteRequest, optional
            The part.
        """
        # In a thread: it may wait minutes for a store that is away.
        data = await asyncio.to_thread(self._read, key, *_slice_of(byte_range))
        return None if data is None else prototype.buffer.from_bytes(data)

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        """As `get`, several at once."""
        return await asyncio.gather(*(self.get(key, prototype, part) for key, part in key_ranges))

    async def exists(self, key: str) -> bool:
        """Whether there is an object of that key."""
        return await asyncio.to_thread(self.place.exists, key)

    async def set(self, key: str, value: Buffer) -> None:
        """Refused: pixels are written by `Group`."""
        self._check_writable()

    async def delete(self, key: str) -> None:
        """Refused, as `set`."""
        self._check_writable()

    async def list(self) -> AsyncIterator[str]:
        """All keys."""
        async for key in self.list_prefix(""):
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        """The keys that begin so."""
        for key in await asyncio.to_thread(self.place.keys):
            if key.startswith(prefix):
                yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        """The names in a folder."""
        inside = f"{prefix.rstrip('/')}/" if prefix else ""
        keys = [key async for key in self.list_prefix(inside)]
        for name in dict.fromkeys(key[len(inside) :].partition("/")[0] for key in keys):
            yield name

    def _read(self, key: str, start: int | None, end: int | None) -> bytes | None:
        try:
            return self.place.read(key, start, end)
        except NotFoundError as error:
            if key == _ROOT:
                raise NotFoundError(f"{self.place.url}: nothing published there") from error
            require_never_stored(self.place, key)
            return None


class _Group(ZarrStore):
    """Xarray's view of a group, whose arrays say in our words what is wrong with what they read."""

    def open_store_variable(self, name: str) -> xr.Variable:
        variable: xr.Variable = super().open_store_variable(name)  # type: ignore[no-untyped-call]
        checked = LazilyIndexedArray(_Checked(self.members[name]))  # type: ignore[no-untyped-call]
        return xr.Variable(variable.dims, checked, variable.attrs, variable.encoding)

    def __dask_tokenize__(self) -> object:
        # Names of Dask's tasks are the same whenever the same group is opened, as by its URL.
        return type(self).__qualname__, str(self.zarr_group.store)


class _Checked(ZarrArrayWrapper):
    """An array in a store, read when it is wanted, whoever wants it."""

    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        return again_if_damaged(partial(self._read, key))

    def _read(self, key: Any) -> Any:
        array = self.get_array()  # type: ignore[no-untyped-call]
        with undamaged(str(array.store), array.path):
            return super().__getitem__(key)  # type: ignore[no-untyped-call]


def _slice_of(part: ByteRequest | None) -> tuple[int | None, int | None]:
    """First byte and the one past the last, as `Folder.read` takes them."""
    match part:
        case RangeByteRequest(start, end):
            return start, end
        case OffsetByteRequest(offset):
            return offset, None
        case SuffixByteRequest(suffix):
            return -suffix, None
        case _:
            return None, None


class _Record(BaseModel):
    """Of a record what is looked for here: the digests of its objects but its shards."""

    outputs: dict[str, str]


def _in_ledger(place: Folder, key: str) -> bool:
    found = _SHARD.fullmatch(key)
    try:
        return found is not None and ledger_beside(place).entry(Shard(*map(int, found.groups()))).stored(key)
    except NotFoundError:
        return False


def _in_record(home: Folder, key: str) -> bool:
    try:
        return bool(_CHUNK.fullmatch(key)) and key in read_document(home, RECORD, _Record).outputs
    except NotFoundError:
        return False
