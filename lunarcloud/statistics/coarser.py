"""A run's maps on a coarser grid: means by exact area, so that runs of different mosaics can be compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lunarcloud.maps import QUALITY
from lunarcloud.moon import FloatArray, Grid, Shard, Window
from lunarcloud.statistics.quality import Marks
from lunarcloud.statistics.source import MISSING, MapCodes, Source

if TYPE_CHECKING:  # slow to import
    from scipy.sparse import csr_array

#: Least part of a coarse pixel that must be mapped for it to have a mean.
LEAST_MAPPED = 0.5


@dataclass(frozen=True, slots=True)
class CoarserSource(Source):
    """The maps of a run on a coarser grid.

    Attributes
    ----------
    onto : Grid
        The grid. A pixel's value is the mean of the run's pixels, weighted by the area that each has in it,
        in whole codes; it is missing where less than `LEAST_MAPPED` of it is mapped. What is left out of the
        run (`exclude`) is left out before.
    """

    onto: Grid = field(kw_only=True)

    @property
    def grid(self) -> Grid:
        """The coarser grid."""
        return self.onto

    @property
    def own(self) -> Source:
        """The run on its own grid."""
        return Source(self.group, self.exclude)

    def read(self, name: str, shard: Shard) -> MapCodes:
        """One shard of a map on the coarser grid: `stored`, since what is left out of it was so before."""
        return self.stored(name, shard)

    def stored(self, name: str, shard: Shard) -> npt.NDArray[Any]:
        """One shard of a map on the coarser grid, or of ``quality``: every bit that a pixel in it has."""
        window = self.onto.window(shard)
        return self._flags(window) if name == QUALITY else self._means(name, window)

    def marks(self, name: str, codes: MapCodes, quality: npt.NDArray[np.unsignedinteger]) -> Marks:
        """What there is to say against pixels; not that what is left out already had to be.

        Parameters
        ----------
        name : str
            The map.
        codes, quality : arrays, one shape
            As `stored` gives them.
        """
        found = self.own.marks(name, codes, quality)
        return np.where(codes == MISSING, found, found & ~np.uint8(self.excluded))

    def _means(self, name: str, window: Window) -> MapCodes:
        own = self.own
        area, weighted = np.zeros(window.shape), np.zeros(window.shape)
        # Shard after shard, in their order: sums of fractions depend on it, and a whole window of a fine run
        # would not fit in memory.
        for part in _parts(own.grid, self.onto, window):
            codes = own.read(name, part.shard)[part.rows, part.cols]
            valid = codes != MISSING
            area[part.onto] += part.integrated(valid)
            weighted[part.onto] += part.integrated(np.where(valid, codes, 0))
        whole = _areas(self.onto, window)
        mapped = area >= LEAST_MAPPED * whole
        means = np.rint(np.divide(weighted, area, out=np.zeros_like(area), where=mapped))
        return np.where(mapped, means, MISSING).astype(np.uint16)

    def _flags(self, window: Window) -> npt.NDArray[Any]:
        own = self.own
        found = np.zeros(window.shape, dtype=self.group.layout.variable(QUALITY).dtype)
        for part in _parts(own.grid, self.onto, window):
            quality = own.stored(QUALITY, part.shard)[part.rows, part.cols]
            found[part.onto] |= _any_bit(_any_bit(quality, part.heights, 0), part.widths, 1)
        return found


class _Part(NamedTuple):
    """What a shard of the fine grid adds to a window of the coarse one.

    Attributes
    ----------
    shard : Shard
        Which.
    rows, cols : slice
        Of its pixels, those that lie in the window.
    onto : (slice, slice)
        Of the window, the rows and columns that they lie in.
    heights, widths : sparse arrays, (coarse, fine)
        Of each coarse row and fine row the common difference of sines of latitude, and of columns the common
        degrees of longitude: their product is an area.
    """

    shard: Shard
    rows: slice
    cols: slice
    onto: tuple[slice, slice]
    heights: csr_array
    widths: csr_array

    def integrated(self, values: npt.NDArray[Any]) -> FloatArray:
        """Sums of the pixels' values by coarse pixel, each times its area in it."""
        # Rows first, of which there are then fewer.
        found: FloatArray = (self.heights @ values.astype(np.float64)) @ self.widths.T
        return found


def _parts(fine: Grid, onto: Grid, window: Window) -> list[_Part]:
    covered = _covered(fine, onto, window)
    return [
        _part(fine, onto, window, shard, fine.window(shard).common(covered))
        for shard in fine.shards_of(covered)
    ]


def _covered(fine: Grid, onto: Grid, window: Window) -> Window:
    """The fine pixels that lie in coarse ones, wholly or in part: by whole numbers, no edge is missed."""

    def first(at: int) -> int:
        return at * fine.n_rows // onto.n_rows

    def after(at: int) -> int:
        return -(-at * fine.n_rows // onto.n_rows)

    return Window(
        row_start=first(window.row_start),
        row_stop=after(window.row_stop),
        col_start=first(window.col_start),
        col_stop=after(window.col_stop),
    )


def _part(fine: Grid, onto: Grid, window: Window, shard: Shard, pixels: Window) -> _Part:
    target = _covered(onto, fine, pixels).common(window)
    rows, cols = pixels.within(fine.window(shard))
    # Negative, so that latitudes ascend as rows do.
    down = [-np.sin(np.radians(each)) for each in (onto.lat_edges(target), fine.lat_edges(pixels))]
    across = [onto.lon_edges(target), fine.lon_edges(pixels)]
    return _Part(shard, rows, cols, target.within(window), _common(*down), _common(*across))


def _common(coarse: FloatArray, fine: FloatArray) -> csr_array:
    """Lengths that intervals between ascending edges have in common, (coarse, fine)."""
    from scipy.sparse import csr_array

    top = np.maximum(coarse[:-1, None], fine[None, :-1])
    return csr_array(np.clip(np.minimum(coarse[1:, None], fine[None, 1:]) - top, 0.0, None))


def _areas(grid: Grid, window: Window) -> FloatArray:
    """Of each row, the area of a pixel in the units of parts, (row, 1)."""
    heights: FloatArray = -np.diff(np.sin(np.radians(grid.lat_edges(window))))
    return heights[:, None] / grid.ppd


def _any_bit(flags: npt.NDArray[Any], lengths: csr_array, axis: int) -> npt.NDArray[Any]:
    """Flags of coarse rows (or columns): every bit of the fine ones in them."""
    starts, stops = lengths.indptr[:-1], lengths.indptr[1:]
    first, last = lengths.indices[starts], lengths.indices[stops - 1]
    # Fine rows from the first to the one before the next coarse row's first; one that is cut counts for both.
    until = np.bitwise_or.reduceat(flags, first, axis=axis)
    found: npt.NDArray[Any] = until | np.take(flags, last, axis=axis)
    return found


def aligned(first: Source, second: Source) -> tuple[Source, Source]:
    """Two runs on the coarser grid of both.

    Parameters
    ----------
    first, second : Source
        The runs; those of one grid are as they are.
    """
    if first.grid == second.grid:
        return first, second
    if first.grid.ppd <= second.grid.ppd:
        return first, CoarserSource(second.group, second.exclude, second.networks, onto=first.grid)
    return CoarserSource(first.group, first.exclude, first.networks, onto=second.grid), second
