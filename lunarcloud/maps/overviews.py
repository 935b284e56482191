"""Overviews for viewers: each level halves the one before, by area-weighted means."""

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from lunarcloud.engine import Product
from lunarcloud.moon import FloatArray, Grid, Raster, Shard, Window, grid
from lunarcloud.storage import Group

# Columns of the coarsest level at most: a view of the whole Moon then takes 8 chunks, about 2 MB.
_LARGEST_VIEW = 2048

_CodesT = TypeVar("_CodesT", np.uint16, np.int32)
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
        """Every variable of one shard, one after the other."""
        window, layout = _doubled(self.grid.window(shard)), self.finer.layout
        areas = grid(2 * self.grid.ppd, self.grid.shard_edge).pixel_area_m2(window)
        entries = {part: self.finer.ledger.entry(part) for part in layout.raster.shards_of(window)}
        arrays: dict[str, npt.NDArray[Any]] = {}
        for variable in layout.variables:
            pixels = self.finer.read_window(variable.name, window, entries)
            if variable.fill is None:
                # Flags have no mean: a coarse pixel warns of whatever any of its four does.
                arrays[variable.name] = any_flag(pixels)
            else:
                arrays[variable.name] = halved(pixels, areas, fill=int(variable.fill))
        inputs = {key: found for entry in entries.values() for key, found in entry.objects.items()}
        return Product(arrays=arrays, inputs=inputs)


def levels_of(finest: Grid) -> tuple[Grid, ...]:
    """The grids of all levels, the finest first: halved while rows are even, to one shard of few columns."""
    grids = [finest]
    while grids[-1].n_rows % 2 == 0 and not is_small(grids[-1], _LARGEST_VIEW):
        # A power of two divides without rounding: 304 pixels per degree become 9.5, and 4.75.
        grids.append(grid(grids[-1].ppd / 2, finest.shard_edge))
    return tuple(grids)


def is_small(raster: Raster, largest: int) -> bool:
    """Whether a level of at most so many columns is reached: a whole view of it is a few chunks."""
    return raster.shard_shape == (1, 1) and raster.n_cols <= largest


def halved(codes: npt.NDArray[_CodesT], row_areas: FloatArray, *, fill: int) -> npt.NDArray[_CodesT]:
    """Means of blocks of 2 x 2 pixels, weighted by area, over the valid ones.

    Parameters
    ----------
    codes : ndarray of uint16 or int32, shape (2 rows, 2 cols)
        The finer pixels.
    row_areas : ndarray, shape (2 rows,)
        Area of a pixel in each row, any unit.
    fill : int
        Code of a missing pixel; a block without a valid one is missing.

    Returns
    -------
    ndarray, shape (rows, cols)
        The nearest codes of the means, of the same type.
    """
    valid = codes != fill
    # An area for a valid pixel and 0 for a missing one, whose code then does not count either.
    weight = row_areas[:, np.newaxis] * valid
    total, weights = _block_sums(codes * weight), _block_sums(weight)
    # A block without a valid pixel keeps the fill, which is there before the division.
    mean = np.divide(total, weights, out=np.full_like(total, fill), where=weights > 0)
    return np.rint(mean).astype(codes.dtype)


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
