"""Tiles straight from a web server: each byte about once, within a bound, however the server behaves."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lunarcloud.archive import Image, find_tiles
from lunarcloud.archive import web as web_room
from lunarcloud.archive.sources import read_ranges
from lunarcloud.archive.web import Cache, read_web, web_size
from lunarcloud.config import settings
from lunarcloud.errors import NotFoundError, StoreError, TransientStoreError
from lunarcloud.moon import grid
from lunarcloud.mosaic.resample import resample, touches
from lunarcloud.synthetic import write_tiles
from lunarcloud.testing.bad_archive import BadArchive, Misdeed, bad_archive, first

TILES = ("UI03N003", "UI03N009", "UI03S003", "UI10N003", "UI87N030", "UI03N357")
GRID = grid(8, 180)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cache of its own for each test, and pauses that nobody waits for."""
    monkeypatch.setenv("LUNARCLOUD_BACKOFF_S", "0.001")
    monkeypatch.setenv("LUNARCLOUD_RETRIES", "30")
    settings.cache_clear()
    monkeypatch.setattr(web_room, "_KEPT", [])
    yield
    settings.cache_clear()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six tiles, of 160 to 900 kB: many blocks each."""
    place = tmp_path_factory.mktemp("served")
    write_tiles(place, ppd=24, product_ids=TILES)
    return place


@pytest.fixture(scope="module")
def true(folder: Path) -> dict[object, bytes]:
    """The mosaic of the files."""
    return mosaic(find_tiles(str(folder)).tiles)


@pytest.fixture
def server(folder: Path) -> Iterator[BadArchive]:
    with bad_archive(folder) as found:
        yield found


def kept(bytes_: int, monkeypatch: pytest.MonkeyPatch) -> Cache:
    """A cache of so many bytes."""
    found = Cache(bytes_)
    monkeypatch.setattr(web_room, "_KEPT", [found])
    return found


def urls(server: BadArchive, query: str = "") -> list[str]:
    return [f"{server.url}/{name.lower()}.img{query}" for name in TILES]


def mosaic(tiles: tuple[Image, ...]) -> dict[object, bytes]:
    """The shards that the tiles touch, one after the other, as a worker makes them."""
    found: dict[object, bytes] = {}
    for shard in GRID.shards():
        near = [tile for tile in tiles if touches(GRID, GRID.window(shard), tile)]
        if near:
            found[shard] = resample(GRID, GRID.window(shard), near)[0].tobytes()
    return found


def test_a_mosaic_from_the_web_is_that_of_the_files_and_each_byte_comes_once(
    server: BadArchive, folder: Path, true: dict[object, bytes]
) -> None:
    whole = sum((folder / f"{name.lower()}.img").stat().st_size for name in TILES)
    found = find_tiles(urls(server)).tiles
    # Labels alone: a block of each.
    assert server.sent_bytes == 32_768 * len(TILES)
    assert mosaic(found) == true
    assert server.sent_bytes <= whole
    asked = len(server.asked)
    mosaic(found)
    assert len(server.asked) == asked  # all of it is still here


def test_a_window_is_read_by_ranges_and_nothing_of_it_again(server: BadArchive) -> None:
    url = urls(server)[0]
    whole = read_ranges(url, [(0, 1 << 30)])[0]
    assert len(whole) == web_size(url)
    web_room.cache().forget(url)
    server.sent_bytes = 0
    parts = read_ranges(url, [(100_000, 5000), (104_000, 3000), (200_000, 10)])
    assert parts == [whole[100_000:105_000], whole[104_000:107_000], whole[200_000:200_010]]
    # The block of bytes 98 304 to 131 071, once, and that of 200 000.
    assert server.sent_bytes == 2 * 32_768
    assert read_ranges(url, [(len(whole) - 3, 10), (len(whole) + 5, 2)]) == [whole[-3:], b""]


def test_a_cache_that_holds_little_never_holds_more(
    server: BadArchive, true: dict[object, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    small, most = kept(300_000, monkeypatch), 0
    put = Cache.put

    def watched(self: Cache, url: str, number: int, data: bytes) -> None:
        nonlocal most
        put(self, url, number, data)
        most = max(most, self.held)
        assert self.held == sum(map(len, self.blocks.values()))

    monkeypatch.setattr(Cache, "put", watched)
    assert mosaic(find_tiles(urls(server)).tiles) == true
    assert 200_000 < most <= small.most


@pytest.mark.parametrize(
    "misdeed", ["busy", "too many", "cut", "slow", "another part", "page", "redirect", "packed"]
)
def test_the_mosaic_is_the_same_however_the_server_behaves(
    folder: Path, misdeed: Misdeed, true: dict[object, bytes]
) -> None:
    asked = 0

    def every_third(path: str) -> Misdeed | None:
        nonlocal asked
        asked += 1
        return misdeed if asked % 3 == 0 else None

    with bad_archive(folder, every_third) as server:
        server.pause_s = 0.0
        found = find_tiles(urls(server))
        assert not found.problems
        assert mosaic(found.tiles) == true
        assert server.done[misdeed] > 2


def test_of_a_server_without_ranges_each_tile_comes_once_beside_its_label(
    folder: Path, true: dict[object, bytes]
) -> None:
    with bad_archive(folder, lambda path: "no ranges") as server:
        found = find_tiles(urls(server)).tiles
        labels = len(server.asked)
        assert labels == len(TILES)
        assert mosaic(found) == true
        assert len(server.asked) == 2 * labels


def test_a_tile_of_a_server_without_ranges_that_does_not_fit_is_refused_with_what_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(100_000, monkeypatch)
    with bad_archive(folder, lambda path: "no ranges") as server:
        (tile,) = find_tiles(urls(server)[:1]).tiles
        with pytest.raises(StoreError, match=r"larger than the cache of 0 MiB: set LUNARCLOUD_CACHE_MIB"):
            resample(GRID, GRID.whole, [tile])


def test_addresses_keep_their_query_and_records_do_not_show_it(server: BadArchive, folder: Path) -> None:
    found = find_tiles(urls(server, "?signature=secret")).tiles
    assert [tile.url.partition("?")[2] for tile in found] == ["signature=secret"] * len(TILES)
    assert not any("secret" in tile.source for tile in found)
    assert mosaic(found[:1]) == mosaic(find_tiles(str(folder)).tiles[:1])


def test_a_file_that_was_changed_meanwhile_is_not_mixed_with_what_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.img"
    path.write_bytes(b"a" * 100_000)
    with bad_archive(tmp_path) as server:
        url = f"{server.url}/a.img"
        assert read_web(url, [(0, 10)]) == [b"a" * 10]
        path.write_bytes(b"b" * 90_000)
        # The retry sees the new file, whole.
        assert read_web(url, [(80_000, 10), (0, 10)]) == [b"b" * 10, b"b" * 10]


def test_what_is_not_there_and_a_server_that_stays_busy_are_said(
    server: BadArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotFoundError, match="there is no such file"):
        find_tiles(f"{server.url}/ui99n999.img")
    monkeypatch.setenv("LUNARCLOUD_RETRIES", "1")
    monkeypatch.setenv("LUNARCLOUD_PATIENCE_S", "0")
    settings.cache_clear()
    server.plan = lambda path: "busy"
    with pytest.raises(TransientStoreError, match="the server is busy"):
        read_web(f"{server.url}/ui03n003.img", [(0, 10)])


def test_a_server_that_sends_a_byte_now_and_then_is_given_up(
    server: BadArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"RETRIES": "0", "PATIENCE_S": "0", "REQUEST_S": "0.3"}.items():
        monkeypatch.setenv(f"LUNARCLOUD_{name}", value)
    settings.cache_clear()
    server.plan, server.pause_s = lambda path: "slow", 0.2
    with pytest.raises(TransientStoreError, match=r"the server sent \d+ bytes in 0\.3 s"):
        read_web(urls(server)[0], [(0, 10)])


def test_a_server_is_left_alone_as_long_as_it_asks(
    server: BadArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("lunarcloud.storage.retry.time.sleep", waited.append)
    server.plan, server.retry_after = first("too many"), "7"
    read_web(urls(server)[0], [(0, 10)])
    assert waited == [7.0]


def test_blocks_that_were_used_last_stay() -> None:
    small = Cache(10)
    for number in range(3):
        small.put("a", number, bytes([number]) * 4)
        small.get("a", 0)
    assert [key for _, key in small.blocks] == [2, 0]
    small.put("a", 9, b"more than it holds")
    assert small.get("a", 9) is None
    assert np.all(small.held <= 10)
