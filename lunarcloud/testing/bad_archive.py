"""A web server of files that behaves as archives do on a bad day: busy, cut, wrong, slow, without ranges."""

import gzip
import hashlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

Misdeed: TypeAlias = Literal[
    "busy",
    "too many",
    "cut",
    "short",
    "long",
    "no ranges",
    "page",
    "redirect",
    "slow",
    "another part",
    "packed",
]
MISDEEDS: tuple[Misdeed, ...] = get_args(Misdeed)
#: What becomes of a request for a path; None: what was asked for.
Misdeeds: TypeAlias = Callable[[str], Misdeed | None]

_PAGE = b"<html><body>The archive is down for maintenance.</body></html>"
_PIECES = 4


@dataclass
class BadArchive:
    """Where the server is, what it does, and what it was asked for.

    Attributes
    ----------
    url : str
        Address of the folder that it serves.
    folder : Path
        The folder.
    plan : callable
        What becomes of each request.
    retry_after : str
        What a busy server says of when to come again.
    pause_s : float
        Seconds between the pieces of a slow answer.
    asked : list of (str, str)
        Path and range of each request.
    sent_bytes : int
        Of all files.
    at_once, most_at_once : int
        Requests that are being answered, and how many they ever were.
    done : Counter
        How often which misdeed was done.
    """

    url: str
    folder: Path
    plan: Misdeeds = lambda path: None
    retry_after: str = "0"
    pause_s: float = 0.02
    asked: list[tuple[str, str]] = field(default_factory=list)
    sent_bytes: int = 0
    at_once: int = 0
    most_at_once: int = 0
    done: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def answering(self, path: str, wanted: str) -> Iterator[Misdeed | None]:
        """One request, counted, and what becomes of it."""
        with self.lock:
            self.asked.append((path, wanted))
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            misdeed = self.plan(path)
            self.done[misdeed or "none"] += 1
        try:
            yield misdeed
        finally:
            with self.lock:
                self.at_once -= 1


def random_misdeeds(seed: int, rate: float) -> Misdeeds:
    """Misdeeds of all kinds on a share of the requests."""
    generator = random.Random(seed)  # noqa: S311 - no secret
    return lambda path: generator.choice(MISDEEDS) if generator.random() < rate else None


def first(*misdeeds: Misdeed | None) -> Misdeeds:
    """These misdeeds, one a request in their order, and none after."""
    left = list(misdeeds)
    return lambda path: left.pop(0) if left else None


@contextmanager
def bad_archive(folder: Path, plan: Misdeeds = lambda path: None) -> Iterator[BadArchive]:
    """Serve a folder for the length of a ``with`` block.

    Parameters
    ----------
    folder : Path
        What is served, with all folders in it.
    plan : callable
        What becomes of each request.
    """
    server = _Server(folder, plan)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.archive
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder: Path, plan: Misdeeds) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.archive = BadArchive(f"http://127.0.0.1:{self.server_port}", folder, plan)

    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that was killed is gone when its answer comes."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        path, _, again = self.path.partition("?")
        with self.server.archive.answering(path, self.headers.get("Range", "")) as misdeed:
            file = self.server.archive.folder / path.lstrip("/")
            if not file.is_file():
                return self._answer(404, _PAGE)
            if misdeed == "redirect" and not again:
                return self._answer(302, b"", {"Location": f"{path}?again"})
            if misdeed == "busy":
                return self._answer(503, _PAGE, {"Retry-After": self.server.archive.retry_after})
            if misdeed == "too many":
                return self._answer(429, _PAGE, {"Retry-After": self.server.archive.retry_after})
            if misdeed == "page":
                return self._answer(200, _PAGE)
            return self._give(file.read_bytes(), misdeed)

    def _give(self, data: bytes, misdeed: Misdeed | None) -> None:
        tag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        start = 0 if misdeed == "no ranges" else self._start(tag)
        if start >= len(data):
            return self._answer(416, b"", {"Content-Range": f"bytes */{len(data)}"})
        if misdeed == "packed":
            return self._answer(200, gzip.compress(data), {"ETag": tag, "Content-Encoding": "gzip"})
        if misdeed == "short":
            data = data[: (start + len(data)) // 2]
        if misdeed == "long":
            data += _PAGE
        total, data = len(data), data[: self._stop(len(data)) if misdeed != "no ranges" else None]
        said = start + 1 if misdeed == "another part" and start else start
        status, headers = 200, {"ETag": tag, "Accept-Ranges": "bytes"}
        if self.headers.get("Range") and misdeed != "no ranges" and (start or len(data) < total):
            status, headers = 206, headers | {"Content-Range": f"bytes {said}-{len(data) - 1}/{total}"}
        return self._answer(status, data[said:], headers, misdeed)

    def _start(self, tag: str) -> int:
        """The first byte that was asked for; 0 where the file is another than the client's."""
        wanted = self.headers.get("Range", "")
        same = self.headers.get("If-Range", tag) == tag
        return int(wanted.removeprefix("bytes=").partition("-")[0]) if wanted and same else 0

    def _stop(self, size: int) -> int:
        """The byte after the last that was asked for."""
        last = self.headers.get("Range", "").partition("-")[2]
        return min(size, int(last) + 1) if last else size

    def _answer(
        self,
        status: int,
        body: bytes,
        headers: Mapping[str, str] = MappingProxyType({}),
        misdeed: Misdeed | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if misdeed == "cut":
            body, self.close_connection = body[: len(body) // 2], True
        step = max(1, len(body) // _PIECES) if misdeed == "slow" else max(1, len(body))
        for begin in range(0, len(body), step):
            self.wfile.write(body[begin : begin + step])
            if misdeed == "slow":
                time.sleep(self.server.archive.pause_s)
        if status in (200, 206):
            with self.server.archive.lock:
                self.server.archive.sent_bytes += len(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
