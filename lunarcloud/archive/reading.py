"""Reading a window of an image: only what it needs, from any URL or archive."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lunarcloud.archive.cubes import Cube
from lunarcloud.archive.sources import read_ranges
from lunarcloud.archive.tiles import Image, Tile
from lunarcloud.errors import ArchiveError


def read_rows(
    image: Image, *, row_start: int, row_stop: int, col_start: int, col_stop: int
) -> npt.NDArray[np.int16]:
    """The values of a window of an image.

    Parameters
    ----------
    image : Image
        From `find_tiles` or `find_cubes`.
    row_start, row_stop, col_start, col_stop : int
        The window, rows and columns counted from 0, ``0 <= start <= stop <= lines (samples)``.

    Returns
    -------
    ndarray of int16, shape (bands, rows, cols)
        DN in the machine's byte order, special codes included: `missing_kind` tells them apart.

    Raises
    ------
    ArchiveError
        If the file ends before the window, or the window is not within the image.
    StoreError
        If the store does not answer.
    """
    if not (0 <= row_start <= row_stop <= image.lines and 0 <= col_start <= col_stop <= image.samples):
        raise ArchiveError(
            f"{image.source}: rows {row_start}:{row_stop}, columns {col_start}:{col_stop} are not within "
            f"its {image.lines} x {image.samples} pixels"
        )
    rows, cols = slice(row_start, row_stop), slice(col_start, col_stop)
    if isinstance(image, Cube):
        return image.numbers(_stored(image, rows, cols))
    if isinstance(image, Tile):
        dtype = np.dtype(f"{image.byte_order}i2")
        return _sequential(image, image.data_offset, dtype, range(image.bands), rows)[:, :, cols].astype(
            np.int16
        )
    raise TypeError(type(image).__name__)


def _stored(image: Cube, rows: slice, cols: slice) -> npt.NDArray[np.generic]:
    if image.storage == "rows":
        return _sequential(image, image.data_offset, np.dtype(image.dtype), image.places, rows)[:, :, cols]
    # GDAL and Zarr are slow to import, and the archive's tiles need neither.
    if image.storage == "Zarr":
        from lunarcloud.archive.zarrs import read_zarr

        return read_zarr(image, rows, cols)
    from lunarcloud.archive.rasters import read_raster

    return read_raster(image, rows, cols)


def _sequential(
    image: Image, offset: int, dtype: np.dtype[np.generic], places: Sequence[int], rows: slice
) -> npt.NDArray[np.generic]:
    """Whole rows of some bands that lie one after the other, in the file's byte order."""
    # Band after band, row after row: the window's rows are one range of bytes in each band. Whole rows are
    # read, since a range for the columns of each row would be a request for a few bytes.
    count, row_bytes = rows.stop - rows.start, dtype.itemsize * image.samples
    starts = [offset + (band * image.lines + rows.start) * row_bytes for band in places]
    data = b"".join(read_ranges(image.url, [(start, count * row_bytes) for start in starts]))
    if len(data) != len(places) * count * row_bytes:
        raise ArchiveError(f"{image.source}: the file ends before row {rows.stop} of a band; fetch it again")
    return np.frombuffer(data, dtype).reshape(len(places), count, image.samples)
