"""Rasters of others through GDAL: in one format, by their first bytes, and without any other file.

Left alone, GDAL tries every format that it knows, and some name further files and servers that are then read.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lunarcloud.archive.files import MAP_BYTES, OutsideFile, foreign
from lunarcloud.errors import ArchiveError

if TYPE_CHECKING:  # slow to import, and a command that finds everything done does not need it
    import rasterio

#: How a GeoTIFF begins, of either byte order, classic and big.
TIFF_BEGINS = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
# Drivers of GDAL, by how their files begin.
_DRIVERS: Mapping[bytes, str] = {b"PDS_VERSION_ID": "PDS", **dict.fromkeys(TIFF_BEGINS, "GTiff")}
# What leads a PDS label to another file: its image, unless it is so many records or bytes on in this one, and
# what it was unpacked from. GDAL takes both in any case, and follows "../" out of its memory. As one pattern
# they would take ten times as long.
_POINTERS = (
    re.compile(rb"\^(?:IMAGE|QUBE|SPECTRAL_QUBE)\b(?!\s*=\s*\d+\s*(?:<BYTES>\s*)?[\r\n])"),
    re.compile(rb"COMPRESSED_FILE(?<!UNCOMPRESSED_FILE)"),
)
# Bytes looked through at a time, and those of two neighbours in common: a pointer is shorter.
_LOOKED, _COMMON = 16 << 20, 1024
# No file beside the one that is opened: its .aux.xml may name others, as files of the same image.
_ALONE = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": "NO",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".tif,.tiff,.TIF,.TIFF",
    # Of what it unpacked; by default a twentieth of the machine's memory, whatever a worker may have of it.
    "GDAL_CACHEMAX": 64 << 20,
}


def raster_driver(source: OutsideFile) -> str | None:
    """GDAL's driver for what a file is, by its first bytes: ``GTiff``, ``PDS`` or None."""
    return next((driver for begins, driver in _DRIVERS.items() if source.data.startswith(begins)), None)


@contextmanager
def alone() -> Iterator[None]:
    """Within, GDAL looks at no file beside the one that it is given."""
    import rasterio

    with rasterio.Env(**_ALONE):
        yield


@contextmanager
def opened_raster(source: OutsideFile, driver: str, what: str) -> Iterator["rasterio.DatasetReader"]:
    """A file of others, opened by one driver and out of memory.

    Parameters
    ----------
    source : OutsideFile
        The file.
    driver : str
        GDAL's name of its format.
    what : str
        What it should be, for messages.

    Raises
    ------
    ArchiveError
        If it is of another format, damaged, larger than any map, or names other files.
    """
    import rasterio

    if raster_driver(source) != driver:
        raise ArchiveError(
            f"{source.url}: not a readable {what}: it begins with {source.data[:12]!r}, as no {driver} does"
        )
    if driver == "PDS":
        _require_no_pointer(source)
    with (
        foreign(source.url, f"not a readable {what}"),
        alone(),
        rasterio.MemoryFile(source.data) as memory,
        memory.open(driver=driver) as dataset,
    ):
        _require_bounded(dataset, source.url)
        yield dataset


def _require_no_pointer(source: OutsideFile) -> None:
    """Refuse a PDS3 file that leads GDAL to another one."""
    # Through all of it: where GDAL takes the label to end is for a label to decide.
    for start in range(0, len(source.data), _LOOKED):
        block = source.data[start : start + _LOOKED + _COMMON].upper()
        for pointer in _POINTERS:
            if named := pointer.search(block):
                raise ArchiveError(
                    f"{source.url}: its label names another file ({named[0].decode()}); "
                    "only an image in the same file is read"
                )


def _require_bounded(dataset: "rasterio.DatasetReader", place: str) -> None:
    """Refuse more pixels than a map has before they are unpacked: zeros take no room in a file."""
    rows, cols = dataset.height, dataset.width
    if rows * cols * max(map(_bytes_of, dataset.dtypes)) > MAP_BYTES:
        raise ArchiveError(
            f"{place}: {rows} x {cols} pixels of {dataset.dtypes[0]} are more than {MAP_BYTES >> 20} MiB; "
            "give a coarser version of it"
        )


def _bytes_of(kind: str) -> int:
    import numpy as np

    return np.dtype(kind).itemsize
