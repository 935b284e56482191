"""Heads that rest in packs are heads as any other: whatever is done, nothing but the objects is different."""

from collections.abc import Callable
from contextlib import suppress
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from lunarcloud.errors import InputError
from lunarcloud.lineage import Catalog, Entry, Parent, Record, Ref, Root, open_root

ACTIVE = 2
Make = Callable[..., Record[BaseModel]]
#: What is done to a root, and to a catalog of one object, with a number that chooses what it is done to.
Step = Callable[[Root, Catalog, int, Make], Catalog]


@pytest.fixture(autouse=True)
def _few_active(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ACTIVE", ACTIVE), ("DIGITS", 1), ("SIZE", 3), ("KEPT", 1)):
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
    changed = _tried(lambda: plain.with_head(entry))
    _same(lambda: root.promote(entry), changed)
    return changed or plain


def _unpin(root: Root, plain: Catalog, number: int, make: Make) -> Catalog:
    entry = _one(plain, number)
    root.unpin(entry)
    return plain.unpinned(entry)


def _retract(root: Root, plain: Catalog, number: int, make: Make) -> Catalog:
    entry = _one(plain, number)
    changed = _tried(lambda: plain.without_trust(entry, "a doubt"))
    _same(lambda: root.retract(entry, "a doubt"), changed)
    return changed or plain


def _remove(root: Root, plain: Catalog, number: int, make: Make) -> Catalog:
    entry = _one(plain, number)
    changed = _tried(lambda: plain.without(entry))
    _same(lambda: root.remove(entry), changed)
    return changed or plain


def _one(plain: Catalog, number: int, kind: str | None = None) -> Entry:
    known = plain.of(kind)
    return known[number % len(known)]


def _tried(change: Callable[[], Catalog]) -> Catalog | None:
    with suppress(InputError):
        return change()
    return None


def _same(act: Callable[[], object], changed: Catalog | None) -> None:
    """Do what is refused exactly where there is nothing changed."""
    if changed is not None:
        act()
        return
    with pytest.raises(InputError):
        act()


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
        whole, heads, recent = root.catalog(), root.heads(), root.recent()
        assert [entry.ref for entry in whole.records] == [entry.ref for entry in plain.records]
        assert whole.heads == heads.heads == plain.heads
        assert heads.wanted() == plain.wanted()
        assert (whole.main, whole.retracted) == (plain.main, plain.retracted)
        assert len(recent.heads) <= ACTIVE + len(recent.main)
        assert all(root.head(series) == head for series, head in plain.heads.items())
        assert not root.unnamed()
        assert all(root.folder.exists(pack.key) for pack in recent.packs())


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
    assert root.head(model.series) == root.catalog().heads[model.series]
    assert root.catalog().heads[model.series].id == model.ref.id


def test_a_publication_changes_the_packs_of_what_it_is_about(root: Root, make_record: Make) -> None:
    for number in range(40):
        root.publish(make_record("stations", {"name": str(number)}))
    before = root.recent().resting
    root.publish(make_record("stations", {"name": "new"}))
    after = root.recent().resting
    # One series leaves the catalog's own object for each that comes to it.
    assert sum(after.get(name) != pack for name, pack in before.items()) <= 1
