"""Fetching: every tile whole and equal to its source, whatever the server does and whenever it ends."""

import fcntl
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import fsspec
import pytest

from lunarcloud.archive import find_tiles
from lunarcloud.config import settings
from lunarcloud.engine import Event, ShardDone, StageDone, Started
from lunarcloud.errors import StoreError, TransientStoreError
from lunarcloud.fetching import box_of, carry_out, plan_fetch
from lunarcloud.fetching.http import CONNECTIONS
from lunarcloud.testing.bad_archive import MISDEEDS, BadArchive, Misdeed, bad_archive, first, random_misdeeds
from lunarcloud.testing.s3_server import BUCKET, S3
from tests.fetching.small_archive import TILES, content, fetched, originals, planned, stored

_COMMAND = Path(__file__).with_name("roomy_command.py")


def test_every_tile_of_a_region_comes_whole_and_a_second_call_transfers_nothing(
    archive: BadArchive, published: Path, tmp_path: Path
) -> None:
    found = fetched(archive, tmp_path / "tiles")
    assert (found.came, len(found.files)) == (12, 12)
    assert content(tmp_path / "tiles") == originals(published)
    tiles = find_tiles(str(tmp_path / "tiles"))
    assert ({tile.product_id for tile in tiles.tiles}, tiles.problems) == (set(TILES), ())
    asked = len(archive.asked)
    again = fetched(archive, tmp_path / "tiles")
    assert (again.came, len(archive.asked) - asked) == (0, 0)
    assert sorted(again.files) == sorted(found.files)


def test_a_bad_server_gives_the_same_tiles_in_the_end(
    archive: BadArchive, published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All misdeeds may meet one file.
    monkeypatch.setenv("LUNARCLOUD_RETRIES", str(len(MISDEEDS)))
    settings.cache_clear()
    archive.plan, archive.pause_s = first(*MISDEEDS), 0.001
    assert fetched(archive, tmp_path / "tiles").came == 12
    assert content(tmp_path / "tiles") == originals(published)
    assert archive.done.keys() == {*MISDEEDS, "none"}


def test_at_most_four_files_are_asked_for_at_a_time(archive: BadArchive, tmp_path: Path) -> None:
    archive.plan, archive.pause_s = lambda path: "slow", 0.01
    fetched(archive, tmp_path)
    assert 1 < archive.most_at_once <= CONNECTIONS


def test_what_is_cut_goes_on_where_it_was_in_a_later_call(
    archive: BadArchive, published: Path, tmp_path: Path
) -> None:
    # Cut, then nothing but busy: the command ends, and half of a file stays beside its place.
    cut: set[str] = set()

    def plan(path: str) -> Misdeed:
        known = path in cut
        cut.add(path)
        return "busy" if known else "cut"

    archive.plan = plan
    with pytest.raises(TransientStoreError, match=r"0 of 12 files came.*Run the same command again"):
        fetched(archive, tmp_path)
    parts = list(tmp_path.iterdir())
    assert parts
    assert all(part.name.endswith(".partial") and part.stat().st_size for part in parts)
    archive.plan, asked = (lambda path: None), len(archive.asked)
    fetched(archive, tmp_path)
    assert content(tmp_path) == originals(published)
    assert len([wanted for _, wanted in archive.asked[asked:] if wanted]) == len(parts)


def test_a_file_that_changed_in_between_is_fetched_from_its_beginning(
    archive: BadArchive, published: Path, tmp_path: Path
) -> None:
    whole = originals(published)["ui03n003.img"]
    (tmp_path / "ui03n003.img.%22another%22.partial").write_bytes(b"PDS_VERSION_ID" + whole[14:999])
    fetched(archive, tmp_path)
    assert content(tmp_path) == originals(published)


@pytest.mark.parametrize("length", [0, 1000, -2])
def test_a_file_of_another_length_is_no_tile_and_is_fetched_again(
    archive: BadArchive, published: Path, tmp_path: Path, length: int
) -> None:
    fetched(archive, tmp_path)
    damaged = tmp_path / "ui10n357.img"
    damaged.write_bytes(damaged.read_bytes()[:length])
    assert fetched(archive, tmp_path).came == 1
    assert content(tmp_path) == originals(published)


@pytest.mark.parametrize("misdeed", ["page", "short", "long"])
def test_what_is_no_whole_tile_never_gets_its_name(
    archive: BadArchive, tmp_path: Path, misdeed: Misdeed
) -> None:
    def plan(path: str) -> Misdeed | None:
        return misdeed if path.endswith("ui03s351.img") else None

    archive.plan = plan
    with pytest.raises(TransientStoreError, match=r"11 of 12 files came, 1 did not: \S+ui03s351\.img"):
        fetched(archive, tmp_path)
    assert len(content(tmp_path)) == 11
    assert "ui03s351.img" not in content(tmp_path)


def test_a_pixel_that_changed_on_the_way_breaks_the_checksum(published: Path, tmp_path: Path) -> None:
    path = tmp_path / "cl_4006" / "data" / "ui03n003.img"
    path.parent.mkdir(parents=True)
    data = bytearray(originals(published)[path.name])
    data[-1] ^= 1
    path.write_bytes(data)
    with (
        bad_archive(tmp_path) as server,
        pytest.raises(StoreError, match=r"CHECKSUM is \d+, that of the pix"),
    ):
        carry_out(plan_fetch("clementine", tmp_path / "to", region=box_of("1,1,2,2"), mirror=server.url))
    assert list((tmp_path / "to").iterdir()) == []


def test_a_wrong_mirror_is_given_up_after_some_files(tmp_path: Path) -> None:
    with bad_archive(tmp_path) as server:
        with pytest.raises(StoreError, match="no such file") as caught:
            carry_out(plan_fetch("clementine", tmp_path / "to", mirror=server.url))
        assert len(server.asked) < 20
    assert not isinstance(caught.value, TransientStoreError)


def test_an_archive_that_is_away_is_worth_another_try(tmp_path: Path) -> None:
    plan = plan_fetch("clementine", tmp_path / "to", mirror="http://127.0.0.1:9/img")
    with pytest.raises(TransientStoreError, match=r"0 of 996 files came.*--mirror"):
        carry_out(plan)


def test_as_much_as_there_is_no_room_for_is_refused_before_anything_is_asked(
    archive: BadArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(archive, tmp_path / "to")
    monkeypatch.setattr(
        "lunarcloud.fetching.plan.shutil.disk_usage", lambda path: type("", (), {"free": 10**6})
    )
    with pytest.raises(StoreError, match=r"4\d\d\.\d MB are to come and 1\.0 MB are free; .*--to.*--region"):
        carry_out(plan)
    assert archive.asked == []


def test_two_commands_do_not_write_into_one_folder(archive: BadArchive, tmp_path: Path) -> None:
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(StoreError, match="another command fetches into this folder"):
        fetched(archive, tmp_path)
    os.close(handle)
    assert fetched(archive, tmp_path).came == 12


def test_a_watch_is_told_of_every_file(archive: BadArchive, tmp_path: Path) -> None:
    events: list[Event] = []
    carry_out(planned(archive, tmp_path), events.append)
    assert [type(event) for event in events] == [Started, *[ShardDone] * 12, StageDone]


def test_pds4_tiles_come_with_their_labels(archive: BadArchive, published: Path, tmp_path: Path) -> None:
    archive.plan = first("cut", "short", "page", "no ranges")
    plan = plan_fetch("clementine", tmp_path, issue="pds4", mirror=archive.url)
    few = [piece for piece in plan.pieces if piece.name in TILES[:2]]
    carry_out(type(plan)(source=plan.source, base=plan.base, place=plan.place, there=(), pieces=tuple(few)))
    assert content(tmp_path) == originals(published, ".tif") | originals(published, ".xml")
    assert len(plan_fetch("clementine", tmp_path, issue="pds4", mirror=archive.url).there) == 2
    (tmp_path / "uvvis_03n_003e.xml").unlink()
    assert len(plan_fetch("clementine", tmp_path, issue="pds4", mirror=archive.url).there) == 1


def test_tiles_go_into_memory_as_they_go_onto_a_disk(archive: BadArchive, published: Path) -> None:
    archive.plan = first("cut", "busy", "short", "page")
    place = "memory://fetched/tiles"
    fetched(archive, place)
    assert stored(place) == originals(published)
    assert fetched(archive, place).came == 0
    fsspec.filesystem("memory").rm("/fetched", recursive=True)


def test_tiles_go_straight_into_a_bucket(
    archive: BadArchive, published: Path, s3_environment: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    archive.plan = first("cut", "too many", "short", "another part")
    place = f"s3://{BUCKET}/fetched"
    fetched(archive, place)
    assert stored(place) == originals(published)
    assert fetched(archive, place).came == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_258_tiles_come_whole_from_a_bad_server_with_kills_in_between(
    lp_archive: str, tmp_path: Path
) -> None:
    source, place = tmp_path / "archive", tmp_path / "tiles"
    wanted = _unpacked(lp_archive, source)
    words = ("fetch", "clementine", "--to", place, "--region", "28,-180,90,180")
    kills = 0
    with bad_archive(source, random_misdeeds(seed=5, rate=0.4)) as server:
        while (code := _run(server, len(server.asked) + 30, *words)) != 0:
            kills += code is None
            there = {path.name: path.read_bytes() for path in place.glob("*.img")}
            assert there == {name: wanted[name] for name in there}
        assert content(place) == wanted
        asked = len(server.asked)
        assert _run(server, asked + 1, *words) == 0
    assert kills >= 8


def _unpacked(packed: str, source: Path) -> dict[str, bytes]:
    """The archive's tiles north of 28 N in its folders; all of them by name."""
    plan = plan_fetch("clementine", source)
    wanted = {}
    north = {Path(p.path).name: p.path for p in plan.pieces if p.name[4] == "N" and int(p.name[2:4]) > 28}
    with tarfile.open(packed) as tar:
        for member in tar:
            path = north.get(Path(member.name).name)
            if path:
                data = tar.extractfile(member)
                assert data is not None
                (source / path).parent.mkdir(parents=True, exist_ok=True)
                (source / path).write_bytes(data.read())
                wanted[Path(path).name] = (source / path).read_bytes()
    return wanted


def _run(server: BadArchive, until: int, *words: object) -> int | None:
    """A command that is killed when the server was asked so often, unless it has ended; its exit code."""
    process = subprocess.Popen([sys.executable, str(_COMMAND), *map(str, words), "--mirror", server.url])
    while process.poll() is None:
        if len(server.asked) >= until:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return None
        time.sleep(0.005)
    return process.returncode
