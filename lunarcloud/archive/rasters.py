"""Cubes that GDAL reads, GeoTIFF and ISIS: in one format, window by window, without any other file."""

import io
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lunarcloud.archive.content import content_mark
from lunarcloud.archive.cubes import PIECE_BYTES, Cube, Storage, Stored, Wanted, cube
from lunarcloud.archive.files import foreign
from lunarcloud.archive.gdal import TIFF_BEGINS, alone
from lunarcloud.archive.placement import placed
from lunarcloud.archive.sources import Item, read_ranges, size_of
from lunarcloud.errors import ArchiveError

if TYPE_CHECKING:  # slow to import, and tiles of the archive do not need it
    import rasterio

_ISIS_BEGINS = re.compile(rb"\s*Object\s*=\s*IsisCube\s")
# GDAL takes a label to end where one of these is; what it reads of it is at most so many bytes more.
_ISIS_ENDS = (b"\r\nEND\r\n", b"\nEND\n", b"\r\nEnd\r\n", b"\nEnd\n")
_BEGINNING, _LABEL_BYTES, _BEYOND = 64, 1 << 20, 1024
# What leads from an ISIS label to another file with the pixels, which GDAL would open in any format.
_CORE = re.compile(rb"\^\s*Core", re.IGNORECASE)
# As ISIS marks missing 16-bit pixels.
_ISIS_SPECIAL = (
    ("null", -32768),
    ("low_repr_saturation", -32767),
    ("low_instr_saturation", -32766),
    ("high_instr_saturation", -32765),
    ("high_repr_saturation", -32764),
)
# Read ahead of what GDAL asks for, which is often a few bytes.
_BUFFER = 1 << 18
_MICROMETRES = "CENTRAL_WAVELENGTH_UM"
# Names that lead to no file: GDAL is given each cube under one of these, and finds nothing else.
_ALIAS = {"GTiff": "cube.tif", "ISIS3": "cube.cub"}


def raster_cube(item: Item, wanted: Wanted) -> Cube:
    """A cube in a GeoTIFF or an ISIS cube.

    Parameters
    ----------
    item : Item
        The file.
    wanted : Wanted
        Of which camera, by which table of bands.

    Raises
    ------
    ArchiveError, GeometryError
        If it is of another format, damaged, names other files, is of another body, has no reference system or
        lacks a band.
    """
    storage = _storage(item)
    with _opened(item.url, storage) as dataset:
        _require_blocks(dataset, item.source)
        place = placed(
            _crs(dataset), tuple(dataset.transform)[:6], (dataset.height, dataset.width), source=item.source
        )
        return cube(
            wanted,
            _stored(dataset),
            source=item.source,
            url=item.url,
            storage=storage,
            product_id=item.base.rpartition(".")[0].upper(),
            lines=dataset.height,
            samples=dataset.width,
            placement=place,
            special=_ISIS_SPECIAL if storage == "ISIS3" else (),
            label_digest=content_mark(item),
            note=dataset.tags().get("NOTE", ""),
        )


def read_raster(image: Cube, rows: slice, cols: slice) -> npt.NDArray[np.generic]:
    """The stored numbers of a window of a cube.

    Parameters
    ----------
    image : Cube
        Which.
    rows, cols : slice
        Of its rows and columns.

    Returns
    -------
    ndarray, shape (band, row, col)
        As they are stored.
    """
    # Opened for each window: what GDAL holds of Python's file ends with the context that opened it.
    with _opened(image.url, image.storage) as dataset:
        window = ((rows.start, rows.stop), (cols.start, cols.stop))
        found: npt.NDArray[np.generic] = dataset.read([place + 1 for place in image.places], window=window)
        return found


def _storage(item: Item) -> Storage:
    """The format of a file, by its first bytes and never by its name."""
    if item.start:
        raise ArchiveError(f"{item.source}: in an archive; unpack it: GDAL reads it as a file of its own")
    begins = read_ranges(item.url, [(0, _BEGINNING)])[0]
    if begins.startswith(TIFF_BEGINS):
        return "GTiff"
    if _ISIS_BEGINS.match(begins):
        _require_own_pixels(read_ranges(item.url, [(0, _LABEL_BYTES)])[0], item.source)
        return "ISIS3"
    raise ArchiveError(
        f"{item.source}: begins with {begins[:12]!r}, as neither a GeoTIFF nor an ISIS cube does; virtual "
        "rasters are not read, since they lead to other files: make a GeoTIFF of it with gdal_translate"
    )


def _require_own_pixels(head: bytes, source: str) -> None:
    """Refuse an ISIS label that leads GDAL to another file."""
    ends = [at for mark in _ISIS_ENDS if (at := head.find(mark)) >= 0]
    if not ends or b"\0" in head[: min(ends)]:
        raise ArchiveError(f"{source}: the ISIS label has no End in its first {_LABEL_BYTES} bytes")
    try:
        head[: min(ends)].decode()
    except UnicodeDecodeError as error:
        # GDAL would quote it, and rasterio cannot read the quotation.
        raise ArchiveError(f"{source}: the ISIS label is not text in UTF-8, at byte {error.start}") from error
    if _CORE.search(head[: min(ends) + _BEYOND]):
        raise ArchiveError(
            f"{source}: its label names another file (^Core); only a cube with its pixels in the same "
            "file is read"
        )


@contextmanager
def _opened(url: str, storage: Storage) -> Iterator["rasterio.DatasetReader"]:
    import rasterio

    alias = _ALIAS[storage]
    # Files are closed here: where GDAL refuses one, rasterio does not.
    with foreign(url, "not a readable cube"), alone(), ExitStack() as files:
        opener = partial(_file, files, url, alias)
        with rasterio.open(alias, driver=storage, opener=opener) as dataset:
            yield dataset


def _file(
    files: ExitStack, url: str, alias: str, path: str, mode: str = "rb", **_: object
) -> io.BufferedReader:
    """What GDAL is given for a name: the cube for its own, nothing for any other."""
    if path.rpartition("/")[2] != alias or mode != "rb":
        raise FileNotFoundError(path)
    return files.enter_context(
        Path(url).open("rb") if "://" not in url else io.BufferedReader(_Remote(url), _BUFFER)
    )


class _Remote(io.RawIOBase):
    """A file elsewhere, read by ranges."""

    def __init__(self, url: str) -> None:
        self._url, self._at = url, 0
        self._size = size_of(Item(name=url, source=url, url=url, start=0, size=None)) or 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        wanted = max(0, min(len(view), self._size - self._at))
        data = read_ranges(self._url, [(self._at, wanted)])[0] if wanted else b""
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


def _stored(dataset: "rasterio.DatasetReader") -> Stored:
    said = [dataset.tags(number, ns="IMAGERY").get(_MICROMETRES) for number in dataset.indexes]
    return Stored(
        dtypes=dataset.dtypes,
        scalings=tuple(zip(dataset.scales, dataset.offsets, strict=True)),
        nodata=dataset.nodatavals,
        wavelengths_nm=[1000.0 * float(each) for each in said if each],
    )


def _crs(dataset: "rasterio.DatasetReader") -> Any:
    from pyproj import CRS

    return CRS.from_wkt(dataset.crs.to_wkt()) if dataset.crs else None


def _require_blocks(dataset: "rasterio.DatasetReader", source: str) -> None:
    """Refuse a file whose pieces do not fit in memory: each is unpacked whole."""
    together = dataset.count if dataset.interleaving and dataset.interleaving.name == "pixel" else 1
    for (rows, cols), kind in zip(dataset.block_shapes, dataset.dtypes, strict=True):
        size = rows * cols * np.dtype(kind).itemsize * together
        if size > PIECE_BYTES:
            raise ArchiveError(
                f"{source}: pieces of {rows} x {cols} pixels are {size >> 20} MiB, more than "
                f"{PIECE_BYTES >> 20}; write it in tiles, with gdal_translate -co TILED=YES"
            )
