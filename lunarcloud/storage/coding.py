"""Between the pixels of one shard of one variable and its stored bytes."""

from typing import Any

import numpy as np
import numpy.typing as npt

from lunarcloud.errors import InputError
from lunarcloud.moon import Shard
from lunarcloud.storage.layout import Layout, Variable


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
    # Loads Zarr, and below its codecs: whoever finds everything done codes nothing.
    from lunarcloud.storage.sharding import shard_bytes

    return shard_bytes(layout, variable, _whole(layout, variable, pixels))


def decode(layout: Layout, variable: Variable, shard: Shard, data: bytes) -> npt.NDArray[Any]:
    """The pixels of one shard of one variable, shape (bands,) rows, cols, from its stored bytes.

    Parameters
    ----------
    layout, variable, shard
        What the group holds, and what of it this is.
    data : bytes
        As `encode` made them.
    """
    from lunarcloud.storage.chunks import Chunks, index_bytes

    raster, n_bands = layout.raster, int(np.prod(variable.leading))
    pixels = missing(layout, variable, shard)
    chunks = Chunks.named_in(data[-index_bytes(raster, n_bands) :], raster, shard, n_bands)
    chunks.put(pixels, raster.window(shard), lambda first, stop: memoryview(data)[first:stop])
    return pixels


def missing(layout: Layout, variable: Variable, shard: Shard) -> npt.NDArray[Any]:
    """The pixels of a shard of which nothing is stored.

    Parameters
    ----------
    layout, variable, shard
        What the group holds, and what of it this is.
    """
    shape = (*variable.leading, *layout.raster.window(shard).shape)
    return np.full(shape, variable.fill or 0, dtype=variable.dtype)


def object_key(variable: Variable, shard: Shard) -> str:
    """The object of a group that holds one shard of one variable."""
    return "/".join([variable.name, "c", *("0" for _ in variable.leading), str(shard.row), str(shard.col)])


def _whole(layout: Layout, variable: Variable, pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Pixels of a shard cut by the raster's edge, filled up: zarr would read before it writes parts."""
    rest = [layout.raster.shard_edge - size for size in pixels.shape[-2:]]
    if not any(rest):
        return pixels
    sides = [*((0, 0) for _ in variable.leading), *((0, size) for size in rest)]
    return np.pad(pixels, sides, constant_values=variable.fill or 0)
