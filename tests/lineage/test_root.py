"""A root: what latest means, what publishing, promoting and removing change, and what is stored of places."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import BaseModel

from lunarcloud.errors import InputError, NotFoundError, StoreError
from lunarcloud.lineage import RECORD, Parent, Record, Ref, Root, open_root
from lunarcloud.lineage.root import CATALOG


def test_latest_is_the_last_of_the_first_series(
    root: Root, publish: Callable[..., Parent], make_record: Callable[..., Record[BaseModel]]
) -> None:
    publish("stations", {"name": "main"}, content="1")
    other = make_record("stations", {"name": "other"})
    root.publish(other)
    assert root.find("stations").ref != other.ref
    assert root.find("stations", other.ref.id[:6]).ref == other.ref


def test_a_newer_record_of_the_series_becomes_latest_and_the_older_one_again_when_it_is_made_again(
    root: Root, publish: Callable[..., Parent], make_record: Callable[..., Record[BaseModel]]
) -> None:
    one = publish("stations", {"name": "main"})
    old = publish("models", {}, {"stations": one})
    second = one.model_copy(update={"digest": "2"})
    new = root.publish(make_record("models", {}, {"stations": second}))
    # The stations' head is still the first: a model of other ones does not become latest.
    assert root.find("models").ref == old.ref
    root.promote(new)
    assert root.find("models").ref == new.ref


def test_a_promoted_record_stays_latest_until_it_is_let_go(
    root: Root, make_record: Callable[..., Record[BaseModel]]
) -> None:
    first = root.publish(make_record("stations", {"name": "main"}))
    second = root.publish(make_record("stations", {"name": "main"}).model_copy(update={"ref": _ref("2")}))
    assert root.find("stations").ref == second.ref
    root.promote(first)
    third = root.publish(make_record("stations", {"name": "main"}).model_copy(update={"ref": _ref("3")}))
    assert root.find("stations").ref == first.ref
    root.unpin(first)
    assert root.find("stations").ref == third.ref


def test_promoting_the_present_head_pins_it(
    root: Root, make_record: Callable[..., Record[BaseModel]]
) -> None:
    first = root.publish(make_record("stations", {"name": "main"}))
    root.promote(first)
    newer = root.publish(make_record("stations", {"name": "main"}).model_copy(update={"ref": _ref("2")}))
    assert root.find("stations").ref == first.ref
    root.promote(newer)
    root.publish(make_record("stations", {"name": "main"}).model_copy(update={"ref": _ref("3")}))
    assert root.find("stations").ref == newer.ref


def test_a_snapshot_is_the_root_as_it_was_and_publishes_as_ever(
    root: Root, make_record: Callable[..., Record[BaseModel]]
) -> None:
    before = root.snapshot()
    made = before.publish(make_record("stations", {"name": "main"}))
    assert before.catalog().records == ()
    assert root.catalog().records == before.snapshot().catalog().records == (made,)


def test_publishing_again_changes_nothing(root: Root, make_record: Callable[..., Record[BaseModel]]) -> None:
    record = make_record("stations", {"name": "main"})
    root.publish(record)
    before = root.folder.read_all()
    root.republish(root.find("stations"))
    assert root.folder.read_all() == before


def test_of_many_publishers_none_is_lost(root: Root, make_record: Callable[..., Record[BaseModel]]) -> None:
    records = [make_record("stations", {"name": str(number)}) for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(root.publish, records))
    assert {entry.ref for entry in root.catalog().records} == {record.ref for record in records}


def test_a_record_that_others_were_made_from_is_not_removed(
    root: Root, publish: Callable[..., Parent]
) -> None:
    one = publish("stations", {"name": "main"})
    publish("models", {}, {"stations": one})
    with pytest.raises(InputError, match=r"models/.* were made from it"):
        root.remove(root.find("stations"))
    root.remove(root.find("models"))
    root.remove(root.find("stations"))
    assert root.catalog().records == ()
    assert root.folder.keys() == [CATALOG]


def test_what_a_stopped_removal_leaves_is_no_record(
    root: Root, publish: Callable[..., Parent], monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = publish("stations", {"name": "main"}).ref
    root.place(ref).write("stations.csv", b"")
    monkeypatch.setattr(type(root.folder), "_remove_all", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        root.remove(root.find("stations"))
    assert root.place(ref).keys() == ["stations.csv"]


def test_the_head_goes_back_when_its_record_is_removed(
    root: Root, make_record: Callable[..., Record[BaseModel]]
) -> None:
    first = root.publish(make_record("stations", {"name": "main"}))
    second = root.publish(make_record("stations", {"name": "main"}).model_copy(update={"ref": _ref("2")}))
    root.remove(second)
    assert root.find("stations").ref == first.ref


def test_a_changed_record_is_told_from_the_published_one(root: Root, publish: Callable[..., Parent]) -> None:
    ref = publish("stations", {"name": "main"}).ref
    place = root.place(ref)
    place.write(RECORD, place.read(RECORD).replace(b'"algorithm": 1', b'"algorithm": 2'))
    with pytest.raises(StoreError, match=rf"is not the record that was published.*remove {ref}"):
        root.record(root.find("stations"), BaseModel)


@pytest.mark.parametrize(
    ("catalog", "said"), [(b'{"entries": []}', "format 1"), (b'{"format": "3"}', "format '3'")]
)
def test_a_root_of_another_layout_is_named(root: Root, catalog: bytes, said: str) -> None:
    root.folder.write(CATALOG, catalog)
    with pytest.raises(StoreError, match=f"is of {said}; this version reads format 3"):
        root.catalog()


def test_a_damaged_catalog_is_named(root: Root) -> None:
    root.folder.write(CATALOG, json.dumps({"format": 3, "records": 3}).encode())
    with pytest.raises(StoreError, match=r"catalog.json is damaged: records"):
        root.catalog()


def test_an_unknown_name_says_what_there_is(root: Root, publish: Callable[..., Parent]) -> None:
    publish("stations", {"name": "main"}, label="the paper's")
    with pytest.raises(
        NotFoundError, match=r"stations 'x': 0 of that name \(there are: \w{16} \(the paper's\)\)"
    ):
        root.find("stations", "x")
    assert root.find("stations", "the paper's").label == "the paper's"


def test_places_are_stored_without_credentials_and_relative_to_the_root(tmp_path: Path) -> None:
    root = open_root(tmp_path / "demo" / "root")
    assert root.relative(str(tmp_path / "demo" / "tiles")) == "../tiles"
    assert root.absolute("../tiles") == str(tmp_path / "demo" / "tiles")
    assert root.relative(str(tmp_path / "demo" / "root" / "a.csv")) == "./a.csv"
    assert root.relative("/elsewhere/a.csv") == "/elsewhere/a.csv"
    assert root.relative("https://me:secret@host/a.img?X-Amz-Signature=1") == "https://host/a.img"


def test_what_is_published_aside_moves_no_head_until_all_move_at_once(
    root: Root, publish: Callable[..., Parent], make_record: Callable[..., Record[BaseModel]]
) -> None:
    one = publish("stations", {"name": "main"})
    old = publish("models", {}, {"stations": one})
    aside = root.aside()
    newer = make_record("stations", {"name": "main"}, content="2").model_copy(update={"ref": _ref("2")})
    table = aside.publish(newer)
    model = aside.publish(make_record("models", {}, {"stations": table.as_parent()}))
    assert (root.find("stations").ref, root.find("models").ref) == (one.ref, old.ref)
    root.advance((table, model))
    assert (root.find("stations").ref, root.find("models").ref) == (table.ref, model.ref)
    before = root.folder.read_all()
    root.advance((table, model))
    assert root.folder.read_all() == before


def test_the_first_of_a_series_is_its_head_also_aside(
    root: Root, make_record: Callable[..., Record[BaseModel]]
) -> None:
    made = root.aside().publish(make_record("stations", {"name": "main"}))
    assert root.find("stations") == made


def test_a_retracted_record_is_kept_but_is_no_head_whatever_happens(
    root: Root, make_record: Callable[..., Record[BaseModel]]
) -> None:
    record = make_record("stations", {"name": "main"})
    first = root.publish(record)
    second = root.publish(record.model_copy(update={"ref": _ref("2")}))
    root.retract(second, "a wrong decimal point")
    assert root.find("stations") == first
    root.publish(record.model_copy(update={"ref": _ref("2")}))
    assert root.find("stations") == first
    with pytest.raises(InputError, match="was retracted: a wrong decimal point"):
        root.promote(second)
    root.promote(first)
    root.unpin(first)
    assert root.find("stations") == first
    assert root.catalog().get(second.ref) == second
    third = root.publish(record.model_copy(update={"ref": _ref("3")}))
    assert root.find("stations") == third


def test_the_only_record_that_can_be_the_head_is_not_retracted(
    root: Root, make_record: Callable[..., Record[BaseModel]]
) -> None:
    record = make_record("stations", {"name": "main"})
    first, second = root.publish(record), root.publish(record.model_copy(update={"ref": _ref("2")}))
    root.retract(first, "made by mistake")
    with pytest.raises(InputError, match="only record of its series that can be its head"):
        root.retract(second, "also")
    with pytest.raises(InputError, match="all others of its series were retracted"):
        root.remove(second)
    root.remove(first)
    root.remove(second)
    assert root.catalog().records == ()


def test_what_was_retracted_and_removed_may_be_made_again(
    root: Root, make_record: Callable[..., Record[BaseModel]]
) -> None:
    record = make_record("stations", {"name": "main"})
    first, second = root.publish(record), root.publish(record.model_copy(update={"ref": _ref("2")}))
    root.retract(first, "made by mistake")
    root.remove(first)
    root.remove(second)
    again = root.publish(record)
    assert root.find("stations") == again
    assert not root.catalog().is_retracted(again)
    root.unpin(again)


def _ref(name: str) -> Ref:
    return Ref(kind="stations", id=name)
