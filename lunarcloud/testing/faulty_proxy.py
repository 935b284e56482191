"""A proxy before an S3 server that fails as real ones do, and as gateways and networks before them do."""

import http.client
import os
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal, TypeAlias, get_args
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

Fault: TypeAlias = Literal[
    "busy",
    "bad gateway",
    "late gateway",
    "too many",
    "aborted",
    "too late",
    "portal",
    "silent",
    "cut upload",
    "changed upload",
    "cut download",
    "short download",
    "zeros",
    "lost answer",
    "slow",
]
#: Those that pass within a second or, of silence, within ``silence_s``, and leave nothing wrong in the store,
#: though whoever writes is killed meanwhile.
FAULTS: tuple[Fault, ...] = tuple(kind for kind in get_args(Fault) if kind not in ("slow", "changed upload"))
#: What becomes of a request, by its method and path; None: nothing.
Plan: TypeAlias = Callable[[str, str], Fault | None]

_PAGE = b"<html><head><title>Network</title></head><body><p>Please sign in.</p></body></html>"


def _refusal(code: str) -> bytes:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>Not now</Message></Error>".encode()


# Status, type and body of what comes in place of the server's answer.
_INSTEAD: dict[Fault, tuple[int, str, bytes]] = {
    "busy": (503, "application/xml", _refusal("SlowDown")),
    "bad gateway": (502, "text/html", _PAGE),
    "late gateway": (504, "text/html", _PAGE),
    "too many": (429, "text/html", _PAGE),
    "aborted": (409, "application/xml", _refusal("OperationAborted")),
    "too late": (400, "application/xml", _refusal("RequestTimeout")),
    "portal": (200, "text/html", _PAGE),
}

# Headers by which a server would see that a body is another, with the signature that holds them.
_SUM = re.compile(r"(?i)content-md5|authorization|x-amz-(checksum|sdk-checksum|content-sha256|date)")
_SUM_OF_BODY = re.compile(r"(?i)content-md5|x-amz-checksum-")
_BEFORE = {*_INSTEAD, "silent", "cut upload"}
# Only who sends something is too late with it, or in another's way, or has it changed.
_OF_SENDERS = {"too late", "aborted", "changed upload"}
_OF_OBJECTS = {"zeros", "short download"}


@dataclass
class Faults:
    """Where the proxy is, what it does, and what it has done so far.

    Of which kind, bytes passed on, and uploads that came without a checksum.
    """

    endpoint: str
    silence_s: float
    plan: Plan = lambda method, path: None
    done: Counter[str] = field(default_factory=Counter)
    moved: int = 0
    unsummed: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self, method: str, path: str) -> Fault | None:
        """The fault of the next request."""
        with self.lock:
            return self.plan(method, path)

    def count(self, fault: Fault | None, moved: int = 0) -> None:
        """Note what was done to a request, and the bytes of it and its answer."""
        with self.lock:
            self.done[fault or "none"] += 1
            self.moved += moved


def random_plan(seed: int, rate: float) -> Plan:
    """Faults of all kinds on a share of the requests."""
    generator = random.Random(seed)  # noqa: S311 - no secret
    return lambda method, path: generator.choice(FAULTS) if generator.random() < rate else None


@contextmanager
def faulty_proxy(target: str, silence_s: float = 3.0, host: str = "127.0.0.1") -> Iterator[Faults]:
    """Run the proxy before a server for the length of a ``with`` block.

    Parameters
    ----------
    target : str
        The server's endpoint.
    silence_s : float
        How long a silent request stays open, longer than the client's patience.
    host : str
        Address to listen on.
    """
    server = _Server(urlsplit(target).netloc, silence_s, host)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.faults
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, target: str, silence_s: float, host: str) -> None:
        super().__init__((host, 0), _Handler)
        self.target = target
        self.faults = Faults(f"http://{host}:{self.server_port}", silence_s)

    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that ran out of patience is gone when its answer comes."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _handle(self) -> None:
        fault = self.server.faults.next(self.command, self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.command == "PUT" and body and not any(map(_SUM_OF_BODY.match, self.headers)):
            self.server.faults.unsummed += 1
        # A question that became another one is refused as nonsense: nobody waits for that.
        if (fault in _OF_SENDERS and not body) or (fault == "changed upload" and self.command != "PUT"):
            fault = None
        if fault in _BEFORE:
            self.server.faults.count(fault)
            return self._fail(fault, body)
        if fault == "changed upload":
            body = self._changed(body)
        status, headers, answer = self._forward(body)
        # Of the server's errors and lists nobody could know that they are others.
        is_object = self.command == "GET" and answer and any(name.lower() == "etag" for name in headers)
        if fault in _OF_OBJECTS and not is_object:
            fault = None
        self.server.faults.count(fault, len(body) + len(answer))
        return self._pass_on(fault, status, headers, answer)

    def _fail(self, fault: Fault, body: bytes) -> None:
        """A fault of which the server learns nothing, or half."""
        if fault in _INSTEAD:
            status, kind, page = _INSTEAD[fault]
            return self._answer(status, {"Content-Type": kind}, page)
        if fault == "silent":
            time.sleep(self.server.faults.silence_s)
        else:
            self._forward_half(body)
        return self._hang_up()

    def _pass_on(self, fault: Fault | None, status: int, headers: dict[str, str], answer: bytes) -> None:
        """The server's answer, or what a fault leaves of it."""
        if fault == "lost answer":
            return self._hang_up()
        if fault == "slow":
            return self._drip(status, headers, answer)
        if fault == "cut download":
            self._answer(status, headers, answer, sent=len(answer) // 2)
            return self._hang_up()
        if fault == "zeros":
            answer = bytes(len(answer))
        elif fault == "short download":
            answer = answer[: len(answer) // 2]
        return self._answer(status, headers, answer)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _handle  # noqa: N815 - names of the base class

    def _forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self.server.target, timeout=30)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() != "expect":
                    connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            answer = response.read()
            headers = {
                name: value
                for name, value in response.getheaders()
                if name.lower() not in ("transfer-encoding", "connection", "date", "server")
            }
            return response.status, headers, answer
        finally:
            connection.close()

    def _changed(self, body: bytes) -> bytes:
        """A body with one bit in its middle another, signed anew with this process's keys."""
        # Without its sums, by which the server would see it.
        middle = len(body) // 2
        changed = body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]
        region = self.headers["Authorization"].split("/")[2]
        for name in [name for name in self.headers if _SUM.match(name)]:
            del self.headers[name]
        request = AWSRequest(self.command, f"{self.server.faults.endpoint}{self.path}", self.headers, changed)
        keys = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
        S3SigV4Auth(keys, "s3", region).add_auth(request)
        self.headers = request.headers
        return changed

    def _forward_half(self, body: bytes) -> None:
        connection = http.client.HTTPConnection(self.server.target, timeout=30)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            connection.putheader(name, value)
        connection.endheaders(body[: len(body) // 2])
        connection.close()

    def _answer(self, status: int, headers: dict[str, str], body: bytes, sent: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() != "content-length":
                self.send_header(name, value)
        length = headers.get("Content-Length", str(len(body))) if self.command == "HEAD" else str(len(body))
        self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(body[:sent])

    def _drip(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """A byte now and then, so that the client never finds the server silent."""
        self._answer(status, headers, body, sent=0)
        for byte in body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(self.server.faults.silence_s / 10)

    def _hang_up(self) -> None:
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""
