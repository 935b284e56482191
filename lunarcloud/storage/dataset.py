"""Whole xarray datasets as Zarr: opening any of ours, and writing those small enough to hold."""

from __future__ import annotations

import json
import warnings
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from lunarcloud.errors import StoreError
from lunarcloud.storage.faults import undamaged
from lunarcloud.storage.folder import Folder
from lunarcloud.storage.georeference import of_the_store
from lunarcloud.storage.layout import GRID_MAPPING

if TYPE_CHECKING:  # slow to import, here and below: whoever finds everything done writes nothing
    import xarray as xr
    from pyproj import CRS
    from zarr.storage import MemoryStore

_ROOT = "zarr.json"
# Objects that are written at once.
_AT_ONCE = 16
_SCALING = {"scale_factor", "add_offset"}
# Codes of so many bytes decode to single precision.
_SINGLE_BYTES = 2


def open_dataset(place: Folder) -> xr.Dataset:
    """Open a group lazily, decoded: missing is NaN, coordinates carry the coordinate reference system.

    Codes of 16 bits become float32, where plain ``xarray.open_zarr`` has float64.

    Raises
    ------
    NotFoundError
        If nothing finished is there.
    StoreError
        If its metadata are damaged; and when an array is read, wherever that is, if an object of it is
        damaged, or is not there although it was stored.
    """
    return _decoded(place, chunks={})


def open_small(place: Folder) -> xr.Dataset:
    """As `open_dataset`, of a group whose variables are small: each is read whole, and without Dask.

    A whole shard is one request then, where chunk by chunk is two requests a chunk.
    """
    return _decoded(place, chunks=None)


def open_codes(place: Folder) -> xr.Dataset:
    """A group as it is stored, lazily and without Dask: codes, with what they mean in their attributes.

    Raises
    ------
    NotFoundError, StoreError
        As `open_dataset`.
    """
    # Loads Zarr, here and below.
    from lunarcloud.storage.reading import open_stored

    return open_stored(place, chunks=None)


def _decoded(place: Folder, chunks: dict[str, int] | None) -> xr.Dataset:
    import xarray as xr

    from lunarcloud.storage.reading import open_stored

    stored = open_stored(place, chunks)
    with undamaged(place.url, _ROOT):
        stored.attrs = {name: each for name, each in stored.attrs.items() if not of_the_store(name)}
        # JSON has one kind of number, so xarray takes each scale for double precision. What codes of 16 bits
        # mean is held by single precision far below their step.
        for variable in stored.variables.values():
            if variable.dtype.itemsize <= _SINGLE_BYTES and "scale_factor" in variable.attrs:
                given = _SCALING & variable.attrs.keys()
                variable.attrs |= {name: np.float32(variable.attrs[name]) for name in given}
        return xr.decode_cf(stored)


def crs_of(place: Folder) -> CRS:
    """The coordinate reference system of a group of ours.

    Raises
    ------
    NotFoundError
        If nothing finished is there.
    StoreError
        If what says it is damaged.
    """
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    key = f"{GRID_MAPPING}/{_ROOT}"
    data = place.read(key)
    try:
        return CRS.from_wkt(json.loads(data)["attributes"]["crs_wkt"])
    except (ValueError, KeyError, TypeError, CRSError) as error:
        raise StoreError(f"{place.url}/{key} is damaged: it holds no coordinate reference system") from error


def write_dataset(place: Folder, dataset: xr.Dataset) -> None:
    """Write a dataset that fits in memory (a table, profiles, a coarse grid) as Zarr, metadata last."""
    from zarr.storage import MemoryStore

    dataset = ready_to_write(dataset.assign_attrs(described(place, dataset.attrs)))
    for name, variable in dataset.variables.items():
        variable.attrs.setdefault("long_name", str(name).replace("_", " "))
    store = MemoryStore()
    with warnings.catch_warnings():
        # Strings and consolidated metadata are in every Zarr v3 reader we serve, if not in its first text.
        warnings.simplefilter("ignore")
        dataset.to_zarr(store, mode="w", zarr_format=3, consolidated=True)
    write_members(place, store)


def described(place: Folder, attrs: Mapping[Any, Any]) -> dict[Any, Any]:
    """Attributes of a dataset with what its folder says; a note is in the title too, which all tools show."""
    says = dict(place.says)
    found = {"Conventions": "CF-1.11", **says, **attrs}
    if "note" in says and "title" in found:
        found["title"] = f"{found['title']} ({says['note']})"
    return found


def ready_to_write(dataset: xr.Dataset) -> xr.Dataset:
    """The same, as it is to be encoded: chunks with checksums, coordinates without a missing value.

    CF forbids that, and xarray would add one.
    """
    from zarr.codecs import Crc32cCodec, ZstdCodec

    ready = dataset.copy(deep=False)
    for variable in ready.variables.values():
        variable.encoding["compressors"] = (ZstdCodec(), Crc32cCodec())
    for coordinate in ready.coords.values():
        coordinate.encoding["_FillValue"] = None
    return ready


def write_members(place: Folder, store: MemoryStore) -> None:
    """Put every object of a store in memory under a folder, its root metadata last."""
    from zarr.core.sync import sync

    members = {key: _bytes(store, key) for key in sync(_keys(store))}
    root = members.pop(_ROOT)
    # Hundreds of small objects, each of which takes a store longer than it takes us.
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        deque(pool.map(place.write, members, members.values()), maxlen=0)
    place.write(_ROOT, root)


async def _keys(store: MemoryStore) -> list[str]:
    return [key async for key in store.list()]


def _bytes(store: MemoryStore, key: str) -> bytes:
    from zarr.core.buffer import default_buffer_prototype
    from zarr.core.sync import sync

    buffer = sync(store.get(key, default_buffer_prototype()))
    data = b"" if buffer is None else buffer.to_bytes()
    if key.rpartition("/")[2] != _ROOT:
        return data
    # Zarr's is half blanks, and of many levels a reader waits for it. Numbers and their order are kept.
    return json.dumps(json.loads(data), separators=(",", ":")).encode()
