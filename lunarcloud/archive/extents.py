"""How far a label says that its file goes, and whether the file that is there does."""

import hashlib
from collections.abc import Iterator
from typing import IO, NamedTuple

import numpy as np

from lunarcloud.errors import ArchiveError

_BLOCK = 4 << 20
# The archive's sums are numbers of 32 bits.
_SUM_BITS = 32


class Extent(NamedTuple):
    """Where the pixels of an image lie in its file, of whatever projection and instrument.

    Attributes
    ----------
    start, stop : int
        Byte of the first pixel, and the one after the last.
    length : int or None
        Bytes of the whole file; None where the label does not say.
    checksum : int or None
        Sum of all bytes of the pixels, where the label has one.
    md5 : str or None
        Of the whole file, where the label has one.
    """

    start: int
    stop: int
    length: int | None = None
    checksum: int | None = None
    md5: str | None = None


def require_length(extent: Extent, size: int, *, source: str) -> None:
    """Refuse a file that is not as long as its label says.

    Parameters
    ----------
    extent : Extent
        What the label says.
    size : int
        Bytes that are there.
    source : str
        The file, for the message.

    Raises
    ------
    ArchiveError
        With both numbers.
    """
    wanted = extent.stop if extent.length is None else extent.length
    if size < wanted or (extent.length is not None and size != wanted):
        raise ArchiveError(f"{source}: its label says {wanted} bytes, the file has {size}; fetch it again")


def require_content(extent: Extent, stream: IO[bytes], *, source: str) -> None:
    """Refuse a file whose bytes are not those that its label was made of, where the label can tell.

    Parameters
    ----------
    extent : Extent
        What the label says.
    stream : file
        The file, opened to read.
    source : str
        The file, for the message.

    Raises
    ------
    ArchiveError
        With the checksum that is wanted and that of what is there.
    """
    if extent.checksum is not None:
        found = sum(int(pixels.sum(dtype=np.uint64)) for pixels in _pixels(extent, stream))
        if (found - extent.checksum) % (1 << _SUM_BITS):
            raise ArchiveError(
                f"{source}: the label's CHECKSUM is {extent.checksum}, that of the pixels {found}; "
                "the file is damaged"
            )
    if extent.md5 is not None:
        stream.seek(0)
        whole = hashlib.md5(usedforsecurity=False)
        while block := stream.read(_BLOCK):
            whole.update(block)
        if whole.hexdigest() != extent.md5.lower():
            raise ArchiveError(
                f"{source}: the label's MD5 is {extent.md5}, the file's {whole.hexdigest()}; "
                "the file is damaged"
            )


def _pixels(extent: Extent, stream: IO[bytes]) -> Iterator[np.ndarray[tuple[int], np.dtype[np.uint8]]]:
    stream.seek(extent.start)
    left = extent.stop - extent.start
    while left > 0 and (block := stream.read(min(left, _BLOCK))):
        left -= len(block)
        yield np.frombuffer(block, np.uint8)
