"""The equations: mapping rate on one core, and the origin searches against a loop over origins.

    python -m benchmarks.equations

The peers fit one origin after the other, as one would write it first: ``scipy.stats.linregress`` for iron,
``scipy.optimize.curve_fit`` on wt% for titanium. They fit a sample of the origins that count; their time is
scaled to all of these.
"""

import os

# One core for everything, set before numpy loads its BLAS.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import OptimizeWarning, curve_fit
from scipy.stats import linregress

from benchmarks._results import Row, report
from lunarcloud.archive.stations import shipped_stations
from lunarcloud.models import QIU2025, equation_maps, novelty_of
from lunarcloud.models.gather import gather
from lunarcloud.models.inputs import network_inputs
from lunarcloud.models.novelty import fit_novelty
from lunarcloud.models.origins import Search, search_iron, search_titanium
from lunarcloud.models.samples import Samples
from lunarcloud.testing.machine import machine

_BLOCK = 16384
_SAMPLE = 200
_ROUNDS = 5


def main() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(f"machine: {machine()}; one core")
    samples = gather(shipped_stations(), None, "table").samples
    report_rates(samples)
    r415, r750, _, r950, _ = samples.reflectance
    feo, tio2 = samples.oxide("feo"), samples.oxide("tio2")
    rows = [
        searched(
            "iron", lambda: search_iron(r750, r950, feo), lambda x0, y0: line_r2(r950, r750, feo, x0, y0)
        ),
        searched(
            "titanium",
            lambda: search_titanium(r415, r750, tio2),
            lambda x0, y0: power_r2(r415, r750, tio2, x0, y0),
        ),
    ]
    report("origin searches", rows, of=__file__, packages=("numpy", "scipy"))


def report_rates(samples: Samples) -> None:
    """Pixels per second of all three equations, and of the novelty."""
    spectra = np.resize(samples.reflectance.T, (_BLOCK, 5)).T.astype(np.float32, order="C")
    maturity = equation_maps(spectra, QIU2025).omat
    parameters = fit_novelty(network_inputs(samples.reflectance, QIU2025))
    rows = []
    for name, action in (
        ("FeO, TiO2 and OMAT", lambda: equation_maps(spectra, QIU2025)),
        ("novelty", lambda: novelty_of(spectra, maturity, parameters)),
    ):
        best = min(seconds(action) for _ in range(200))
        rows.append({"maps": name, "Mpixel/s": round(_BLOCK / best / 1e6)})
    report("equations over pixels, one core", rows, of=__file__, packages=("numpy",))


def searched(name: str, search: Callable[[], Search[Any]], peer: Callable[[float, float], float]) -> Row:
    """Both searches of one oxide."""
    found = search()
    ours = min(seconds(search) for _ in range(_ROUNDS))
    counting = np.argwhere(np.isfinite(found.surface))
    chosen = counting[np.linspace(0, len(counting) - 1, _SAMPLE).astype(int)]
    start = time.perf_counter()
    theirs = np.array([peer(found.x0[i], found.y0[j]) for i, j in chosen])
    each = (time.perf_counter() - start) / _SAMPLE
    difference = np.nanmax(np.abs(theirs - found.surface[tuple(chosen.T)]))
    return {
        "oxide": name,
        "origins": found.surface.size,
        "of which count": len(counting),
        "seconds": round(ours, 3),
        "loop, seconds": round(each * len(counting)),
        "times as fast": round(each * len(counting) / ours),
        "greatest difference of R2": f"{difference:.1e}",
    }


def line_r2(r950: np.ndarray, r750: np.ndarray, feo: np.ndarray, x0: float, y0: float) -> float:
    return float(linregress(-np.arctan((r950 / r750 - y0) / (r750 - x0)), feo).rvalue ** 2)


def power_r2(r415: np.ndarray, r750: np.ndarray, tio2: np.ndarray, x0: float, y0: float) -> float:
    """True least squares, from the logarithmic fit; NaN where it does not converge."""
    theta = np.arctan((r415 / r750 - y0) / (r750 - x0))
    first = np.polyfit(np.log(theta), np.log(tio2), 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OptimizeWarning)
        try:
            best, _ = curve_fit(lambda t, a, b: a * t**b, theta, tio2, p0=(np.exp(first[1]), first[0]))
        except RuntimeError:
            return np.nan
    residual = ((best[0] * theta ** best[1] - tio2) ** 2).sum()
    return float(1 - residual / ((tio2 - tio2.mean()) ** 2).sum())


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
