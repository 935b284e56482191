"""Whole shards in and out of Zarr: the only way pixels are written.

A shard is encoded in memory, checked, and put as one object, so neighbouring tasks can never tear a shard
between them, whatever the chunking of the data they come from. The group's metadata is written last, so a
group is invisible to Zarr readers until it is whole.
"""

import hashlib
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
from zarr.codecs import BloscCodec
from zarr.core.buffer import default_buffer_prototype
from zarr.core.sync import sync
from zarr.storage import MemoryStore

from lunarcloud.errors import InputError, StoreError
from lunarcloud.moon import Shard, Window
from lunarcloud.storage.dataset import write_members
from lunarcloud.storage.folder import Folder
from lunarcloud.storage.layout import GRID_MAPPING, Layout, Variable, coordinates, dims

# Level 1 in blocks of 256 KiB: the size of level 3 within 1 % for 0.7 of its time (benchmarks/codecs.py).
_COMPRESSOR = BloscCodec(cname="zstd", clevel=1, shuffle="bitshuffle", blocksize=1 << 18)

# Chunks of a shard that zarr codes together: its bookkeeping for single ones is a fifth of the coding.
zarr.config.set({"codec_pipeline.batch_size": 16})

#: Digest that stands for a shard without a single valid pixel: no object is stored for it.
EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Stored:
    """A shard as read: its pixels, shape (bands,) rows, cols, and the digest of its stored bytes."""

    pixels: npt.NDArray[Any]
    digest: str


def digest(data: bytes) -> str:
    """SHA-256 of bytes, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def write_shard(
    place: Folder, layout: Layout, shard: Shard, arrays: Mapping[str, npt.NDArray[Any]]
) -> dict[str, str]:
    """Write one whole shard of every variable of a group.

    Parameters
    ----------
    place : Folder
        The group.
    layout : Layout
        What the group holds.
    shard : Shard
        Which shard.
    arrays : mapping of str to array
        By variable, the stored codes of exactly the shard's pixels on the raster: (bands,) rows, cols.

    Returns
    -------
    dict of str to str
        By variable, the digest of the stored bytes; ``"empty"`` where nothing is stored.

    Raises
    ------
    InputError
        If a variable is missing or unknown, or an array has not exactly the shard's shape and type.
    """
    _require_same_names(layout, arrays)
    digests = {}
    for variable in layout.variables:
        data = encode(layout, variable, shard, arrays[variable.name])
        digests[variable.name] = digest(data) if data is not None else EMPTY
        if data is not None:
            place.write(_key(variable, shard), data)
    return digests


def read_shard(place: Folder, layout: Layout, name: str, shard: Shard, expected: str) -> Stored:
    """Read one shard of one variable and check that it is the one that was written.

    Parameters
    ----------
    place, layout, name, shard
        Group, what it holds, variable and shard.
    expected : str
        The digest that the ledger holds for it.

    Raises
    ------
    StoreError
        If the object is missing, damaged or another one.
    """
    variable = layout.variable(name)
    if expected == EMPTY:
        return Stored(_missing(layout, variable, shard), EMPTY)
    key = _key(variable, shard)
    data = place.read(key)
    if digest(data) != expected:
        raise StoreError(
            f"{place.url}/{key}: the stored shard is damaged: its digest is {digest(data)[:12]}, "
            f"the ledger says {expected[:12]}; compute this shard again"
        )
    return Stored(decode(layout, variable, shard, data), expected)


def read_window(
    place: Folder, layout: Layout, name: str, window: Window, expected: Mapping[Shard, str]
) -> npt.NDArray[Any]:
    """Read any window of one variable, put together from the shards that hold it.

    Parameters
    ----------
    place, layout, name
        Group, what it holds, and variable.
    window : Window
        Which pixels.
    expected : mapping of Shard to str
        The digests of these shards in the ledger.

    Returns
    -------
    ndarray, shape (bands,) rows, cols
        The stored codes.
    """
    variable = layout.variable(name)
    pixels = np.empty((*variable.leading, *window.shape), dtype=variable.dtype)
    for shard in layout.raster.shards_of(window):
        held = layout.raster.window(shard)
        part = read_shard(place, layout, name, shard, expected[shard]).pixels
        common = window.common(held)
        pixels[..., *common.within(window)] = part[..., *common.within(held)]
    return pixels


def encode(layout: Layout, variable: Variable, shard: Shard, pixels: npt.NDArray[Any]) -> bytes | None:
    """The stored bytes of one shard of one variable; None if no pixel is valid.

    Parameters
    ----------
    layout : Layout
        Of the group.
    variable : Variable
        One of its variables.
    shard : Shard
        Where in the raster.
    pixels : ndarray
        All pixels of the shard, (..., row, col), of the variable's type.

    Raises
    ------
    InputError
        If shape or type are not those of the whole shard.
    """
    rows, cols = layout.raster.window(shard).shape
    wanted = (*variable.leading, rows, cols)
    if pixels.shape != wanted or pixels.dtype != np.dtype(variable.dtype):
        raise InputError(
            f"{variable.name}, shard {tuple(shard)}: shape {pixels.shape} of {pixels.dtype}; "
            f"only the whole shard can be written: {wanted} of {variable.dtype}"
        )
    if (pixels == (variable.fill or 0)).all():
        return None
    store = MemoryStore()
    array = _shard_array(store, layout, variable)
    array[...] = _whole(layout, variable, pixels)
    buffer = sync(store.get(_memory_key(variable), default_buffer_prototype()))
    return None if buffer is None else buffer.to_bytes()


def decode(layout: Layout, variable: Variable, shard: Shard, data: bytes) -> npt.NDArray[Any]:
    """The pixels of one shard of one variable from its stored bytes.

    Parameters
    ----------
    layout : Layout
        Of the group.
    variable : Variable
        One of its variables.
    shard : Shard
        Where in the raster.
    data : bytes
        As `encode` gives them.
    """
    rows, cols = layout.raster.window(shard).shape
    store = MemoryStore()
    array = _shard_array(store, layout, variable)
    sync(store.set(_memory_key(variable), default_buffer_prototype().buffer.from_bytes(data)))
    return np.asarray(array[..., :rows, :cols])


def finish(
    place: Folder, layout: Layout, attrs: Mapping[str, Any], within: Mapping[str, Layout] | None = None
) -> None:
    """Make a group whose shards are all written visible: coordinates first, metadata last.

    Parameters
    ----------
    place : Folder
        The group.
    layout : Layout
        What it holds.
    attrs : mapping
        Attributes of the group: title, source, ids, and whatever a reader should know.
    within : mapping of str to Layout, optional
        Groups inside this one by name, such as overviews, whose shards are all written too.
    """
    store = MemoryStore()
    # Silenced: consolidated metadata is in every Zarr v3 reader we serve, if not in the format's first text.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _describe(store, "", layout, attrs)
        for name, inner in (within or {}).items():
            _describe(store, name, inner, {})
        # Again, now with the inner groups: a reader finds them from this group's one object.
        zarr.consolidate_metadata(store)
    write_members(place, store)


def _describe(store: MemoryStore, path: str, layout: Layout, attrs: Mapping[str, Any]) -> None:
    """Put the coordinates and the metadata of one group into a store in memory."""
    coords = coordinates(layout)
    names = " ".join(str(name) for name in coords.coords if name not in coords.dims)
    # A literal group attribute makes plain xarray see the grid mapping as a coordinate.
    coords.attrs = {"Conventions": "CF-1.11", **attrs, "coordinates": names}
    plain = coords.reset_coords(drop=False)
    plain.to_zarr(store, group=path, mode="w", zarr_format=3, consolidated=False)
    group = zarr.open_group(store, path=path, mode="r+")
    for variable in layout.variables:
        _create_array(group, layout, variable)
    zarr.consolidate_metadata(store, path=path)


def _create_array(group: zarr.Group, layout: Layout, variable: Variable) -> None:
    leading_dims = ("band",) if variable.bands else ()
    missing = {} if variable.fill is None else {"_FillValue": variable.fill}
    group.create_array(
        variable.name,
        shape=(*variable.leading, *layout.raster.shape),
        dimension_names=(*leading_dims, *dims(layout.raster)),
        attributes={**variable.attrs, **missing, "grid_mapping": GRID_MAPPING},
        **_encoding(layout, variable),
    )


def _shard_array(store: MemoryStore, layout: Layout, variable: Variable) -> Any:
    edge = layout.raster.shard_edge
    return zarr.create_array(
        store,
        shape=(*variable.leading, edge, edge),
        # To find the empty chunks of a shard costs a third of its whole encoding.
        config={"write_empty_chunks": True},
        **_encoding(layout, variable),
    )


def _encoding(layout: Layout, variable: Variable) -> dict[str, Any]:
    shard, chunk = layout.raster.shard_edge, layout.raster.chunk_edge
    return {
        "dtype": variable.dtype,
        "fill_value": variable.fill or 0,
        "shards": (*variable.leading, shard, shard),
        "chunks": (*(1 for _ in variable.leading), chunk, chunk),
        "compressors": _COMPRESSOR,
    }


def _whole(layout: Layout, variable: Variable, pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Pixels of a shard cut by the raster's edge, filled up: zarr would read before it writes parts."""
    rest = [layout.raster.shard_edge - size for size in pixels.shape[-2:]]
    if not any(rest):
        return pixels
    sides = [*((0, 0) for _ in variable.leading), *((0, size) for size in rest)]
    return np.pad(pixels, sides, constant_values=variable.fill or 0)


def _missing(layout: Layout, variable: Variable, shard: Shard) -> npt.NDArray[Any]:
    shape = (*variable.leading, *layout.raster.window(shard).shape)
    return np.full(shape, variable.fill or 0, dtype=variable.dtype)


def _key(variable: Variable, shard: Shard) -> str:
    return "/".join([variable.name, "c", *("0" for _ in variable.leading), str(shard.row), str(shard.col)])


def _memory_key(variable: Variable) -> str:
    return "/".join(["c", *("0" for _ in variable.leading), "0", "0"])


def _require_same_names(layout: Layout, names: Iterable[str]) -> None:
    wanted, given = {variable.name for variable in layout.variables}, set(names)
    if wanted != given:
        raise InputError(
            f"a shard is written whole: missing {sorted(wanted - given)}, unknown {sorted(given - wanted)}"
        )
