"""Nearest-neighbour resampling of tiles onto one shard of the grid, with one rule for overlaps.

Where tiles overlap, a pixel takes its whole spectrum from the tile that measured most of its bands there;
among equals, from the first by product id. Bands of different tiles are never mixed in one spectrum, and
the rule knows nothing of the order in which tiles were listed or read.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lunarcloud.archive.instruments import CLEMENTINE, Instrument
from lunarcloud.archive.reading import read_rows
from lunarcloud.archive.tiles import MISSING, MISSING_KINDS, Tile, TilePixels, missing_kind
from lunarcloud.moon import Grid, Window

# Rows handled at once: bounds the temporaries to a few tens of MB, whatever the shard.
_BLOCK_ROWS = 256

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
    measured : ndarray of int8, shape (row, col)
        Bands measured; -1 where no tile has been yet.
    origin : ndarray of int16, shape (row, col)
        Which tile a pixel is from, by its place among the tiles.
    """

    dn: npt.NDArray[np.int16]
    kind: npt.NDArray[np.uint8]
    measured: npt.NDArray[np.int8]
    origin: npt.NDArray[np.int16]

    @classmethod
    def empty(cls, bands: int, rows: int, cols: int) -> "Spectra":
        """Pixels before any tile.

        Parameters
        ----------
        bands, rows, cols : int
            Shape of the window.
        """
        return cls(
            dn=np.full((bands, rows, cols), MISSING, dtype=np.int16),
            kind=np.zeros((bands, rows, cols), dtype=np.uint8),
            # Below any number of bands: the first tile wins even where it measured none, so that its
            # reasons are counted instead of "uncovered".
            measured=np.full((rows, cols), -1, dtype=np.int8),
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
    grid: Grid, window: Window, tiles: Sequence[Tile], instrument: Instrument = CLEMENTINE
) -> tuple[npt.NDArray[np.int16], dict[str, int]]:
    """The mosaic's numbers in a window of the grid.

    Parameters
    ----------
    grid : Grid
        The grid.
    window : Window
        Which pixels of it.
    tiles : sequence of Tile
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


def touches(grid: Grid, window: Window, tile: Tile) -> bool:
    """Whether a tile may hold pixels of a window, by its bounds alone.

    Parameters
    ----------
    grid : Grid
        The mosaic's grid.
    window : Window
        Pixels of it.
    tile : Tile
        Only its label is needed; nothing is read.

    Returns
    -------
    bool
        Never wrongly no; a yes may turn out to be an empty corner of the box around the tile.
    """
    return next(_touched(grid, window, tile), None) is not None


def _paint(grid: Grid, block: Window, tile: Tile, index: int, spectra: Spectra) -> None:
    """Put a tile's spectra into a block where it measured more bands than what is there."""
    lat, lon = grid.lat(block), grid.lon(block)
    # A column and a row, not two planes: a sinusoidal tile's line depends on the latitude alone, so the
    # tile answers rows of shape (rows, 1) and columns of shape (rows, cols).
    pixels = tile.pixel(lat=lat[:, np.newaxis], lon=lon[np.newaxis, :])
    if not pixels.inside.any():
        return
    dn = _sample(tile, pixels)
    kind = missing_kind(dn, tile)
    np.copyto(dn, MISSING, where=kind != 0)
    measured = np.sum(kind == 0, axis=0, dtype=np.int8)
    # One mask for all bands: a spectrum is never put together from two tiles, whose light differs.
    # Masked copies take half the time of indexing by the mask.
    better = pixels.inside & (measured > spectra.measured)
    np.copyto(spectra.dn, dn, where=better)
    np.copyto(spectra.kind, kind, where=better)
    np.copyto(spectra.measured, measured, where=better)
    np.copyto(spectra.origin, index, where=better)


def _counts(spectra: Spectra, tiles: Sequence[Tile]) -> dict[str, int]:
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


def _sample(tile: Tile, pixels: TilePixels) -> npt.NDArray[np.int16]:
    """The tile's values at some pixels, shape (band, row, col); reads only the rows and columns they span.

    Pixels outside the tile take some value of its edge.
    """
    # Clipped instead of left out: the caller masks them anyway, and a rectangle of indices stays one.
    row, col = np.clip(pixels.row, 0, tile.lines - 1), np.clip(pixels.col, 0, tile.samples - 1)
    top, left = int(row.min()), int(col.min())
    part = read_rows(
        tile, row_start=top, row_stop=int(row.max()) + 1, col_start=left, col_stop=int(col.max()) + 1
    )
    # Row (rows, 1) and column (rows, cols) broadcast in the index, as they came from the tile.
    sampled: npt.NDArray[np.int16] = part[:, row - top, col - left]
    return sampled


def _touched(grid: Grid, window: Window, tile: Tile) -> Iterator[Window]:
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
