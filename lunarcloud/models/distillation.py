"""One small network taught what many others say (`graph.Perceptron`), trained in jax with optax."""

import functools
import math
import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lunarcloud.models import network
from lunarcloud.models.equations import Equations
from lunarcloud.models.graph import Perceptron
from lunarcloud.models.inputs import FloatArray, Standard
from lunarcloud.models.training import PART, Teaching

# Added to the inputs' covariance, so that inputs which follow from each other do not make it singular.
_FLOOR = 1e-6


class Lesson(NamedTuple):
    """What is to be learnt of n spectra."""

    inputs: FloatArray  #: (input, n): reflectances and OMAT
    values: FloatArray  #: (value, n), any unit
    tolerances: FloatArray  #: (value, n), above 0, in the same unit: an error counts in these
    above_0: FloatArray  #: (column, n), above 0: learnt as logarithms


class _Scored(NamedTuple):
    inputs: npt.NDArray[np.float32]  #: (n, input), whitened
    values: npt.NDArray[np.float32]  #: (n, value)
    per_tolerance: npt.NDArray[np.float32]  #: (n, value), what an error of a score of 1 is in tolerances
    logarithms: npt.NDArray[np.float32]  #: (n, column)


def distil(lesson: Lesson, equations: Equations, settings: Teaching, seed: int) -> Perceptron:
    """Teach a perceptron.

    Parameters
    ----------
    lesson : Lesson
        Spectra and what is said of them.
    equations : Equations
        By whose iron origin OMAT is.
    settings : Teaching
        Size and length.
    seed : int
        Of first weights and of the order of the spectra; 0 or more.

    Raises
    ------
    MissingPackageError
        If jax or optax is not installed.

    Notes
    -----
    Inputs are whitened: reflectances of neighbouring bands are so much alike that what tells soils apart is
    in their small differences. The whitening is part of the first kernel of what is returned. Muon
    (`optax.contrib.muon`) reaches a third of the error of Adam in the same time.
    """
    inputs = Standard.of(lesson.inputs)
    values, logarithms = Standard.of(lesson.values), Standard.of(np.log(lesson.above_0))
    z = inputs.apply(lesson.inputs)
    # Not a matrix product, whose order of sums is another for another number of cores.
    covariance = np.einsum("in,jn->ij", z, z) / z.shape[1]
    whitening = np.linalg.inv(np.linalg.cholesky(covariance + _FLOOR * np.eye(len(z))))
    scored = _Scored(
        *(
            np.ascontiguousarray(rows.T, dtype=np.float32)
            for rows in (
                whitening @ z,
                values.apply(lesson.values),
                np.array(values.deviation)[:, None] / lesson.tolerances,
                logarithms.apply(np.log(lesson.above_0)),
            )
        )
    )
    layers = _train(scored, np.array(logarithms.deviation, np.float32), settings, np.random.default_rng(seed))
    kernels, biases = zip(*layers, strict=True)
    # jax multiplies from the left, convolutions have (out, in). What sees the inputs gets their whitening.
    first, *others, last = (kernel.T.astype(np.float64) for kernel in kernels)
    last[:, -len(z) :] = last[:, -len(z) :] @ whitening
    return Perceptron(
        kernels=tuple(kernel.astype(np.float32) for kernel in (first @ whitening, *others, last)),
        biases=biases,
        inputs=inputs,
        values=values,
        logarithms=logarithms,
        equations=equations,
    )


def _train(
    scored: _Scored, of_logarithms: npt.NDArray[np.float32], settings: Teaching, random: np.random.Generator
) -> list[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]]:
    """Kernels (in, out) and biases of the layers."""
    jax, optax = network.packages()
    n = len(scored.inputs)
    # In whole parts; of fewer spectra than one, some count twice.
    batch = min(settings.batch, math.ceil(n / PART) * PART)
    per_epoch = max(1, n // batch)
    steps = settings.epochs * per_epoch
    # Not longer than the whole, which of a few spectra is a few steps.
    rise = max(1, steps // 20)
    rate = optax.warmup_cosine_decay_schedule(
        0.0, settings.rate, rise, max(steps, rise + 1), 1e-3 * settings.rate
    )
    optimiser = optax.contrib.muon(rate)
    n_inputs, n_outputs = scored.inputs.shape[1], scored.values.shape[1] + scored.logarithms.shape[1]
    seen = (n_inputs, *settings.hidden[:-1], settings.hidden[-1] + n_inputs)
    layers = [
        (
            # He's deviation for ReLU.
            random.normal(0.0, np.sqrt(2.0 / fan_in), (fan_in, fan_out)).astype(np.float32),
            np.zeros(fan_out, np.float32),
        )
        for fan_in, fan_out in zip(seen, (*settings.hidden, n_outputs), strict=True)
    ]
    state = optimiser.init(layers)
    epoch = _epoch(jax, optax, optimiser, of_logarithms, settings.value_weight)
    for _ in range(settings.epochs):
        order = np.resize(random.permutation(n), (per_epoch, batch))
        # Waited for: jax would take in the spectra of all epochs while it computes the first.
        layers, state = jax.block_until_ready(
            epoch(layers, state, _Scored(*(rows[order] for rows in scored)))
        )
    return [(np.asarray(kernel), np.asarray(bias)) for kernel, bias in layers]


def _epoch(
    jax: Any, optax: Any, optimiser: Any, of_logarithms: npt.NDArray[np.float32], value_weight: float
) -> Callable[..., Any]:
    """The compiled pass through all batches, (batch, spectrum, ...)."""
    of_part = jax.grad(functools.partial(_loss, jax, of_logarithms, value_weight))
    of_parts = jax.vmap(of_part, in_axes=(None, 0))

    def gradient(layers: Any, batch: _Scored) -> Any:
        # Products over so few spectra are summed by one thread, and the parts in their order: the same bits
        # for any number of cores.
        parts = (rows.reshape(len(rows) // PART, PART, rows.shape[1]) for rows in batch)
        each = of_parts(layers, _Scored(*parts))
        return jax.tree.map(lambda of: functools.reduce(operator.add, of) / len(of), each)

    def step(carried: Any, batch: _Scored) -> tuple[Any, None]:
        layers, state = carried
        updates, state = optimiser.update(gradient(layers, batch), state, layers)
        return (optax.apply_updates(layers, updates), state), None

    def run(layers: Any, state: Any, batches: _Scored) -> Any:
        return jax.lax.scan(step, (layers, state), batches)[0]

    return jax.jit(run)  # type: ignore[no-any-return]  # jax is imported at run time


def _loss(jax: Any, of_logarithms: Any, value_weight: float, layers: Any, batch: _Scored) -> Any:
    np_ = jax.numpy
    ones = np_.ones((len(batch.inputs), 1), np_.float32)

    def dense(seen: list[Any], kernel: Any, bias: Any) -> Any:
        # The bias as a row of the kernel: its gradient is then a product, too, and not a sum over all spectra
        # that is another for another number of cores.
        return np_.concatenate([*seen, ones], axis=1) @ np_.concatenate([kernel, bias[None]])

    layer = batch.inputs
    *hidden, last = layers
    for kernel, bias in hidden:
        layer = jax.nn.relu(dense([layer], kernel, bias))
    scores = dense([layer, batch.inputs], *last)
    n_values = batch.values.shape[1]
    error = (scores[:, :n_values] - batch.values) * batch.per_tolerance
    # As a square while small, as a distance beyond a tolerance: spectra that occur once must not rule.
    of_values = (np_.sqrt(1.0 + error**2) - 1.0).sum() * 2.0 / max(n_values, 1)
    of_logs = ((scores[:, n_values:] - batch.logarithms) * of_logarithms) ** 2
    return (value_weight * of_values / len(layer)) + of_logs.mean()
