"""A web server in this process: files of a folder, or whatever a function answers."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, TypeAlias

#: From the path and query that are asked for to a page.
Pages: TypeAlias = Callable[[str], str]


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The URL of a folder, whatever is asked for behind ?, and whoever asks."""

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(folder))

        def log_message(self, *_: Any) -> None:
            pass

    with _running(Handler) as url:
        yield url


@contextmanager
def paged(pages: Pages) -> Iterator[str]:
    """The URL of a server whose every path is a page."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages(self.path).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with _running(Handler) as url:
        yield url


@contextmanager
def busy_first(times: int, body: bytes) -> Iterator[str]:
    """The URL of a server that is busy so many times, and then answers everything with a body."""
    left = [503] * times

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(left.pop() if left else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - a name of the base class

        def log_message(self, *_: Any) -> None:
            pass

    with _running(Handler) as url:
        yield url


@contextmanager
def refusing(status: int) -> Iterator[str]:
    """The URL of a server that answers everything with a status, and nothing else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_HEAD = do_GET  # noqa: N815 - name of the base class

        def log_message(self, *_: Any) -> None:
            pass

    with _running(Handler) as url:
        yield url


def reset(port: int) -> None:
    """Ask half a question of a server in this process and reset the connection; return once it noticed."""
    before = set(threading.enumerate())
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(b"GET / HT")
        # To linger for no time is to reset.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        while not (handlers := {each for each in threading.enumerate() if each.is_alive()} - before):
            pass
    for thread in handlers:
        thread.join(10)


@contextmanager
def _running(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
