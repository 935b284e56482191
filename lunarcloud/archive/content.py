"""What stands for the content of a file that carries no checksum of its own."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import fsspec

from lunarcloud.archive.sources import Item, read_ranges, size_of
from lunarcloud.archive.web import web_tag
from lunarcloud.storage import explained

_BLOCK = 16 << 20


def content_mark(item: Item) -> str:
    """SHA-256 of a file, or of what its server says of this version of it.

    Parameters
    ----------
    item : Item
        The file.

    Returns
    -------
    str
        Of a local file, of all its bytes. A server's strong tag (ETag) and the length stand for them, so that
        a file is not read twice; without one it is read.

    Raises
    ------
    NotFoundError, StoreError
        If it is gone, or its store does not answer.
    """
    found = hashlib.sha256()
    if "://" in item.url and (tag := _tag(item.url)):
        found.update(f"{tag} {size_of(item)}".encode())
    else:
        for block in _blocks(item):
            found.update(block)
    return found.hexdigest()


def _tag(url: str) -> str:
    """The server's name of this version, empty where it has none: a weak one names several."""
    if url.startswith(("http://", "https://")):
        return web_tag(url)
    with explained(url, ""):
        fs, path = fsspec.core.url_to_fs(url)
        found = str(fs.info(path).get("ETag") or "")
    return "" if found.startswith("W/") else found


def _blocks(item: Item) -> Iterator[bytes]:
    if "://" not in item.url:
        with explained(item.url, ""), Path(item.url).open("rb") as file:
            while block := file.read(_BLOCK):
                yield block
        return
    start, size = 0, size_of(item) or 0
    while start < size:
        yield read_ranges(item.url, [(start, _BLOCK)])[0]
        start += _BLOCK
