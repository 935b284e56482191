"""One reader of other people's files: path or fsspec URL, bounded, unpacked, its errors in our words."""

import gzip
import hashlib
import io
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import fsspec

from lunarcloud.errors import ArchiveError, LunarcloudError
from lunarcloud.storage import explained, local_path, retried

#: Largest files that are read into memory, bytes, by what is wanted: text tables of a few thousand rows;
#: lists of places; polygons of a detailed geological map; coefficients to degree 1800; a map at 128 pixels a
#: degree in two bytes. What is larger is another file, or belongs on a coarser grid first.
TABLE_BYTES = 64 << 20
LIST_BYTES = 16 << 20
POLYGON_BYTES = 1 << 30
COEFFICIENT_BYTES = 1 << 30
MAP_BYTES = 4 << 30

_GZIP = b"\x1f\x8b"
_BLOCK, _COUNTED = 16 << 20, 1 << 20
# Of what a library says; some print the whole file.
_REASON_LENGTH = 300


@dataclass(frozen=True, slots=True)
class OutsideFile:
    """What somebody's file holds.

    Attributes
    ----------
    url : str
        Where it is.
    data : bytes
        Its content, unpacked if it was gzipped.
    digest : str
        SHA-256 of the file as it lies there, so of the packed bytes.
    """

    url: str
    data: bytes
    digest: str

    @property
    def name(self) -> str:
        """Name of the file without folder and extensions."""
        return self.url.rstrip("/").rsplit("/", 1)[-1].split(".")[0]

    def text(self, encoding: str = "utf-8") -> str:
        """Its content as text.

        Raises
        ------
        ArchiveError
            If it is in another encoding, with the byte that is not of this one.
        """
        try:
            return self.data.decode(encoding)
        except UnicodeDecodeError as error:
            byte = f"byte {self.data[error.start]:#04x} at {error.start}"
            name = encoding.removesuffix("-sig").upper()
            raise ArchiveError(
                f"{self.url}: not readable as text in {name} ({byte}): of another kind, or encoding"
            ) from error


@retried
def read_file(place: str | Path, most: int) -> OutsideFile:
    """The content of a file, gunzipped where it is gzipped.

    Parameters
    ----------
    place : str or Path
        Path or any fsspec URL.
    most : int
        Bytes, packed or unpacked, above which it is refused: one of the limits above.

    Raises
    ------
    NotFoundError
        If nothing is there.
    StoreError
        If it cannot be read.
    ArchiveError
        If it is larger, or a damaged gzip file.
    """
    url = str(place)
    with _opened(url) as stream:
        # Where it is known, a file that is too large is not begun.
        _require_size(getattr(stream, "size", None) or 0, most, url)
        packed = _read(stream, most)
    _require_size(len(packed), most, url)
    return OutsideFile(url, _unpacked(packed, most, url), hashlib.sha256(packed).hexdigest())


@contextmanager
def foreign(place: str, what: str) -> Iterator[None]:
    """Within, other people's code parses other people's bytes: whatever it raises is about those.

    Parameters
    ----------
    place : str
        The file, for messages.
    what : str
        What is wrong with it then.

    Raises
    ------
    ArchiveError
        For any error but our own.
    """
    try:
        yield
    except LunarcloudError:
        raise
    # Libraries raise what they like: of some hundred thousand damaged files each found another class.
    except Exception as error:
        reason = str(error).strip() or type(error).__name__
        raise ArchiveError(f"{place}: {what} ({reason[:_REASON_LENGTH]})") from error


@retried
def file_digest(place: str | Path) -> str:
    """The `OutsideFile.digest` of a file, without holding what it has.

    Parameters
    ----------
    place : str or Path
        Path or any fsspec URL.

    Raises
    ------
    NotFoundError
        If nothing is there.
    StoreError
        If it cannot be read.
    ArchiveError
        If it is larger than the largest that is read.
    """
    url, found, size = str(place), hashlib.sha256(), 0
    with _opened(url) as stream:
        while block := stream.read(_BLOCK):
            found.update(block)
            size += len(block)
            _require_size(size, MAP_BYTES, url)
    return found.hexdigest()


@contextmanager
def _opened(url: str) -> Iterator[IO[bytes]]:
    if "://" not in url:
        _require_no_device(local_path(url))
    with explained(url, ""), fsspec.open(url, "rb") as stream:
        yield stream


def _require_no_device(path: Path) -> None:
    """Refuse what has no end, such as /dev/zero; a pipe has one."""
    with suppress(OSError):
        mode = path.stat().st_mode
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            raise ArchiveError(f"{path}: a device, not a file")


def _read(stream: IO[bytes] | gzip.GzipFile, most: int) -> bytes:
    """All that a stream holds, or at least a byte more than allowed."""
    # In blocks: a server need not say how long a file is.
    held = io.BytesIO()
    while held.tell() <= most and (block := stream.read(_BLOCK)):
        held.write(block)
    return held.getvalue()


def _unpacked(data: bytes, most: int, url: str) -> bytes:
    if not data.startswith(_GZIP):
        return data
    try:
        # Unpacked twice: a small file may hold more than the machine does, and says nothing of it before.
        _require_size(_unpacked_size(data, most), most, url)
        return _read(gzip.GzipFile(fileobj=io.BytesIO(data)), most)
    except (OSError, EOFError, zlib.error) as error:
        raise ArchiveError(f"{url}: damaged gzip file ({error}); get it again") from error


def _unpacked_size(data: bytes, most: int) -> int:
    """Bytes that a gzipped file unpacks to, counted as far as the first beyond a limit."""
    size, stream = 0, gzip.GzipFile(fileobj=io.BytesIO(data))
    while size <= most and (block := stream.read(_COUNTED)):
        size += len(block)
    return size


def _require_size(size: int, most: int, url: str) -> None:
    if size > most:
        raise ArchiveError(
            f"{url}: more than {most >> 20} MiB, which is more than such a file has; give the right file, or "
            "a coarser version of it"
        )
