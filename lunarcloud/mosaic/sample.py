"""A fixed sample of a mosaic: blocks of pixels spread evenly over the Moon."""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from lunarcloud.archive import MISSING
from lunarcloud.moon import Grid, Window
from lunarcloud.mosaic.layout import REFLECTANCE
from lunarcloud.mosaic.store import Mosaic
from lunarcloud.storage import Windows

_READERS = 8
_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


def sampled_numbers(mosaic: Mosaic, blocks: int, edge: int) -> npt.NDArray[np.int16]:
    """The mosaic's numbers in a sample, the same at every call.

    Parameters
    ----------
    mosaic : Mosaic
        Of which.
    blocks : int
        How many blocks; each reads a chunk or a few.
    edge : int
        Pixels along the edge of a block; of a grid with fewer rows, all of them.

    Returns
    -------
    ndarray of int16, shape (block, band, pixel)
        As stored: reflectance by the card's factor and offset.
    """
    bands = Windows(mosaic.group.place, mosaic.grid, mosaic.group.layout.variable(REFLECTANCE))
    # On object storage a reader waits for most of its time.
    with ThreadPoolExecutor(_READERS) as pool:
        read = list(pool.map(bands.read, sample_windows(mosaic.grid, blocks, edge)))
    return np.stack([block.reshape(len(block), -1) for block in read])


def as_reflectance(mosaic: Mosaic, numbers: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
    """Reflectances (fractions) of a mosaic's numbers, of their shape; NaN where missing."""
    factor, offset = np.float32(mosaic.card.scaling_factor), np.float32(mosaic.card.offset)
    return np.where(numbers == MISSING, np.float32(np.nan), numbers * factor + offset)


def sample_windows(grid: Grid, blocks: int, edge: int) -> Iterator[Window]:
    """Windows on a golden spiral, which covers a sphere evenly, moved into the grid where they stick out.

    Parameters
    ----------
    grid : Grid
        Of which.
    blocks, edge : int
        How many, and pixels along the edge of each.
    """
    for number in range(blocks):
        lat = math.degrees(math.asin(1.0 - 2.0 * (number + 0.5) / blocks))
        # Of a turn around the Moon, the fraction: columns count from 180 W on.
        col = int(number * _GOLDEN % 1.0 * grid.n_cols)
        row_start = max(0, min(int(grid.row_of(lat)), grid.n_rows - edge))
        col_start = max(0, min(col, grid.n_cols - edge))
        # `common` cuts what is larger than a whole coarse grid.
        yield grid.whole.common(
            Window(
                row_start=row_start,
                row_stop=row_start + edge,
                col_start=col_start,
                col_stop=col_start + edge,
            )
        )
