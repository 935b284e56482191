import builtins
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from lunarcloud.errors import InputError, MissingPackageError
from lunarcloud.models import network, training
from lunarcloud.models.graph import Networks
from lunarcloud.models.network import Weights, forward, initial_weights, pooled_positions, stack, take


@pytest.fixture(scope="module")
def weights(networks: Networks) -> Weights:
    return take(networks.weights, 0)


@pytest.fixture(scope="module")
def inputs() -> npt.NDArray[np.float32]:
    return np.random.default_rng(3).normal(size=(4, 6)).astype(np.float32)


def test_forward_equals_loops_over_positions(
    weights: Weights, inputs: npt.NDArray[np.float32], loop_forward: Callable[..., Any]
) -> None:
    np.testing.assert_allclose(forward(weights, inputs), loop_forward(weights, inputs), atol=2e-6)


def test_forward_of_an_instrument_of_six_bands_equals_the_loops(loop_forward: Callable[..., Any]) -> None:
    # Seven inputs leave five positions before the pooling, the last of which it drops.
    weights = initial_weights(7, seed=0, network=0)
    inputs = np.random.default_rng(4).normal(size=(3, 7)).astype(np.float32)
    np.testing.assert_allclose(forward(weights, inputs), loop_forward(weights, inputs), atol=2e-6)


def test_gradient_equals_finite_differences_of_the_loops(
    weights: Weights, inputs: npt.NDArray[np.float32], loop_forward: Callable[..., Any]
) -> None:
    jax, _ = network.packages()
    random = np.random.default_rng(6)
    targets, station_weights = random.normal(size=4).astype("f"), np.array([1, 1, 0, 1], "f")

    def loop_loss(changed: Weights) -> float:
        squared = station_weights * (loop_forward(changed, inputs) - targets) ** 2
        penalty = sum((np.asarray(kernel, np.float64) ** 2).sum() for kernel in changed.kernels)
        return float(squared.sum() / station_weights.sum() + 0.001 * penalty)

    gradient = jax.jit(jax.grad(training.loss))(weights, inputs, targets, station_weights, 0.001)
    step = 1e-5
    for number, array in enumerate(weights):
        for flat in random.choice(array.size, size=min(3, array.size), replace=False):
            at = np.unravel_index(flat, array.shape)

            def moved(by: float, number: int = number, at: tuple[Any, ...] = at) -> float:
                arrays = [np.array(each, np.float64) for each in weights]
                arrays[number][at] += by
                return loop_loss(Weights(*arrays))

            expected = (moved(step) - moved(-step)) / (2 * step)
            assert np.asarray(gradient[number])[at] == pytest.approx(expected, rel=2e-3, abs=2e-5)


def test_initial_kernels_fill_the_glorot_range_and_biases_are_zero() -> None:
    weights = initial_weights(6, seed=1, network=2)
    limit = np.sqrt(6 / 128)
    assert 0.95 * limit < np.abs(weights.dense).max() <= limit
    assert not weights.dense_bias.any()
    assert weights.dense.dtype == np.float32


def test_seed_and_network_decide_the_initial_weights() -> None:
    same, again = (initial_weights(6, seed=1, network=2) for _ in range(2))
    other = initial_weights(6, seed=1, network=3)
    assert same.conv1.tobytes() == again.conv1.tobytes()
    assert same.conv1.tobytes() != other.conv1.tobytes()


def test_take_undoes_stack() -> None:
    two = [initial_weights(6, seed=seed, network=0) for seed in (0, 1)]
    assert take(stack(two), 1).dense.tobytes() == two[1].dense.tobytes()


def test_paper_lengths_are_six_five_four_two() -> None:
    assert pooled_positions(6) == 2


def test_too_few_bands_for_the_architecture_are_refused() -> None:
    with pytest.raises(InputError, match=r"3 inputs .* are too few"):
        initial_weights(3, seed=0, network=0)


def test_missing_jax_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = builtins.__import__

    def without_jax(name: str, *rest: Any, **options: Any) -> Any:
        if name == "jax":
            raise ImportError("No module named 'jax'", name="jax")
        return whole(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without_jax)
    network.packages.cache_clear()
    with pytest.raises(MissingPackageError, match=r"needs the package jax: install 'lunarcloud\[fit\]'"):
        network.packages()
