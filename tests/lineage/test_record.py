"""Identity and series: what decides them, and what does not."""

from random import Random

from hypothesis import given as examples
from hypothesis import strategies as st

from lunarcloud.lineage import Given, Parent, Ref, Source, identity, series_of

NAMES = st.text("abcdefgh", min_size=1, max_size=4)
DIGESTS = st.text("0123456789abcdef", min_size=8, max_size=8)
INPUTS = st.dictionaries(NAMES, st.one_of(st.integers(), st.booleans(), NAMES), max_size=4)
PARENTS = st.dictionaries(
    NAMES,
    st.builds(
        Parent,
        ref=st.builds(Ref, kind=NAMES, id=DIGESTS),
        digest=DIGESTS,
        series=DIGESTS,
    ),
    max_size=3,
)
SOURCES = st.lists(st.builds(Source, url=NAMES, digest=DIGESTS, bytes=st.integers(0, 9)), max_size=4)
GIVEN = st.builds(Given, inputs=INPUTS, parents=PARENTS, sources=SOURCES.map(tuple))


@examples(GIVEN, st.randoms())
def test_identity_does_not_depend_on_order_or_place(given: Given, random: Random) -> None:
    shuffled = list(given.sources)
    random.shuffle(shuffled)
    moved = given.model_copy(
        update={
            "inputs": dict(reversed(given.inputs.items())),
            "parents": dict(reversed(given.parents.items())),
            "places": {"tiles": "elsewhere"},
            "sources": tuple(source.model_copy(update={"url": "moved"}) for source in shuffled),
        }
    )
    assert identity("map", 1, moved) == identity("map", 1, given)


@examples(GIVEN, DIGESTS)
def test_identity_follows_the_content_of_a_parent_and_not_its_name(given: Given, other: str) -> None:
    parent = Parent(ref=Ref(kind="models", id="one"), digest="d" * 8, series="s")
    before = given.model_copy(update={"parents": {**given.parents, "model": parent}})
    renamed = parent.model_copy(update={"ref": Ref(kind="models", id="two")})
    changed = parent.model_copy(update={"digest": other + "!"})
    same = before.model_copy(update={"parents": {**before.parents, "model": renamed}})
    another = before.model_copy(update={"parents": {**before.parents, "model": changed}})
    assert identity("map", 1, same) == identity("map", 1, before)
    assert identity("map", 1, another) != identity("map", 1, before)


def test_identity_changes_with_process_algorithm_inputs_and_sources() -> None:
    given = Given(inputs={"ppd": 4}, sources=(Source(url="a", digest="1"),))
    others = [
        identity("fit", 1, given),
        identity("map", 2, given),
        identity("map", 1, given.model_copy(update={"inputs": {"ppd": 8}})),
        identity("map", 1, given.model_copy(update={"sources": (Source(url="a", digest="2"),)})),
    ]
    assert len({identity("map", 1, given), *others}) == 5


def test_series_holds_over_newer_parents_and_changes_with_own_inputs() -> None:
    old = Parent(ref=Ref(kind="models", id="one"), digest="1", series="s")
    new = Parent(ref=Ref(kind="models", id="two"), digest="2", series="s")
    first = series_of("map", {"maps": "all"}, {"model": old})
    assert series_of("map", {"maps": "all"}, {"model": new}) == first
    assert series_of("map", {"maps": "one"}, {"model": old}) != first
