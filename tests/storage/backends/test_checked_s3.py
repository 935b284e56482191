"""Whatever a gateway, a login page or a broken network says in S3's place: its own answer is waited for."""

from collections.abc import Callable

import pytest

from lunarcloud.errors import TransientStoreError
from lunarcloud.storage import Folder, folder
from lunarcloud.testing.faulty_proxy import FAULTS, Fault, Faults
from lunarcloud.testing.s3_server import reconnect

DATA = b"moon" * 1000
URL = "s3://moon/checked"
OF_UPLOADS = {"aborted", "too late", "cut upload"}


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


@pytest.mark.parametrize("kind", [*FAULTS, "changed upload"])
def test_all_ends_as_without_the_fault(faults: Faults, kind: Fault) -> None:
    # As every command that writes begins: what a store answers to a write says what its tags are.
    folder(URL).require_writable()
    for act, wanted in ACTIONS:
        twice(faults, kind)
        assert act(folder(URL)) == wanted
    assert faults.done[kind] > 1


def test_whatever_is_sent_has_a_checksum(faults: Faults) -> None:
    """By which the store refuses what became another on its way."""
    for act, wanted in ACTIONS:
        assert act(folder(URL)) == wanted
    assert faults.unsummed == 0
    assert faults.done["none"] > 0


# Of zeros in place of a part only who knows what is in it can tell (tests/storage/test_reading.py).
@pytest.mark.parametrize("kind", sorted({*FAULTS} - {"zeros", *OF_UPLOADS}))
def test_a_part_is_read_as_without_the_fault(faults: Faults, kind: Fault) -> None:
    twice(faults, kind)
    assert folder(URL).read("a", 4, 12) == DATA[4:12]
    assert faults.done[kind] == 2


def changed(faults: Faults, times: int) -> None:
    """Let so many of the next objects become others on their way."""
    left: list[Fault] = ["changed upload"] * times
    faults.plan = lambda method, path: left.pop() if left and method == "PUT" else None


def test_what_becomes_another_on_its_way_is_sent_again(faults: Faults) -> None:
    # Also the very first that a store is given: whether its tags are digests is not known by then.
    for key in ("first", "second"):
        changed(faults, 2)
        folder(URL).write(key, DATA)
        assert folder(URL).read(key) == DATA
    assert faults.done["changed upload"] == 4


def test_what_is_new_or_changed_under_a_condition_is_sent_again_in_its_place(faults: Faults) -> None:
    folder(URL).require_writable()
    changed(faults, 1)
    assert folder(URL).create("new", DATA)
    changed(faults, 1)
    folder(URL).update("new", lambda present: (present or b"") + b"!")
    assert folder(URL).read("new") == DATA + b"!"
    assert faults.done["changed upload"] == 2


def test_an_upload_that_always_becomes_another_is_told(
    faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder(URL).require_writable()
    monkeypatch.setattr("lunarcloud.storage.retry._goes_on", lambda *_: False)
    changed(faults, 1000)
    with pytest.raises(TransientStoreError):
        folder(URL).write("b", DATA)


def test_a_store_whose_tags_are_no_digests_is_read(faults: Faults, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lunarcloud.storage.backends.checked_s3._md5", lambda data: "another")
    assert [folder(URL).read("a"), folder(URL).read("a")] == [DATA, DATA]
    assert faults.done["none"] == 4
    folder(URL).require_writable()
    faults.done.clear()
    folder(URL).write("a", DATA)
    assert folder(URL).read("a") == DATA
    assert faults.done["none"] == 2
