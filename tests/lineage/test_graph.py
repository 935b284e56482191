"""What is outdated: over any graph of records, all and only what has a changed ancestor, parents first."""

from datetime import UTC, datetime
from typing import TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from lunarcloud.lineage import Catalog, Entry, Parent, Ref, outdated, unneeded

#: The parents' series of each series, and the catalog.
History: TypeAlias = tuple[list[list[int]], Catalog]

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """A catalog: records of series 0, 1, 2 ..., each made from some earlier ones, published in turn."""
    number = draw(st.integers(1, 8))
    series = [
        sorted(draw(st.sets(st.integers(0, max(0, n - 1)), max_size=3)) if n else ()) for n in range(number)
    ]
    catalog = Catalog()
    for step in range(draw(st.integers(number, 3 * number))):
        chosen = step if step < number else draw(st.integers(0, number - 1))
        catalog = catalog.with_record(_entry(catalog, chosen, series[chosen], version=step))
    return series, catalog


def _entry(catalog: Catalog, series: int, parents: list[int], version: int) -> Entry:
    """A record of a series made from the present heads of its parents' series."""
    heads = {each.series: each for each in catalog.records if catalog.is_head(each)}
    return Entry(
        ref=Ref(kind=f"k{series}", id=f"{series}-{version}"),
        series=str(series),
        process="p",
        digest=f"digest of {series}-{version}",
        parents={f"role{each}": heads[str(each)].as_parent() for each in parents},
        published=NOW,
        record="",
    )


def _expected(series: list[list[int]], catalog: Catalog) -> set[str]:
    """By the definition: series with an ancestor whose head is not the one that was used."""
    heads = {entry.series: entry for entry in catalog.records if catalog.is_head(entry)}
    stale: set[str] = set()
    for name in map(str, range(len(series))):
        used = heads[name].parents.values()
        if any(parent.digest != heads[parent.series].digest or parent.series in stale for parent in used):
            stale.add(name)
    return stale


@given(histories())
def test_outdated_names_all_and_only_series_with_a_changed_ancestor_parents_first(history: History) -> None:
    series, catalog = history
    plan = [replay.entry.series for replay in outdated(catalog.records, catalog.heads)]
    assert len(plan) == len(set(plan))
    assert set(plan) == _expected(series, catalog)
    for position, name in enumerate(plan):
        assert not {str(parent) for parent in series[int(name)]} & set(plan[position + 1 :])


@given(histories())
@settings(max_examples=100)
def test_replaying_the_plan_leaves_nothing_outdated(history: History) -> None:
    series, catalog = history
    version = 1000
    for replay in outdated(catalog.records, catalog.heads):
        version += 1
        chosen = int(replay.entry.series)
        catalog = catalog.with_record(_entry(catalog, chosen, series[chosen], version))
    assert outdated(catalog.records, catalog.heads) == []


@given(histories())
def test_what_is_unneeded_is_no_ancestor_of_a_head_and_children_go_first(history: History) -> None:
    _, catalog = history
    going = unneeded(catalog.records, catalog.heads)
    for entry in going:
        catalog = catalog.without(entry)
    for entry in catalog.records:
        made_of = {parent.ref for parent in entry.parents.values()}
        assert made_of <= {each.ref for each in catalog.records}
    assert unneeded(catalog.records, catalog.heads) == []


def test_a_pinned_head_is_made_again_but_makes_nothing_outdated() -> None:
    catalog = Catalog()
    for entry in (
        _entry(catalog, 0, [], 0),
        *(),
    ):
        catalog = catalog.with_record(entry)
    catalog = catalog.with_record(_entry(catalog, 1, [0], 1))
    catalog = catalog.with_record(_entry(catalog, 2, [1], 2))
    old = catalog.find("k0", "0-0")
    catalog = catalog.with_record(_entry(catalog, 0, [], 3)).with_head(old)
    assert outdated(catalog.records, catalog.heads) == []


def test_a_parent_that_is_not_under_the_root_is_never_outdated() -> None:
    built_in = Parent(ref=Ref(kind="models", id="qiu2025"), digest="1", series="qiu2025")
    entry = _entry(Catalog(), 0, [], 0).model_copy(update={"parents": {"model": built_in}})
    catalog = Catalog().with_record(entry)
    assert outdated(catalog.records, catalog.heads) == []


def test_a_comparison_of_two_versions_is_outdated_by_no_third_and_the_newest_is_the_head() -> None:
    catalog = Catalog()
    catalog = catalog.with_record(_entry(catalog, 0, [], 0))
    for version in range(1, 4):
        catalog = catalog.with_record(_entry(catalog, 0, [], version))
        versions = [each for each in catalog.records if each.series == "0"]
        before, now = versions[0], versions[-1]
        parents = {"run": now.as_parent(), "other": before.as_parent()}
        compared = _entry(catalog, 1, [], version).model_copy(update={"parents": parents})
        catalog = catalog.with_record(compared)
        assert outdated(catalog.records, catalog.heads) == []
        assert catalog.is_head(compared)
