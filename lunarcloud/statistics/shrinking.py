"""Stored difference maps averaged onto a coarser grid for pictures: what was left out stays out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lunarcloud.moon import FloatArray, Grid, Shard, Window
from lunarcloud.statistics.comparison import NO_DIFFERENCE
from lunarcloud.statistics.source import Stream, one_by_one
from lunarcloud.storage import GRID_MAPPING, Group, Layout, coordinates

if TYPE_CHECKING:  # slow to import, and what finds everything done makes no tables or arrays
    import xarray as xr


@dataclass(frozen=True, slots=True)
class ShrinkWindow:
    """Averages one window of a coarser grid.

    Attributes
    ----------
    differences : Group
        As `comparison.DifferenceShard` makes it, all its shards finished.
    names : tuple of str
        Which of its maps.
    coarse : Grid
        A grid whose number of rows divides that of the maps.
    """

    differences: Group
    names: tuple[str, ...]
    coarse: Grid

    def __call__(self, shard: Shard) -> dict[str, FloatArray]:
        """By map, means of the codes of a window's pixels; NaN where all of a pixel is missing."""
        factor = self.differences.layout.raster.n_rows // self.coarse.n_rows
        fine = _times(self.coarse.window(shard), factor)
        codes = ((name, self.differences.read_window(name, fine)) for name in self.names)
        return {name: _block_means(pixels, factor) for name, pixels in codes}


def shrunk(
    differences: Group, names: Sequence[str], coarser: Grid, *, stream: Stream = one_by_one
) -> dict[str, xr.DataArray]:
    """Difference maps on a coarser grid, in the maps' units; NaN where all of a pixel is missing or left out.

    Parameters
    ----------
    differences : Group
        As `comparison.DifferenceShard` makes it, all its shards finished.
    names : sequence of str
        Which of its maps.
    coarser : Grid
        A grid whose number of rows divides that of the maps.
    stream : callable
        How the windows are spread over workers.

    Returns
    -------
    dict of str to DataArray
        (lat, lon), by map: means of the pixels that each holds, unweighted, since their areas differ by less
        than a picture shows.
    """
    import xarray as xr

    layout = differences.layout
    factor = layout.raster.n_rows // coarser.n_rows
    # Windows of the coarse grid that are no larger than a shard of the fine one.
    coarse = replace(coarser, shard_edge=max(1, layout.raster.shard_edge // factor))
    pixels = {name: np.full(coarse.shape, np.nan) for name in names}
    task = ShrinkWindow(differences, tuple(names), coarse)
    for shard, found in stream(task, coarse.shards()):
        for name, means in found.items():
            pixels[name][coarse.window(shard).slices] = means
    coords = coordinates(Layout(raster=coarse, variables=())).coords
    return {
        name: xr.DataArray(
            values * layout.variable(name).attrs["scale_factor"],
            coords,
            dims=("lat", "lon"),
            attrs={"units": layout.variable(name).attrs["units"], "grid_mapping": GRID_MAPPING},
        )
        for name, values in pixels.items()
    }


def _times(window: Window, factor: int) -> Window:
    return Window(
        row_start=factor * window.row_start,
        row_stop=factor * window.row_stop,
        col_start=factor * window.col_start,
        col_stop=factor * window.col_stop,
    )


def _block_means(codes: npt.NDArray[np.int32], factor: int) -> FloatArray:
    rows, cols = codes.shape[0] // factor, codes.shape[1] // factor
    blocks = codes.reshape(rows, factor, cols, factor)
    valid = blocks != NO_DIFFERENCE
    number = valid.sum(axis=(1, 3))
    total = np.where(valid, blocks, 0).sum(axis=(1, 3), dtype=np.float64)
    means: FloatArray = np.divide(total, number, out=np.full(number.shape, np.nan), where=number > 0)
    return means
