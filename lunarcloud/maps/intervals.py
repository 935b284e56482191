"""The half-widths of a run's intervals, on a coarse grid of their own: they follow soils, not pixels."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lunarcloud.archive import MISSING
from lunarcloud.engine import Product
from lunarcloud.maps.kernel import Kernel
from lunarcloud.maps.layout import QUALITY
from lunarcloud.moon import Grid, IntArray, Shard, Window
from lunarcloud.mosaic import REFLECTANCE, Mosaic


def nearest_numbers(mosaic: Mosaic, grid: Grid, shard: Shard) -> tuple[npt.NDArray[np.int16], dict[str, str]]:
    """A mosaic's numbers at the centres of the pixels of a coarser grid, and the objects that they are from.

    Parameters
    ----------
    mosaic : Mosaic
        On a grid as fine as the other, or finer.
    grid : Grid
        The coarser one.
    shard : Shard
        Of that.

    Returns
    -------
    ndarray of int16, shape (band, row, col)
        As stored.
    dict of str to str
        Digests by key.
    """
    window, fine, group = grid.window(shard), mosaic.grid, mosaic.group
    rows = fine.row_of(grid.lat(window)).astype(int)
    cols = fine.col_of(grid.lon(window)).astype(int)
    found = np.full((len(mosaic.instrument.bands), *window.shape), MISSING, np.int16)
    inputs: dict[str, str] = {}
    # A shard at a time: all that lie under a coarse one need not fit in memory together.
    for part in fine.shards_of(_around(rows, cols)):
        entry, whole = group.ledger.entry(part), fine.window(part)
        down, from_row = _within(rows, whole.row_start, whole.row_stop)
        across, from_col = _within(cols, whole.col_start, whole.col_stop)
        pixels = group.read(REFLECTANCE, part, entry)
        found[:, down[:, None], across] = pixels[:, from_row[:, None], from_col]
        inputs |= entry.objects
    return found, inputs


@dataclass(frozen=True, slots=True)
class IntervalShard:
    """The task of one shard of half-widths.

    Attributes
    ----------
    mosaic : Mosaic
        Whose pixels are looked at.
    grid : Grid
        Of the half-widths.
    kernel : Kernel
        With what tells half-widths in the place of the networks.
    names : tuple of str
        The maps of half-widths.
    """

    mosaic: Mosaic
    grid: Grid
    kernel: Kernel
    names: tuple[str, ...]

    def __call__(self, shard: Shard) -> Product:
        """The codes of all half-widths of one shard."""
        numbers, inputs = nearest_numbers(self.mosaic, self.grid, shard)
        codes = self.kernel(numbers)
        return Product(arrays={name: codes[name] for name in (*self.names, QUALITY)}, inputs=inputs)


def _around(rows: IntArray, cols: IntArray) -> Window:
    return Window(
        row_start=int(rows[0]),
        row_stop=int(rows[-1]) + 1,
        col_start=int(cols[0]),
        col_stop=int(cols[-1]) + 1,
    )


def _within(places: IntArray, start: int, stop: int) -> tuple[IntArray, IntArray]:
    """Which of some places lie in a range, and where in it."""
    which = np.flatnonzero((places >= start) & (places < stop))
    return which, places[which] - start
