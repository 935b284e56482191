"""Of many records the catalog's own object holds few, and none is lost or listed twice."""

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, tzinfo
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import BaseModel

from lunarcloud.errors import NotFoundError, StoreError
from lunarcloud.lineage import Catalog, Entry, Parent, Record, Ref, Root, open_root
from lunarcloud.lineage.catalog import PACKS, Pack, Packed
from lunarcloud.lineage.packs import split
from lunarcloud.lineage.root import CATALOG, _packed

SIZE, KEPT, MANY = 4, 2, 23


@pytest.fixture(autouse=True)
def _small_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lunarcloud.lineage.packs.SIZE", SIZE)
    monkeypatch.setattr("lunarcloud.lineage.packs.KEPT", KEPT)


@pytest.fixture(params=["disk", "memory"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Root:
    """Where writes are conditional in different ways."""
    return open_root(tmp_path if request.param == "disk" else f"memory://packs-{uuid4().hex}")


@pytest.fixture
def versions(make_record: Callable[..., Record[BaseModel]]) -> list[Record[BaseModel]]:
    """Many records of one series, named by their number."""
    one = make_record("stations", {"name": "main"})
    refs = (Ref(kind="stations", id=f"{number:016x}") for number in range(MANY))
    return [one.model_copy(update={"ref": ref, "label": "main", "digest": ref.id}) for ref in refs]


@pytest.fixture
def published(root: Root, versions: list[Record[BaseModel]]) -> list[Entry]:
    return [root.publish(version) for version in versions]


def test_all_that_was_published_is_known_in_its_order(root: Root, published: list[Entry]) -> None:
    assert list(root.catalog().records) == published
    assert len(root.recent().records) < SIZE + KEPT + 1
    assert sum(pack.records for pack in root.recent().older) + len(root.recent().records) == MANY


def test_names_mean_what_they_mean_in_one_object(root: Root, published: list[Entry]) -> None:
    oldest, newest = published[0], published[-1]
    for name in (oldest.ref.id, str(oldest.ref)):
        assert root.locate(name) == oldest
    assert root.find("stations", oldest.ref.id) == root.get(oldest.ref) == oldest
    for name in ("main", "stations", "stations/latest", newest.ref.id):
        assert root.locate(name) == newest
    # The beginning of an id of the own object is that of others in packs too.
    with pytest.raises(NotFoundError, match=f"{MANY} of that name"):
        root.locate(newest.ref.id[:8])
    with pytest.raises(NotFoundError, match="0 of that name"):
        root.locate("other")
    with pytest.raises(NotFoundError, match=f"{newest.ref.id} .main.; {MANY - 8} older ones"):
        root.find("stations", "other")
    assert root.get(Ref(kind="stations", id="f" * 16)) is None


def test_a_head_never_leaves_the_own_object(
    root: Root, publish: Callable[..., Parent], versions: list[Record[BaseModel]]
) -> None:
    other = publish("models", {}, label="held")
    for version in versions:
        root.publish(version)
    assert root.recent().get(other.ref) == root.locate("held")
    assert root.catalog().records[0].ref == other.ref


def test_an_old_record_becomes_the_head_again_and_is_listed_once(
    root: Root, versions: list[Record[BaseModel]], published: list[Entry]
) -> None:
    for make_head in (root.republish, root.promote):
        old = published[0] if make_head == root.republish else published[1]
        assert make_head(old).find("stations") == old
        assert root.recent().find("stations") == old
        assert list(root.catalog().records) == published
    # As whoever makes it once more does: nothing is told from what is there.
    assert root.publish(versions[2]) == published[2]
    assert list(root.catalog().records) == published


def test_a_removed_record_is_in_no_pack(root: Root, published: list[Entry]) -> None:
    before = root.recent().older
    root.remove(published[1])
    assert list(root.catalog().records) == [published[0], *published[2:]]
    assert root.get(published[1].ref) is None
    assert set(root.folder.keys(PACKS)) == {pack.key for pack in root.recent().older}
    assert before[1:] == root.recent().older[1:]


def test_who_read_the_catalog_before_a_removal_finds_what_is_left(root: Root, published: list[Entry]) -> None:
    before = root.snapshot()
    root.remove(published[1])
    _packed.cache_clear()
    assert list(before.catalog().records) == [published[0], *published[2:]]


def test_a_writer_goes_on_that_meets_another_removal(
    tmp_path: Path, versions: list[Record[BaseModel]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where stores have no locks, a pack may go between the catalog's reading and its own."""
    root = open_root(tmp_path)
    entries = [root.publish(version) for version in versions]
    read, met = Root._read, list[Catalog]()

    def meeting(self: Root, own: Catalog, packs: Collection[Pack]) -> dict[Pack, Packed]:
        if not met:
            met.append(own)
            pack = own.older[0]
            known = read(self, own, packs)
            changed = split(own.with_packed(known.values()).without(entries[0]), known)
            for key, data in changed.packs.items():
                root.folder.write(key, data)
            root.folder.remove(pack.key)
            root.folder.write(CATALOG, changed.own.model_dump_json().encode())
            _packed.cache_clear()
        return read(self, own, packs)

    monkeypatch.setattr(Root, "_read", meeting)
    root.retract(entries[2], "a doubt")
    assert met
    assert list(root.catalog().records) == entries[1:]
    assert root.catalog().is_retracted(entries[2])


def test_an_entry_made_anew_is_not_that_in_a_pack(
    root: Root, versions: list[Record[BaseModel]], published: list[Entry]
) -> None:
    root.place(published[0].ref).remove("record.json")
    again = root.publish(versions[0].model_copy(update={"label": "again"}))
    root.retract(published[3], "a doubt")
    assert root.get(again.ref) == again


def test_a_pack_that_a_killed_command_left_is_unnamed(root: Root, published: list[Entry]) -> None:
    root.folder.write(f"{PACKS}/{'0' * 16}.json", b"{}")
    assert root.unnamed() == [f"{PACKS}/{'0' * 16}.json"]


def test_a_slow_clock_puts_no_record_before_others(
    root: Root, versions: list[Record[BaseModel]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in versions[:-1]:
        root.publish(version)
    with monkeypatch.context() as patch:
        patch.setattr("lunarcloud.lineage.root.datetime", _LongAgo)
        last = root.publish(versions[-1])
    assert root.catalog().records[-1] == last
    root.retract(last, "a doubt")
    assert root.find("stations").ref == versions[-2].ref


def test_all_of_a_pack_may_be_removed(root: Root, published: list[Entry]) -> None:
    for entry in published[:SIZE]:
        root.remove(entry)
    assert list(root.catalog().records) == published[SIZE:]


class _LongAgo:
    """A clock."""

    @staticmethod
    def now(zone: tzinfo) -> datetime:
        return datetime(2001, 1, 1, tzinfo=zone)


def test_the_head_goes_back_to_records_in_packs(root: Root, published: list[Entry]) -> None:
    for entry in reversed(published[2:]):
        root.remove(entry)
    assert root.find("stations") == published[1]
    root.retract(published[1], "a doubt")
    assert root.find("stations") == published[0]
    assert list(root.catalog().records) == published[:2]


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda root, key: root.folder.remove(key), "is lost, and with it 4 records"),
        (lambda root, key: root.folder.write(key, b"{}"), "is not what catalog.json says"),
    ],
)
def test_a_damaged_pack_is_named_and_hides_no_head(
    root: Root, damage: Callable[[Root, str], None], said: str
) -> None:
    key = root.recent().older[0].key
    damage(root, key)
    # As in another process, which has read none.
    _packed.cache_clear()
    with pytest.raises(StoreError, match=f"{key} {said}"):
        root.catalog()
    assert root.find("stations").ref.id == f"{MANY - 1:016x}"


def test_of_many_publishers_none_is_lost(root: Root, make_record: Callable[..., Record[BaseModel]]) -> None:
    records = [
        make_record("stations", {"name": str(number % 2)}, content=str(number)) for number in range(MANY)
    ]
    records = [
        record.model_copy(update={"ref": Ref(kind="stations", id=f"{number:016x}")})
        for number, record in enumerate(records)
    ]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(root.publish, records))
    assert {entry.ref for entry in root.catalog().records} == {record.ref for record in records}
    assert root.folder.keys(PACKS)


def test_a_catalog_of_one_object_is_packed_by_the_next_publication(
    root: Root, versions: list[Record[BaseModel]], published: list[Entry]
) -> None:
    """As versions before packs wrote them."""
    root.folder.write(CATALOG, root.catalog().model_copy(update={"older": ()}).model_dump_json().encode())
    assert not root.recent().older
    one = versions[0].model_copy(update={"ref": Ref(kind="stations", id="a" * 16)})
    assert list(root.catalog().records) == published
    root.publish(one)
    assert len(root.recent().records) < SIZE + KEPT + 1
    assert [entry.ref for entry in root.catalog().records] == [*(each.ref for each in published), one.ref]
