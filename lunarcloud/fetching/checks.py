"""Whether what came is what it should be: tiles, heights, pictures, tables, outlines."""

import hashlib
import io
import zipfile
from pathlib import Path
from typing import IO, NamedTuple

from lunarcloud.archive import (
    HEAD_BYTES,
    Extent,
    OutsideFile,
    parse_pds3_label,
    pds3_extent,
    pds4_extent,
    picture_of,
    prospector_of,
    require_content,
    require_length,
)
from lunarcloud.errors import ArchiveError

# Shapes, their index and their attributes; a projection may be missing.
_SHAPEFILE = frozenset({".shp", ".shx", ".dbf"})
# Real detached labels have some 10 KiB.
LARGEST_LABEL = 4 << 20
_BLOCK = 1 << 20


class Came(NamedTuple):
    """A file that was fetched, before it has its name.

    Attributes
    ----------
    url : str
        Where from.
    stream : file
        Opened to read.
    size : int
        Bytes that came.
    wanted : int
        Bytes that the table of sources has for it; about, where its check says so.
    label : bytes
        Its detached label; empty for a file with none.
    digest : str
        SHA-256 that the table of sources has for it; empty where it has none.
    """

    url: str
    stream: IO[bytes]
    size: int
    wanted: int
    label: bytes
    digest: str = ""


def pds3_tile_extent(head: bytes, label: bytes, url: str) -> Extent:
    """What the label at the head of a tile says of the file.

    Parameters
    ----------
    head : bytes
        The head of the tile's file.
    label : bytes
        The label beside it; empty where it has none.
    url : str
        The file, for messages.

    Raises
    ------
    ArchiveError
        For what is no label of an image.
    """
    return pds3_extent(head, source=url)


def pds4_tile_extent(head: bytes, label: bytes, url: str) -> Extent:
    """What the label beside a tile says of the file.

    Parameters
    ----------
    head : bytes
        The head of the tile's file.
    label : bytes
        The label beside it; empty where it has none.
    url : str
        The file, for messages.

    Raises
    ------
    ArchiveError
        For what is no label of an image.
    """
    return pds4_extent(label, source=url)


def sha256_of(stream: IO[bytes]) -> str:
    """SHA-256 of what a file has from here on, hexadecimal."""
    found = hashlib.sha256()
    while block := stream.read(_BLOCK):
        found.update(block)
    return found.hexdigest()


def require_digest(came: Came) -> None:
    """Refuse a file of another SHA-256 than the table of sources has."""
    if (found := sha256_of(came.stream)) != came.digest:
        raise ArchiveError(
            f"{came.url}: its SHA-256 is {found[:12]}..., the table of sources says {came.digest[:12]}...: "
            "damaged, or another version of the file"
        )


def require_pds3_tile(came: Came) -> None:
    """Refuse what is no whole tile: by its label, by the length in it and by the checksum in it."""
    _require_tile(pds3_tile_extent(came.stream.read(HEAD_BYTES), came.label, came.url), came)


def require_pds4_tile(came: Came) -> None:
    """The same for an image with a label beside it."""
    _require_tile(pds4_tile_extent(b"", came.label, came.url), came)


def require_pds3_label(label: bytes, url: str) -> None:
    """Refuse what is no PDS3 label."""
    parse_pds3_label(label, source=url)


def require_pds4_label(label: bytes, url: str) -> None:
    """Refuse what is no PDS4 label of an image."""
    pds4_extent(label, source=url)


def require_heights(came: Came) -> None:
    """Refuse a map of heights of another length than its pixels have."""
    if came.size != came.wanted:
        raise ArchiveError(f"{came.url}: {came.size} bytes; its pixels are {came.wanted}")


def require_picture(came: Came) -> None:
    """Refuse what is no picture of the whole Moon."""
    if picture_of(_whole(came)) is None:
        raise ArchiveError(f"{came.url}: what came is no picture")


def require_table(came: Came) -> None:
    """Refuse what is no whole table of Lunar Prospector."""
    prospector_of(_whole(came))


def require_shapefile(came: Came) -> None:
    """Refuse what is no undamaged ZIP with a shapefile in it."""
    try:
        with zipfile.ZipFile(came.stream) as archive:
            damaged, held = archive.testzip(), {Path(name).suffix.lower() for name in archive.namelist()}
    except zipfile.BadZipFile as error:
        raise ArchiveError(f"{came.url}: not a whole ZIP file ({error})") from error
    missing = sorted(_SHAPEFILE - held)
    if damaged or missing:
        why = f"{damaged} is damaged" if damaged else f"no {', '.join(missing)} in it"
        raise ArchiveError(f"{came.url}: not a whole shapefile ({why})")


def came_of(url: str, data: bytes, wanted: int, label: bytes) -> Came:
    """A file that is in memory already, as if it had come now; of one without a digest.

    Parameters
    ----------
    url : str
        Where it is.
    data : bytes
        Its content.
    wanted : int
        As in `Came`.
    label : bytes
        Its detached label; empty for a file with none.
    """
    return Came(url, io.BytesIO(data), len(data), wanted, label)


def _require_tile(extent: Extent, came: Came) -> None:
    require_length(extent, came.size, source=came.url)
    require_content(extent, came.stream, source=came.url)


def _whole(came: Came) -> OutsideFile:
    data = came.stream.read()
    return OutsideFile(came.url, data, hashlib.sha256(data).hexdigest())
