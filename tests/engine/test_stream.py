"""What a stream decides, without any cluster: how many in flight, what is tried again, when it gives up."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from lunarcloud.engine.stream import (
    Again,
    Answer,
    Finish,
    GiveUp,
    Limits,
    Outcome,
    State,
    Submit,
    Wait,
    Why,
    Yield,
    decide,
    ended,
    exhausted,
    running,
    seen,
    submitted,
)

LIMITS = Limits(window=2, patience_s=300.0, end_s=3600.0)


@given(st.integers(0, 10_000), st.integers(0, 20_000))
def test_at_least_256_tasks_are_in_flight_and_at_most_an_eighth_more_than_wanted(
    threads: int, in_flight: int
) -> None:
    state = State(in_flight=in_flight, threads=threads)
    wanted = max(256, 2 * threads)
    match decide(state, LIMITS, 0.0):
        case Submit(number):
            assert in_flight < wanted <= in_flight + number <= wanted * 9 / 8
        case answer:
            assert answer == Wait()
            assert in_flight >= wanted


def test_a_cluster_without_workers_is_given_tasks_before_its_first_worker_comes() -> None:
    assert decide(seen(State(), 0, 5.0), LIMITS, 5.0) == Submit(288)


def test_workers_that_end_nothing_are_waited_for_so_long() -> None:
    state = exhausted(seen(submitted(State(), 2), 1, 10.0))
    assert decide(state, LIMITS, 3609.0) == Wait()
    assert decide(state, LIMITS, 3610.0) == GiveUp(Why.NO_END)
    # Whatever ends, even badly, begins it anew; without workers it is not they who are slow.
    moved, _ = ended(state, "a", Outcome.PASSING, LIMITS)
    assert decide(seen(moved, 1, 3609.0), LIMITS, 3610.0) == Wait()
    assert decide(seen(state, 0, 3500.0), LIMITS, 3700.0) == Wait()


def test_a_task_that_runs_so_long_is_given_up_although_others_end() -> None:
    state, _ = ended(exhausted(seen(submitted(State(), 3), 2, 10.0)), "a", Outcome.DONE, LIMITS)
    assert decide(running(state, 3599.0), LIMITS, 3609.0) == Wait()
    assert decide(running(state, 3600.0), LIMITS, 3610.0) == GiveUp(Why.NO_END)
    assert decide(running(running(state, 3600.0), 0.0), LIMITS, 3610.0) == Wait()


def test_nothing_is_submitted_when_the_items_are_used_up() -> None:
    assert decide(exhausted(submitted(State(), 3)), LIMITS, 0.0) == Wait()
    assert decide(exhausted(State()), LIMITS, 0.0) == Finish()


def test_the_patience_counts_from_when_the_last_worker_was_gone() -> None:
    state = submitted(State(), 1)
    for threads, now in [(2, 0.0), (0, 100.0), (0, 399.0)]:
        state = seen(state, threads, now)
    assert decide(exhausted(state), LIMITS, 399.9) == Wait()
    assert decide(exhausted(state), LIMITS, 400.0) == GiveUp(Why.NO_WORKERS)
    assert decide(exhausted(seen(state, 1, 399.5)), LIMITS, 400.0) == Wait()


def test_a_result_shows_that_there_are_workers() -> None:
    state = seen(exhausted(submitted(State(), 2)), 0, 0.0)
    state, _ = ended(state, "a", Outcome.DONE, LIMITS)
    assert decide(state, LIMITS, 1000.0) == Wait()


def test_an_error_that_would_come_again_ends_the_stream() -> None:
    _, answer = ended(submitted(State(), 1), "a", Outcome.FAILED, LIMITS)
    assert answer == GiveUp(Why.FAILED)


def test_a_fault_that_may_pass_is_tried_twice_more() -> None:
    state, answers = State(), []
    for _ in range(3):
        state, answer = ended(submitted(state, 1), "a", Outcome.PASSING, LIMITS)
        answers.append(answer)
    assert answers == [Again(), Again(), GiveUp(Why.FAILED)]


@given(st.integers(1, 10))
def test_ten_workers_may_die_over_an_item_however_many_the_scheduler_allows_itself(each: int) -> None:
    state, deaths = State(), 0
    answer: Answer = Again()
    while answer == Again():
        state, answer = ended(submitted(state, 1), "a", Outcome.KILLED, LIMITS, deaths=each)
        deaths += each
    assert answer == GiveUp(Why.KILLED)
    assert deaths - each <= 10 < deaths


def test_the_troubles_of_an_item_are_its_own_and_end_with_it() -> None:
    state = submitted(State(), 2)
    for _ in range(2):
        state, _ = ended(submitted(state, 1), "a", Outcome.PASSING, LIMITS)
    state, answer = ended(submitted(state, 1), "b", Outcome.PASSING, LIMITS)
    assert answer == Again()
    state, answer = ended(state, "a", Outcome.DONE, LIMITS)
    assert answer == Yield()
    assert list(state.troubles) == ["b"]


@given(
    st.integers(0, 700),
    st.integers(0, 40),
    st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from(Outcome)), max_size=40),
)
def test_whatever_happens_each_item_is_handed_on_once_or_the_stream_is_given_up(
    number: int, threads: int, troubles: list[tuple[int, Outcome]]
) -> None:
    state, left = seen(State(), threads, 0.0), list(range(number))
    flying: list[int] = []
    handed: Counter[int] = Counter()
    while (todo := decide(state, LIMITS, 0.0)) != Finish():
        if isinstance(todo, Submit):
            chosen, left = left[: todo.number], left[todo.number :]
            state = submitted(state, len(chosen))
            state = exhausted(state) if len(chosen) < todo.number else state
            flying += chosen
            continue
        place, outcome = troubles.pop() if troubles else (0, Outcome.DONE)
        item = flying.pop(place % len(flying))
        state, answer = ended(state, item, outcome, LIMITS, deaths=1)
        if isinstance(answer, GiveUp):
            assert outcome is not Outcome.DONE
            return
        if answer == Again():
            state = submitted(state, 1)
            flying.append(item)
        else:
            handed[item] += 1
        assert state.in_flight == len(flying)
    assert handed == Counter(range(number))
