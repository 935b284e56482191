"""Objects behind any URL: whole writes, conditional writes, and errors in words."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from s3fs import S3FileSystem

from lunarcloud.errors import ClosedError, NotFoundError, StoreError, TransientStoreError
from lunarcloud.storage import Folder, folder
from lunarcloud.storage.backends import LocalFolder
from lunarcloud.testing.s3_server import S3, reconnect


def test_what_is_written_is_read(place: Folder) -> None:
    place.write("a/b", b"moon")
    assert place.read("a/b") == b"moon"
    assert place.exists("a/b")
    assert not place.exists("a")
    assert place.keys() == ["a/b"]
    assert (place / "a").read_all() == {"b": b"moon"}


def test_what_is_there_stays_once_the_last_object_is(place: Folder) -> None:
    closing = place.until("last")
    (closing / "a").write("b", b"begun")
    (closing / "a").write("b", b"moon")
    place.write("last", b"")
    with pytest.raises(ClosedError, match=r"a/b: not replaced, for .*/last is there"):
        pickle.loads(pickle.dumps(closing / "a")).write("b", b"late")  # noqa: S301 - our own bytes
    assert place.read("a/b") == b"moon"
    place.write("a/b", b"repaired")
    assert place.read("a/b") == b"repaired"


def test_no_file_is_put_in_the_place_of_what_is_finished(place: Folder, tmp_path: Path) -> None:
    (file := tmp_path / "file").write_bytes(b"late")
    place.write("a", b"moon")
    place.write("last", b"")
    with pytest.raises(ClosedError):
        place.until("last").upload("a", file)
    assert place.read("a") == b"moon"
    place.until("last").upload("new", file)
    assert place.read("new") == b"late"


@dataclass(frozen=True, slots=True)
class _Overtaken(LocalFolder):
    """A folder that a twin finishes in the moment in which the first object is replaced."""

    def _write(self, key: str, data: bytes) -> None:
        LocalFolder._create(self, "last", b"")
        LocalFolder._write(self, key, data)


def test_who_is_overtaken_while_it_replaces_puts_back_what_was_there(tmp_path: Path) -> None:
    place = _Overtaken(str(tmp_path)).until("last")
    place.write("a", b"moon")
    with pytest.raises(ClosedError):
        place.write("a", b"late")
    assert place.read("a") == b"moon"


def test_a_file_becomes_an_object_in_the_place_of_what_was_there(place: Folder, tmp_path: Path) -> None:
    place.write("a/b", b"old")
    (tmp_path / "file").write_bytes(b"moon")
    place.upload("a/b", tmp_path / "file")
    assert place.read("a/b") == b"moon"
    assert place.keys() == ["a/b"]


def test_a_file_that_is_not_there_leaves_what_was_there(place: Folder, tmp_path: Path) -> None:
    place.write("a", b"old")
    with pytest.raises(NotFoundError):
        place.upload("a", tmp_path / "none")
    assert place.read("a") == b"old"
    assert place.keys() == ["a"]


def test_a_part_of_an_object_is_read_as_a_slice_is_taken(place: Folder) -> None:
    place.write("digits", b"0123456789")
    for start, end in (
        (2, 5),
        (None, 3),
        (7, None),
        (8, 99),
        (4, 4),
        (10, None),
        (20, 30),
        (-3, None),
        (-20, None),
    ):
        assert place.read("digits", start, end) == b"0123456789"[start:end]


def test_a_part_of_nothing_is_not_found(place: Folder) -> None:
    with pytest.raises(NotFoundError, match="digits"):
        place.read("digits", 2, 5)


def test_a_change_leaves_no_lock_behind(tmp_path: Path) -> None:
    place = folder(tmp_path)
    place.update("a", lambda _: b"1")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_store_says_how_large_an_object_is(place: Folder) -> None:
    place.write("a/b", b"moon")
    assert place.size("a/b") == 4
    for none in ("a", "a/c"):
        with pytest.raises(NotFoundError, match=none):
            place.size(none)


def test_a_store_says_when_an_object_was_written(place: Folder) -> None:
    before = datetime.now(UTC)
    place.write("a", b"1")
    written = place.modified("a")
    assert written is not None
    # Stores count whole seconds.
    assert before - timedelta(seconds=2) <= written <= datetime.now(UTC) + timedelta(seconds=2)


def test_keys_of_one_subfolder_are_listed(place: Folder) -> None:
    for key in ("a/b", "a/c/d", "ab/e", "f"):
        place.write(key, key.encode())
    assert place.keys() == ["a/b", "a/c/d", "ab/e", "f"]
    assert place.keys("a") == ["a/b", "a/c/d"]
    assert place.read_all("a") == {"a/b": b"a/b", "a/c/d": b"a/c/d"}
    assert place.keys("f") == place.keys("nothing-here") == []


def test_another_version_has_other_bytes(place: Folder) -> None:
    place.write("a/1", b"one")
    place.write("2", b"two")
    first = place.versions()
    assert list(first) == place.keys() == ["2", "a/1"]
    place.write("2", b"too")
    second = place.versions()
    assert second["a/1"] == first["a/1"]
    # A disk cannot say.
    assert second["2"] is None or second["2"] != first["2"]
    assert place.versions("a") == {"a/1": first["a/1"]}


def test_what_is_removed_is_gone_and_removing_it_again_does_no_harm(place: Folder) -> None:
    place.write("a", b"1")
    place.write("b", b"2")
    for _ in range(2):
        place.remove("a")
    assert place.keys() == ["b"]


def test_a_whole_folder_is_removed_and_its_neighbours_stay(place: Folder) -> None:
    for key in ("gone/a", "gone/b/c", "gone-not/d"):
        place.write(key, b"1")
    for _ in range(2):
        (place / "gone").remove_all()
    assert place.keys() == ["gone-not/d"]


def test_a_folder_is_the_same_in_another_process(place: Folder) -> None:
    place.write("a", b"1")
    assert pickle.loads(pickle.dumps(place)) == place  # noqa: S301 - our own bytes
    assert pickle.loads(pickle.dumps(place / "b")).url == f"{place.url}/b"  # noqa: S301 - our own bytes


def test_an_object_that_is_not_there_is_named(place: Folder) -> None:
    with pytest.raises(NotFoundError, match="nothing-here"):
        place.read("nothing-here")


def test_an_empty_folder_has_no_keys(place: Folder) -> None:
    assert place.keys() == []
    assert place.read_all() == {}


def test_only_the_first_of_many_creates(place: Folder) -> None:
    with ThreadPoolExecutor(8) as pool:
        wins = list(pool.map(lambda number: place.create("once", str(number).encode()), range(8)))
    assert sum(wins) == 1
    assert place.read("once") == str(wins.index(True)).encode()


def test_updates_from_many_writers_are_all_kept(place: Folder) -> None:
    def append(number: int) -> None:
        place.update("list", lambda old: (old or b"") + bytes([number]))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(append, range(24)))
    assert sorted(place.read("list")) == list(range(24))


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = folder(tmp_path)
    place.write("card", b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(StoreError, match="No space left"):
        place.write("card", b"new")
    assert place.read("card") == b"old"
    assert place.keys() == ["card"]


def test_an_unknown_protocol_is_refused() -> None:
    with pytest.raises(StoreError, match="nope://"):
        folder("nope://x")


def test_a_place_that_is_a_file_is_not_writable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        folder(tmp_path / "file").require_writable()


def test_a_missing_bucket_is_named(s3_environment: S3) -> None:
    with pytest.raises(StoreError, match=r"no-such-bucket.*bucket does not exist"):
        folder("s3://no-such-bucket/x").write("a", b"1")


def test_wrong_credentials_are_said(s3_environment: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "stranger")
    reconnect()
    with pytest.raises(StoreError, match="access key"):
        folder("s3://moon/x").write("a", b"1")


def test_a_read_only_account_reads_and_is_told_that_it_may_not_write(
    s3_environment: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder("s3://moon/shared").write("a", b"1")
    for name, value in s3_environment.account("reader").items():
        monkeypatch.setenv(name, value)
    reconnect()
    assert folder("s3://moon/shared").read("a") == b"1"
    with pytest.raises(StoreError, match="not permitted"):
        folder("s3://moon/shared").require_writable()


def test_a_store_that_does_not_answer_is_a_passing_fault(
    s3_environment: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    reconnect()
    with pytest.raises(TransientStoreError, match="s3://moon/x") as raised:
        folder("s3://moon/x").write("a", b"1")
    # 75 tells whoever called to try again; what no waiting mends keeps 2.
    assert raised.value.exit_code == 75
    assert StoreError.exit_code == 2


def test_a_listing_of_many_objects_is_one_request(
    s3_environment: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = folder(f"s3://moon/{uuid4().hex}")
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: place.write(f"{number:03d}", b""), range(200)))
    asked: list[str] = []
    send = S3FileSystem._call_s3

    async def counted(self: S3FileSystem, method: str, *args: object, **kwargs: object) -> object:
        asked.append(method)
        return await send(self, method, *args, **kwargs)

    monkeypatch.setattr(S3FileSystem, "_call_s3", counted)
    assert len(place.keys()) == 200
    assert len(asked) <= 3
