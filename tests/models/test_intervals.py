"""The jackknife+, and the measure of how often it holds, on stations whose truth and noise are known."""

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.coverage import LeftOut, Trial, by_station
from lunarcloud.errors import InputError
from lunarcloud.models.intervals import covered, half_widths, too_few

DRAWS, STATIONS = 10_000, 47
# Made-up tables of so many stations each, that every one of them be asked of the others: 10 080 trials.
TABLES, OF_TABLE = 480, 21


def _experiments(draws: int, stations: int) -> tuple[npt.NDArray[np.float64], ...]:
    """Straight lines fitted to noisy stations: centre, without, residuals, and the truth of a new one.

    All draws at once, left-out fits in closed form: what changes when a row is taken out of least squares.
    """
    random = np.random.default_rng(20)
    x = np.stack([np.ones((draws, stations + 1)), random.normal(size=(draws, stations + 1))], axis=2)
    y = x @ np.array([8.0, 3.0]) + random.standard_t(5, size=(draws, stations + 1))
    seen, known, new = x[:, :-1], y[:, :-1], x[:, -1]
    inverse = np.linalg.inv(np.einsum("dsi,dsj->dij", seen, seen))
    line = np.einsum("dij,dsj,ds->di", inverse, seen, known)
    leverage = np.einsum("dsi,dij,dsj->ds", seen, inverse, seen)
    left_out = (known - np.einsum("dsi,di->ds", seen, line)) / (1 - leverage)
    shift = np.einsum("di,dij,dsj->ds", new, inverse, seen) * left_out
    centre = np.einsum("di,di->d", new, line)
    return centre, centre[:, None] - shift, left_out, y[:, -1]


def _inside(coverage: float, stations: int = STATIONS, factor: float = 1.0) -> npt.NDArray[np.bool_]:
    centre, without, residuals, truth = _experiments(DRAWS, stations)
    widths = np.array(
        [
            half_widths(centre[[i]], without[i][:, None], np.abs(residuals[i]), coverage)[0]
            for i in range(DRAWS)
        ]
    )
    return np.abs(truth - centre) <= factor * widths


@pytest.mark.parametrize("coverage", [0.68, 0.95])
def test_new_stations_lie_within_their_intervals_as_often_as_promised(coverage: float) -> None:
    """At least so often, and little more: a rank of 47 is 2 %, and the farther end counts."""
    found = covered(_inside(coverage))
    assert coverage - 0.01 < found.share < coverage + 0.05
    assert found.least < found.share < found.most
    assert found.most - found.least < 0.02


def test_intervals_that_are_too_narrow_are_found_out() -> None:
    assert covered(_inside(0.95, factor=0.6)).most < 0.9


def test_fewest_stations_of_an_interval_keep_its_promise() -> None:
    assert covered(_inside(0.95, stations=19)).share > 0.94


def test_too_few_stations_are_refused_and_told() -> None:
    assert not too_few(19, 0.95)
    assert not too_few(20, 0.68)
    assert "18 stations are too few for an interval of 95%; it needs 19" in too_few(18, 0.95)
    with pytest.raises(InputError, match="too few for an interval of 95%"):
        half_widths(np.zeros(1), np.zeros((18, 1)), np.ones(18), 0.95)


def test_share_of_few_intervals_is_itself_uncertain() -> None:
    found = covered(np.arange(49) > 1)
    assert found.share == pytest.approx(47 / 49)
    # Clopper and Pearson's for 47 of 49.
    assert (found.least, found.most) == pytest.approx((0.860, 0.995), abs=0.001)


# ---- the measure: stations left out of everything


def _without_one_and_two(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]
) -> dict[LeftOut, npt.NDArray[np.float64]]:
    """What straight lines through all stations but one or two say of all of them."""
    sums = np.stack([np.ones_like(x), x, y, x * x, x * y])
    sets = [each for n in (1, 2) for each in combinations(range(x.size), n)]
    number, of_x, of_y, of_xx, of_xy = np.transpose(
        [sums.sum(axis=1) - sums[:, list(each)].sum(axis=1) for each in sets]
    )
    slopes = (number * of_xy - of_x * of_y) / (number * of_xx - of_x**2)
    said = slopes[:, None] * (x - (of_x / number)[:, None]) + (of_y / number)[:, None]
    return dict(zip(map(frozenset, sets), said, strict=True))


def _trials(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> list[Trial]:
    return list(by_station({"line": y}, {"line": _without_one_and_two(x, y)}))


def _table(random: np.random.Generator) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Stations about a line, their noise known; some of them far out, where one station turns the line."""
    x = random.standard_t(3, OF_TABLE)
    return x, 8.0 + 3.0 * x + random.normal(size=OF_TABLE)


def test_stations_left_out_of_everything_lie_within_their_intervals_as_often_as_the_ranks_say() -> None:
    random = np.random.default_rng(7)
    trials = [trial for _ in range(TABLES) for trial in _trials(*_table(random))]
    assert len(trials) == 2 * TABLES * OF_TABLE
    # Of 20 others the 15th and the 20th of the sorted ends, and a new one is as likely in any gap.
    for end, ranked in (("half68", 15 / 21), ("half95", 20 / 21)):
        found = covered(np.array([trial.inside for trial in trials if trial.end == end]))
        assert ranked - 0.01 < found.share < ranked + 0.02


def test_what_was_measured_at_a_station_has_no_part_in_its_own_interval() -> None:
    x, y = _table(np.random.default_rng(8))
    trials = _trials(x, y)
    for station in range(OF_TABLE):
        own = slice(2 * station, 2 * station + 2)
        changed = _trials(x, np.where(np.arange(OF_TABLE) == station, y + 1000.0, y))
        assert not any(trial.inside for trial in changed[own])
        widths = [trial.half_width for trial in trials[own]]
        assert [trial.half_width for trial in changed[own]] == pytest.approx(widths, rel=1e-6)
        # Those of the others know it.
        assert changed[own.start - 1].half_width > 2 * trials[own.start - 1].half_width
