"""Other people's files: bounded, unpacked, and explained where they cannot be read."""

import gzip
import hashlib
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import fsspec
import pytest

from lunarcloud.archive.files import TABLE_BYTES, foreign, read_file
from lunarcloud.archive.polygons import read_outlines
from lunarcloud.archive.stations import read_stations
from lunarcloud.errors import ArchiveError, NotFoundError, StoreError

#: From a name and content to the URL of the file.
Memory = Callable[[str, bytes], str]
SQUARE = (
    '{"type": "Polygon", "coordinates": [[[10.0, 0.0], [20.0, 0.0], [20.0, 9.0], [10.0, 9.0], [10.0, 0.0]]]}'
)


@pytest.fixture
def memory() -> Memory:
    """Writes a file that is reached by URL."""

    def write(name: str, data: bytes) -> str:
        url = f"memory://outside/{name}"
        with fsspec.open(url, "wb") as stream:
            stream.write(data)
        return url

    return write


def test_a_path_and_a_url_give_the_same(tmp_path: Path, memory: Memory) -> None:
    (tmp_path / "a.tab").write_bytes(b"content")
    here, there = read_file(tmp_path / "a.tab", 7), read_file(memory("a.tab", b"content"), 7)
    assert here.data == there.data == b"content"
    assert here.digest == there.digest == hashlib.sha256(b"content").hexdigest()
    assert here.name == there.name == "a"


def test_a_gzipped_file_is_unpacked_and_known_by_its_packed_bytes(tmp_path: Path) -> None:
    packed = gzip.compress(b"rows")
    (tmp_path / "a.tab.gz").write_bytes(packed)
    found = read_file(tmp_path / "a.tab.gz", TABLE_BYTES)
    assert (found.text(), found.name) == ("rows", "a")
    assert found.digest == hashlib.sha256(packed).hexdigest()


def test_a_file_above_its_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(3 << 20))
    with pytest.raises(ArchiveError, match="large: more than 2 MiB"):
        read_file(tmp_path / "large", 2 << 20)


def test_a_small_file_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(bytes(64 << 20)))
    with pytest.raises(ArchiveError, match=r"bomb\.gz: more than 1 MiB"):
        read_file(tmp_path / "bomb.gz", 1 << 20)


def test_a_file_that_is_too_large_is_refused_before_it_takes_memory(tmp_path: Path) -> None:
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(bytes(80 << 20), 1))
    with (tmp_path / "large").open("wb") as file:
        file.truncate(80 << 20)
    tracemalloc.start()
    for name in ("bomb.gz", "large"):
        with pytest.raises(ArchiveError, match="more than 64 MiB"):
            read_file(tmp_path / name, 64 << 20)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 24 << 20


@pytest.mark.parametrize(
    "raised", [IndexError(), RecursionError("deep"), MemoryError(), ValueError("x" * 9000)]
)
def test_what_a_library_raises_is_said_of_the_file_and_shortly(raised: Exception) -> None:
    with (
        pytest.raises(ArchiveError, match=r"^a\.tab: not readable \(.+\)$") as said,
        foreign("a.tab", "not readable"),
    ):
        raise raised
    assert len(str(said.value)) < 400
    assert said.value.__cause__ is raised


def test_our_own_errors_stay_what_they_are() -> None:
    with pytest.raises(NotFoundError, match=r"^as it was$"), foreign("a.tab", "not readable"):
        raise NotFoundError("as it was")


def test_what_is_not_there_or_no_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="absent"):
        read_file(tmp_path / "absent", 1)
    with pytest.raises(StoreError, match="not permitted"):
        read_file(tmp_path, 1)


def test_text_in_another_encoding_names_the_byte(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes("Chang'E-6 à".encode("latin-1"))
    with pytest.raises(ArchiveError, match=r"latin: not readable as text in UTF-8 .*byte 0xe0 at 10"):
        read_file(tmp_path / "latin", 100).text()


def test_stations_and_polygons_are_read_by_url(memory: Memory) -> None:
    assert read_stations(memory("s.csv", b"site,lat,lon,feo\nA,1,2,3\n")).stations[0].site == "A"
    (outline,) = read_outlines(memory("square.geojson", SQUARE.encode()))
    assert outline.shape.bounds == (10.0, 0.0, 20.0, 9.0)
