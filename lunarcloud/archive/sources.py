"""Where archive files are: any fsspec URL, or members of .tar and .tar.gz archives, read by byte ranges."""

import os
import tarfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from lunarcloud.archive.files import LIST_BYTES, foreign, read_file
from lunarcloud.archive.web import Range, read_web, web_size
from lunarcloud.errors import ArchiveError, NotFoundError, StoreError
from lunarcloud.redaction import without_credentials
from lunarcloud.storage import explained, local_path, retried

if TYPE_CHECKING:  # slow to import, here and below, and most tiles are in no archive
    from indexed_gzip import IndexedGzipFile

_GZIPPED = (".tar.gz", ".tgz")
_ARCHIVES = (*_GZIPPED, ".tar")
# Bytes between the seek points of a .tar.gz: to read anywhere, half of that is unpacked in vain, on average.
_LEAST_SPACING = 1 << 20
_SEEK_POINTS = 512
# What is a file by its name: as a folder, a web server would send all of it.
_FILES = (".img", ".xml", ".tif", ".txt", ".lbl", ".cub", ".tiff", ".vrt")
# The archive's volumes are three deep and have a hundred folders; a listing that names itself has no end.
_DEEPEST, _MOST_FOLDERS = 16, 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One file: on its own, or as a member of an archive.

    Attributes
    ----------
    name : str
        Its URL, or its path in the archive.
    source : str
        For messages, one of a kind: the URL, with ``::member`` inside an archive.
    url : str
        The file, or the archive, to read from.
    start : int
        Byte where it begins: 0, or the member's place in the archive's uncompressed stream.
    size : int or None
        Bytes; None where a listing does not say.
    """

    name: str
    source: str
    url: str
    start: int
    size: int | None

    @property
    def base(self) -> str:
        """The file's name without its folders, lower case: archives come in both cases."""
        return _plain(self.name).rpartition("/")[2].lower()


def list_items(place: str) -> list[Item]:
    """All files of a place, sorted by name.

    Parameters
    ----------
    place : str
        A folder (with all folders in it), a glob, a file, a .tar or .tar.gz archive, or a .txt file with
        one place a line; a path or any fsspec URL.

    Raises
    ------
    NotFoundError
        If nothing is there.
    StoreError
        If the store does not answer.
    ArchiveError
        If an archive is damaged.
    """
    url = place if "://" in place else str(local_path(place))
    if _is(url, _ARCHIVES):
        return sorted(_members(url), key=lambda item: item.name)
    items = _items(url)
    if _is(url, (".txt",)) and len(items) == 1:
        return _listed(items[0])
    return sorted(items, key=lambda item: item.name)


@retried
def _items(url: str) -> list[Item]:
    with explained(url, ""):
        if _is_web(url) and _is(url, _FILES) and not _is(url, (".txt",)):
            # Whether it is there, and how long it is, is found with its label: one request, not two.
            return [Item(name=url, source=_plain(url), url=url, start=0, size=None)]
        fs, path = fsspec.core.url_to_fs(url)
        found = _web(fs, path) if _is_web(url) else _listing(fs, path)
        return [_item(fs, name, info) for name, info in found.items() if info["type"] == "file"]


def one_file(url: str) -> Item:
    """The file of exactly this name: no folder, and neither a pattern nor a list or archive to look into.

    Raises
    ------
    NotFoundError
        If there is none.
    StoreError
        If the store does not answer.
    """
    if _is_web(url):
        return Item(name=url, source=_plain(url), url=url, start=0, size=web_size(url))
    found, kind = _file(url)
    if kind != "file":
        raise NotFoundError(f"{url}: no file, but a {kind}")
    return found


@retried
def _file(url: str) -> tuple[Item, str]:
    """What is at a URL, and whether that is a file."""
    with explained(url, ""):
        fs, path = fsspec.core.url_to_fs(url)
        info = fs.info(path)
        return _item(fs, path, info), info["type"]


def read_ranges(url: str, ranges: Sequence[Range]) -> list[bytes]:
    """Byte ranges of a file, or of the uncompressed stream of a .tar.gz; safe from many threads.

    A range beyond the end gives what is there. On the web, through the cache of `archive.web`.

    Raises
    ------
    NotFoundError, StoreError
        If the file is gone, or its store does not answer.
    """
    if _is_web(url) and not _is(url, _GZIPPED):
        return read_web(url, ranges)
    return _read_stored(url, ranges)


@retried
def _read_stored(url: str, ranges: Sequence[Range]) -> list[bytes]:
    if _is(url, _GZIPPED):
        return _read_gzip(url, ranges)
    with explained(url, ""):
        if "://" not in url:
            return _read_local(url, ranges)
        fs, path = fsspec.core.url_to_fs(url)
        starts, stops = [start for start, _ in ranges], [start + size for start, size in ranges]
        found: list[bytes] = fs.cat_ranges([path] * len(ranges), starts, stops, on_error="raise")
        return found


def size_of(item: Item) -> int | None:
    """Length of a file in bytes; listings of web folders do not have it, so the server is asked.

    Raises
    ------
    NotFoundError, StoreError
        If the file is gone, or its store does not answer.
    """
    if item.size is not None:
        return item.size
    if _is_web(item.url):
        return web_size(item.url)
    return _file(item.url)[0].size


def _read_local(path: str, ranges: Sequence[Range]) -> list[bytes]:
    # Unbuffered, and positions with each call: exactly the ranges are read, and no state is shared.
    with Path(path).open("rb", buffering=0) as file:
        return [os.pread(file.fileno(), size, start) for start, size in ranges]


@retried
def _members(url: str) -> list[Item]:
    """The files in an archive; reads through it once, which also builds the index of a .tar.gz."""
    with _explained_archive(url), _stream(url) as stream:
        tar = tarfile.open(fileobj=stream, mode="r:")  # noqa: SIM115  # the stream is closed, or kept, by its owner
        members = [(member.name.removeprefix("./"), member) for member in tar if member.isreg()]
    return [
        Item(name=name, source=f"{_plain(url)}::{name}", url=url, start=member.offset_data, size=member.size)
        for name, member in members
    ]


@contextmanager
def _stream(url: str) -> Iterator[Any]:
    """The uncompressed bytes of an archive as a file, for one thread at a time."""
    if _is(url, _GZIPPED):
        # The archive stays open for all, so whoever was here before may have left it anywhere.
        gzip, lock = _open_gzip(url)
        with lock:
            gzip.seek(0)
            yield gzip
    else:
        with fsspec.open(url, "rb") as stream:
            yield stream


def _read_gzip(url: str, ranges: Sequence[Range]) -> list[bytes]:
    with _explained_archive(url):
        gzip, lock = _open_gzip(url)
        with lock:
            return [gzip.pread(size, start) for start, size in ranges]


# A cache does not keep two threads from both making what is not in it yet: an index each.
_OPENING = threading.Lock()


def _open_gzip(url: str) -> "tuple[IndexedGzipFile, threading.RLock]":
    fs, path = fsspec.core.url_to_fs(url)
    version = str(fs.ukey(path))
    with _OPENING:
        return _opened_gzip(url, version)


@lru_cache(maxsize=4)
def _opened_gzip(url: str, version: str) -> "tuple[IndexedGzipFile, threading.RLock]":
    """An archive kept open with its index, which grows as the stream is read and serves all later reads.

    Each seek point holds 32 KiB. Their spacing grows with the archive, so that the index of one with 60 GB of
    tiles stays below 64 MB. An archive that was replaced has another `version` and is opened anew.
    """
    from indexed_gzip import IndexedGzipFile

    fs, path = fsspec.core.url_to_fs(url)
    # By the packed length; the other is known only after all was unpacked.
    spacing = max(_LEAST_SPACING, int(fs.size(path) or 0) // _SEEK_POINTS)
    options = {"spacing": spacing, "buffer_size": _LEAST_SPACING}
    if isinstance(fs, LocalFileSystem):
        return IndexedGzipFile(path, drop_handles=False, **options), threading.RLock()
    return IndexedGzipFile(fileobj=fs.open(path, "rb"), **options), threading.RLock()


@contextmanager
def _explained_archive(url: str) -> Iterator[None]:
    """As `explained`, and an archive that cannot be unpacked is the archive's fault, not the store's."""
    from indexed_gzip import ZranError
    from indexed_gzip.indexed_gzip import CrcError

    try:
        with foreign(url, "the archive is damaged or cut short"), explained(url, ""):
            yield
    except (tarfile.TarError, EOFError, StoreError) as error:
        if isinstance(error, StoreError) and not isinstance(error.__cause__, ZranError | CrcError):
            raise
        raise ArchiveError(f"{url}: the archive is damaged or cut short ({error})") from error


def _item(fs: Any, name: str, info: dict[str, Any]) -> Item:
    url = str(fs.unstrip_protocol(name)).removeprefix("file://")
    return Item(name=url, source=_plain(url), url=url, start=0, size=info.get("size"))


def _listed(item: Item) -> list[Item]:
    """What the places in a .txt file hold; empty lines and those that begin with # say nothing."""
    lines = [line.strip() for line in read_file(item.url, LIST_BYTES).text("utf-8-sig").splitlines()]
    places = [line for line in lines if line and not line.startswith("#")]
    if any(_is(place, (".txt",)) for place in places):
        raise ArchiveError(f"{item.source}: a list may not name another .txt list")
    return [found for place in places for found in list_items(place)]


def _is(url: str, endings: tuple[str, ...]) -> bool:
    return _plain(url).lower().endswith(endings)


def _plain(url: str) -> str:
    """A web address without its signature, so that its name ends as the file's does; others as they are."""
    return without_credentials(url) if _is_web(url) else url


def _is_web(url: str) -> bool:
    return url.startswith(("http://", "https://"))


def _listing(fs: Any, path: str) -> dict[str, Any]:
    """What a path, a folder or a glob holds, by name."""
    found: dict[str, Any]
    if any(mark in path for mark in "*?["):
        found = fs.glob(path, detail=True)
    elif fs.isdir(path):
        found = fs.find(path, detail=True)
    else:
        found = {path: fs.info(path)}
    return found


def _web(fs: Any, url: str) -> dict[str, Any]:
    """The same on the web, where ? is no glob's mark, files answer as folders, and folders may be endless."""
    if _is(url, _FILES):
        return {url: {**fs.info(url), "type": "file"}}
    if any(mark in _plain(url) for mark in "*["):
        return _listing(fs, url)
    if not fs.isdir(url):
        return {url: fs.info(url)}
    found: dict[str, Any] = {}
    for folders, (name, _, files) in enumerate(fs.walk(url, detail=True)):
        if folders >= _MOST_FOLDERS or name.removeprefix(url).strip("/").count("/") >= _DEEPEST:
            raise ArchiveError(
                f"{_plain(url)}: a web folder without an end: more than {_MOST_FOLDERS} folders, or one in "
                f"another more than {_DEEPEST} deep; give the folder of the tiles, or a .txt list of them"
            )
        found |= {str(info["name"]): info for info in files.values()}
    return found
