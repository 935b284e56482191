"""Between the pixels of one shard of one variable and its stored bytes, as Zarr defines them."""

from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
from zarr.codecs import BloscCodec, BytesCodec, ShardingCodec
from zarr.core.buffer import default_buffer_prototype
from zarr.core.codec_pipeline import BatchedCodecPipeline
from zarr.core.sync import sync
from zarr.storage import MemoryStore

from lunarcloud.errors import InputError
from lunarcloud.moon import Shard
from lunarcloud.storage.layout import Layout, Variable

# Level 1 in blocks of 256 KiB: the size of level 3 within 1 % for 0.7 of its time (benchmarks/codecs.py).
_COMPRESSOR = BloscCodec(cname="zstd", clevel=1, shuffle="bitshuffle", blocksize=1 << 18)

# Chunks of a shard that zarr codes together: its bookkeeping for single ones is a fifth of the coding.
_BATCH = 16


class _Sharding(ShardingCodec):
    """Zarr's own, with chunks coded in batches whatever the settings of this process say."""

    @property
    def codec_pipeline(self) -> BatchedCodecPipeline:
        return BatchedCodecPipeline.from_codecs(self.codecs, batch_size=_BATCH)


def encode(layout: Layout, variable: Variable, shard: Shard, pixels: npt.NDArray[Any]) -> bytes | None:
    """The stored bytes of one shard of one variable; None if no pixel is valid.

    Parameters
    ----------
    layout, variable, shard
        What the group holds, and what of it this is.
    pixels : ndarray, shape (bands,) rows, cols
        The codes of exactly the shard's pixels on the raster.

    Raises
    ------
    InputError
        If it has not exactly the shard's shape and the variable's type.
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
    """The pixels of one shard of one variable, shape (bands,) rows, cols, from its stored bytes.

    Parameters
    ----------
    layout, variable, shard
        What the group holds, and what of it this is.
    data : bytes
        As `encode` made them.
    """
    rows, cols = layout.raster.window(shard).shape
    store = MemoryStore()
    array = _shard_array(store, layout, variable)
    sync(store.set(_memory_key(variable), default_buffer_prototype().buffer.from_bytes(data)))
    return np.asarray(array[..., :rows, :cols])


def missing(layout: Layout, variable: Variable, shard: Shard) -> npt.NDArray[Any]:
    """The pixels of a shard of which nothing is stored.

    Parameters
    ----------
    layout, variable, shard
        What the group holds, and what of it this is.
    """
    shape = (*variable.leading, *layout.raster.window(shard).shape)
    return np.full(shape, variable.fill or 0, dtype=variable.dtype)


def array_options(layout: Layout, variable: Variable) -> dict[str, Any]:
    """How zarr makes the array of a variable: type, shards, chunks, codecs."""
    shard, chunk = layout.raster.shard_edge, layout.raster.chunk_edge
    return {
        "dtype": variable.dtype,
        "fill_value": variable.fill or 0,
        "shards": (*variable.leading, shard, shard),
        "chunks": (*(1 for _ in variable.leading), chunk, chunk),
        "compressors": _COMPRESSOR,
    }


def object_key(variable: Variable, shard: Shard) -> str:
    """The object of a group that holds one shard of one variable."""
    return "/".join([variable.name, "c", *("0" for _ in variable.leading), str(shard.row), str(shard.col)])


def _shard_array(store: MemoryStore, layout: Layout, variable: Variable) -> Any:
    edge, options = layout.raster.shard_edge, array_options(layout, variable)
    codec = _Sharding(chunk_shape=options["chunks"], codecs=(BytesCodec(), options["compressors"]))
    return zarr.create_array(
        store,
        shape=options["shards"],
        chunks=(*variable.leading, edge, edge),
        dtype=options["dtype"],
        fill_value=options["fill_value"],
        filters=None,
        serializer=codec,
        compressors=None,
        # To find the empty chunks of a shard costs a third of its whole encoding.
        config={"write_empty_chunks": True},
    )


def _whole(layout: Layout, variable: Variable, pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Pixels of a shard cut by the raster's edge, filled up: zarr would read before it writes parts."""
    rest = [layout.raster.shard_edge - size for size in pixels.shape[-2:]]
    if not any(rest):
        return pixels
    sides = [*((0, 0) for _ in variable.leading), *((0, size) for size in rest)]
    return np.pad(pixels, sides, constant_values=variable.fill or 0)


def _memory_key(variable: Variable) -> str:
    return "/".join(["c", *("0" for _ in variable.leading), "0", "0"])
