"""The catalog: nothing lost between publishers, names found, damage said."""

from concurrent.futures import ProcessPoolExecutor

import pytest

from lunarcloud.errors import NotFoundError, StoreError
from lunarcloud.storage import Published, folder, publish, read_catalog


def _entry(name: str) -> Published:
    return Published(kind="run", id=name, path=f"runs/{name}")


def _publish(work: tuple[str, int]) -> None:
    url, first = work
    for number in range(first, first + 5):
        publish(folder(url), _entry(f"run{number:02d}"))


def test_a_new_root_has_an_empty_catalog(place):
    assert read_catalog(place).entries == ()


def test_publishing_twice_changes_nothing(place):
    publish(place, _entry("a"))
    before = place.read("catalog.json")
    publish(place, _entry("a"))
    assert place.read("catalog.json") == before


@pytest.mark.parametrize("kind", ["local", "s3"])
def test_publishers_in_several_processes_lose_no_entry(kind, tmp_path, request):
    url = str(tmp_path)
    if kind == "s3":
        request.getfixturevalue("s3_environment")
        url = f"s3://moon/{tmp_path.name}"
    with ProcessPoolExecutor(3) as pool:
        list(pool.map(_publish, [(url, 0), (url, 5), (url, 10)]))
    names = [entry.id for entry in read_catalog(folder(url)).of("run")]
    assert sorted(names) == [f"run{number:02d}" for number in range(15)]


def test_things_are_found_by_id_beginning_and_as_the_latest(place):
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


def test_a_catalog_of_something_else_is_refused(place):
    place.write("catalog.json", b'{"something": "else"}')
    with pytest.raises(StoreError, match=r"catalog\.json"):
        read_catalog(place)
