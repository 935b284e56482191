"""The chunks of a shard, found and decoded as Zarr's sharding codec has them.

What Zarr itself does around each chunk takes as long as decoding it, in one thread.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from numcodecs.blosc import Blosc
from numcodecs.checksum32 import CRC32C

from lunarcloud.moon import Raster, Shard, Window

# A chunk that is not stored, where its first byte would be named.
_NOWHERE = np.iinfo(np.uint64).max
# What takes less time to read than another request to a store, bytes.
_MOST_BETWEEN = 1 << 20
# What was compressed says how; the checksum is four bytes behind each chunk, and behind the index.
_COMPRESSED, _CHECKSUM, _CHECKSUM_BYTES = Blosc(), CRC32C(), 4


class Chunks(NamedTuple):
    """Where the chunks of a shard are in its object.

    Attributes
    ----------
    raster : Raster
        Of the whole array.
    shard : Shard
        Which shard of it.
    places : ndarray of uint64, shape (bands, down, across, 2)
        First byte and number of bytes of each.
    """

    raster: Raster
    shard: Shard
    places: npt.NDArray[np.uint64]

    @classmethod
    def named_in(cls, index: bytes, raster: Raster, shard: Shard, n_bands: int) -> Self:
        """The chunks that the end of an object names.

        Parameters
        ----------
        index : bytes
            Its end: as many as `index_bytes` says.
        raster, shard
            As of the chunks.
        n_bands : int
            Of the array; 1 where it has no bands.

        Raises
        ------
        RuntimeError
            If it is damaged.
        """
        edge = raster.shard_edge // raster.chunk_edge
        found = np.frombuffer(_CHECKSUM.decode(index), "<u8")
        return cls(raster, shard, found.reshape(n_bands, edge, edge, 2))

    def put(
        self, pixels: npt.NDArray[Any], window: Window, read: Callable[[int, int], bytes | memoryview]
    ) -> None:
        """Put what the shard has of a window into its pixels; where no chunk is stored they stay as they are.

        Parameters
        ----------
        pixels : ndarray, shape (bands,) rows, cols
            The codes of the window.
        window : Window
            Which pixels of the raster.
        read : callable
            The bytes of the object from a first one to the one past a last one.

        Raises
        ------
        RuntimeError
            If one of the chunks is damaged.
        """
        raster, edge = self.raster, self.raster.shard_edge // self.raster.chunk_edge
        # The raster again, cut into chunks.
        cut = Raster(n_rows=raster.n_rows, n_cols=raster.n_cols, shard_edge=raster.chunk_edge)
        wanted = list(cut.shards_of(window.common(raster.window(self.shard))))
        rows, cols = [each.row % edge for each in wanted], [each.col % edge for each in wanted]
        # Shape (bands, wanted chunks, 2).
        places = self.places[:, rows, cols]
        stored = places[places[..., 0] != _NOWHERE]
        if not stored.size:
            return
        spans = {first: memoryview(read(first, stop)) for first, stop in _spans(stored)}
        firsts = list(spans)
        for target, starts in zip(pixels.reshape(-1, *window.shape), places, strict=True):
            for chunk, (start, size) in zip(wanted, starts.tolist(), strict=True):
                if start == _NOWHERE:
                    continue
                held = cut.window(chunk)
                part = window.common(held)
                first = firsts[bisect_right(firsts, start) - 1]
                data = spans[first][start - first : start - first + size]
                codes = _decoded(data, pixels.dtype, cut.shard_edge)
                target[part.within(window)] = codes[part.within(held)]


def _spans(stored: npt.NDArray[Any]) -> Iterator[tuple[int, int]]:
    """The parts of an object with some chunks, (first byte, one past the last), in order.

    Chunks beside each other in the map lie near each other in the object, those of other bands do not. What
    lies between is read too where that takes less time than another request.
    """
    stored = stored[np.argsort(stored[:, 0])]
    gaps = stored[1:, 0] - stored[:-1].sum(axis=1)
    for span in np.split(stored, np.flatnonzero(gaps > _MOST_BETWEEN) + 1):
        yield int(span[0, 0]), int(span[-1].sum())


def index_bytes(raster: Raster, n_bands: int) -> int:
    """How many bytes at the end of a shard's object say where its chunks are."""
    edge = raster.shard_edge // raster.chunk_edge
    return 2 * np.dtype(np.uint64).itemsize * n_bands * edge * edge + _CHECKSUM_BYTES


def _decoded(chunk: memoryview, dtype: np.dtype[Any], edge: int) -> npt.NDArray[Any]:
    plain = _COMPRESSED.decode(_CHECKSUM.decode(chunk))
    return np.frombuffer(plain, dtype.newbyteorder("<")).reshape(edge, edge)
