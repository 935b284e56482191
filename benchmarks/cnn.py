"""Inference of the five networks: ours against the plain Conv export, on one core, in one process.

    python -m benchmarks.cnn

Trains the networks on the shipped stations, writes both ONNX forms, and prints pixels per second, the share
of numpy's float32 matrix-product rate (4096 cubed, measured in turn with the networks), and the greatest
difference to the same float32 weights evaluated in double precision.
"""

import os

# One core for everything, set before numpy loads its BLAS.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import time
from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt
from onnxruntime import InferenceSession

from benchmarks._results import Row, report
from lunarcloud.archive.stations import shipped_stations
from lunarcloud.models import BATCH, predict, session
from lunarcloud.models.equation_fit import fit_equations
from lunarcloud.models.gather import gather
from lunarcloud.models.graph import Networks, plain_graph, product_graph
from lunarcloud.models.inputs import network_inputs
from lunarcloud.models.network import take
from lunarcloud.models.network_fit import fit_networks
from lunarcloud.models.training import TrainingSettings
from lunarcloud.testing.machine import machine

_PIXELS = 32 * 1024
_ROUNDS = 9
_PACKAGES = ("onnxruntime", "numpy")
_BATCHES = (256, 512, 1024, 2048, 4096)
# Multiplications and additions of one network for one pixel: conv, conv, dense, dense. Only what the
# paper's network computes is counted, not what a form computes besides.
_FLOPS = 2 * (5 * 32 * 2 + 4 * 32 * 64 + 64 * 64 + 64)


def main() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(f"machine: {machine()}; one core")
    networks, stations = trained()
    spectra = station_like(stations, _PIXELS)
    ours, plain = session(product_graph(networks, {})), session(plain_graph(networks))
    report_accuracy(networks, spectra, {"ours": predict(ours, spectra), "plain": predict(plain, spectra)})
    report_speed(spectra, len(networks.weights.output), ours, plain)
    report_batches(spectra, ours)


def report_accuracy(
    networks: Networks, spectra: npt.NDArray[np.float32], said: dict[str, npt.NDArray[np.float32]]
) -> None:
    """Differences to double precision over spectra like the stations'."""
    exact = in_double(networks, spectra)
    worst = {name: np.abs(oxides - exact).max(axis=0) for name, oxides in said.items()}
    rows = [
        {
            "form": name,
            **{f"{oxide}, wt%": f"{value:.1e}" for oxide, value in zip(networks.oxides, each, strict=True)},
        }
        for name, each in worst.items()
    ]
    report("greatest difference to double precision", rows, of=__file__, packages=_PACKAGES)


def report_speed(
    spectra: npt.NDArray[np.float32], n_networks: int, ours: InferenceSession, plain: InferenceSession
) -> None:
    """All three rates in turn, several times; the best of each, as each is slowed by whatever else runs."""
    left = np.random.default_rng(0).normal(size=(4096, 4096)).astype(np.float32)
    right = left.T.copy()
    best = {"matrix": np.inf, "ours": np.inf, "plain": np.inf}
    for _ in range(_ROUNDS):
        best["matrix"] = min(best["matrix"], seconds(lambda: left @ right))
        best["ours"] = min(best["ours"], seconds(lambda: predict(ours, spectra)))
        best["plain"] = min(best["plain"], seconds(lambda: predict(plain, spectra)))
    peak = 2 * 4096**3 / best["matrix"]
    rate = {name: len(spectra) / best[name] for name in ("ours", "plain")}
    share = {name: rate[name] * n_networks * _FLOPS / peak for name in rate}
    rows = [
        {
            "form": name,
            "kpixel/s": round(rate[name] / 1e3),
            "% of the rate of a matrix product": round(100 * share[name], 1),
            "times the plain Conv export": round(rate[name] / rate["plain"], 1),
        }
        for name in ("plain", "ours")
    ]
    note = f"Matrix product: numpy, float32, 4096 cubed: {peak / 1e9:.0f} GFLOP/s."
    report("five networks on one core", rows, of=__file__, packages=_PACKAGES, note=note)


def report_batches(spectra: npt.NDArray[np.float32], ours: InferenceSession) -> None:
    """Our rate by pixels a call."""
    rows: list[Row] = []
    for batch in _BATCHES:
        best = min(seconds(partial(predict, ours, spectra, batch=batch)) for _ in range(3))
        rows.append({"pixels a call": batch, "kpixel/s": round(len(spectra) / best / 1e3)})
    note = f"The product uses {BATCH}."
    report("by pixels a call", rows, of=__file__, packages=_PACKAGES, note=note)


def trained() -> tuple[Networks, npt.NDArray[np.float64]]:
    """The networks of the shipped stations, and their spectra (band, station)."""
    samples = gather(shipped_stations(), None, "table").samples
    fitted = fit_networks(samples, fit_equations(samples), seeds=(0,), mapped=1, settings=TrainingSettings())
    return fitted.networks, samples.reflectance


def station_like(stations: npt.NDArray[np.float64], number: int) -> npt.NDArray[np.float32]:
    """Spectra of the stations, brighter or darker by up to 30 % and each band by 1 %."""
    random = np.random.default_rng(1)
    chosen = stations.T[random.integers(0, stations.shape[1], number)]
    brightness = random.uniform(0.7, 1.3, (number, 1))
    return (chosen * brightness * random.normal(1.0, 0.01, chosen.shape)).astype(np.float32)


def in_double(networks: Networks, spectra: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """The same weights in double precision, numpy, position by position."""
    inputs = networks.inputs.apply(network_inputs(spectra.T, networks.equations)).T
    scores = []
    for number in range(len(networks.weights.output)):
        w = [np.asarray(array, np.float64) for array in take(networks.weights, number)]
        first = [np.maximum(inputs[:, p : p + 2] @ w[0].T + w[1], 0) for p in range(5)]
        second = [np.maximum(np.hstack(first[p : p + 2]) @ w[2].T + w[3], 0) for p in range(4)]
        pooled = np.hstack([np.maximum(second[0], second[1]), np.maximum(second[2], second[3])])
        scores.append((np.maximum(pooled @ w[4].T + w[5], 0) @ w[6].T + w[7])[:, 0])
    return networks.targets.undo(np.array(scores)).T


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
