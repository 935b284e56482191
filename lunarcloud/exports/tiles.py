"""Tiles of a whole map in the order of a cloud-optimised GeoTIFF, each encoded once, several side by side.

GDAL's driver makes such a file empty, with all that it says of the map; here its tiles are put into it.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import reduce
from itertools import accumulate
from typing import Any, BinaryIO, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from numcodecs.zstd import Zstd

from lunarcloud.engine import ShardDone, StageDone, Started, Watch, usable_cores
from lunarcloud.exports.meaning import Meaning, meaning_of
from lunarcloud.exports.rasters import Stored
from lunarcloud.exports.tallies import Tally
from lunarcloud.moon import Grid, PolarGrid, Window

#: Edge of a tile, pixels: that of the store's chunks, so that each of these is decoded once.
TILE = 512
#: TIFF's predictors as GDAL's driver names them: for values, and for flags.
PREDICTOR, NO_PREDICTOR = "FLOATING_POINT", "NO"
# Below zero, bytes that do not repeat stay as they are. After the predictor, which sets noise apart, that is
# a sixth of level 1's time for 7 % more bytes; without a predictor, level 1 takes more of both.
_PACKING = Zstd(level=-10)
_FLOAT = np.dtype(np.float32)
# Rows at once: what is made of them stays in a core's cache.
_ROWS = 128
# Each holds a part of a map, whatever the machine has in cores: one writer takes no more from them.
_MOST_READERS = 4
# What stands before a tile in the file, its size, and what is repeated behind it, its end; bytes.
_AROUND = 4
# TIFF 6 and BigTIFF: a directory's entries, its two lists of tiles, and the types of whole numbers.
_ENTRY = np.dtype([("tag", "<u2"), ("type", "<u2"), ("count", "<u8"), ("value", "<u8")])
_OFFSETS, _SIZES = 324, 325
_NUMBERS: dict[int, np.dtype[Any]] = {3: np.dtype("<u2"), 4: np.dtype("<u4"), 16: np.dtype("<u8")}

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


class Placed(NamedTuple):
    """Where the tiles of one map or overview begin in a file and how long they are, bytes, row by row."""

    offsets: list[int]
    sizes: list[int]


class _Row(NamedTuple):
    """Encoded tiles beside each other, as they stand in a file, and how long each is, bytes."""

    data: bytes
    sizes: list[int]


def put_tiles(
    file: BinaryIO, stored: Stored, name: str, counted: Callable[[npt.NDArray[Any]], Tally], watch: Watch
) -> tuple[Placed, Tally]:
    """Append the tiles of a map with one band to a file, row by row, as GDAL's mark of such files promises.

    Parameters
    ----------
    file : binary file
        At its end, on a disk.
    stored : Stored
        Where the map is.
    name : str
        Which it is.
    counted : callable
        From codes, shape (rows, cols), to their tally.
    watch : callable
        Told of every part that is done.

    Raises
    ------
    StoreError
        If a chunk is damaged.
    """
    blocks, meaning, tallies = list(_blocks(stored.raster)), meaning_of(stored, name), [Tally()]
    title, pixels = f"export {name}", stored.raster.n_rows * stored.raster.n_cols

    def encode(block: Window) -> tuple[_Row, Tally]:
        (codes,) = stored.read(name, block)
        return _encoded(codes, meaning), counted(codes)

    placed = Placed([], [])
    watch(Started(title=title, shards=len(blocks), pixels=pixels))
    for block, (row, found) in ahead(encode, blocks):
        placed.sizes.extend(row.sizes)
        placed.offsets.extend(_offsets(file.tell(), row.sizes))
        file.write(row.data)
        tallies.append(found)
        watch(ShardDone(title=title, shard=None, pixels=block.shape[0] * block.shape[1]))
    watch(StageDone(title=title))
    return placed, reduce(Tally.with_, tallies)


def tiles_of(raster: Grid | PolarGrid) -> int:
    """How many tiles a raster has."""
    return -(-raster.n_rows // TILE) * -(-raster.n_cols // TILE)


def name_tiles(head: bytearray, images: Iterable[Placed]) -> None:
    """Write into the head of a BigTIFF where the tiles of its images are, in the order of its directories."""
    for (offsets, sizes), placed in zip(_tables(head), images, strict=True):
        offsets[:] = placed.offsets
        sizes[:] = placed.sizes


def ahead(function: Callable[[ItemT], ResultT], items: Iterable[ItemT]) -> Iterator[tuple[ItemT, ResultT]]:
    """Items with their results, in order, while the next ones are on their way."""
    waiting: deque[tuple[ItemT, Future[ResultT]]] = deque()
    # One more than cores, so that none waits while what is done is written.
    readers = min(usable_cores() + 1, _MOST_READERS)
    with ThreadPoolExecutor(readers) as pool:
        for item in items:
            waiting.append((item, pool.submit(function, item)))
            if len(waiting) > readers:
                done, result = waiting.popleft()
                yield done, result.result()
        for done, result in waiting:
            yield done, result.result()


def _blocks(raster: Grid | PolarGrid) -> Iterator[Window]:
    """Parts of a raster in the order of its tiles: of one row of them, as wide as a shard or wider."""
    edge = -(-raster.shard_edge // TILE) * TILE
    for row in range(0, raster.n_rows, TILE):
        for col in range(0, raster.n_cols, edge):
            yield Window(
                row_start=row,
                row_stop=min(row + TILE, raster.n_rows),
                col_start=col,
                col_stop=min(col + edge, raster.n_cols),
            )


def _offsets(start: int, sizes: list[int]) -> list[int]:
    """Where tiles begin that are put into a file from a place on."""
    ends = accumulate((size + 2 * _AROUND for size in sizes), initial=start)
    return [end + _AROUND for end in ends][:-1]


def _encoded(codes: npt.NDArray[Any], meaning: Meaning) -> _Row:
    """The tiles of codes, shape (rows, cols), of one row of tiles."""
    steps = np.empty((TILE, TILE * _FLOAT.itemsize), np.uint8)
    tiles = [_tile(codes[:, col : col + TILE], meaning, steps) for col in range(0, codes.shape[1], TILE)]
    # Of each its size before it, its end again behind it: by them a reader sees that nothing was rewritten.
    parts = [
        part for tile in tiles for part in (len(tile).to_bytes(_AROUND, "little"), tile, tile[-_AROUND:])
    ]
    return _Row(b"".join(parts), [len(tile) for tile in tiles])


def _tile(codes: npt.NDArray[Any], meaning: Meaning, steps: npt.NDArray[np.uint8]) -> bytes:
    """A tile of codes, which may lack rows and columns; in passing it fills another array."""
    rows, cols = codes.shape
    if (rows, cols) != (TILE, TILE):
        codes = np.pad(codes, ((0, TILE - rows), (0, TILE - cols)), mode="edge")
    if meaning.is_flags:
        return bytes(_PACKING.encode(np.ascontiguousarray(codes)))
    for row in range(0, TILE, _ROWS):
        _predict(meaning.values(codes[row : row + _ROWS]), steps[row : row + _ROWS])
    return bytes(_PACKING.encode(steps))


def _predict(values: npt.NDArray[np.float32], steps: npt.NDArray[np.uint8]) -> None:
    """What TIFF's predictor makes of rows: of each all first bytes, then all second ones ..., as steps."""
    rows, cols = values.shape
    numbers, planes = values.view(np.uint32), np.empty((rows, values.itemsize, cols), np.uint8)
    # First comes the byte of sign and exponent. Cut off numbers, by halves: to pick bytes takes longer.
    high, low = (numbers >> 16).astype(np.uint16), numbers.astype(np.uint16)
    for byte, half in enumerate((high >> 8, high, low >> 8, low)):
        planes[:, byte] = half
    flat = planes.reshape(steps.shape)
    steps[:, 0] = flat[:, 0]
    np.subtract(flat[:, 1:], flat[:, :-1], out=steps[:, 1:])


def _tables(head: bytearray) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    """Offsets and sizes of the tiles of each image in a BigTIFF; what is written to them is written there."""
    at = _number(head, 8)
    while at:
        entries = np.frombuffer(head, _ENTRY, _number(head, at), at + 8)
        places = at + 8 + _ENTRY.itemsize * np.arange(len(entries))
        yield (
            _numbers(head, int(places[entries["tag"] == _OFFSETS][0])),
            _numbers(head, int(places[entries["tag"] == _SIZES][0])),
        )
        at = _number(head, at + 8 + entries.nbytes)


def _numbers(head: bytearray, at: int) -> npt.NDArray[Any]:
    """The numbers of a directory's entry: where they are few, in its own last 8 bytes."""
    entry = np.frombuffer(head, _ENTRY, 1, at)[0]
    kind, count = _NUMBERS[int(entry["type"])], int(entry["count"])
    return np.frombuffer(head, kind, count, at + 12 if kind.itemsize * count <= 8 else int(entry["value"]))


def _number(head: bytearray, at: int) -> int:
    return int.from_bytes(head[at : at + 8], "little")
