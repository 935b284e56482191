"""The server of the viewer: whole objects and parts of them, to this machine alone."""

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunarcloud.config import Settings
from lunarcloud.errors import InputError
from lunarcloud.storage import Folder, folder
from lunarcloud.storage.backends import LocalFolder, ObjectFolder
from lunarcloud.testing.s3_server import BUCKET, S3, reconnect
from lunarcloud.viewer import serving
from tests.web import reset

DIGITS = b"0123456789"
KEY = "runs/0123456789abcdef/digits"
# More than anybody wants to hold.
MB = 2**20
LARGE = 48 * MB + 17
SHARD = "runs/large/shard"


@pytest.fixture(scope="module", params=["memory", "s3"])
def place(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where the root is: in memory, or on a real S3 server."""
    url = f"{request.param}://{{}}{uuid4().hex}"
    if request.param == "memory":
        yield url.format("")
        return
    server: S3 = request.getfixturevalue("s3")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        reconnect()
        yield url.format(f"{BUCKET}/")


@pytest.fixture(scope="module")
def port(place: str) -> Iterator[int]:
    root = folder(place)
    root.write(KEY, DIGITS)
    root.write("catalog.json", b"{}")
    with serving(root) as url:
        yield int(url.rstrip("/").rpartition(":")[2])


def ask(
    port: int, path: str, method: str = "GET", host: str | None = None, **headers: str
) -> tuple[HTTPResponse, bytes]:
    """An answer and its body."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, headers={"Host": host or f"127.0.0.1:{port}", **headers})
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def test_the_page_comes_with_a_strict_policy(port: int) -> None:
    answer, body = ask(port, "/")
    assert answer.status == 200
    assert b"<!doctype html>" in body.lower()
    assert "default-src 'none'" in str(answer.headers["Content-Security-Policy"])


def test_the_page_is_told_where_the_root_is(port: int) -> None:
    assert ask(port, "/root.json")[1] == b'{"root": "root/"}'


def test_a_browser_that_goes_away_is_told_to_nobody(port: int, capfd: pytest.CaptureFixture[str]) -> None:
    reset(port)
    assert capfd.readouterr() == ("", "")


def test_a_browser_that_goes_away_is_told_to_who_looks_for_faults(
    port: int, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lunarcloud.servers.settings", lambda: Settings(debug=True))
    reset(port)
    assert "ConnectionResetError" in capfd.readouterr().err


def test_an_object_comes_whole(port: int) -> None:
    answer, body = ask(port, f"/root/{KEY}")
    assert (answer.status, body) == (200, DIGITS)
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert "immutable" in str(answer.headers["Cache-Control"])


@pytest.mark.parametrize(
    ("asked", "got", "where"),
    [
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=-99", DIGITS, "bytes 0-9/10"),
        ("bytes=8-99", b"89", "bytes 8-9/10"),
    ],
)
def test_a_part_comes_as_it_was_asked_for(port: int, asked: str, got: bytes, where: str) -> None:
    answer, body = ask(port, f"/root/{KEY}", Range=asked)
    assert (answer.status, body, answer.headers["Content-Range"]) == (206, got, where)


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=-0", "bytes=5-2"])
def test_a_part_that_is_not_there_is_refused_with_the_size(port: int, asked: str) -> None:
    answer, _ = ask(port, f"/root/{KEY}", Range=asked)
    assert (answer.status, answer.headers["Content-Range"]) == (416, "bytes */10")


@given(asked=st.text(st.characters(min_codepoint=32, max_codepoint=126)).map(lambda text: f"bytes={text}"))
def test_no_range_whatever_its_form_is_a_fault(port: int, asked: str) -> None:
    answer, body = ask(port, f"/root/{KEY}", Range=asked)
    assert answer.status in (200, 206, 416)
    assert answer.status != 200 or body == DIGITS


def test_head_says_all_but_the_body(port: int) -> None:
    answer, body = ask(port, f"/root/{KEY}", method="HEAD", Range="bytes=2-4")
    assert (answer.status, body, answer.headers["Content-Length"]) == (206, b"", "3")


def test_what_is_not_there_is_said_to_be_so(port: int) -> None:
    answer, body = ask(port, "/root/runs/none")
    assert answer.status == 404
    assert b"runs/none" in body
    assert ask(port, "/none")[0].status == 404


@pytest.mark.parametrize(
    "path", ["/root/../secret", "/root/a/%2e%2e/b", "/root//etc", "/root/", "/root/a%5cb"]
)
def test_nothing_outside_the_root_is_served(port: int, path: str) -> None:
    assert ask(port, path)[0].status == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_changed(port: int, method: str) -> None:
    assert ask(port, f"/root/{KEY}", method=method)[0].status == 501


def test_another_name_that_leads_here_gets_nothing(port: int) -> None:
    answer, body = ask(port, f"/root/{KEY}", host=f"moon.example:{port}")
    assert answer.status == 421
    assert DIGITS not in body


def test_a_port_that_is_taken_is_refused_in_words(port: int) -> None:
    with (
        pytest.raises(InputError, match=f"port {port} cannot be had"),
        serving(folder("memory://other"), port),
    ):
        pass


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with one large object of noise."""
    place = tmp_path_factory.mktemp("root")
    (place / SHARD).parent.mkdir(parents=True)
    (place / SHARD).write_bytes(np.random.default_rng(3).bytes(LARGE))
    return place


def of_disk(place: Path) -> Folder:
    """The folder itself."""
    return LocalFolder(str(place))


def of_store(place: Path) -> Folder:
    """The same as an object store: behind fsspec, read by ranges."""
    return ObjectFolder(f"file://{place}")


@pytest.fixture(params=[of_disk, of_store])
def server(request: pytest.FixtureRequest, large: Path) -> Iterator[HTTPConnection]:
    """A connection to the server of such a root."""
    with connected(request.param(large)) as connection:
        yield connection


@contextmanager
def connected(root: Folder) -> Iterator[HTTPConnection]:
    """A connection to a server of a root."""
    with serving(root) as url, closing(HTTPConnection(urlsplit(url).netloc, timeout=20)) as connection:
        yield connection


def asked(server: HTTPConnection, method: str = "GET", key: str = SHARD, **headers: str) -> HTTPResponse:
    """An answer whose body is still to be read."""
    server.request(method, f"/root/{key}", headers=headers)
    return server.getresponse()


def digest_of(answer: HTTPResponse) -> str:
    """SHA-256 of a body, read a little at a time."""
    found = sha256()
    while part := answer.read(MB):
        found.update(part)
    return found.hexdigest()


def most_held(call: Callable[[], object]) -> int:
    """Bytes that this process held at once, the server's threads included, more than before."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_large_object_comes_whole_and_is_never_held_whole(server: HTTPConnection, large: Path) -> None:
    found = []
    held = most_held(lambda: found.append(digest_of(asked(server))))
    assert found == [sha256((large / SHARD).read_bytes()).hexdigest()]
    assert held < 8 * MB


def test_a_large_part_is_exact_and_never_held_whole(server: HTTPConnection, large: Path) -> None:
    first, last = 3 * MB + 5, 40 * MB + 1
    found = []
    held = most_held(lambda: found.append(digest_of(asked(server, Range=f"bytes={first}-{last}"))))
    assert found == [sha256((large / SHARD).read_bytes()[first : last + 1]).hexdigest()]
    assert held < 8 * MB


def test_head_has_the_size_alone(server: HTTPConnection) -> None:
    answer = asked(server, "HEAD")
    assert (answer.status, answer.headers["Content-Length"], answer.read()) == (200, str(LARGE), b"")


def test_an_empty_object_has_no_body(server: HTTPConnection, large: Path) -> None:
    (large / "empty").touch()
    for _ in range(2):  # over one connection: no more came than was said
        answer = asked(server, key="empty")
        assert (answer.status, answer.headers["Content-Length"], answer.read()) == (200, "0", b"")


def test_a_folder_is_no_object(server: HTTPConnection) -> None:
    assert asked(server, key="runs").status == 404


class Failing(ObjectFolder):
    """A store that fails after a while."""

    def _read(self, key: str, start: int | None, end: int | None) -> bytes:
        if (start or 0) >= 4 * MB:
            raise PermissionError("the account was closed")
        return ObjectFolder._read(self, key, start, end)


def test_a_store_that_fails_in_the_middle_gives_no_whole_object(large: Path) -> None:
    with connected(Failing(f"file://{large}")) as server, pytest.raises(IncompleteRead):
        asked(server).read()
