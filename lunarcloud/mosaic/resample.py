"""Nearest-neighbour resampling of tiles onto one shard of the grid, with one rule for overlaps.

Where tiles overlap, a pixel takes its whole spectrum from the tile that measured most of its bands there;
among equals, from the first by product id. Bands of different tiles are never mixed in one spectrum, and
the rule knows nothing of the order in which tiles were listed or read.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from lunarcloud.archive import (
    CLEMENTINE,
    MISSING,
    MISSING_KINDS,
    Image,
    Instrument,
    TilePixels,
    missing_kind,
    read_rows,
)
from lunarcloud.moon import Grid, Window

# Rows handled at once: bounds the temporaries to a few tens of MB, whatever the shard.
_BLOCK_ROWS = 256

# Numbers read from a tile at once, as many as the largest of Clementine's has: bounds memory whatever the
# image, such as a cube of the whole Moon in one file.
_READ_AT_ONCE = 20 << 20

#: Pixels of the mosaic that no tile covers.
UNCOVERED = "uncovered"


@dataclass(frozen=True, slots=True)
class Spectra:
    """The pixels of a window while tiles are painted into it.

    Attributes
    ----------
    dn : ndarray of int16, shape (band, row, col)
        The archive's own values; missing is -32768.
    kind : ndarray of uint8, shape (band, row, col)
        Why a value is missing, 0 if it is not.
    measured : ndarray of int16, shape (row, col)
        Bands measured; -1 where no tile has been yet.
    origin : ndarray of int16, shape (row, col)
        Which tile a pixel is from, by its place among the tiles.
    """

    dn: npt.NDArray[np.int16]
    kind: npt.NDArray[np.uint8]
    measured: npt.NDArray[np.int16]
    origin: npt.NDArray[np.int16]

    @classmethod
    def empty(cls, bands: int, rows: int, cols: int) -> "Spectra":
        """Pixels before any tile.

        Parameters
        ----------
        bands, rows, cols : int
            Their shape.
        """
        return cls(
            dn=np.full((bands, rows, cols), MISSING, dtype=np.int16),
            kind=np.zeros((bands, rows, cols), dtype=np.uint8),
            # Below any number of bands: the first tile wins even where it measured none, so that its
            # reasons are counted instead of "uncovered".
            measured=np.full((rows, cols), -1, dtype=np.int16),
            origin=np.zeros((rows, cols), dtype=np.int16),
        )

    def part(self, rows: slice, cols: slice) -> "Spectra":
        """A view of some of the pixels."""
        return Spectra(
            self.dn[:, rows, cols],
            self.kind[:, rows, cols],
            self.measured[rows, cols],
            self.origin[rows, cols],
        )


def resample(
    grid: Grid, window: Window, tiles: Sequence[Image], instrument: Instrument = CLEMENTINE
) -> tuple[npt.NDArray[np.int16], dict[str, int]]:
    """The mosaic's numbers in a window of the grid.

    Parameters
    ----------
    grid : Grid
        The grid.
    window : Window
        Which pixels of it.
    tiles : sequence of Image
        Tiles that may touch the window, in any order.
    instrument : Instrument
        Whose bands they have.

    Returns
    -------
    dn : ndarray of int16, shape (band, row, col)
        The archive's own values; missing is -32768.
    counts : dict of str to int
        Values missing in the result by ``product id/kind``, and the pixels that no tile covers as
        ``uncovered``.
    """
    # A later tile must be strictly better, so this order is what decides among equals.
    ordered = sorted(tiles, key=lambda tile: tile.product_id)
    spectra = Spectra.empty(len(instrument.bands), *window.shape)
    for index, tile in enumerate(ordered):
        for block in _touched(grid, window, tile):
            _paint(grid, block, tile, index, spectra.part(*block.within(window)))
    return spectra.dn, _counts(spectra, ordered)


def touches(grid: Grid, window: Window, tile: Image) -> bool:
    """Whether a tile may hold pixels of a window, by its bounds alone.

    Parameters
    ----------
    grid : Grid
        The mosaic's grid.
    window : Window
        Pixels of it.
    tile : Image
        Only its label is needed; nothing is read.

    Returns
    -------
    bool
        Never wrongly no; a yes may turn out to be an empty corner of the box around the tile.
    """
    return next(_touched(grid, window, tile), None) is not None


def _paint(grid: Grid, block: Window, tile: Image, index: int, spectra: Spectra) -> None:
    """Put a tile's spectra into a block where it measured more bands than what is there."""
    lat, lon = grid.lat(block), grid.lon(block)
    # A column and a row, not two planes: a sinusoidal tile's line depends on the latitude alone, so the
    # tile answers rows of shape (rows, 1) and columns of shape (rows, cols).
    pixels = tile.pixel(lat=lat[:, np.newaxis], lon=lon[np.newaxis, :])
    if not pixels.inside.any():
        return
    part = _spanned(pixels)
    # A fine image of a coarse block, or one that lies across it, would be read whole.
    if tile.read_size(*part.shape) > _READ_AT_ONCE and block.shape != (1, 1):
        for half in _halves(block):
            _paint(grid, half, tile, index, spectra.part(*half.within(block)))
        return
    dn = _sample(tile, pixels, part)
    kind = missing_kind(dn, tile)
    np.copyto(dn, MISSING, where=kind != 0)
    measured = np.sum(kind == 0, axis=0, dtype=np.int16)
    # One mask for all bands: a spectrum is never put together from two tiles, whose light differs.
    # Masked copies take half the time of indexing by the mask.
    better = pixels.inside & (measured > spectra.measured)
    np.copyto(spectra.dn, dn, where=better)
    np.copyto(spectra.kind, kind, where=better)
    np.copyto(spectra.measured, measured, where=better)
    np.copyto(spectra.origin, index, where=better)


def _counts(spectra: Spectra, tiles: Sequence[Image]) -> dict[str, int]:
    counts = {UNCOVERED: int(np.count_nonzero(spectra.measured < 0))}
    # One origin for all bands of a pixel, seen as (band, row, col) without being copied. Kinds are 0 where
    # no tile has been, so an uncovered pixel (whose origin is a meaningless 0) is not counted here.
    origin = np.broadcast_to(spectra.origin, spectra.kind.shape)
    missing = spectra.kind != 0
    pairs, numbers = np.unique(
        np.stack([origin[missing], spectra.kind[missing].astype(np.int16)]), axis=1, return_counts=True
    )
    for (index, kind), number in zip(pairs.T, numbers, strict=True):
        # Kinds count from 1, because 0 is a measurement.
        counts[f"{tiles[index].product_id}/{MISSING_KINDS[kind - 1]}"] = int(number)
    return {kind: number for kind, number in counts.items() if number}


def _spanned(pixels: TilePixels) -> Window:
    """The rectangle of the tile's pixels that are inside."""
    # Rows and columns of another shape, as far as they are the same for a whole row or column, stay small.
    rows = pixels.row[pixels.inside.any(axis=_same(pixels.row), keepdims=True)]
    cols = pixels.col[pixels.inside.any(axis=_same(pixels.col), keepdims=True)]
    return Window(
        row_start=int(rows.min()),
        row_stop=int(rows.max()) + 1,
        col_start=int(cols.min()),
        col_stop=int(cols.max()) + 1,
    )


def _same(places: npt.NDArray[np.int64]) -> tuple[int, ...]:
    """The axes along which rows or columns are given once for all."""
    return tuple(axis for axis, size in enumerate(places.shape) if size == 1)


def _halves(block: Window) -> Iterator[Window]:
    """A block cut in two across its longer side."""
    rows, cols = block.shape
    if rows >= cols:
        middle = block.row_start + rows // 2
        yield replace(block, row_stop=middle)
        yield replace(block, row_start=middle)
    else:
        middle = block.col_start + cols // 2
        yield replace(block, col_stop=middle)
        yield replace(block, col_start=middle)


def _sample(tile: Image, pixels: TilePixels, part: Window) -> npt.NDArray[np.int16]:
    """The tile's values at some pixels, shape (band, row, col); reads only the rows and columns they span.

    Pixels outside the tile take some value of the part's edge.
    """
    # Clipped instead of left out: the caller masks them anyway, and a rectangle of indices stays one.
    row = np.clip(pixels.row, part.row_start, part.row_stop - 1) - part.row_start
    col = np.clip(pixels.col, part.col_start, part.col_stop - 1) - part.col_start
    read = read_rows(
        tile,
        row_start=part.row_start,
        row_stop=part.row_stop,
        col_start=part.col_start,
        col_stop=part.col_stop,
    )
    # Row (rows, 1) and column (rows, cols) broadcast in the index, as they came from the tile.
    sampled: npt.NDArray[np.int16] = read[:, row, col]
    return sampled


def _touched(grid: Grid, window: Window, tile: Image) -> Iterator[Window]:
    """The blocks of a window that the bounds of a tile reach."""
    bounds = tile.bounds
    # Edges of the box as rows of the grid, and a row more on both sides: rounding here may differ by a bit
    # from the rounding in `Tile.pixel`, which has the last word.
    first = math.floor(grid.row_of(bounds.north)) - 1
    last = math.ceil(grid.row_of(bounds.south)) + 1
    top, bottom = max(window.row_start, first), min(window.row_stop, last)
    done = window.col_start
    # A tile across the seam has two ranges, west and east of it: from the left to the right here.
    for west, east in sorted(bounds.lon_ranges):
        # Ranges widened by a pixel may meet: no column is looked at twice.
        left = max(done, math.floor(grid.col_of(west)) - 1)
        right = min(window.col_stop, math.ceil(grid.col_of(east)) + 1)
        if left < right:
            done = right
            for start in range(top, bottom, _BLOCK_ROWS):
                stop = min(start + _BLOCK_ROWS, bottom)
                yield Window(row_start=start, row_stop=stop, col_start=left, col_stop=right)
