"""Training 245 networks at once (49 stations left out in turn, 5 oxides) against one after the other.

    python -m benchmarks.training

Two peers train some of the same networks one by one, with the same optimiser and early stopping: as it is
usually written (the framework's convolution and pooling, a compiled step, a Python loop over epochs), and
our own forward pass with the whole training compiled. Their time for all 245 is that of the sample, scaled.
Wall-clock time needs an idle machine; processor time hardly depends on it.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
import optax

from benchmarks._results import report
from lunarcloud.archive.stations import parse_stations
from lunarcloud.models import QIU2025
from lunarcloud.models.gather import gather
from lunarcloud.models.inputs import Standard, network_inputs
from lunarcloud.models.network import Weights, initial_weights, stack, take
from lunarcloud.models.training import Examples, TrainingSettings, loss, train
from lunarcloud.quantities import OXIDES
from lunarcloud.synthetic import station_table
from lunarcloud.testing.machine import machine

_SAMPLE = 8
_ROUNDS = 3
_SETTINGS = TrainingSettings()

One = tuple[Weights, Examples]


def main() -> None:
    print(f"machine: {machine()}")
    start, examples = problem()
    m = len(examples.inputs)
    chosen = np.linspace(0, m - 1, _SAMPLE).astype(int)
    singles = [(take(start, i), Examples(*(array[i] for array in examples))) for i in chosen]
    train(start, examples, _SETTINGS)
    ours = timed(lambda: train(start, examples, _SETTINGS))
    times = {"at once": ours}
    lowest: list[list[Any]] = []
    for name, peer in (("as usually written", usual()), ("whole training compiled", compiled())):
        peer(*singles[0])
        found = timed(partial(_append_all, lowest, peer, singles))
        times[f"one by one, {name}"] = Times(found.wall * m / _SAMPLE, found.cpu * m / _SAMPLE)
    rows = [
        {
            "how": how,
            "seconds": round(each.wall, 1),
            "of processor": round(each.cpu, 1),
            "times as long": round(each.wall / ours.wall, 1),
            "times the processor": round(each.cpu / ours.cpu, 1),
        }
        for how, each in times.items()
    ]
    report(f"{m} networks", rows, of=__file__, packages=("jax", "optax"))
    mine = np.nanmin(train(start, examples, _SETTINGS).losses[chosen], axis=1)
    print(f"lowest loss, at once:    {_short(mine)}")
    print(f"lowest loss, one by one: {_short(lowest[0])} (training is chaotic: rounding moves it)")


def _append_all(
    lowest: list[list[Any]], peer: Callable[[Weights, Examples], Any], singles: list[One]
) -> None:
    lowest.append([peer(*one) for one in singles])


def problem() -> One:
    """49 stations of the synthetic Moon, each left out in turn, all oxides: 245 networks."""
    table = parse_stations(station_table(49).to_csv(index=False), "synthetic")
    samples = gather(table, None, "table").samples
    inputs = network_inputs(samples.reflectance, QIU2025)
    scores, targets, weights, start = [], [], [], []
    for number, oxide in enumerate(OXIDES):
        for station in range(49):
            kept = np.arange(49) != station
            scores.append(Standard.of(inputs[:, kept]).apply(inputs).T)
            measured = samples.oxide(oxide)[None]
            targets.append(Standard.of(measured[:, kept]).apply(measured)[0])
            weights.append(kept)
            start.append(initial_weights(6, seed=0, network=number))
    arrays = (np.array(each, np.float32) for each in (scores, targets, weights))
    return stack(start), Examples(*arrays)


def framework_loss(weights: Weights, examples: Examples) -> Any:
    """The loss with the framework's own convolution and pooling, spectra as (n, position, channel)."""

    def convolve(data: Any, kernel: Any, bias: Any) -> Any:
        filters = kernel.reshape(32, 2, -1).transpose(1, 2, 0)
        layout = ("NWC", "WIO", "NWC")
        return jax.nn.relu(
            jax.lax.conv_general_dilated(data, filters, (1,), "VALID", dimension_numbers=layout) + bias
        )

    inputs, targets, station_weights = examples
    first = convolve(inputs[..., None], weights.conv1, weights.conv1_bias)
    second = convolve(first, weights.conv2, weights.conv2_bias)
    pooled = jax.lax.reduce_window(second, -np.inf, jax.lax.max, (1, 2, 1), (1, 2, 1), "VALID")
    hidden = jax.nn.relu(pooled.reshape(len(inputs), -1) @ weights.dense.T + weights.dense_bias)
    said = (hidden @ weights.output.T + weights.output_bias)[:, 0]
    penalty = sum((kernel**2).sum() for kernel in weights.kernels)
    error = (station_weights * (said - targets) ** 2).sum() / station_weights.sum()
    return error + _SETTINGS.l2 * penalty


def usual() -> Callable[[Weights, Examples], float]:
    """As it is usually written; returns the lowest loss."""
    adam = optax.adam(_SETTINGS.learning_rate, eps=_SETTINGS.adam_epsilon)

    @jax.jit
    def step(weights: Weights, moments: Any, examples: Examples) -> tuple[Weights, Any, Any]:
        value, gradient = jax.value_and_grad(framework_loss)(weights, examples)
        updates, moments = adam.update(gradient, moments)
        return optax.apply_updates(weights, updates), moments, value

    def run(weights: Weights, examples: Examples) -> float:
        moments, lowest, waited = adam.init(weights), np.inf, 0
        best = weights
        for _ in range(_SETTINGS.epochs):
            before = weights
            weights, moments, value = step(weights, moments, examples)
            waited = 0 if value < lowest else waited + 1
            if waited == 0:
                lowest, best = float(value), before
            if waited >= _SETTINGS.patience:
                break
        jax.block_until_ready(best)
        return lowest

    return run


def compiled() -> Callable[[Weights, Examples], Any]:
    """All epochs and the early stopping in one compiled loop."""
    adam = optax.adam(_SETTINGS.learning_rate, eps=_SETTINGS.adam_epsilon)

    def going(state: tuple[Any, ...]) -> Any:
        return (state[0] < _SETTINGS.epochs) & (state[5] < _SETTINGS.patience)

    @jax.jit
    def run(weights: Weights, examples: Examples) -> Any:
        def step(state: tuple[Any, ...]) -> tuple[Any, ...]:
            epoch, weights, moments, best, lowest, waited = state
            value, gradient = jax.value_and_grad(loss)(weights, *examples, _SETTINGS.l2)
            better = value < lowest
            best = jax.tree.map(lambda new, old: jax.numpy.where(better, new, old), weights, best)
            updates, moments = adam.update(gradient, moments)
            waited = jax.numpy.where(better, 0, waited + 1)
            lowest = jax.numpy.minimum(value, lowest)
            return epoch + 1, optax.apply_updates(weights, updates), moments, best, lowest, waited

        state = (0, weights, adam.init(weights), weights, np.float32(np.inf), 0)
        return jax.lax.while_loop(going, step, state)[3]

    return lambda weights, examples: jax.block_until_ready(run(weights, examples))


class Times(NamedTuple):
    """Seconds on the clock and of the processor."""

    wall: float
    cpu: float


def _short(losses: Any) -> str:
    return " ".join(f"{float(each):.3f}" for each in losses)


def timed(action: Callable[[], object]) -> Times:
    """The least of some rounds."""
    rounds = []
    for _ in range(_ROUNDS):
        wall, cpu = time.perf_counter(), time.process_time()
        action()
        rounds.append((time.perf_counter() - wall, time.process_time() - cpu))
    return Times(*(min(each) for each in zip(*rounds, strict=True)))


if __name__ == "__main__":
    main()
