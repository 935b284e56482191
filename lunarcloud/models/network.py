"""The paper's convolutional network: its weights, initial values and forward pass.

Qiu, Yan & Liu (2025, doi 10.1038/s43247-025-02914-w): Conv1D 32 filters k=2 ReLU, the same again,
MaxPool1D 2, Dense 64 ReLU, Dense 1, on the reflectances of a spectrum and its OMAT.
"""

import functools
import math
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lunarcloud.errors import InputError, MissingPackageError

FILTERS = 32
HIDDEN = 64
KERNEL = 2
POOL = 2
#: Fewest inputs that leave one position after two convolutions and the pooling: without padding each
#: convolution takes ``KERNEL - 1`` positions away.
LEAST_INPUTS = 2 * (KERNEL - 1) + POOL


class Weights(NamedTuple):
    """Weights of one network, or of many along a first axis; float32 arrays (numpy or jax).

    Kernels are (out, in); the ``in`` of conv2 runs over (position, filter) of its window, the ``in`` of
    dense over (pooled position, filter).
    """

    conv1: Any  #: (32, 2)
    conv1_bias: Any  #: (32,)
    conv2: Any  #: (32, 64)
    conv2_bias: Any  #: (32,)
    dense: Any  #: (64, pooled positions x 32)
    dense_bias: Any  #: (64,)
    output: Any  #: (1, 64)
    output_bias: Any  #: (1,)

    @property
    def kernels(self) -> tuple[Any, ...]:
        """What the L2 penalty acts on."""
        return self.conv1, self.conv2, self.dense, self.output


@functools.cache
def packages() -> tuple[ModuleType, ModuleType]:
    """The modules jax and optax, imported only where networks are trained.

    Raises
    ------
    MissingPackageError
        If they are not installed.
    """
    try:
        import jax
        import optax
    except ImportError as error:
        raise MissingPackageError(
            f"training networks needs the package {error.name}: install 'lunarcloud[fit]' "
            "(jax and optax), or fit with --equations-only"
        ) from error
    return jax, optax


def pooled_positions(n_inputs: int) -> int:
    """Positions left after both convolutions and the pooling (2 for the paper's six inputs).

    Raises
    ------
    InputError
        For fewer inputs than the architecture needs.
    """
    if n_inputs < LEAST_INPUTS:
        raise InputError(
            f"{n_inputs} inputs (bands and OMAT) are too few for the network: it needs {LEAST_INPUTS}"
        )
    return (n_inputs - 2 * (KERNEL - 1)) // POOL


def initial_weights(n_inputs: int, *, seed: int, network: int) -> Weights:
    """Glorot-uniform kernels and zero biases, the default of the paper's framework.

    Parameters
    ----------
    n_inputs : int
        Bands plus one for OMAT.
    seed, network : int
        Together they seed the generator, 0 or above; no two networks of a seed start alike.

    Returns
    -------
    Weights
        Float32 arrays of one network.

    Raises
    ------
    InputError
        For fewer inputs than the architecture needs.
    """
    random = np.random.default_rng([seed, network])

    def glorot(n_out: int, n_in: int, fan_in: int, fan_out: int) -> npt.NDArray[np.float32]:
        limit = math.sqrt(6.0 / (fan_in + fan_out))
        return random.uniform(-limit, limit, (n_out, n_in)).astype(np.float32)

    flat = pooled_positions(n_inputs) * FILTERS
    # Kernels draw from one generator in this order, which is therefore part of every model. The fans of a
    # convolution count its channels times its window.
    return Weights(
        conv1=glorot(FILTERS, KERNEL, KERNEL, KERNEL * FILTERS),
        conv1_bias=np.zeros(FILTERS, np.float32),
        conv2=glorot(FILTERS, KERNEL * FILTERS, KERNEL * FILTERS, KERNEL * FILTERS),
        conv2_bias=np.zeros(FILTERS, np.float32),
        dense=glorot(HIDDEN, flat, flat, HIDDEN),
        dense_bias=np.zeros(HIDDEN, np.float32),
        output=glorot(1, HIDDEN, HIDDEN, 1),
        output_bias=np.zeros(1, np.float32),
    )


def stack(weights: list[Weights]) -> Weights:
    """The weights of many networks along a new first axis."""
    return Weights(*(np.stack(arrays) for arrays in zip(*weights, strict=True)))


def take(weights: Weights, index: Any) -> Weights:
    """One network (an integer) or some (a slice) out of many."""
    return Weights(*(np.asarray(array)[index] for array in weights))


def forward(weights: Weights, inputs: Any) -> Any:
    """The network's answer in jax: ``inputs`` (n, length) standardised -> (n,) standardised.

    Positions come first, then spectra, then filters, so that windows and pooling are contiguous and each
    layer is one matrix product.
    """
    jax, _ = packages()
    np_, relu = jax.numpy, jax.nn.relu
    by_position = inputs.T[:, :, None]
    # Of one channel a window is two numbers: two shifted products, and no windows to gather.
    first = relu(
        by_position[:-1] * weights.conv1[:, 0] + by_position[1:] * weights.conv1[:, 1] + weights.conv1_bias
    )
    # A window is (position, filter), the order of conv2's kernel.
    windows = np_.concatenate([first[:-1], first[1:]], axis=-1).reshape(-1, KERNEL * FILTERS)
    second = (windows @ weights.conv2.T).reshape(len(first) - 1, len(inputs), FILTERS)
    # As pooling without padding: an odd position at the end is dropped.
    pairs = len(second) // POOL * POOL
    left, right = second[0:pairs:POOL], second[1:pairs:POOL]
    # ReLU and the bias commute with the maximum, so both act on half as many values after it. Not
    # `maximum`, whose gradient is shared among equals: pooling gives the whole of it to one.
    pooled = relu(np_.where(left > right, left, right) + weights.conv2_bias)
    hidden = relu(np_.concatenate(list(pooled), axis=-1) @ weights.dense.T + weights.dense_bias)
    return (hidden @ weights.output.T + weights.output_bias)[:, 0]
