"""Files on the web, read by ranges through a bounded cache in memory: what is near is not asked for twice.

A server that knows no ranges sends a whole file for any part of it; then all of it is kept, if it fits.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import requests

from lunarcloud.archive.answers import answered, headers, is_packed, length_of, pieces, require_given
from lunarcloud.config import settings
from lunarcloud.errors import StoreError, TransientStoreError
from lunarcloud.storage import retried

#: First byte and number of bytes.
Range: TypeAlias = tuple[int, int]

# As long as a label at most is, so that reading labels reads nothing else.
_BLOCK = 32_768
# Asked for of a server that knows no ranges, so much is read of a file's beginning and no more: a label.
_BEGINNING = 1 << 20
# Locks of files: two threads that want the same block ask once; others hardly ever wait.
_LOCKS = [threading.Lock() for _ in range(64)]
_LOCAL = threading.local()


class _Version(NamedTuple):
    """What is known of a file: its length, and what the server calls this version of it."""

    size: int
    tag: str


class _Answer(NamedTuple):
    """Bytes of a file from one on."""

    start: int
    data: bytes
    version: _Version | None


@dataclass
class Cache:
    """Blocks of files, those that were used last.

    Attributes
    ----------
    most : int
        Bytes at most.
    held : int
        Bytes that it has.
    """

    most: int
    held: int = 0
    blocks: OrderedDict[tuple[str, int], bytes] = field(default_factory=OrderedDict)
    versions: dict[str, _Version] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, url: str, number: int) -> bytes | None:
        """A block, if it is here."""
        with self.lock:
            found = self.blocks.get((url, number))
            if found is not None:
                self.blocks.move_to_end((url, number))
            return found

    def put(self, url: str, number: int, data: bytes) -> None:
        """Keep a block, in the place of those that were not used for the longest time.

        Parameters
        ----------
        url : str
            Of which file.
        number : int
            Which block.
        data : bytes
            What it holds; more than the cache may hold is not kept.
        """
        with self.lock:
            self.held -= len(self.blocks.pop((url, number), b""))
            while self.blocks and self.held + len(data) > self.most:
                _, old = self.blocks.popitem(last=False)
                self.held -= len(old)
            if len(data) <= self.most:
                self.blocks[url, number] = data
                self.held += len(data)

    def forget(self, url: str) -> None:
        """Drop what there is of a file."""
        with self.lock:
            self.versions.pop(url, None)
            for key in [key for key in self.blocks if key[0] == url]:
                self.held -= len(self.blocks.pop(key))


_KEPT: list[Cache] = []
_MAKING = threading.Lock()


def cache() -> Cache:
    """The cache of this process, as large as the setting ``cache_mib`` says."""
    with _MAKING:
        if not _KEPT:
            _KEPT.append(Cache(settings().cache_mib << 20))
        return _KEPT[0]


def read_web(url: str, ranges: Sequence[Range]) -> list[bytes]:
    """Byte ranges of a file on the web.

    Parameters
    ----------
    url : str
        ``http://`` or ``https://``, with whatever is behind ``?``.
    ranges : sequence of (int, int)
        First byte and number of bytes; one beyond the end gives what is there.

    Raises
    ------
    NotFoundError
        If there is no such file.
    TransientStoreError
        If the server is busy, cuts its answers or gives something else, again and again.
    StoreError
        If it refuses, or knows no ranges and the file does not fit into the cache.
    """
    with _LOCKS[hash(url) % len(_LOCKS)]:
        return [_read(url, start, start + size) for start, size in ranges]


def web_size(url: str) -> int:
    """Length of a file on the web, bytes; errors as in `read_web`."""
    read_web(url, [(0, 1)])
    known = cache().versions.get(url)
    if known is None:
        raise StoreError(f"{url}: the server does not say how long the file is")
    return known.size


def web_tag(url: str) -> str:
    """What the server calls this version of a file; empty where it says nothing strong."""
    web_size(url)
    return cache().versions[url].tag


def _read(url: str, start: int, stop: int) -> bytes:
    known = cache().versions.get(url)
    stop = stop if known is None else min(stop, known.size)
    if start >= stop:
        return b""
    first, last = start // _BLOCK, (stop - 1) // _BLOCK
    found = {
        number: data for number in range(first, last + 1) if (data := cache().get(url, number)) is not None
    }
    for begin, end in _runs([number for number in range(first, last + 1) if number not in found]):
        found |= _blocks(url, begin, end)
    whole = b"".join(found.get(number, b"") for number in range(first, last + 1))
    return whole[start - first * _BLOCK : stop - first * _BLOCK]


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Neighbours as one, first and one after the last."""
    begin = 0
    for at in range(1, len(numbers) + 1):
        if at == len(numbers) or numbers[at] != numbers[at - 1] + 1:
            yield numbers[begin], numbers[at - 1] + 1
            begin = at


def _blocks(url: str, begin: int, end: int) -> dict[int, bytes]:
    """Some blocks of a file, by one request; all that came are kept."""
    came = _ask(url, begin * _BLOCK, end * _BLOCK)
    found = {}
    for at in range(0, len(came.data), _BLOCK):
        number, data = (came.start + at) // _BLOCK, came.data[at : at + _BLOCK]
        # One that was cut by the end of what was asked for would pass for the file's last.
        if len(data) == _BLOCK or (came.version and came.start + at + len(data) == came.version.size):
            cache().put(url, number, data)
        if begin <= number < end:
            found[number] = data
    return found


@retried
def _ask(url: str, start: int, stop: int) -> _Answer:
    """Bytes of a file, or more of it where the server knows no ranges."""
    patience = settings().timeout_s
    with (
        answered(url),
        _session().get(
            url, headers={"Range": f"bytes={start}-{stop - 1}"}, stream=True, timeout=(patience, patience)
        ) as answer,
    ):
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            return _Answer(start, b"", None)
        require_given(answer, url)
        if answer.status_code == requests.codes.partial_content:
            return _part(answer, url, start, stop)
        return _whole(answer, url, start, stop)


def _part(answer: requests.Response, url: str, start: int, stop: int) -> _Answer:
    bounds, _, total = answer.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
    if not (bounds.startswith(f"{start}-") and total.isdigit()):
        raise TransientStoreError(f"{url}: the server gave another part of the file than it was asked for")
    version = _same(url, _Version(int(total), _tag(answer)))
    data = _received(answer, url, stop - start)
    if len(data) != min(stop, version.size) - start:
        raise TransientStoreError(f"{url}: the answer was cut at {len(data)} of {stop - start} bytes")
    return _Answer(start, data, version)


def _whole(answer: requests.Response, url: str, start: int, stop: int) -> _Answer:
    """Of a server that knows no ranges."""
    length = length_of(answer)
    if start == 0 and stop <= _BEGINNING and length is not None and length > stop:
        # A label: the rest is not waited for.
        data = _received(answer, url, stop)
        _require_file(data, url)
        return _Answer(0, data, _same(url, _Version(length, _tag(answer))))
    most = cache().most
    if length is not None and length > most:
        raise _too_large(url, length)
    data = _received(answer, url, most + 1)
    if len(data) > most:
        raise _too_large(url, len(data))
    if length is not None and len(data) != length:
        raise TransientStoreError(f"{url}: the answer was cut at {len(data)} of {length} bytes")
    _require_file(data, url)
    return _Answer(0, data, _same(url, _Version(len(data), "" if is_packed(answer) else _tag(answer))))


def _require_file(data: bytes, url: str) -> None:
    """Refuse a page that a server gives in the place of a file, as if all were well."""
    if data[:64].lstrip().lower().startswith((b"<html", b"<!doctype html")):
        raise TransientStoreError(f"{url}: the server gave a page in the place of the file")


def _too_large(url: str, size: int) -> StoreError:
    return StoreError(
        f"{url}: the server gives whole files only, and this one of {size >> 20} MiB is larger than the "
        f"cache of {cache().most >> 20} MiB: set LUNARCLOUD_CACHE_MIB, or download it first"
    )


def _received(answer: requests.Response, url: str, most: int) -> bytes:
    """The body, so many bytes of it at most."""
    held = bytearray()
    for piece in pieces(answer, url):
        held += piece
        if len(held) >= most:
            break
    return bytes(held[:most])


def _same(url: str, version: _Version) -> _Version:
    """The version of a file, if it is that of what is here of it; else nothing is here any more."""
    known = cache().versions.setdefault(url, version)
    other = known.tag and version.tag and known.tag != version.tag
    if known.size != version.size or other:
        cache().forget(url)
        raise TransientStoreError(
            f"{url}: of {version.size} bytes, and of {known.size} before: it was changed, or cut short"
        )
    return known


def _tag(answer: requests.Response) -> str:
    tag: str = answer.headers.get("ETag", "")
    return "" if tag.startswith("W/") else tag


def _session() -> requests.Session:
    """A connection of the thread, kept open."""
    if not hasattr(_LOCAL, "session"):
        _LOCAL.session = requests.Session()
        _LOCAL.session.headers.update(headers())
    found: requests.Session = _LOCAL.session
    return found
