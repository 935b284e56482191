"""One way over HTTP: what a server may do, and what becomes of it."""

import time
from collections.abc import Iterator
from contextlib import closing
from email.utils import formatdate
from pathlib import Path
from typing import IO

import pytest

from lunarcloud.config import settings
from lunarcloud.errors import ArchiveError, NotFoundError, StoreError, TransientStoreError
from lunarcloud.fetching.http import Line, download, line
from lunarcloud.fetching.parts import Part, part_of
from lunarcloud.storage import folder
from lunarcloud.testing.bad_archive import BadArchive, Misdeed, bad_archive, first

DATA = bytes(range(256)) * 400


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[BadArchive]:
    """A server of one file that holds no tile."""
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "file.dat").write_bytes(DATA)
    with bad_archive(tmp_path / "served") as server:
        yield server


@pytest.fixture
def way() -> Iterator[Line]:
    """Connections for one test."""
    with line() as found:
        yield found


@pytest.fixture(autouse=True)
def own_settings() -> Iterator[None]:
    """What a test sets is gone after it."""
    yield
    settings.cache_clear()


def require(stream: IO[bytes]) -> None:
    if stream.read() != DATA:
        raise ArchiveError("not the file")


def get(way: Line, archive: BadArchive, place: Path, name: str = "file.dat") -> Part:
    part = part_of(folder(place), name)
    with closing(part):
        download(way, f"{archive.url}/{name}", part, require)
        part.keep()
    return part


@pytest.mark.parametrize(
    "misdeeds",
    [
        ("cut",) * 9,
        ("cut", "no ranges"),
        ("cut", "another part"),
        ("busy", "too many", "busy"),
        ("page", "short", "long"),
        ("redirect", "slow"),
        ("no ranges", "cut"),
        ("packed",),
        ("cut", "packed"),
    ],
    ids=" ".join,
)
def test_a_file_comes_whole_past_misdeeds(
    way: Line, archive: BadArchive, tmp_path: Path, misdeeds: tuple[Misdeed, ...]
) -> None:
    archive.plan = first(*misdeeds)
    get(way, archive, tmp_path)
    assert (tmp_path / "file.dat").read_bytes() == DATA


def test_a_server_that_cuts_every_answer_is_asked_for_the_rest_each_time(
    way: Line, archive: BadArchive, tmp_path: Path
) -> None:
    nine: tuple[Misdeed, ...] = ("cut",) * 9
    archive.plan = first(*nine)
    get(way, archive, tmp_path)
    starts = [int(asked.removeprefix("bytes=").rstrip("-") or 0) for _, asked in archive.asked]
    assert starts == sorted(starts)
    assert len(starts) == 10
    assert archive.sent_bytes == len(DATA)


def test_a_server_that_cuts_before_anything_has_come_is_given_up(
    way: Line, archive: BadArchive, tmp_path: Path
) -> None:
    archive.plan = lambda path: "cut"
    archive.folder.joinpath("file.dat").write_bytes(DATA[:1])
    with pytest.raises(TransientStoreError, match="does not answer, or not to the end"):
        get(way, archive, tmp_path)
    assert len(archive.asked) == settings().retries + 1


def test_a_file_that_is_whole_but_has_no_name_yet_is_not_sent_again(
    way: Line, archive: BadArchive, tmp_path: Path
) -> None:
    part = part_of(folder(tmp_path), "file.dat")
    download(way, f"{archive.url}/file.dat", part, require)
    part.close()
    get(way, archive, tmp_path)
    assert archive.asked[1:] == [("/file.dat", f"bytes={len(DATA)}-")]
    assert archive.sent_bytes <= len(DATA)
    assert (tmp_path / "file.dat").read_bytes() == DATA


def test_a_busy_server_is_left_alone_for_as_long_as_it_asks(
    way: Line, archive: BadArchive, tmp_path: Path
) -> None:
    archive.plan, archive.retry_after = first("too many"), "1"
    begun = time.monotonic()
    get(way, archive, tmp_path)
    assert time.monotonic() - begun >= 1.0


@pytest.mark.parametrize("date", [formatdate(0, usegmt=True), "soon", ""])
def test_a_date_that_is_past_or_none_is_not_waited_for(
    way: Line, archive: BadArchive, tmp_path: Path, date: str
) -> None:
    archive.plan, archive.retry_after = first("busy"), date
    get(way, archive, tmp_path)
    assert len(archive.asked) == 2


@pytest.mark.parametrize(
    "when", ["86400", formatdate(time.time() + 9e4, usegmt=True)], ids=["seconds", "date"]
)
def test_a_server_that_is_closed_for_today_is_not_waited_for(
    way: Line, archive: BadArchive, tmp_path: Path, when: str
) -> None:
    archive.plan, archive.retry_after = first("busy"), when
    with pytest.raises(StoreError, match=r"asks to come again in 1\d\d\d minutes"):
        get(way, archive, tmp_path)
    assert len(archive.asked) == 1


@pytest.mark.parametrize("size", [len(DATA) // 5, len(DATA)], ids=["too slow", "large"])
def test_a_file_goes_on_as_long_as_enough_of_it_comes(
    way: Line, archive: BadArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """A server that sends a byte now and then is never silent."""
    for name, value in {"RETRIES": "0", "REQUEST_S": "0.3"}.items():
        monkeypatch.setenv(f"LUNARCLOUD_{name}", value)
    settings.cache_clear()
    archive.folder.joinpath("file.dat").write_bytes(DATA[:size])
    archive.plan, archive.pause_s = lambda path: "slow", 0.2
    if size == len(DATA):
        get(way, archive, tmp_path)
    else:
        with pytest.raises(TransientStoreError, match=r"the server sent \d+ bytes in 0\.3 s"):
            get(way, archive, tmp_path)


def test_an_archive_that_has_answered_is_waited_for(
    way: Line, archive: BadArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUNARCLOUD_PATIENCE_S", "60")
    settings.cache_clear()
    often: list[Misdeed] = ["busy"] * (settings().retries + 3)
    archive.plan = first(None, *often)
    get(way, archive, tmp_path)
    (tmp_path / "file.dat").unlink()
    get(way, archive, tmp_path)
    assert len(archive.asked) == len(often) + 2


def test_a_file_that_stays_damaged_is_fetched_few_times(
    way: Line, archive: BadArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUNARCLOUD_PATIENCE_S", "60")
    settings.cache_clear()
    archive.folder.joinpath("file.dat").write_bytes(DATA[:-1])
    with pytest.raises(TransientStoreError, match="not the file"):
        get(way, archive, tmp_path)
    assert len(archive.asked) == settings().retries + 1


def test_tries_end(way: Line, archive: BadArchive, tmp_path: Path) -> None:
    archive.plan = lambda path: "busy"
    with pytest.raises(TransientStoreError, match=r"the server is busy \(503 "):
        get(way, archive, tmp_path)
    assert len(archive.asked) == settings().retries + 1


def test_a_file_that_is_not_there_is_asked_for_once(way: Line, archive: BadArchive, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"other\.dat: there is no such file \(404\)"):
        get(way, archive, tmp_path, "other.dat")
    assert len(archive.asked) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["served"]


def test_who_is_stopped_neither_waits_nor_receives(way: Line, archive: BadArchive, tmp_path: Path) -> None:
    way.stopped.set()
    archive.plan, archive.retry_after = first("busy"), "500"
    for _ in range(2):
        with pytest.raises(StoreError, match="stopped"):
            get(way, archive, tmp_path)


def test_what_is_no_address_is_refused(way: Line, tmp_path: Path) -> None:
    part = part_of(folder(tmp_path), "file.dat")
    with pytest.raises(StoreError, match="cannot be fetched"):
        download(way, "http://[nowhere/file.dat", part, require)
