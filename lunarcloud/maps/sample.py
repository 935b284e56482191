"""What a model makes of a fixed sample of a mosaic: blocks of pixels spread evenly over the Moon."""

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from lunarcloud.maps.kernel import Codes
from lunarcloud.maps.plan import MapPlan, kernel_of
from lunarcloud.moon import Grid, Window
from lunarcloud.mosaic import REFLECTANCE, Mosaic

_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


def sampled_codes(plan: MapPlan, blocks: int, edge: int) -> Codes:
    """The codes of all maps of a plan's sample, one line of pixels: the same ones for every model.

    Parameters
    ----------
    plan : MapPlan
        A model and a mosaic.
    blocks : int
        How many blocks; each reads a chunk or a few.
    edge : int
        Pixels along the edge of a block.
    """
    codes = kernel_of(plan)(_pixels(plan.mosaic, blocks, edge))
    return {name: values.ravel() for name, values in codes.items()}


def _pixels(mosaic: Mosaic, blocks: int, edge: int) -> npt.NDArray[np.int16]:
    """The mosaic's numbers in the sample, shape (band, 1, pixel)."""
    import xarray as xr

    # Without Dask, and codes as they are: a few chunks are read here and now, not whole shards.
    opened = xr.open_zarr(mosaic.group.place.url, zarr_format=3, chunks=None, mask_and_scale=False)
    bands = opened[REFLECTANCE].transpose("band", "lat", "lon")
    windows = (window.slices for window in _windows(mosaic.grid, blocks, edge))
    parts = [bands.isel(lat=rows, lon=cols).values.reshape(len(bands), -1) for rows, cols in windows]
    return np.concatenate(parts, axis=1)[:, np.newaxis]


def _windows(grid: Grid, blocks: int, edge: int) -> Iterator[Window]:
    """Windows on a golden spiral, which covers a sphere evenly, moved into the grid where they stick out."""
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
