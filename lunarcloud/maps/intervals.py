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


@dataclass(frozen=True, slots=True)
class Nearest:
    """Pixels of a mosaic at the centres of a coarser grid's.

    Attributes
    ----------
    mosaic : Mosaic
        On a grid as fine as the other, or finer.
    grid : Grid
        The coarser one.
    """

    mosaic: Mosaic
    grid: Grid

    def numbers(self, shard: Shard) -> tuple[npt.NDArray[np.int16], dict[str, str]]:
        """The mosaic's numbers in a shard of the coarser grid, and the objects that they are from.

        Returns
        -------
        ndarray of int16, shape (band, row, col)
            As stored.
        dict of str to str
            Digests by key.
        """
        window, fine, group = self.grid.window(shard), self.mosaic.grid, self.mosaic.group
        rows = fine.row_of(self.grid.lat(window)).astype(int)
        cols = fine.col_of(self.grid.lon(window)).astype(int)
        found = np.full((len(self.mosaic.instrument.bands), *window.shape), MISSING, np.int16)
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
    pixels : Nearest
        What is looked at.
    kernel : Kernel
        With what tells half-widths in the place of the networks.
    names : tuple of str
        The maps of half-widths.
    """

    pixels: Nearest
    kernel: Kernel
    names: tuple[str, ...]

    def __call__(self, shard: Shard) -> Product:
        """The codes of all half-widths of one shard."""
        numbers, inputs = self.pixels.numbers(shard)
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
