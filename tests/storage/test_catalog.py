"""The catalog: nothing lost between publishers, names found, damage said."""

import subprocess
import sys
from pathlib import Path

import pytest

from lunarcloud.errors import NotFoundError, StoreError
from lunarcloud.storage import Folder, Published, folder, publish, read_catalog


def _entry(name: str) -> Published:
    return Published(kind="run", id=name, path=f"runs/{name}")


# A process of its own: publishes five entries from a first number on.
_PUBLISHER = """
import sys
from lunarcloud.storage import Published, folder, publish

url, first = sys.argv[1], int(sys.argv[2])
for number in range(first, first + 5):
    publish(folder(url), Published(kind="run", id=f"run{number:02d}", path="here"))
"""


def test_a_new_root_has_an_empty_catalog(place: Folder) -> None:
    assert read_catalog(place).entries == ()


def test_publishing_twice_changes_nothing(place: Folder) -> None:
    publish(place, _entry("a"))
    before = place.read("catalog.json")
    publish(place, _entry("a"))
    assert place.read("catalog.json") == before


@pytest.mark.parametrize("kind", ["local", "s3"])
def test_publishers_in_several_processes_lose_no_entry(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = str(tmp_path)
    if kind == "s3":
        request.getfixturevalue("s3_environment")
        url = f"s3://moon/{tmp_path.name}"
    words = [[sys.executable, "-c", _PUBLISHER, url, first] for first in ("0", "5", "10")]
    assert [process.wait(60) for process in [subprocess.Popen(each) for each in words]] == [0, 0, 0]
    names = [entry.id for entry in read_catalog(folder(url)).of("run")]
    assert sorted(names) == [f"run{number:02d}" for number in range(15)]


def test_things_are_found_by_id_beginning_and_as_the_latest(place: Folder) -> None:
    for name in ("abc1", "abd2"):
        publish(place, _entry(name))
    catalog = read_catalog(place)
    assert catalog.find("run").id == "abd2"
    assert catalog.find("run", "abc").id == "abc1"
    with pytest.raises(NotFoundError, match="2 of that name"):
        catalog.find("run", "ab")
    with pytest.raises(NotFoundError, match="abc1"):
        catalog.find("run", "zzz")
    with pytest.raises(NotFoundError):
        catalog.find("model")


def test_a_catalog_of_something_else_is_refused(place: Folder) -> None:
    place.write("catalog.json", b'{"something": "else"}')
    with pytest.raises(StoreError, match=r"catalog\.json"):
        read_catalog(place)
