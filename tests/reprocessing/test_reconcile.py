"""Whatever arrives, dies or fails, and in whatever order: in the end the heads are what the inbox says.

The state machine runs as many programs as ``LUNARCLOUD_PROGRAMS`` says, 50 without it.
"""

import os
from collections.abc import Generator, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import TypeAlias

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lunarcloud.engine import Session, quiet
from lunarcloud.errors import TransientStoreError
from lunarcloud.lineage import Root, outdated
from lunarcloud.processes import Rejection, checked, run_process
from lunarcloud.reprocessing.change import CHANGES, TOLD, change_of, place_of, untold, write_change
from lunarcloud.reprocessing.lease import LEASES, Hold, renewed
from lunarcloud.reprocessing.making import here
from lunarcloud.reprocessing.reconcile import LEASE, Hands, Outcome, Round, Step, look, reconcile
from lunarcloud.reprocessing.telling import tell_changes
from tests.reprocessing.world import CHAIN, WORLD, Killed, living, require_whole, world_root

SEVEN = b"site,lat,lon,feo\nChang'E-7,-88.8,123.4,4.2\n"
TABLES = {
    "a new site": SEVEN,
    "the same site anew": SEVEN.replace(b"4.2", b"5.5"),
    "another site": b"site,lat,lon,tio2\nChang'E-8,-85,31,0.4\n",
    "a withdrawal": b"# withdraw: Apollo 16\n",
    "of no use": b"site,lat,lon,feo\nNowhere,99,0,x\n",
    "empty": b"",
}
NAMES = ("a.csv", "b.csv", "c.csv")
WHO = st.sampled_from(("one", "two"))

Reconciler: TypeAlias = Generator[Step, None, Outcome]


def make_all(root: Root) -> None:
    """A model, its maps and their means, each the latest."""
    for process in CHAIN:
        run_process(process, checked(process.inputs, {}), root)


def hands_of(root: Root, who: str) -> Hands:
    """What somebody works with."""
    return Hands(
        root,
        here(Session(), root),
        quiet,
        WORLD.clock(),
        who,
        0.0,
        tell=lambda: tell_all(root),
        refuse=lambda rejected: None,
        announce=lambda made: write_change(root, change_of(made, WORLD.now)),
    )


def tell_all(root: Root) -> None:
    """Whoever is to be told is."""
    tell_changes(root, WORLD.clock())


def start(root: Root, who: str, *, now: bool = True) -> Reconciler:
    """Somebody who reconciles, step by step."""
    return reconcile(hands_of(root, who), now=now)


def finish(root: Root, who: str, *, now: bool = True) -> tuple[list[Step], Outcome]:
    """All steps of somebody whom nothing befalls."""
    steps, going = [], start(root, who, now=now)
    while True:
        try:
            steps.append(next(going))
        except StopIteration as end:
            tell_all(root)
            return steps, end.value


def put(root: Root, name: str, data: bytes) -> None:
    """A table arrives."""
    (root.folder / "inbox").write(name, data)


@pytest.fixture
def root() -> Iterator[Root]:
    """A root with a model, its maps and their means."""
    WORLD.reset()
    with living():
        found = world_root()
        make_all(found)
        yield found


def test_a_sample_makes_the_chain_anew_and_its_loss_brings_the_old_one_back(root: Root) -> None:
    before = root.catalog().heads
    put(root, "a.csv", SEVEN)
    steps, outcome = finish(root, "one")
    assert [step.process for step in steps] == ["toy-fit", "toy-map", "toy-mean"]
    assert outcome.round.is_promoted
    after = root.catalog().heads
    assert not {head.id for head in before.values()} & {head.id for head in after.values()}
    (root.folder / "inbox").remove("a.csv")
    made = WORLD.made.copy()
    assert {step.shards_computed for step in finish(root, "one")[0]} == {None}
    assert (root.catalog().heads, WORLD.made) == (before, made)


def test_all_heads_move_together_after_the_last_step(root: Root) -> None:
    before = root.catalog().heads
    put(root, "a.csv", SEVEN)
    going = start(root, "one")
    for _ in CHAIN:
        next(going)
        assert root.catalog().heads == before
    assert next(going, None) is None
    after = root.catalog().heads
    assert all(after[series] != head for series, head in before.items())


def test_what_the_inbox_says_in_the_end_is_made_though_it_changed_meanwhile(root: Root) -> None:
    put(root, "a.csv", SEVEN)
    going = start(root, "one")
    next(going)
    put(root, "a.csv", TABLES["another site"])
    assert [step.process for step in going] == ["toy-map", "toy-mean", "toy-fit", "toy-map", "toy-mean"]
    seen = look(root, WORLD.clock(), 0.0)
    assert seen.plan.is_done
    assert root.find("stations").ref == seen.main.parent.ref


def test_two_at_once_make_nothing_twice(root: Root) -> None:
    put(root, "a.csv", SEVEN)
    first, second = start(root, "one"), start(root, "two")
    next(first)
    # The second takes the first for dead, and makes the rest.
    assert len(list(second)) == len(list(first)) + 1 == 3
    assert set(WORLD.made.values()) == {1}


def test_a_table_is_waited_for_until_nobody_copies_it_any_more(root: Root) -> None:
    put(root, "a.csv", SEVEN)
    steps, outcome = finish(root, "one", now=False)
    assert (steps, outcome.is_settling) == ([], True)
    WORLD.now += timedelta(seconds=61)
    assert len(finish(root, "one", now=False)[0]) == len(CHAIN)


def test_what_its_maker_could_not_tell_is_told_before_the_heads_move_on(root: Root) -> None:
    put(root, "a.csv", SEVEN)
    assert len(list(start(root, "killed before it tells"))) == len(CHAIN)
    (change,) = untold(root)
    put(root, "b.csv", TABLES["another site"])
    WORLD.now += timedelta(seconds=1)
    finish(root, "another")
    assert place_of(root, change.id).exists(TOLD)
    assert len((root.folder / CHANGES).keys()) == 2 * len(place_of(root, change.id).keys())


def test_a_change_in_flight_is_left_to_whoever_makes_it(root: Root) -> None:
    put(root, "a.csv", SEVEN)
    mine = hands_of(root, "one")

    def announce(made: Round) -> None:
        mine.announce(made)
        tell_all(root)  # somebody without the lease, at this very moment

    list(reconcile(mine._replace(announce=announce), now=True))
    assert len(untold(root)) == 1


def test_a_change_that_never_happened_is_forgotten_when_another_is_made(root: Root) -> None:
    def die(made: Round) -> None:
        hands.announce(made)
        raise Killed

    hands = hands_of(root, "one")
    put(root, "a.csv", SEVEN)
    with pytest.raises(Killed):
        list(reconcile(hands._replace(announce=die), now=True))
    WORLD.now += timedelta(seconds=1)
    finish(root, "one")
    keys = (root.folder / CHANGES).keys()
    assert len({key.partition("/")[0] for key in keys}) == 1


def test_a_refused_table_is_told_though_its_teller_dies_or_the_rest_fails(root: Root) -> None:
    told: list[str] = []

    def die(rejected: tuple[Rejection, ...]) -> None:
        raise Killed

    def refuse(rejected: tuple[Rejection, ...]) -> None:
        told.extend(each.file for each in rejected)

    put(root, "a.csv", TABLES["empty"])
    hands = hands_of(root, "one")
    with pytest.raises(Killed):
        list(reconcile(hands._replace(refuse=die), now=True))
    for _ in range(2):
        list(reconcile(hands._replace(refuse=refuse), now=True))
    assert told == ["a.csv"]


class Reprocessing(RuleBasedStateMachine):
    """People and reconcilers at one root."""

    def __init__(self) -> None:
        super().__init__()
        WORLD.reset()
        self.living = living()
        self.living.__enter__()
        self.root = world_root()
        self.going: dict[str, tuple[str, Reconciler]] = {}
        self.pins: dict[str, str] = {}
        self.was_promoted = False
        self.lives = 0

    @initialize()
    def begin(self) -> None:
        make_all(self.root)

    @rule(name=st.sampled_from(NAMES), table=st.sampled_from(sorted(TABLES)))
    def arrive(self, name: str, table: str) -> None:
        put(self.root, name, TABLES[table])

    @rule(name=st.sampled_from(NAMES))
    def take_away(self, name: str) -> None:
        (self.root.folder / "inbox").remove(name)

    @rule(seconds=st.sampled_from((1.0, 30.0, 61.0, 100.0)))
    def pass_time(self, seconds: float) -> None:
        WORLD.now += timedelta(seconds=seconds)

    @rule(who=WHO, now=st.booleans(), counts=st.booleans())
    def call(self, who: str, now: bool, counts: bool) -> None:
        """Somebody starts to reconcile; whoever has the lease meanwhile counts on, or seems dead."""
        if who not in self.going:
            self.lives += 1
            name = f"{who}-{self.lives}"
            self.going[who] = name, start(self.root, name, now=now)
        WORLD.meanwhile = self._count_on if counts else lambda: None

    @precondition(lambda self: self.going)
    @rule(
        who=WHO,
        fuse=st.none() | st.integers(0, 60),
        faults=st.sampled_from((0, 0, 0, 1, 3, 20)),
    )
    def step(self, who: str, fuse: int | None, faults: int) -> None:
        """One step of somebody, who may die at any request in it, while the store may fail."""
        if who not in self.going:
            return
        name, going = self.going[who]
        with WORLD.acting(name, fuse, faults):
            try:
                next(going)
            except StopIteration:
                del self.going[who]
                self._tell()
            except (Killed, TransientStoreError):
                del self.going[who]

    @rule(number=st.integers(0, 30))
    def promote(self, number: int) -> None:
        records = self.root.catalog().records
        entry = records[number % len(records)]
        self.root.promote(entry)
        self.was_promoted = True
        self.pins[entry.series] = entry.ref.id

    @rule(number=st.integers(0, 30))
    def unpin(self, number: int) -> None:
        records = self.root.catalog().records
        entry = records[number % len(records)]
        self.root.unpin(entry)
        self.pins.pop(entry.series, None)

    @rule()
    def make_by_hand(self) -> None:
        make_all(self.root)

    @invariant()
    def a_pinned_head_never_moves(self) -> None:
        heads = self.root.catalog().heads
        assert {series: heads[series].id for series in self.pins} == self.pins

    @invariant()
    def nobody_sees_new_models_with_old_maps(self) -> None:
        """All heads move together, however often somebody dies; who holds one of them wants it otherwise."""
        catalog = self.root.catalog()
        assert self.was_promoted or outdated(catalog.records, catalog.heads) == []

    def teardown(self) -> None:
        try:
            self._require_that_all_ends_well()
        finally:
            self.living.__exit__(None, None, None)

    def _require_that_all_ends_well(self) -> None:
        for name, going in self.going.values():
            WORLD.dead.add(name)
            with WORLD.acting(name), suppress(Killed):
                going.close()
        WORLD.meanwhile = lambda: None
        WORLD.now += timedelta(seconds=100)
        finish(self.root, "last", now=False)
        before = self.root.folder.read_all()
        assert finish(self.root, "idle", now=False)[0] == []
        assert self.root.folder.read_all() == before
        require_whole(self.root)
        assert untold(self.root) == []
        catalog, seen = self.root.catalog(), look(self.root, WORLD.clock(), 0.0)
        assert outdated(catalog.records, catalog.heads) == []
        if catalog.records:
            assert catalog.heads[seen.main.parent.series].desired == seen.main.parent.ref.id
        if not self.pins:
            assert {each.id for each in catalog.heads.values()} == self._expected()

    def _expected(self) -> set[str]:
        """Ids of what anybody would make of the same inbox in an empty root."""
        other = world_root("memory://elsewhere")
        for name, data in (self.root.folder / "inbox").read_all().items():
            if "/" not in name:
                put(other, name, data)
        make_all(other)
        found = {each.id for each in other.catalog().heads.values()}
        other.folder.remove_all()
        return found

    def _count_on(self) -> None:
        """Whoever has the lease and lives counts on."""
        actor, WORLD.actor = WORLD.actor, ""
        place = self.root.folder / LEASES
        alive = {name for name, _ in self.going.values()} - WORLD.dead - {actor}

        def counted(data: bytes | None) -> bytes:
            present = Hold.model_validate_json(data or b"{}")
            is_alive = present.holder in alive
            return (renewed(present, present.holder) if is_alive else present).model_dump_json().encode()

        place.update(f"{LEASE}.json", counted)
        WORLD.actor = actor

    def _tell(self) -> None:
        try:
            tell_all(self.root)
        except (Killed, TransientStoreError):
            return


TestReprocessing = Reprocessing.TestCase
TestReprocessing.settings = settings(
    max_examples=int(os.environ.get("LUNARCLOUD_PROGRAMS", "50")), stateful_step_count=25, deadline=None
)
