"""One or two modes, and how sure."""

import numpy as np
import numpy.typing as npt
import pytest

from lunarcloud.moon import SPHERE_KM2
from lunarcloud.statistics.modes import Modes, modes
from lunarcloud.statistics.source import Coding
from lunarcloud.statistics.tallies import PART_KM2, Sums

WT = Coding("feo", 0.001, 0.0, "wt%", "FeO")


def found(values: list[float] | npt.NDArray[np.float64], km2: float = SPHERE_KM2) -> Modes:
    histogram = np.bincount(np.rint(np.asarray(values)[np.asarray(values) >= 0] * 1000).astype(int))
    return modes(Sums(len(values), int(km2 / PART_KM2), 0, histogram), WT)


def normal(mean: float, std: float, n: int) -> npt.NDArray[np.float64]:
    return np.random.default_rng(int(1000 * mean)).normal(mean, std, n)


def test_highland_and_mare_iron_are_two_modes() -> None:
    """Shares and values like the paper's FeO: 84 % about 4.5, 16 % about 18.8 wt%."""
    result = found(np.concatenate([normal(4.47, 1.3, 84_000), normal(18.82, 2.0, 16_000)]))
    assert result.values == pytest.approx((4.47, 18.82), abs=0.25)
    assert result.confidence > 0.95


def test_one_bell_is_one_mode() -> None:
    result = found(normal(9.0, 1.0, 100_000))
    assert result.values == pytest.approx((9.0,), abs=0.05)
    assert result.confidence > 0.95


def test_two_bells_too_close_are_one_and_doubt_is_said() -> None:
    close = found(np.concatenate([normal(9.0, 1.0, 50_000), normal(10.5, 1.0, 50_000)]))
    assert len(close.values) == 1
    flat = found(np.random.default_rng(1).uniform(5, 15, 100_000))
    assert flat.confidence < 0.3


def test_a_small_unit_is_less_sure_than_the_moon() -> None:
    values = np.concatenate([normal(9.0, 1.0, 50_000), normal(11.8, 1.0, 50_000)])
    assert found(values).values == pytest.approx((9.0, 11.8), abs=0.3)
    assert found(values, km2=500_000).confidence < found(values).confidence


def test_a_constant_and_nothing() -> None:
    assert found([7.5, 7.5]).values == (7.5,)
    assert modes(Sums(0, 0, 0, np.zeros(5, np.int64)), WT).values == ()


def test_the_same_answer_every_time() -> None:
    values = normal(9.0, 1.0, 1000)
    assert found(values) == found(values)
