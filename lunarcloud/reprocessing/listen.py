"""A small HTTP server beside ``reprocess --watch``: object stores poke it, Prometheus asks it how things are.

A poke says nothing but that a look is worth while, so neither its content nor how often it comes matters.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, TypeAlias

from lunarcloud.errors import InputError, LunarcloudError
from lunarcloud.servers import Server, running

# A notice of an object store lists a few keys.
_MOST_BYTES = 1 << 20
# Patience with a client that says nothing, seconds.
_TIMEOUT_S = 10.0

#: Text for Prometheus, and its content type.
Metrics: TypeAlias = Callable[[], tuple[bytes, str]]

_LOGGER = logging.getLogger("lunarcloud")


class _Server(Server):
    """What its handlers need."""

    def __init__(self, port: int, poked: threading.Event, metrics: Metrics) -> None:
        super().__init__(("", port), _Handler)
        self.poked, self.metrics = poked, metrics


class _Handler(BaseHTTPRequestHandler):
    timeout = _TIMEOUT_S
    server: _Server

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if self.path != "/poke":
            self._answer(HTTPStatus.NOT_FOUND)
        elif not length.isdigit() or int(length) > _MOST_BYTES:
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            self.rfile.read(int(length))
            self.server.poked.set()
            self._answer(HTTPStatus.ACCEPTED)

    def do_GET(self) -> None:
        if self.path == "/healthz":
            self._answer(HTTPStatus.OK, b"ok\n")
        elif self.path == "/metrics":
            self._answer_metrics()
        else:
            self._answer(HTTPStatus.NOT_FOUND)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as http.server calls it
        _LOGGER.debug(format, *args)

    def _answer_metrics(self) -> None:
        try:
            text, kind = self.server.metrics()
        except LunarcloudError as error:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, f"{error}\n".encode())
        else:
            self._answer(HTTPStatus.OK, text, kind)

    def _answer(self, status: HTTPStatus, body: bytes = b"", kind: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def listening(port: int | None, poked: threading.Event, metrics: Metrics) -> Iterator[int | None]:
    """Listen on a port of all addresses while a ``with`` block runs; its number, None where nobody listens.

    ``POST /poke`` (202), ``GET /metrics``, ``GET /healthz``; nothing else is answered.

    Parameters
    ----------
    port : int, optional
        Which; 0 is any free one, None is none.
    poked : Event
        Set by a poke.
    metrics : callable
        Makes the text for Prometheus, and its content type.

    Raises
    ------
    InputError
        If the port cannot be had.
    """
    if port is None:
        yield None
        return
    try:
        server = _Server(port, poked, metrics)
    except (OSError, OverflowError) as error:
        raise InputError(f"--listen {port}: cannot be had ({error}); choose another port") from error
    with running(server, "listen") as number:
        yield number
