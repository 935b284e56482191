"""Heads that rest in packs are heads as any other: whatever is done, nothing but the objects is different."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from lunarcloud.errors import InputError, StoreError
from lunarcloud.lineage import Catalog, Entry, Parent, Record, Ref, Root, open_root
from lunarcloud.lineage.catalog import PACKS, Pack, Packed
from lunarcloud.lineage.root import _packed
from lunarcloud.storage import Folder

ACTIVE = 2
Make = Callable[..., Record[BaseModel]]
#: What is done to a root, and to a catalog of one object, with a number that chooses what it is done to.
Step = Callable[[Root, Catalog, int, Make], Catalog]


@pytest.fixture(autouse=True)
def _few_active(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ACTIVE", ACTIVE), ("MOST", 2), ("SIZE", 3), ("KEPT", 1)):
        monkeypatch.setattr(f"lunarcloud.lineage.packs.{name}", value)


@pytest.fixture
def root() -> Root:
    return open_root(f"memory://resting-{uuid4().hex}")


def _table(root: Root, plain: Catalog, number: int, make: Make) -> Catalog:
    """Publish the next table of one of some series."""
    record = make("stations", {"name": str(number)}, content=uuid4().hex)
    ref = Ref(kind="stations", id=f"{len(plain.records):02x}{uuid4().hex[:14]}")
    return plain.with_record(root.publish(record.model_copy(update={"ref": ref})))


def _model(root: Root, plain: Catalog, number: int, make: Make) -> Catalog:
    """Publish, or find, what is made of a table, which may be outdated."""
    of = _one(plain, number, "stations")
    return plain.with_record(root.publish(make("models", {}, {"stations": of.as_parent()})))


def _model_aside(root: Root, plain: Catalog, number: int, make: Make) -> Catalog:
    """Publish it, and move the heads afterwards."""
    of = _one(plain, number, "stations")
    entry = root.aside().publish(make("models", {}, {"stations": of.as_parent()}))
    root.advance([entry])
    return plain.with_record_aside(entry).with_record(entry)


def _republish(root: Root, plain: Catalog, number: int, make: Make) -> Catalog:
    entry = _one(plain, number)
    root.republish(entry)
    return plain.with_record(entry)


def _promote(root: Root, plain: Catalog, number: int, make: Make) -> Catalog:
    entry = _one(plain, number)
    return _alike(plain, lambda: plain.with_head(entry), lambda: root.promote(entry))


def _unpin(root: Root, plain: Catalog, number: int, make: Make) -> Catalog:
    entry = _one(plain, number)
    root.unpin(entry)
    return plain.unpinned(entry)


def _retract(root: Root, plain: Catalog, number: int, make: Make) -> Catalog:
    entry = _one(plain, number)
    return _alike(
        plain, lambda: plain.without_trust(entry, "a doubt"), lambda: root.retract(entry, "a doubt")
    )


def _remove(root: Root, plain: Catalog, number: int, make: Make) -> Catalog:
    entry = _one(plain, number)
    return _alike(plain, lambda: plain.without(entry), lambda: root.remove(entry))


def _one(plain: Catalog, number: int, kind: str | None = None) -> Entry:
    known = plain.of(kind)
    return known[number % len(known)]


def _alike(plain: Catalog, change: Callable[[], Catalog], act: Callable[[], object]) -> Catalog:
    """Do what is refused exactly where it is to a catalog of one object."""
    try:
        changed = change()
    except InputError:
        with pytest.raises(InputError):
            act()
        return plain
    act()
    return changed


STEPS: dict[str, Step] = {
    step.__name__: step
    for step in (_table, _model, _model_aside, _republish, _promote, _unpin, _retract, _remove)
}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 7)), min_size=10, max_size=30))
def test_whatever_is_done_a_root_of_packs_is_what_one_object_would_be(
    steps: list[tuple[str, int]], make_record: Make
) -> None:
    root, plain = open_root(f"memory://resting-{uuid4().hex}"), Catalog()
    for number in range(2 * ACTIVE):
        plain = _table(root, plain, number, make_record)
    for step, number in steps:
        if not plain.of("stations"):
            break  # what else there was had been made of them
        plain = STEPS[step](root, plain, number, make_record)
        # As in another process, which has read no pack.
        _packed.cache_clear()
        whole, heads, recent = root.catalog(), root.heads(), root.recent()
        assert whole.records == plain.records
        assert whole.heads == heads.heads == plain.heads
        assert heads.wanted() == plain.wanted()
        assert (whole.main, whole.retracted) == (plain.main, plain.retracted)
        assert len(recent.heads) <= ACTIVE + len(recent.main)
        for series, head in plain.heads.items():
            entry = root.head(series)
            assert entry is not None
            assert entry.ref.id == head.id
        for entry in plain.records:
            assert root.get(entry.ref) == entry
            assert root.locate(entry.ref.id) == root.locate(str(entry.ref)) == entry
        for kind in plain.main:
            assert root.find(kind) == plain.find(kind)
        assert root.folder.keys(PACKS) == sorted(pack.key for pack in recent.packs())


def test_a_head_at_rest_is_found_by_its_label_and_outdates_what_is_made_of_another(
    root: Root, make_record: Make
) -> None:
    first = root.publish(make_record("stations", {"name": "main"}, label="mine", content="1"))
    newer = make_record("stations", {"name": "main"}, label="mine", content="2")
    second = root.publish(newer.model_copy(update={"ref": Ref(kind="stations", id="2" * 16)}))
    model = root.publish(make_record("models", {}, {"stations": second.as_parent()}))
    for number in range(3 * ACTIVE):
        root.publish(make_record("stations", {"name": str(number)}))
        root.publish(make_record("gravity", {"name": str(number)}))
    assert model.series in root.recent().heads  # `latest` of its kind
    root.publish(make_record("models", {"name": "other"}))
    root.promote(root.publish(make_record("models", {"name": "another"})))
    assert model.series not in root.recent().heads
    assert root.find("stations", "mine") == root.locate("mine") == second
    old: dict[str, Parent] = {"stations": first.as_parent()}
    root.publish(make_record("models", {}, old))
    assert root.head(model.series) == model


def test_a_publication_reads_and_writes_the_packs_of_what_it_is_about(
    root: Root, make_record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = [root.publish(make_record("stations", {"name": str(number)})) for number in range(40)]
    before = root.recent().resting
    assert len(before) > 20
    assert max(pack.records for pack in before.values()) == 2
    read = set[Pack]()

    def reading(url: str, pack: Pack) -> Packed:
        read.add(pack)
        return _packed(url, pack)

    monkeypatch.setattr("lunarcloud.lineage.root._packed", reading)
    root.publish(make_record("models", {}, {"stations": tables[0].as_parent()}))
    # That of the table, that in which the model would be, and that of the series that leaves.
    assert 1 <= len(read) <= 3
    assert len(set(before.values()) - set(root.recent().resting.values())) <= 1
    read.clear()
    root.republish(root.recent().records[-1])
    assert len(read) <= 1  # the table is at rest, of which the model is


@pytest.mark.parametrize("place", ["disk", "memory"])
def test_of_many_publishers_no_head_is_lost(place: str, tmp_path: Path, make_record: Make) -> None:
    root = open_root(tmp_path if place == "disk" else f"memory://resting-{uuid4().hex}")
    records = [make_record("stations", {"name": str(number)}) for number in range(30)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(root.publish, [*records, *records]))
    _packed.cache_clear()
    assert {entry.ref for entry in root.catalog().records} == {record.ref for record in records}
    assert {series: head.id for series, head in root.heads().heads.items()} == {
        record.series: record.ref.id for record in records
    }
    assert root.folder.keys(PACKS) == sorted(pack.key for pack in root.recent().packs())


def test_a_pack_never_comes_back_that_somebody_still_removes(root: Root, make_record: Make) -> None:
    """Two pin one and the other in turn: what rests is the same again, but not its object."""
    one, other, *_ = [root.publish(make_record("stations", {"name": str(number)})) for number in range(9)]
    names = [
        {pack.key for pack in (root.promote(entry), root.recent())[1].packs()}
        for entry in (one, other, one, other)
    ]
    assert not names[0] & names[2] - names[1]
    assert not names[1] & names[3] - names[2]


def test_what_was_published_is_so_where_old_packs_cannot_be_removed(
    root: Root, make_record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        root.publish(make_record("stations", {"name": str(number)}))

    def refused(folder: Folder, key: str) -> None:
        raise StoreError(f"{key}: may not be removed")

    with monkeypatch.context() as patch:
        patch.setattr(type(root.folder), "remove", refused)
        entries = [root.publish(make_record("stations", {"name": f"new{number}"})) for number in range(3)]
    assert root.catalog().records[-3:] == tuple(entries)
    assert root.unnamed()
