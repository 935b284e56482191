"""A server for this machine alone: the viewer's page, and the objects of a root by parts."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from itertools import chain
from os import fstat
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import unquote, urlsplit

from lunarcloud.errors import InputError, LunarcloudError, NotFoundError
from lunarcloud.servers import Server, running
from lunarcloud.storage import Folder, cache_control, content_type
from lunarcloud.viewer.page import PAGE, WHERE, built, where

# The only address that it listens on, and its names: a site whose name was made to lead here gets nothing.
_HOST = "127.0.0.1"
_NAMES = (_HOST, "localhost")
# Below this lie the objects of the root.
_ROOT = "root/"
# A browser keeps its connections for the next look, but not for ever.
_TIMEOUT_S = 120.0
# No more of an object is held at once; what is larger the system sends by itself, or it is read by parts.
_HELD = 2**20
# The page runs its own code, decodes in workers by WebAssembly and asks nobody else; only notebooks of this
# machine may hold it in a frame.
_SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; worker-src 'self'; "
        "connect-src 'self'; img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self' http://localhost:* http://127.0.0.1:* vscode-webview:"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_PART = re.compile(r"bytes=(?:(\d+)-(\d*)|-(\d+))")

_LOGGER = logging.getLogger("lunarcloud.viewer")


class _InFile(NamedTuple):
    """Bytes that lie in a file: the system sends them, and nobody holds them."""

    file: BinaryIO
    start: int


class _Answer(NamedTuple):
    """What is sent: for HEAD without the body, but with its length."""

    status: HTTPStatus
    length: int
    headers: Mapping[str, str]
    body: Iterable[bytes] | _InFile


class _Server(Server):
    """What its handlers need."""

    # A view asks for dozens of parts at once.
    request_queue_size = 128

    def __init__(self, root: Folder, page: Mapping[str, bytes], port: int) -> None:
        super().__init__((_HOST, port), _Handler)
        self.root, self.page = root, page


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _TIMEOUT_S
    # Headers and body in one packet, sent at once: several times the requests a second.
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        with ExitStack() as opened:
            self._send(self._answer(opened))

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as http.server calls it
        _LOGGER.debug(format, *args)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: `_send` says more of it."""

    def _answer(self, opened: ExitStack) -> _Answer:
        name = unquote(urlsplit(self.path).path).removeprefix("/") or PAGE
        if self.headers.get("Host") not in {f"{host}:{self.server.port}" for host in _NAMES}:
            return _words(HTTPStatus.MISDIRECTED_REQUEST, "this server answers to localhost alone")
        if name in self.server.page:
            body = self.server.page[name]
            return _Answer(HTTPStatus.OK, len(body), _about(name, f"view/{name}"), [body])
        if not name.startswith(_ROOT):
            return _words(HTTPStatus.NOT_FOUND, f"there is no {name} here")
        try:
            return self._object(name.removeprefix(_ROOT), opened)
        except NotFoundError as error:
            return _words(HTTPStatus.NOT_FOUND, str(error))
        except LunarcloudError as error:
            return _words(HTTPStatus.BAD_GATEWAY, str(error))

    def _object(self, key: str, opened: ExitStack) -> _Answer:
        # What leads out of the root, or is no key but a place beside it.
        if any(part in ("", ".", "..") for part in key.split("/")) or "\0" in key or "\\" in key:
            return _words(HTTPStatus.BAD_REQUEST, "this is not the key of an object")
        root = self.server.root
        file = root.open(key)
        if file:
            opened.enter_context(file)
        size = fstat(file.fileno()).st_size if file else root.size(key)
        about = {**_about(key, key), "Accept-Ranges": "bytes"}
        asked = _PART.fullmatch(self.headers.get("Range", ""))
        # A range of a form that is not known is the whole, as HTTP has it.
        start, stop = _part(asked, size) if asked else (0, size)
        if asked and start >= stop:
            none = _words(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, f"{key} has {size} bytes")
            return none._replace(headers={**none.headers, "Content-Range": f"bytes */{size}"})
        # What is small goes out in one packet with its headers, sooner than the system would begin.
        body = _InFile(file, start) if file and stop - start > _HELD else self._read(key, start, stop)
        if asked is None:
            return _Answer(HTTPStatus.OK, size, about, body)
        about["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        return _Answer(HTTPStatus.PARTIAL_CONTENT, stop - start, about, body)

    def _read(self, key: str, start: int, stop: int) -> Iterable[bytes]:
        """A part of an object, a little at a time."""
        if self.command == "HEAD":
            return []
        begins = range(start, stop, _HELD)
        parts = (self.server.root.read(key, at, min(at + _HELD, stop)) for at in begins)
        # The first now: a store that does not answer is told before the status is.
        return chain([next(parts, b"")], parts)

    def _send(self, answer: _Answer) -> None:
        asks_body = self.command != "HEAD"
        _LOGGER.debug(
            "%s %s: %d, %d bytes", self.command, self.path, answer.status, answer.length * asks_body
        )
        self.send_response(answer.status)
        for name, value in {**_SECURITY, **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(answer.length))
        self.end_headers()
        if asks_body and self._sent(answer) != answer.length:
            # A body that ends too early is told by nothing else, once its length was.
            self.close_connection = True

    def _sent(self, answer: _Answer) -> int:
        """How many bytes of the body went out."""
        sent = 0
        try:
            if not isinstance(answer.body, _InFile):
                for part in answer.body:
                    sent += self.wfile.write(part)
            else:
                self.wfile.flush()
                sent = self.connection.sendfile(answer.body.file, answer.body.start, answer.length)
        except (LunarcloudError, ConnectionError) as error:
            # The store failed in the middle of it, or whoever asked went away.
            _LOGGER.debug("%s: %s", self.path, error)
        return sent


def _about(name: str, key: str) -> dict[str, str]:
    return {"Content-Type": content_type(name), "Cache-Control": cache_control(key)}


def _words(status: HTTPStatus, text: str) -> _Answer:
    body = f"{text}\n".encode()
    about = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
    return _Answer(status, len(body), about, [body])


def _part(asked: re.Match[str], size: int) -> tuple[int, int]:
    """First byte and the one after the last; an empty part where there is nothing."""
    first, last, length = asked.groups()
    if length is not None:
        return max(0, size - int(length)), size
    return int(first), min(size, int(last) + 1) if last else size


@contextmanager
def serving(root: Folder, port: int = 0) -> Iterator[str]:
    """Serve a root to browsers of this machine while a ``with`` block runs; the page's URL.

    Only GET and HEAD are answered, only on the loopback address and only by its names.

    Parameters
    ----------
    root : Folder
        The root, of any kind of store.
    port : int
        Which port; 0 is any free one.

    Raises
    ------
    InputError
        If the port cannot be had.
    NotFoundError
        If the package was installed without the page.
    """
    page = {**built(), WHERE: where(_ROOT)}
    try:
        server = _Server(root, page, port)
    except (OSError, OverflowError) as error:
        raise InputError(
            f"port {port} cannot be had ({error}): choose another, or 0 for any free one"
        ) from error
    with running(server, "view") as number:
        yield f"http://{_HOST}:{number}/"
