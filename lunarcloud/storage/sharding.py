"""The bytes of a shard as Zarr's sharding codec defines them."""

from typing import Any

import numpy.typing as npt
import zarr
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, ShardingCodec
from zarr.core.buffer import default_buffer_prototype
from zarr.core.codec_pipeline import BatchedCodecPipeline
from zarr.core.sync import sync
from zarr.storage import MemoryStore

from lunarcloud.storage.layout import Layout, Variable

# Level 1 in blocks of 256 KiB: the size of level 3 within 1 % for 0.7 of its time (benchmarks/codecs.py). And
# a checksum a chunk, so that whatever reads Zarr refuses a damaged one: blosc alone decodes nearly all.
_COMPRESSORS = (BloscCodec(cname="zstd", clevel=1, shuffle="bitshuffle", blocksize=1 << 18), Crc32cCodec())

# Chunks of a shard that zarr codes together: its bookkeeping for single ones is a fifth of the coding.
_BATCH = 16


class _Sharding(ShardingCodec):
    """Zarr's own, with chunks coded in batches whatever the settings of this process say."""

    @property
    def codec_pipeline(self) -> BatchedCodecPipeline:
        return BatchedCodecPipeline.from_codecs(self.codecs, batch_size=_BATCH)


def shard_bytes(layout: Layout, variable: Variable, pixels: npt.NDArray[Any]) -> bytes | None:
    """The stored bytes of a whole shard.

    Parameters
    ----------
    layout, variable
        What the group holds, and what of it this is.
    pixels : ndarray, shape (bands,) edge, edge
        Its codes.
    """
    store = MemoryStore()
    array = _shard_array(store, layout, variable)
    array[...] = pixels
    buffer = sync(store.get(_memory_key(variable), default_buffer_prototype()))
    return None if buffer is None else buffer.to_bytes()


def array_options(layout: Layout, variable: Variable) -> dict[str, Any]:
    """How zarr makes the array of a variable: type, shards, chunks, codecs."""
    shard, chunk = layout.raster.shard_edge, layout.raster.chunk_edge
    return {
        "dtype": variable.dtype,
        "fill_value": variable.fill or 0,
        "shards": (*variable.leading, shard, shard),
        "chunks": (*(1 for _ in variable.leading), chunk, chunk),
        "compressors": _COMPRESSORS,
    }


def _shard_array(store: MemoryStore, layout: Layout, variable: Variable) -> Any:
    edge, options = layout.raster.shard_edge, array_options(layout, variable)
    codec = _Sharding(chunk_shape=options["chunks"], codecs=(BytesCodec(), *options["compressors"]))
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


def _memory_key(variable: Variable) -> str:
    return "/".join(["c", *("0" for _ in variable.leading), "0", "0"])
