"""The lease: one has it, whoever stands still loses it, and nobody's clock is compared with another's."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunarcloud.lineage import Root, open_root
from lunarcloud.reprocessing.clock import Clock
from lunarcloud.reprocessing.lease import DEAD_S, Hold, Lease, released, renewed, taken, who_holds
from lunarcloud.testing.s3_server import S3

HOLDS = st.builds(Hold, holder=st.sampled_from(("", "one", "two")), counter=st.integers(0, 5))


class Watch:
    """A clock of an observer, which others use to act while time passes."""

    def __init__(self) -> None:
        self.passed_s = 0.0
        self.other: Root | None = None

    def sleep(self, seconds: float) -> None:
        self.passed_s += seconds
        if self.other is not None:
            _lease(self.other, "one").take()  # it counts on

    def clock(self) -> Clock:
        return Clock(lambda: datetime.now(UTC), lambda: self.passed_s, self.sleep)


def _lease(root: Root, holder: str, watch: Watch | None = None) -> Lease:
    return Lease(root, "reprocess", holder, (watch or Watch()).clock())


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return open_root(tmp_path)


@given(HOLDS, st.none() | HOLDS)
def test_a_lease_is_taken_only_from_nobody_oneself_or_the_dead(present: Hold, dead: Hold | None) -> None:
    after = taken(present, "one", dead)
    if present.holder == "two" and present != dead:
        assert after == present
    else:
        assert after == Hold(holder="one", counter=present.counter + 1)


@given(HOLDS)
def test_what_is_anothers_by_now_is_neither_renewed_nor_given_back(present: Hold) -> None:
    mine = present.holder == "one"
    assert renewed(present, "one") == (Hold(holder="one", counter=present.counter + 1) if mine else present)
    assert released(present, "one") == (Hold(counter=present.counter + 1) if mine else present)


def test_one_who_stands_still_is_taken_for_dead_after_a_while(root: Root) -> None:
    assert _lease(root, "one").take().holder == "one"
    watch = Watch()
    assert _lease(root, "two", watch).take().holder == "two"
    assert watch.passed_s >= DEAD_S


def test_one_who_counts_on_keeps_it_and_is_soon_known_to_live(root: Root) -> None:
    _lease(root, "one").take()
    watch = Watch()
    watch.other = root
    assert _lease(root, "two", watch).take().holder == "one"
    assert watch.passed_s < DEAD_S


def test_it_is_free_at_once_when_it_was_given_back(root: Root) -> None:
    lease, watch = _lease(root, "one"), Watch()
    lease.take()
    with lease.kept():
        assert who_holds(root, "reprocess").holder == "one"
    assert who_holds(root, "reprocess").holder == ""
    assert _lease(root, "two", watch).take().holder == "two"
    assert watch.passed_s == 0


def test_a_lease_that_was_taken_over_is_not_given_back_by_the_former_holder(root: Root) -> None:
    lease = _lease(root, "one")
    lease.take()
    with lease.kept():
        _lease(root, "two").take()
    assert who_holds(root, "reprocess").holder == "two"


def test_its_holder_counts_on_and_notices_when_it_is_lost(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lunarcloud.reprocessing.lease.RENEW_S", 0.01)
    lease = _lease(root, "one")
    first = lease.take()
    with lease.kept():
        while who_holds(root, "reprocess").counter <= first.counter + 1:
            pass
        assert not lease.is_lost
        place = root.folder / "leases"
        place.update("reprocess.json", lambda _: Hold(holder="two").model_dump_json().encode())
        while not lease.is_lost:
            pass
    assert who_holds(root, "reprocess").holder == "two"


@pytest.mark.usefixtures("s3_environment")
def test_of_many_who_race_one_wins_each_time(s3: S3) -> None:
    for number in range(3):
        root = open_root(f"s3://moon/lease/{number}")

        def won(name: str, root: Root = root) -> bool:
            # Tried once, without watching whoever has it.
            place, holds = root.folder / "leases", Hold()

            def tried(data: bytes | None) -> bytes:
                nonlocal holds
                present = Hold.model_validate_json(data) if data else Hold()
                holds = taken(present, name, None)
                return holds.model_dump_json().encode()

            return Hold.model_validate_json(place.update("reprocess.json", tried)).holder == name

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(won, map(str, range(8)))) == 1
