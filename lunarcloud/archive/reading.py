"""Reading a window of a tile: only the bytes of its rows, from any URL or archive."""

import numpy as np
import numpy.typing as npt

from lunarcloud.archive.sources import read_ranges
from lunarcloud.archive.tiles import Tile
from lunarcloud.errors import ArchiveError


def read_rows(
    tile: Tile, *, row_start: int, row_stop: int, col_start: int, col_stop: int
) -> npt.NDArray[np.int16]:
    """The values of a window of a tile, as stored.

    Parameters
    ----------
    tile : Tile
        From `find_tiles`.
    row_start, row_stop, col_start, col_stop : int
        The window, rows and columns counted from 0, ``0 <= start <= stop <= lines (samples)``.

    Returns
    -------
    ndarray of int16, shape (bands, rows, cols)
        DN in the machine's byte order, special codes included: `missing_kind` tells them apart.

    Raises
    ------
    ArchiveError
        If the file ends before the window, or the window is not within the tile.
    StoreError
        If the store does not answer.
    """
    if not (0 <= row_start <= row_stop <= tile.lines and 0 <= col_start <= col_stop <= tile.samples):
        raise ArchiveError(
            f"{tile.source}: rows {row_start}:{row_stop}, columns {col_start}:{col_stop} are not within "
            f"its {tile.lines} x {tile.samples} pixels"
        )
    # Band after band, row after row: the window's rows are one range of bytes in each band. Whole rows are
    # read, since a range for the columns of each row would be a request for a few bytes.
    rows, row_bytes = row_stop - row_start, 2 * tile.samples
    starts = [tile.data_offset + (band * tile.lines + row_start) * row_bytes for band in range(tile.bands)]
    parts = read_ranges(tile.url, [(start, rows * row_bytes) for start in starts])
    data = b"".join(parts)
    if len(data) != tile.bands * rows * row_bytes:
        raise ArchiveError(f"{tile.source}: the file ends before row {row_stop} of a band; fetch it again")
    image = np.frombuffer(data, dtype=f"{tile.byte_order}i2").reshape(tile.bands, rows, tile.samples)
    # A copy, in the machine's byte order: the bytes of the other columns can go.
    return image[:, :, col_start:col_stop].astype(np.int16)
