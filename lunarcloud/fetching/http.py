"""The one way over HTTP: few connections, patient, going on where an answer was cut, checked at the end."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, NamedTuple

import requests
from requests.adapters import HTTPAdapter

from lunarcloud.archive import SlowError, answered, headers, is_packed, length_of, pieces, require_given
from lunarcloud.config import settings
from lunarcloud.errors import ArchiveError, StoreError, TransientStoreError
from lunarcloud.fetching.parts import Part
from lunarcloud.storage import note_answer, patiently

#: Connections to a host at a time, and so files: archives are shared by everybody.
CONNECTIONS = 4


class Line(NamedTuple):
    """A way to archives, for all threads of a command.

    Attributes
    ----------
    session : requests.Session
        Its connections.
    stopped : threading.Event
        Set when nothing more is wanted, so that who waits or receives ends at once.
    """

    session: requests.Session
    stopped: threading.Event


@contextmanager
def line() -> Iterator[Line]:
    """Connections for the length of a ``with`` block; proxies are those of the environment."""
    with requests.Session() as session:
        # Who finds no connection free waits for one; who fails comes here again, and not in the library.
        adapter = HTTPAdapter(pool_maxsize=CONNECTIONS, pool_block=True, max_retries=0)
        for scheme in ("http://", "https://"):
            session.mount(scheme, adapter)
        session.headers.update(headers())
        yield Line(session, threading.Event())


def download(way: Line, url: str, part: Part, require: Callable[[IO[bytes]], None]) -> None:
    """Bring a file, and try again as long as that may help: see `lunarcloud.storage.retried`.

    Parameters
    ----------
    way : Line
        From `line`.
    url : str
        Where it is.
    part : Part
        What is here of it; all of it, afterwards, but not yet under its name.
    require : callable
        Refuses a file that is not whole, with an `ArchiveError`; it is then fetched anew.

    Raises
    ------
    NotFoundError
        If there is no such file.
    TransientStoreError
        If the server does not answer, is busy, or keeps sending something else.
    StoreError
        If it refuses.
    """
    for more in reversed(range(settings().retries + 1)):
        patiently(url, lambda: _bring(way, url, part), lambda seconds: _wait(way, seconds))
        try:
            with part.open() as stream:
                require(stream)
            return
        except ArchiveError as error:
            # Not waited for as a server that is away: the archive's file itself may be damaged.
            part.restart()
            if not more:
                raise TransientStoreError(str(error)) from error
        _wait(way, settings().backoff_s)


def _bring(way: Line, url: str, part: Part) -> None:
    """One try: as many answers as each bring a piece that no other did."""
    most = part.size
    while True:
        try:
            return _receive(way, url, part)
        except SlowError:
            raise
        except TransientStoreError:
            # A server that cuts all its answers short still gives the file, a piece at a time; a busy one
            # gives none.
            if part.size <= most:
                raise
            most = part.size
            _wait(way, settings().backoff_s)


def _receive(way: Line, url: str, part: Part) -> None:
    """One request, for all of a file or for the rest of it."""
    rest = part.size > 0 and part.validator != ""
    asked = {"Range": f"bytes={part.size}-", "If-Range": part.validator} if rest else {}
    patience = settings().timeout_s
    with (
        answered(url),
        way.session.get(url, headers=asked, stream=True, timeout=(patience, patience)) as answer,
    ):
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            if _total(answer) == part.size:
                return
            part.restart()
            raise TransientStoreError(f"{url}: another version of the file than what is here of it")
        require_given(answer, url)
        note_answer(url)
        if answer.status_code != requests.codes.partial_content:
            # The whole file: what is here was of another version, or the server knows no ranges.
            part.restart(_validator(answer))
        elif not answer.headers.get("Content-Range", "").startswith(f"bytes {part.size}-"):
            part.restart()
            raise TransientStoreError(
                f"{url}: the server gave another part of the file than it was asked for"
            )
        wanted = length_of(answer)
        wanted = None if wanted is None else part.size + wanted
        for piece in pieces(answer, url):
            _require_wanted(way)
            part.append(piece)
    if wanted is not None and part.size != wanted:
        raise TransientStoreError(f"{url}: the answer was cut at {part.size} of {wanted} bytes")


def _validator(answer: requests.Response) -> str:
    """What the server calls this version, if a rest may be asked for by it: a weak tag must not be."""
    if answer.headers.get("Accept-Ranges", "").lower() == "none" or is_packed(answer):
        return ""
    tag: str = answer.headers.get("ETag", "")
    return tag if tag.startswith('"') else answer.headers.get("Last-Modified", "")


def _total(answer: requests.Response) -> int | None:
    total: str = answer.headers.get("Content-Range", "").removeprefix("bytes */")
    return int(total) if total.isdigit() else None


def _wait(way: Line, seconds: float) -> None:
    way.stopped.wait(seconds)
    _require_wanted(way)


def _require_wanted(way: Line) -> None:
    if way.stopped.is_set():
        raise StoreError("stopped")
