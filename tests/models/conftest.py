"""Samples and fitted models that the tests of this room share."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from lunarcloud.archive.stations import StationTable, parse_stations, shipped_stations
from lunarcloud.models.equations import QIU2025
from lunarcloud.models.gather import gather
from lunarcloud.models.graph import Networks
from lunarcloud.models.inputs import Standard, network_inputs
from lunarcloud.models.network import Weights, initial_weights, stack, take
from lunarcloud.models.samples import Samples
from lunarcloud.synthetic import station_table

Array = npt.NDArray[np.float64]


@pytest.fixture(scope="session")
def stations() -> Samples:
    """The 47 shipped stations with reflectance."""
    return gather(shipped_stations(), None, "table").samples


@pytest.fixture(scope="session")
def synthetic_table() -> StationTable:
    """Stations of the synthetic Moon, free of noise."""
    return parse_stations(station_table(24, seed=3).to_csv(index=False), "synthetic")


@pytest.fixture(scope="session")
def networks(stations: Samples) -> Networks:
    """Two networks for each of two oxides, untrained, with biases that are not 0."""
    random = np.random.default_rng(5)
    many = stack([initial_weights(6, seed=seed, network=oxide) for oxide in (0, 1) for seed in (0, 1)])
    weights = Weights(*(array + random.normal(0, 0.05, array.shape).astype(np.float32) for array in many))
    return Networks(
        oxides=("feo", "tio2"),
        weights=weights,
        inputs=Standard.of(network_inputs(stations.reflectance, QIU2025)),
        targets=Standard(mean=(11.8, 3.4), deviation=(4.6, 2.8)),
        equations=QIU2025,
    )


@pytest.fixture(scope="session")
def loop_forward() -> Callable[[Weights, Array], Array]:
    """The paper's network written as loops over positions, in double precision, from its description."""

    def forward(weights: Weights, inputs: Array) -> Array:
        w = Weights(*(np.asarray(array, dtype=np.float64) for array in weights))
        answers = []
        for spectrum in np.asarray(inputs, dtype=np.float64):
            first = _convolve(spectrum[:, None], w.conv1[:, :, None], w.conv1_bias)
            second = _convolve(first, w.conv2.reshape(32, 2, 32), w.conv2_bias)
            pooled = [np.maximum(second[i], second[i + 1]) for i in range(0, len(second) - 1, 2)]
            hidden = np.maximum(w.dense @ np.concatenate(pooled) + w.dense_bias, 0.0)
            answers.append((w.output @ hidden + w.output_bias)[0])
        return np.array(answers)

    def _convolve(signal: Array, kernels: Array, bias: Array) -> Array:
        out = np.zeros((len(signal) - 1, len(kernels)))
        for position in range(len(signal) - 1):
            for number, kernel in enumerate(kernels):
                window = signal[position : position + 2]
                out[position, number] = max((window * kernel).sum() + bias[number], 0.0)
        return out

    return forward


@pytest.fixture(scope="session")
def loop_oxides(loop_forward: Callable[[Weights, Array], Array]) -> Callable[[Networks, Array], Array]:
    """The oxides of some spectra (n, band) by the loops: OMAT, z-scores, wt% (n, seed x oxide)."""

    def predicted(networks: Networks, spectra: Array) -> Array:
        r750, r950 = spectra[:, 1].astype(np.float64), spectra[:, 3].astype(np.float64)
        iron = networks.equations.iron
        assert iron
        omat = np.sqrt((r750 - iron.x0) ** 2 + (r950 / r750 - iron.y0) ** 2)
        inputs = np.column_stack([spectra.astype(np.float64), omat])
        scores = (inputs - networks.inputs.mean) / networks.inputs.deviation
        each = [loop_forward(take(networks.weights, i), scores) for i in range(len(networks.weights.output))]
        by_seed = np.array(each).reshape(len(networks.oxides), networks.seeds, -1).T
        oxides: Array = by_seed * networks.targets.deviation + networks.targets.mean
        return oxides.reshape(len(spectra), -1)

    return predicted
