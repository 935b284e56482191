"""What web servers answer: the file or a part of it, or why not, in this package's errors."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version

import requests
import urllib3

from lunarcloud.config import settings
from lunarcloud.errors import NotFoundError, StoreError, TransientStoreError

_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_GONE = frozenset({404, 410})
# Whoever asks for longer is not there today.
_LONGEST_WAIT_S = 600.0
# Read at once, at most; so much must come within a time, at least.
_PIECE = 1 << 16


class SlowError(TransientStoreError):
    """So little comes that a file would hardly ever be there."""


def headers() -> dict[str, str]:
    """What every request says: who asks, and that what is compressed on the way has no ranges."""
    return {"User-Agent": f"lunarcloud/{version('lunarcloud')}", "Accept-Encoding": "identity"}


def require_given(answer: requests.Response, url: str) -> None:
    """Refuse an answer that is neither a file nor a part of one.

    Raises
    ------
    TransientStoreError
        If the server is busy; its ``wait_s`` is what it asks for.
    NotFoundError
        If there is no such file.
    StoreError
        If it refuses.
    """
    status = answer.status_code
    if status in _BUSY:
        busy = TransientStoreError(f"{url}: the server is busy ({status} {answer.reason})")
        busy.wait_s = _asked_for(answer)
        raise busy
    if status in _GONE:
        raise NotFoundError(f"{url}: there is no such file ({status})")
    if status not in (requests.codes.ok, requests.codes.partial_content):
        raise StoreError(f"{url}: refused ({status} {answer.reason})")


def _asked_for(answer: requests.Response) -> float:
    """Seconds for which the server wants to be left alone: a number, or a date."""
    text = answer.headers.get("Retry-After", "")
    try:
        date = parsedate_to_datetime(text) if not text.isdigit() else None
    except ValueError:
        return 0.0
    seconds = float(text) if date is None else (date - datetime.now(date.tzinfo or UTC)).total_seconds()
    if seconds > _LONGEST_WAIT_S:
        raise StoreError(f"{answer.url}: the server asks to come again in {seconds / 60:.0f} minutes; do so")
    return max(0.0, seconds)


def length_of(answer: requests.Response) -> int | None:
    """Bytes that the answer says it has; None where it does not, or has them packed."""
    length: str = answer.headers.get("Content-Length", "")
    return int(length) if length.isdigit() and not is_packed(answer) else None


def is_packed(answer: requests.Response) -> bool:
    """Whether the server compressed the file although it was asked not to: the library unpacks it."""
    return bool(answer.headers.get("Content-Encoding", "identity") != "identity")


def pieces(answer: requests.Response, url: str) -> Iterator[bytes]:
    """The body as it comes.

    Time-outs count from byte to byte: a server that sends one now and then is never silent. So some must come
    within the setting ``request_s``, however large the file is.

    Raises
    ------
    SlowError
        If fewer do.
    """
    begun, came = time.monotonic(), 0
    while data := answer.raw.read1(_PIECE, decode_content=True):
        yield data
        came += len(data)
        if came >= _PIECE:
            begun, came = time.monotonic(), 0
        elif time.monotonic() - begun > settings().request_s:
            raise SlowError(f"{url}: the server sent {came} bytes in {settings().request_s:g} s")


@contextmanager
def answered(url: str) -> Iterator[None]:
    """The library's errors as ours."""
    try:
        yield
    except (
        requests.ConnectionError,
        requests.Timeout,
        requests.exceptions.ChunkedEncodingError,
        requests.exceptions.ContentDecodingError,
        urllib3.exceptions.HTTPError,
    ) as error:
        raise TransientStoreError(
            f"{url}: the server does not answer, or not to the end ({error})"
        ) from error
    except requests.RequestException as error:
        raise StoreError(f"{url}: cannot be fetched ({error})") from error
