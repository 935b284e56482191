from typing import Any

import numpy as np
import pytest

from lunarcloud.models.network import Weights, initial_weights, stack, take
from lunarcloud.models.training import Examples, Trained, TrainingSettings, predict, train

SHORT = TrainingSettings(epochs=60, patience=8)


@pytest.fixture(scope="module")
def problem() -> tuple[Any, ...]:
    """Fourteen networks (more than a block) on noisy stations, each without another one."""
    random = np.random.default_rng(7)
    inputs = random.normal(size=(20, 6)).astype(np.float32)
    targets = (inputs[:, 1] - np.abs(inputs[:, 3]) + random.normal(0, 0.1, 20)).astype(np.float32)
    weights = np.ones((14, 20), np.float32)
    weights[np.arange(14), np.arange(14)] = 0.0
    start = stack([initial_weights(6, seed=0, network=number) for number in range(14)])
    return start, Examples(np.tile(inputs, (14, 1, 1)), np.tile(targets, (14, 1)), weights)


@pytest.fixture(scope="module")
def trained(problem: tuple[Weights, Examples]) -> Trained:
    return train(*problem, SHORT)


def rows(examples: Examples, index: Any) -> Examples:
    return Examples(*(array[index] for array in examples))


def test_training_learns(problem: tuple[Weights, Examples], trained: Trained) -> None:
    errors = (predict(trained.weights, problem[1].inputs) - problem[1].targets) ** 2
    assert (errors.mean(axis=1) < 0.25 * problem[1].targets.var()).all()


def test_a_network_does_not_depend_on_its_companions(
    problem: tuple[Weights, Examples], trained: Trained
) -> None:
    start, examples = problem
    alone = train(take(start, slice(12, 13)), rows(examples, slice(12, 13)), SHORT)
    for one, many in zip(alone.weights, trained.weights, strict=True):
        assert one[0].tobytes() == many[12].tobytes()


def test_training_again_gives_the_same_bits(problem: tuple[Weights, Examples], trained: Trained) -> None:
    again = train(*problem, SHORT)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(again.weights, trained.weights, strict=True))


def test_a_station_left_out_is_not_looked_at(problem: tuple[Weights, Examples], trained: Trained) -> None:
    start, examples = problem
    changed = examples.targets.copy()
    changed[np.arange(14), np.arange(14)] = 1e3
    blind = train(start, examples._replace(targets=changed), SHORT)
    assert blind.weights.output.tobytes() == trained.weights.output.tobytes()


def test_kept_weights_are_those_of_the_lowest_loss(
    problem: tuple[Weights, Examples], trained: Trained
) -> None:
    _, examples = problem
    for number in range(14):
        said = predict(take(trained.weights, slice(number, number + 1)), examples.inputs[:1])[0]
        one = take(trained.weights, number)
        weights = examples.weights[number]
        error = (weights * (said - examples.targets[number]) ** 2).sum() / weights.sum()
        penalty = sum((kernel.astype(np.float64) ** 2).sum() for kernel in one.kernels)
        assert error + 0.001 * penalty == pytest.approx(np.nanmin(trained.losses[number]), rel=1e-4)


def test_training_stops_when_the_loss_has_not_fallen_for_the_patience(
    problem: tuple[Weights, Examples],
) -> None:
    # Steps so long that the loss bounces.
    wild = train(*problem, TrainingSettings(learning_rate=1.0, epochs=60, patience=8))
    for curve in wild.losses:
        epochs = int(np.isfinite(curve).sum())
        lowest = int(np.nanargmin(curve))
        assert epochs == min(60, lowest + 1 + 8)
    assert np.isnan(wild.losses).any()
