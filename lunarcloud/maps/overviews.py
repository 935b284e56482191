"""Overviews of a run for viewers: each level halves the one before, by area-weighted means."""

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from lunarcloud.engine import Product
from lunarcloud.maps.layout import FILL, QUALITY
from lunarcloud.moon import FloatArray, Grid, Shard, Window, grid
from lunarcloud.storage import Group

_FlagsT = TypeVar("_FlagsT", np.uint8, np.uint16, np.uint32)


@dataclass(frozen=True, slots=True)
class OverviewShard:
    """Computes one shard of a level from the pixels of the finer level that it covers.

    Attributes
    ----------
    finer : Group
        The finer level, on a grid of exactly twice the resolution, all its shards finished.
    grid : Grid
        The grid of this level.
    """

    finer: Group
    grid: Grid

    def __call__(self, shard: Shard) -> Product:
        """Every map of one shard, one after the other."""
        window, layout = _doubled(self.grid.window(shard)), self.finer.layout
        areas = grid(2 * self.grid.ppd, self.grid.shard_edge).pixel_area_m2(window)
        entries = {part: self.finer.ledger.entry(part) for part in layout.raster.shards_of(window)}
        arrays: dict[str, npt.NDArray[Any]] = {}
        for variable in layout.variables:
            pixels = self.finer.read_window(variable.name, window, entries)
            if variable.name == QUALITY:
                # Flags have no mean: a coarse pixel warns of whatever any of its four does.
                arrays[variable.name] = any_flag(pixels)
            else:
                arrays[variable.name] = halved(pixels, areas, fill=FILL)
        inputs = {key: found for entry in entries.values() for key, found in entry.objects.items()}
        return Product(arrays=arrays, inputs=inputs)


def halved(codes: npt.NDArray[np.uint16], row_areas: FloatArray, *, fill: int) -> npt.NDArray[np.uint16]:
    """Means of blocks of 2 x 2 pixels, weighted by area, over the valid ones.

    Parameters
    ----------
    codes : ndarray of uint16, shape (2 rows, 2 cols)
        The finer pixels.
    row_areas : ndarray, shape (2 rows,)
        Area of a pixel in each row, any unit.
    fill : int
        Code of a missing pixel; a block without a valid one is missing.

    Returns
    -------
    ndarray of uint16, shape (rows, cols)
        The nearest codes of the means.
    """
    valid = codes != fill
    # An area for a valid pixel and 0 for a missing one, whose code then does not count either.
    weight = row_areas[:, np.newaxis] * valid
    total, weights = _block_sums(codes * weight), _block_sums(weight)
    # A block without a valid pixel keeps the fill, which is there before the division.
    mean = np.divide(total, weights, out=np.full_like(total, fill), where=weights > 0)
    return np.rint(mean).astype(np.uint16)


def any_flag(flags: npt.NDArray[_FlagsT]) -> npt.NDArray[_FlagsT]:
    """The flags that any pixel of a block of 2 x 2 has, shape (rows, cols)."""
    rows = flags[0::2] | flags[1::2]
    both: npt.NDArray[_FlagsT] = rows[:, 0::2] | rows[:, 1::2]
    return both


def _block_sums(values: FloatArray) -> FloatArray:
    # Rows first, which are contiguous; both numbers are even, since the finer grid has twice as many.
    rows = values[0::2] + values[1::2]
    return rows[:, 0::2] + rows[:, 1::2]


def _doubled(window: Window) -> Window:
    return Window(
        row_start=2 * window.row_start,
        row_stop=2 * window.row_stop,
        col_start=2 * window.col_start,
        col_stop=2 * window.col_stop,
    )
