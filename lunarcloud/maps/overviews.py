"""Overviews for viewers: each level has fewer pixels than the one before, of area-weighted means."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from lunarcloud.engine import Product
from lunarcloud.moon import FloatArray, Grid, Raster, Shard, Window
from lunarcloud.storage import Group

# Columns of the coarsest level at most: a view of the whole Moon then takes 8 chunks, about 2 MB.
_LARGEST_VIEW = 2048
# Of 180 degrees, so of any whole number of pixels per degree: they lead from every grid to a small one.
_FACTORS = (2, 3, 5)
# Pixels of the finer level whose means are made at once: what that takes is less than the codes themselves.
_AT_ONCE = 2**18

_CodesT = TypeVar("_CodesT", np.uint16, np.int32)
_FlagsT = TypeVar("_FlagsT", np.uint8, np.uint16, np.uint32)


@dataclass(frozen=True, slots=True)
class OverviewShard:
    """Computes one shard of a level from the pixels of the finer level that it covers.

    Attributes
    ----------
    finer : Group
        The finer level, on a global grid, all its shards finished.
    raster : Raster
        The pixels of this level: of each as many of the finer one down as across, a whole number.
    """

    finer: Group
    raster: Raster

    def __call__(self, shard: Shard) -> Product:
        """Every variable of one shard, one after the other."""
        layout = self.finer.layout
        factor = layout.raster.n_rows // self.raster.n_rows
        window = _finer(self.raster.window(shard), factor)
        areas = _of_rows(layout.raster.n_rows, layout.raster.shard_edge).pixel_area_m2(window)
        entries = {part: self.finer.ledger.entry(part) for part in layout.raster.shards_of(window)}
        arrays: dict[str, npt.NDArray[Any]] = {}
        for variable in layout.variables:
            pixels = self.finer.read_window(variable.name, window, entries)
            if variable.fill is None:
                # Flags have no mean: a coarse pixel warns of whatever any of its pixels does.
                arrays[variable.name] = any_flag(pixels, factor)
            else:
                arrays[variable.name] = block_means(pixels, areas, factor, fill=int(variable.fill))
        inputs = {key: found for entry in entries.values() for key, found in entry.objects.items()}
        return Product(arrays=arrays, inputs=inputs)


def levels_of(finest: Grid) -> tuple[Grid, ...]:
    """The grids of all levels, the finest first, to one shard of few columns.

    Each has half the rows of the one before or, where they are odd, a third or else a fifth.
    """
    return tuple(_coarser(finest))


def _coarser(finest: Grid) -> Iterator[Grid]:
    level = finest
    yield level
    while not is_small(level, _LARGEST_VIEW):
        factor = next((each for each in _FACTORS if level.n_rows % each == 0), None)
        if factor is None:
            return
        level = _of_rows(level.n_rows // factor, finest.shard_edge)
        yield level


def _of_rows(rows: int, shard_edge: int) -> Grid:
    return Grid(n_rows=rows, n_cols=2 * rows, shard_edge=shard_edge)


def is_small(raster: Raster, largest: int) -> bool:
    """Whether a level of at most so many columns is reached: a whole view of it is a few chunks."""
    return raster.shard_shape == (1, 1) and raster.n_cols <= largest


def block_means(
    codes: npt.NDArray[_CodesT], row_areas: FloatArray, factor: int, *, fill: int
) -> npt.NDArray[_CodesT]:
    """Means of square blocks of pixels, weighted by area, over the valid ones.

    Parameters
    ----------
    codes : ndarray of uint16 or int32, shape (factor * rows, factor * cols)
        The finer pixels.
    row_areas : ndarray, shape (factor * rows,)
        Area of a pixel in each row, any unit.
    factor : int
        Pixels along the edge of a block.
    fill : int
        Code of a missing pixel; a block without a valid one is missing.

    Returns
    -------
    ndarray, shape (rows, cols)
        The nearest codes of the means, of the same type.
    """
    rows, cols = codes.shape[0] // factor, codes.shape[1] // factor
    means = np.empty((rows, cols), codes.dtype)
    step = max(1, _AT_ONCE // (factor * codes.shape[1]))
    for top in range(0, rows, step):
        part = slice(factor * top, factor * (top + step))
        means[top : top + step] = _means(codes[part], row_areas[part], factor, fill)
    return means


def any_flag(flags: npt.NDArray[_FlagsT], factor: int) -> npt.NDArray[_FlagsT]:
    """The flags that any pixel of a square block, so many along its edge, has; shape (rows, cols)."""
    found: npt.NDArray[_FlagsT] = _over_blocks(np.bitwise_or, flags, factor)
    return found


def _means(codes: npt.NDArray[_CodesT], row_areas: FloatArray, factor: int, fill: int) -> FloatArray:
    valid = codes != fill
    # An area for a valid pixel and 0 for a missing one, whose code then does not count either.
    weight = row_areas[:, np.newaxis] * valid
    total, weights = (_over_blocks(np.add, each, factor) for each in (codes * weight, weight))
    # A block without a valid pixel keeps the fill, which is there before the division.
    mean: FloatArray = np.divide(total, weights, out=np.full_like(total, fill), where=weights > 0)
    return np.rint(mean, out=mean)


def _over_blocks(combined: np.ufunc, values: npt.NDArray[Any], factor: int) -> npt.NDArray[Any]:
    # Rows first, which are contiguous; the factor divides both numbers.
    rows = reduce(combined, (values[place::factor] for place in range(factor)))
    return reduce(combined, (rows[:, place::factor] for place in range(factor)))


def _finer(window: Window, factor: int) -> Window:
    return Window(
        row_start=factor * window.row_start,
        row_stop=factor * window.row_stop,
        col_start=factor * window.col_start,
        col_stop=factor * window.col_stop,
    )
