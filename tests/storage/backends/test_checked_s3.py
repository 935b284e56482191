"""Whatever a gateway, a login page or a broken network says in S3's place: its own answer is waited for."""

from collections.abc import Callable

import pytest

from lunarcloud.storage import Folder, folder
from lunarcloud.testing.faulty_proxy import FAULTS, Fault, Faults
from lunarcloud.testing.s3_server import reconnect

DATA = b"moon" * 1000
URL = "s3://moon/checked"


@pytest.fixture(autouse=True)
def _two_objects(faults: Faults) -> None:
    for key in ("a", "d/a"):
        folder(URL).write(key, DATA)
    # Nothing of what the store answered is known.
    reconnect()
    faults.done.clear()


def twice(faults: Faults, kind: Fault) -> None:
    """Let the next two requests fail."""
    left = [kind, kind]
    faults.plan = lambda method, path: left.pop() if left else None


def _written(place: Folder) -> object:
    place.write("b", DATA)
    return place.read("b")


ACTIONS: list[tuple[Callable[[Folder], object], object]] = [
    (lambda place: place.read("a"), DATA),
    (lambda place: place.read_all("d"), {"d/a": DATA}),
    (_written, DATA),
    (lambda place: place.update("c", lambda _: DATA), DATA),
    (lambda place: (place.exists("a"), place.exists("z"), place.size("a")), (True, False, len(DATA))),
    (lambda place: "a" in place.keys(), True),  # noqa: SIM118 - a folder's keys are asked for
    (lambda place: place.remove("z"), None),
]


@pytest.mark.parametrize("kind", FAULTS)
def test_all_ends_as_without_the_fault(faults: Faults, kind: Fault) -> None:
    # As every command that writes begins: what a store answers to a write says what its tags are.
    folder(URL).require_writable()
    for act, wanted in ACTIONS:
        twice(faults, kind)
        assert act(folder(URL)) == wanted
    assert faults.done[kind] > 1


# Of zeros in place of a part only who knows what is in it can tell (tests/storage/test_reading.py).
@pytest.mark.parametrize("kind", sorted({*FAULTS} - {"zeros", "aborted", "too late", "cut upload"}))
def test_a_part_is_read_as_without_the_fault(faults: Faults, kind: Fault) -> None:
    twice(faults, kind)
    assert folder(URL).read("a", 4, 12) == DATA[4:12]
    assert faults.done[kind] == 2


def test_a_store_whose_tags_are_no_digests_is_read(faults: Faults, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lunarcloud.storage.backends.checked_s3._md5", lambda data: "another")
    assert [folder(URL).read("a"), folder(URL).read("a")] == [DATA, DATA]
    assert faults.done["none"] == 4
    folder(URL).require_writable()
    faults.done.clear()
    assert folder(URL).read("a") == DATA
    assert faults.done["none"] == 1
