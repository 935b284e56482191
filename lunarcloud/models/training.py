"""Training of many small networks at once: one jax program, vmapped over oxides, folds and seeds."""

import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

from lunarcloud.models import network
from lunarcloud.models.network import Weights

Float32: TypeAlias = npt.NDArray[np.float32]

# Networks trained side by side in one call: their weights, gradients and moments (under 1 MB) stay in a
# core's cache, and the calls spread over the cores.
_BLOCK = 6
#: Spectra whose gradients are one product where a student is taught.
PART = 128


class TrainingSettings(BaseModel):
    """How networks are trained; the defaults are the paper's (full batch: 49 samples, batch of 50).

    Attributes
    ----------
    learning_rate : float
        Adam's, above 0.
    epochs : int
        At most so many steps.
    patience : int
        Epochs without a lower loss after which a network stops.
    l2 : float
        Penalty on the squares of all kernels; biases are free.
    adam_epsilon : float
        What keeps Adam's division from 0.
    """

    # Frozen, and so hashable: one program is compiled and kept for each set of values.
    model_config = ConfigDict(frozen=True, extra="forbid")

    learning_rate: PositiveFloat = 0.01
    epochs: PositiveInt = 400
    patience: PositiveInt = 30
    l2: float = 0.001
    # Of Keras; optax's own default is 1e-8.
    adam_epsilon: PositiveFloat = 1e-7


class Teaching(BaseModel):
    """How a perceptron is taught.

    Attributes
    ----------
    hidden : tuple of int
        Units of its hidden layers.
    epochs, batch : int
        Passes through the spectra, and spectra a step: a multiple of `PART`.
    rate : float
        Muon's learning rate at its greatest; it rises over the first twentieth of the steps and ends near 0
        along a cosine.
    value_weight : float
        How much an error of a value counts beside one of a logarithm.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    hidden: tuple[PositiveInt, ...]
    epochs: PositiveInt = 40
    batch: Annotated[int, Field(ge=PART, multiple_of=PART)] = 1024
    rate: PositiveFloat = 0.01
    value_weight: PositiveFloat = 3.0


class Examples(NamedTuple):
    """What m networks are trained on: standardised inputs and targets of s stations each."""

    inputs: Float32  #: (m, s, length)
    targets: Float32  #: (m, s); any finite value where the weight is 0
    weights: Float32  #: (m, s); 1 for a station trained on, 0 for one left out or unknown


class Trained(NamedTuple):
    """The best weights of m networks, and the loss before each epoch (NaN after the last)."""

    weights: Weights
    losses: Float32  #: (m, epochs)


def train(start: Weights, examples: Examples, settings: TrainingSettings) -> Trained:
    """Train m networks with Adam until each has stopped early; the weights of the lowest loss are kept.

    Parameters
    ----------
    start : Weights
        Initial weights of m networks along the first axis.
    examples : Examples
        Stations and targets of each.
    settings : TrainingSettings
        Rate, epochs, patience, penalty.

    Returns
    -------
    Trained
        In the order of ``start``.

    Raises
    ------
    MissingPackageError
        If jax or optax is not installed.

    Notes
    -----
    The result of a network does not depend on the others trained with it, nor on the number of cores:
    blocks have one fixed size (the last is filled up with repetitions).
    """
    m = len(examples.inputs)
    program = _program(settings)
    blocks = [np.minimum(np.arange(first, first + _BLOCK), m - 1) for first in range(0, m, _BLOCK)]

    def train_block(block: npt.NDArray[np.int64]) -> Trained:
        rows = Examples(*(array[block] for array in examples))
        weights, losses = program(network.take(start, block), rows)
        return Trained(Weights(*map(np.asarray, weights)), np.asarray(losses))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(train_block, blocks))
    weights = Weights(
        *(np.concatenate(arrays)[:m] for arrays in zip(*(r.weights for r in results), strict=True))
    )
    return Trained(weights, np.concatenate([r.losses for r in results])[:m])


def loss(weights: Weights, inputs: Any, targets: Any, station_weights: Any, l2: float) -> Any:
    """Mean squared error over the stations of weight 1 plus the L2 penalty on all kernels.

    Parameters
    ----------
    weights : Weights
        Of one network.
    inputs : array, shape (s, length)
        Standardised inputs of s stations.
    targets : array, shape (s,)
        Standardised wt%; finite also where the weight is 0.
    station_weights : array, shape (s,)
        1 for a station trained on, 0 for another; at least one is 1.
    l2 : float
        Factor of the penalty.

    Returns
    -------
    jax scalar
        ``sum(w (f(x) - y)^2) / sum(w) + l2 sum(kernel^2)``.
    """
    # Left-out stations are weighted away and not cut out: folds keep one shape, so one program trains all.
    squared = station_weights * (network.forward(weights, inputs) - targets) ** 2
    penalty = sum((kernel**2).sum() for kernel in weights.kernels)
    return squared.sum() / station_weights.sum() + l2 * penalty


@functools.cache
def _program(settings: TrainingSettings) -> Callable[[Weights, Examples], tuple[Weights, Any]]:
    """The compiled training of one block of networks."""
    jax, optax = network.packages()
    np_ = jax.numpy
    adam = optax.adam(settings.learning_rate, eps=settings.adam_epsilon)
    gradient = jax.vmap(jax.value_and_grad(loss), in_axes=(0, 0, 0, 0, None))

    def unfinished(state: dict[str, Any]) -> Any:
        return (state["epoch"] < settings.epochs) & (state["waited"] < settings.patience).any()

    def step(state: dict[str, Any], examples: Examples) -> dict[str, Any]:
        # The loss is of the weights before the step, so it is those that are kept when it is the lowest.
        losses, gradients = gradient(state["weights"], *examples, settings.l2)
        # A network that has stopped goes on with its block, but its best weights stay as they are. A NaN is
        # never lower: a network that diverges stops with the last good ones.
        stopped = state["waited"] >= settings.patience
        better = (losses < state["lowest"]) & ~stopped
        updates, moments = adam.update(gradients, state["moments"])
        return {
            "epoch": state["epoch"] + 1,
            "weights": optax.apply_updates(state["weights"], updates),
            "moments": moments,
            "lowest": np_.where(better, losses, state["lowest"]),
            # (m,) against (m, out, in) or (m, out): ones are appended so that networks choose, not rows.
            "best": jax.tree.map(
                lambda new, old: np_.where(better.reshape(-1, *(1,) * (new.ndim - 1)), new, old),
                state["weights"],
                state["best"],
            ),
            # Of a stopped network pinned to the patience: whatever its loss does, it never starts again.
            "waited": np_.where(better, 0, state["waited"] + 1) * ~stopped + settings.patience * stopped,
            "losses": state["losses"].at[:, state["epoch"]].set(np_.where(stopped, np_.nan, losses)),
        }

    def run(start: Weights, examples: Examples) -> tuple[Weights, Any]:
        m = len(examples.inputs)
        state = {
            "epoch": 0,
            "weights": start,
            "moments": adam.init(start),
            "lowest": np_.full(m, np_.inf),
            "best": start,
            "waited": np_.zeros(m, int),
            "losses": np_.full((m, settings.epochs), np_.nan),
        }
        state = jax.lax.while_loop(unfinished, lambda state: step(state, examples), state)
        return state["best"], state["losses"]

    return jax.jit(run)  # type: ignore[no-any-return]  # jax is imported at run time


def predict(weights: Weights, inputs: Float32) -> Float32:
    """Standardised answers (m, n) of m networks to their own inputs (m, n, length)."""
    return np.asarray(_predictor()(weights, inputs))


@functools.cache
def _predictor() -> Callable[[Weights, Float32], Any]:
    jax, _ = network.packages()
    return jax.jit(jax.vmap(network.forward))  # type: ignore[no-any-return]  # jax is imported at run time
