"""Levels around the poles: each polar pixel is the mean of a latitude/longitude level over its area.

Every pixel of the level is shared out among the polar pixels that it overlaps, by exact areas. Weights are
whole numbers, so that a sum has the same bits in whatever pieces and order the pixels are read.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from lunarcloud.engine import Product
from lunarcloud.maps.layout import FILL, QUALITY
from lunarcloud.moon import RADIUS_M, FloatArray, Grid, IntArray, PolarGrid, Shard, Window
from lunarcloud.storage import Entry, Group

if TYPE_CHECKING:  # slow to import, and what finds everything done adds nothing up
    from scipy.sparse import csr_array

# Weight of a pixel at the equator: at the pole of the finest level a pixel still has three digits, and no sum
# of weighted codes comes near 2^53, below which doubles add whole numbers exactly.
_WEIGHT = 2.0**24
# Pixels of the level whose shares are held at once, and that are shared out at once: memory is bounded for a
# shard of any size, also at a pole, where a polar pixel lies over a thousand of the level.
_HELD, _AT_ONCE = 6 * 2**20, 2**15

Codes: TypeAlias = npt.NDArray[np.unsignedinteger[Any]]


class Shares(NamedTuple):
    """What some pixels of a level add to some polar pixels.

    Attributes
    ----------
    window : Window
        The pixels of the level.
    weights : csr_array, shape (polar pixel, pixel), of float
        Whole numbers: their common areas.
    """

    window: Window
    weights: csr_array


class _Overlaps(NamedTuple):
    """Pairs of a pixel and a cell of the unit grid, and which part of the pixel lies in it."""

    pixel: IntArray
    row: IntArray
    col: IntArray
    part: FloatArray


@dataclass(frozen=True, slots=True)
class PolarShard:
    """Computes one shard around a pole from the pixels of a latitude/longitude level that it covers.

    Attributes
    ----------
    level : Group
        The level, all its shards finished.
    grid : Grid
        Its grid.
    raster : PolarGrid
        The polar pixels.
    """

    level: Group
    grid: Grid
    raster: PolarGrid

    def __call__(self, shard: Shard) -> Product:
        """Every map of one shard, block by block."""
        window = self.raster.window(shard)
        arrays: dict[str, npt.NDArray[Any]] = {
            variable.name: np.empty(window.shape, variable.dtype) for variable in self.level.layout.variables
        }
        entries: dict[Shard, Entry] = {}
        for block in _blocks(self.grid, self.raster, window):
            # Found once for all maps, whose pixels are then read a shard at a time.
            shares = [*self._shares(block)]
            entries |= {part: self.level.ledger.entry(part) for part, _ in shares if part not in entries}
            for name, whole in arrays.items():
                combined = any_flags if name == QUALITY else means
                found = combined(self._pieces(name, shares, entries), math.prod(block.shape))
                whole[block.within(window)] = found.reshape(block.shape)
        inputs = {key: found for part in sorted(entries) for key, found in entries[part].objects.items()}
        return Product(arrays=arrays, inputs=inputs)

    def _shares(self, block: Window) -> Iterator[tuple[Shard, Shares]]:
        """The shards of the level that a block of polar pixels lies over, and what of each falls in it."""
        for wanted in covering(self.grid, self.raster, block):
            for part in self.grid.shards_of(wanted):
                held = wanted.common(self.grid.window(part))
                if (shares := shared_out(self.grid, held, self.raster, block)).weights.nnz:
                    yield part, shares

    def _pieces(
        self, name: str, shares: Iterable[tuple[Shard, Shares]], entries: Mapping[Shard, Entry]
    ) -> Iterator[tuple[Shares, Codes]]:
        """Shares with the codes of a map that they are of, one shard of it in memory at a time."""
        for part, each in shares:
            codes = self.level.read(name, part, entries[part])
            yield each, codes[each.window.within(self.grid.window(part))]


def means(pieces: Iterable[tuple[Shares, Codes]], pixels: int) -> npt.NDArray[np.uint16]:
    """The nearest codes of the means over so many polar pixels; missing where nothing valid is in one.

    Parameters
    ----------
    pieces : iterable of (Shares, ndarray of uint16)
        With the codes of each window, in any order.
    pixels : int
        Number of polar pixels.
    """
    total, weight = np.zeros(pixels), np.zeros(pixels)
    for shares, codes in pieces:
        valid = codes != FILL
        total += shares.weights @ np.where(valid, codes, 0.0).ravel()
        weight += shares.weights @ valid.ravel().astype(np.float64)
    mean = np.divide(total, weight, out=np.full(pixels, float(FILL)), where=weight > 0)
    nearest: npt.NDArray[np.uint16] = np.rint(mean).astype(np.uint16)
    return nearest


def any_flags(pieces: Iterable[tuple[Shares, Codes]], pixels: int) -> npt.NDArray[np.uint32]:
    """The flags of all pixels that lie, whole or in part, in each of so many polar pixels.

    Parameters
    ----------
    pieces : iterable of (Shares, ndarray of unsigned integers)
        With the flags of each window, in any order.
    pixels : int
        Number of polar pixels.
    """
    flags = np.zeros(pixels, np.uint32)
    for shares, found in pieces:
        present = int(np.bitwise_or.reduce(found, axis=None))
        for bit in (1 << place for place in range(present.bit_length()) if present >> place & 1):
            flags |= np.where(shares.weights @ ((found & bit) != 0).ravel() > 0, np.uint32(bit), np.uint32(0))
    return flags


def covering(grid: Grid, raster: PolarGrid, window: Window) -> Iterator[Window]:
    """Windows of a latitude/longitude grid that hold every pixel with a part in a window around a pole.

    Parameters
    ----------
    grid : Grid
        The grid.
    raster : PolarGrid
        The polar pixels.
    window : Window
        Which of them.

    Yields
    ------
    Window
        Two where the seam at longitude 180 lies between.
    """
    x, y = _edges(raster, window)
    nearest = math.hypot(max(x[0], -x[1], 0.0), max(y[0], -y[1], 0.0))
    farthest = math.hypot(max(-x[0], x[1]), max(-y[0], y[1]))
    # A pixel more on each side: what lies in the window is found exactly afterwards.
    near, far = (
        math.degrees(2.0 * math.atan(each / 2.0 / RADIUS_M)) * grid.ppd for each in (nearest, farthest)
    )
    first, stop = max(math.floor(near) - 1, 0), min(math.ceil(far) + 1, grid.n_rows)
    rows = (first, stop) if raster.pole == "north" else (grid.n_rows - stop, grid.n_rows - first)
    for west, east in _longitudes(x, y, raster.pole, everywhere=nearest == 0.0):
        cols = (max(math.floor(grid.col_of(west)) - 1, 0), min(math.ceil(grid.col_of(east)) + 1, grid.n_cols))
        yield Window(row_start=rows[0], row_stop=rows[1], col_start=cols[0], col_stop=cols[1])


def shared_out(grid: Grid, held: Window, raster: PolarGrid, window: Window) -> Shares:
    """What pixels of a latitude/longitude grid add to a window around a pole.

    Parameters
    ----------
    grid : Grid
        The grid.
    held : Window
        Which of its pixels.
    raster : PolarGrid
        The polar pixels.
    window : Window
        Which of them.
    """
    from scipy.sparse import coo_array

    (rows, cols), across = window.shape, held.shape[1]
    targets, pixels, weights = [], [], []
    for strip in _strips(held):
        found = _overlaps(*_corners(grid, strip, raster, window), rows, cols)
        weight = np.rint(found.part * _weights(grid, strip)[found.pixel // across])
        # What touches in a point has nothing in common.
        shared = weight > 0
        targets.append((found.row * cols + found.col)[shared].astype(np.int32))
        pixels.append((found.pixel[shared] + (strip.row_start - held.row_start) * across).astype(np.int32))
        weights.append(weight[shared])
    places = np.concatenate(targets), np.concatenate(pixels)
    shares = coo_array((np.concatenate(weights), places), shape=(rows * cols, held.shape[0] * across))
    # No pair is there twice: to look for such would take as long as all before.
    shares.has_canonical_format = True
    return Shares(held, shares.tocsr())


def _corners(grid: Grid, held: Window, raster: PolarGrid, window: Window) -> tuple[FloatArray, FloatArray]:
    """Columns and rows, with fractions, of the corners of pixels in a polar window, each (4, pixel)."""
    edges = np.arange(held.row_start, held.row_stop + 1, dtype=np.float64)
    colatitude = np.radians((edges if raster.pole == "north" else grid.n_rows - edges) / grid.ppd)
    lon = np.radians(grid.lon_edges(held))
    radius = 2.0 * RADIUS_M / raster.pixel_m * np.tan(colatitude / 2.0)
    # Longitude 0 points down at the north pole and up at the south pole; rows count downwards.
    down = np.cos(lon) if raster.pole == "north" else -np.cos(lon)
    col = np.multiply.outer(radius, np.sin(lon)) + (raster.n_cols / 2 - window.col_start)
    row = np.multiply.outer(radius, down) + (raster.n_rows / 2 - window.row_start)
    # Around the pixel, one after the other.
    around = [
        [each[:-1, :-1].ravel(), each[:-1, 1:].ravel(), each[1:, 1:].ravel(), each[1:, :-1].ravel()]
        for each in (col, row)
    ]
    return np.array(around[0]), np.array(around[1])


def _overlaps(x: FloatArray, y: FloatArray, rows: int, cols: int) -> _Overlaps:
    """Which part of each quadrangle lies in which cell of the unit grid; cells beyond the numbers not.

    Parameters
    ----------
    x, y : ndarray, shape (4, n)
        Its corners one after the other, in cells.
    rows, cols : int
        Number of cells along y and along x, from 0 on.
    """
    left, top = np.floor(x.min(axis=0)), np.floor(y.min(axis=0))
    right, bottom = np.floor(x.max(axis=0)), np.floor(y.max(axis=0))
    near = (right >= 0) & (left < cols) & (bottom >= 0) & (top < rows)
    none = np.empty(0, np.int64)
    found = [_Overlaps(none, none, none, np.empty(0))]
    # All that touch the same number of columns and rows together: most touch two of each.
    for across, down in product(range(3), range(3)):
        at = np.flatnonzero(near & (right - left == across) & (bottom - top == down))
        if not at.size:
            continue
        areas = _areas(x[:, at] - left[at], y[:, at] - top[at], across + 1, down + 1)
        whole = areas.sum(axis=(0, 1))
        for col, row in product(range(across + 1), range(down + 1)):
            place = (top[at] + row).astype(np.int64), (left[at] + col).astype(np.int64)
            here = (place[0] >= 0) & (place[0] < rows) & (place[1] >= 0) & (place[1] < cols)
            part = areas[col, row][here] / whole[here]
            found.append(_Overlaps(at[here], place[0][here], place[1][here], part))
    return _Overlaps(*(np.concatenate(each) for each in zip(*found, strict=True)))


def _areas(x: FloatArray, y: FloatArray, across: int, down: int) -> FloatArray:
    """Areas that quadrangles (4, n) have in common with the first cells of the unit grid: (col, row, n).

    What lies left of a line and above another is the integral of ``min(y, line)`` along the border, as far as
    it is left of the line. Cells are differences of these.
    """
    within = np.zeros((across + 1, down + 1, x.shape[1]))
    for first in range(4):
        xs, ys = (each[[first, (first + 1) % 4]] for each in (x, y))
        run = xs[1] - xs[0]
        slope = np.divide(ys[1] - ys[0], run, out=np.zeros_like(run), where=run != 0)
        for col in range(1, across + 1):
            cut = np.minimum(xs, col)
            ends = ys + (cut - xs) * slope
            low, high = np.minimum(*ends), np.maximum(*ends)
            rise = high - low
            for row in range(1, down + 1):
                under, over = np.minimum(low, row), np.minimum(high, row)
                # Along the edge y goes evenly from low to high: the middle of what is below the line, and the
                # line for the rest.
                below = over - under
                summed = below * (under + over) / 2.0 + (rise - below) * row
                middle = np.divide(summed, rise, out=under, where=rise > 0)
                within[col, row] += (cut[1] - cut[0]) * middle
    return np.abs(np.diff(np.diff(within, axis=0), axis=1))


def _weights(grid: Grid, held: Window) -> FloatArray:
    """Area of a pixel of each row, in whole parts of one at the equator."""
    equator = (math.radians(1.0 / grid.ppd) * RADIUS_M) ** 2
    weights: FloatArray = np.rint(grid.pixel_area_m2(held) / equator * _WEIGHT)
    return weights


def _blocks(grid: Grid, raster: PolarGrid, window: Window) -> Iterator[Window]:
    """A window cut until what lies below each block can be held."""
    pixels = sum(math.prod(each.shape) for each in covering(grid, raster, window))
    rows, cols = window.shape
    if pixels <= _HELD or rows * cols == 1:
        yield window
        return
    down = window.row_start + -(-rows // 2)
    across = window.col_start + -(-cols // 2)
    for top, bottom in ((window.row_start, down), (down, window.row_stop)):
        for left, right in ((window.col_start, across), (across, window.col_stop)):
            if top < bottom and left < right:
                part = Window(row_start=top, row_stop=bottom, col_start=left, col_stop=right)
                yield from _blocks(grid, raster, part)


def _strips(window: Window) -> Iterator[Window]:
    """A window in some rows after the other."""
    step = max(1, _AT_ONCE // window.shape[1])
    for top in range(window.row_start, window.row_stop, step):
        yield Window(
            row_start=top,
            row_stop=min(top + step, window.row_stop),
            col_start=window.col_start,
            col_stop=window.col_stop,
        )


def _edges(raster: PolarGrid, window: Window) -> tuple[tuple[float, float], tuple[float, float]]:
    """Outer edges of a window, metres in the plane: west and east, south and north."""
    across, down = raster.n_cols / 2, raster.n_rows / 2
    x = (window.col_start - across) * raster.pixel_m, (window.col_stop - across) * raster.pixel_m
    y = (down - window.row_stop) * raster.pixel_m, (down - window.row_start) * raster.pixel_m
    return x, y


def _longitudes(
    x: tuple[float, float], y: tuple[float, float], pole: str, *, everywhere: bool
) -> Iterator[tuple[float, float]]:
    """Ranges of longitude, degrees, that hold a rectangle of the plane; all of them where it has the pole."""
    if everywhere:
        yield -180.0, 180.0
        return
    up = -1.0 if pole == "north" else 1.0
    middle = math.degrees(math.atan2(sum(x), up * sum(y)))
    corners = (math.degrees(math.atan2(east, up * north)) for east in x for north in y)
    # Seen from the pole beside it, a rectangle is less than half of the circle wide.
    aside = [(corner - middle + 180.0) % 360.0 - 180.0 for corner in corners]
    west, east = middle + min(aside), middle + max(aside)
    yield max(west, -180.0), min(east, 180.0)
    if west < -180.0:
        yield west + 360.0, 180.0
    if east > 180.0:
        yield -180.0, east - 360.0
