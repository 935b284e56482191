"""Equal-area cells: which they are, how large, and the pixel each one samples.

The Moon is cut into latitude bands of 0.15 degrees and each band into cells of 2.25 km2, with
``dlon = A / (R^2 dphi cos phi)`` at the band's centre latitude (Qiu, Yan & Liu 2025, eq. 8). Each band holds
a whole number of cells, the nearest to 360 degrees / dlon, starting at longitude -180. That makes
16 858 820 cells, 792 886 of them with centres south of latitude -65. (The paper counts about 16 858 817, and
633 949 south of -65; no cutting of bands reproduces the second number.)
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lunarcloud.moon import RADIUS_M, FloatArray, Grid, IntArray, Positions, Window

#: Nominal area of a cell, km2.
CELL_KM2 = 2.25
#: Number of latitude bands, each 180 / 1200 = 0.15 degrees.
N_BANDS = 1200


class Sample(NamedTuple):
    """Cells whose centres fall in a window, and the pixel that each reads.

    Attributes
    ----------
    cell, band : (cell,) arrays
        Number of each cell, ascending, and its latitude band, from 0 in the north.
    row, col : (cell,) arrays
        The pixel that holds its centre, counted from the window's corner.
    """

    cell: IntArray
    band: IntArray
    row: IntArray
    col: IntArray


@lru_cache(maxsize=1)
def band_counts() -> IntArray:
    """Number of cells in each band, from the north pole to the south pole."""
    # Equation 8 takes a band for a cylinder, dphi high at its centre's circumference: kept here, because it
    # decides how many cells there are. Their exact area is `cell_km2`.
    cell_km2 = 2.0 * math.pi * (RADIUS_M / 1000.0) ** 2 * (math.pi / N_BANDS) * np.cos(np.radians(band_lat()))
    return _constant(np.rint(cell_km2 / CELL_KM2).astype(np.int64))


@lru_cache(maxsize=1)
def band_starts() -> IntArray:
    """Number of the first cell of each band; cells count eastwards from -180, bands from the north."""
    # Without its last entry, the running sum is what lies north of the next band.
    return _constant(np.concatenate([[0], np.cumsum(band_counts())[:-1]]))


def band_lat() -> FloatArray:
    """Latitude of the centre of each band, degrees, descending."""
    return np.asarray(90.0 - (np.arange(N_BANDS) + 0.5) * (180.0 / N_BANDS), dtype=np.float64)


def cell_km2() -> FloatArray:
    """Exact spherical area of one cell in each band, km2 (within 0.4 % of the nominal 2.25).

    ``R^2 dlon (sin lat_top - sin lat_bottom)``, the sum over all cells being the whole sphere.
    """
    strip = 4.0 * math.pi * (RADIUS_M / 1000.0) ** 2 * math.sin(math.pi / N_BANDS / 2)
    return np.asarray(strip * np.cos(np.radians(band_lat())) / band_counts(), dtype=np.float64)


def cell_positions(cell: npt.ArrayLike) -> Positions:
    """Latitude and longitude of the centres of cells by their numbers, degrees."""
    number = np.asarray(cell, dtype=np.int64)
    band = band_of(number)
    within = number - band_starts()[band]
    lon = (within + 0.5) * 360.0 / band_counts()[band] - 180.0
    return Positions(lat=band_lat()[band], lon=lon)


def band_of(cell: npt.ArrayLike) -> IntArray:
    """Band of each cell, by the cell's number."""
    # The first cell of a band belongs to it: to the right of its equal, and one back.
    return np.asarray(np.searchsorted(band_starts(), np.asarray(cell), side="right") - 1, dtype=np.int64)


def cell_at(*, lat: FloatArray, lon: FloatArray) -> IntArray:
    """Numbers of the cells that hold positions.

    Parameters
    ----------
    lat, lon : arrays of one shape
        Degrees, -90..90 and -180..180.
    """
    # The south pole belongs to the last band, the meridian of 180 degrees to the first cell of its band.
    band = np.minimum((90.0 - lat) * (N_BANDS / 180.0), N_BANDS - 1).astype(np.int64)
    counts = band_counts()[band]
    return np.asarray(band_starts()[band] + ((lon + 180.0) / 360.0 * counts).astype(np.int64) % counts)


def sample(grid: Grid, window: Window) -> Sample:
    """The cells whose centres fall in a window, with the pixel that holds each centre.

    Parameters
    ----------
    grid : Grid
        The maps' grid.
    window : Window
        Part of it, such as a shard's.

    Returns
    -------
    Sample
        One entry a cell, in the order of the cells' numbers; ``row`` and ``col`` count from the window's
        corner. All windows of a grid together hold every cell exactly once (integer arithmetic only).
    """
    # A centre is at (2 k + 1) / (2 n) of the way from the edge, so its pixel is that times the number of
    # pixels, rounded down: in whole numbers no centre can fall on either side of a pixel's edge by rounding,
    # and windows that meet share no cell and lose none.
    bands = np.arange(N_BANDS)
    rows = (2 * bands + 1) * grid.n_rows // (2 * N_BANDS)
    bands = bands[(rows >= window.row_start) & (rows < window.row_stop)]
    counts = band_counts()[bands]
    first, last = (_first_cell(counts, col, grid.n_cols) for col in (window.col_start, window.col_stop))
    lengths = last - first
    # All bands at once: a running number less where its band begins, plus the band's first cell.
    band = np.repeat(bands, lengths)
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths - first, lengths)
    col = (2 * within + 1) * grid.n_cols // (2 * band_counts()[band])
    return Sample(
        cell=band_starts()[band] + within,
        band=band,
        row=rows[band] - window.row_start,
        col=col - window.col_start,
    )


def _first_cell(counts: IntArray, col: int, n_cols: int) -> IntArray:
    """In bands of these counts, the first cell with its centre at or east of the western edge of a column."""
    # The smallest k with (2 k + 1) n_cols >= 2 count col; -(-a // b) rounds up, here with a's sign turned.
    return np.asarray(-((n_cols - 2 * counts * col) // (2 * n_cols)), dtype=np.int64)


def _constant(array: IntArray) -> IntArray:
    # Cached results are shared by all callers, so none may write into them.
    array.setflags(write=False)
    return array
