"""Zonal statistics of one map: our exact tallies against flox, same array, same labels, one core.

Both give, by unit, the area-weighted count, mean, standard deviation and histogram. flox needs four grouped
reductions for that; ours is one pass.
"""

import time
from collections.abc import Callable

import numpy as np
from flox import groupby_reduce

from benchmarks._results import report
from lunarcloud.moon import Shard, grid
from lunarcloud.statistics.moments import moments
from lunarcloud.statistics.source import Coding
from lunarcloud.statistics.tallies import row_parts, tally_pixels
from lunarcloud.statistics.units import labelled, maria, named_region, near_units, whole_moon
from lunarcloud.testing.machine import machine

# A shard of the full-resolution grid with a border of Mare Tranquillitatis in it.
GRID = grid(304)
SHARD = Shard(12, 29)
WHOLE_MOON_PIXELS = 109_440 * 54_720
REPEATS = 5
# Bins of the histogram for flox, in bits of a code; ours keeps every code.
BIN_BITS = 6
FEO = Coding("feo", 0.001, 0.0, "wt%", "FeO")


def best_rate(function: Callable[[], object], pixels: int) -> float:
    """Mpixel/s of the fastest of some repeats, after one to warm up."""
    function()
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return pixels / min(seconds) / 1e6


def flox_statistics(
    values: np.ndarray, codes: np.ndarray, labels: np.ndarray, weights: np.ndarray, n: int
) -> list[np.ndarray]:
    """The same answers from flox: weighted count, sum, sum of squares and histogram by label."""
    groups = np.arange(n)
    valid = np.where(np.isnan(values), 0.0, weights)
    sums = [
        groupby_reduce(part, labels, func="nansum", expected_groups=groups)[0]
        for part in (valid, values * weights, values * values * weights)
    ]
    bins = np.arange(65_536 >> BIN_BITS)
    histogram, *_ = groupby_reduce(
        valid, labels, codes >> BIN_BITS, func="nansum", expected_groups=(groups, bins)
    )
    return [*sums, histogram]


def main() -> None:
    """Print both rates, their ratio, that the answers agree, and the cost of the whole Moon."""
    rng = np.random.default_rng(0)
    window = GRID.window(SHARD)
    units = [whole_moon(), *maria(), named_region("Mare Tranquillitatis")]
    near = dict(near_units(GRID, units))[SHARD]
    labels, members = labelled(near, GRID, window)
    codes = np.rint(1000 * np.where(labels == 0, 5.0, 17.0) + rng.normal(0, 1500, window.shape))
    codes = np.clip(codes, 0, 65_534).astype(np.uint16)
    codes[rng.random(window.shape) < 0.01] = 65_535
    parts = row_parts(GRID, window)
    values = np.where(codes == 65_535, np.nan, codes * FEO.scale).ravel()
    weights = np.broadcast_to(parts[:, None].astype(np.float64), window.shape).ravel()
    flat = labels.ravel()

    ours = best_rate(lambda: tally_pixels(codes, labels, len(members), parts), codes.size)
    theirs = best_rate(
        lambda: flox_statistics(values, codes.ravel(), flat, weights, len(members)), codes.size
    )
    labelling = best_rate(lambda: labelled(near, GRID, window), codes.size)
    tallies = tally_pixels(codes, labels, len(members), parts)
    count, total, *_ = flox_statistics(values, codes.ravel(), flat, weights, len(members))
    for label, sums in enumerate(tallies):
        np.testing.assert_allclose(moments(sums, FEO).mean, total[label] / count[label], rtol=1e-9)

    print(f"machine: {machine()}; one core used")
    rates = {"lunarcloud": ours, "flox": theirs, "labels of 4 units, once for all maps": labelling}
    rows = [
        {
            "what": name,
            "Mpixel/s": round(rate, 1),
            "whole Moon, s": round(WHOLE_MOON_PIXELS / rate / 1e6),
            "times flox": round(rate / theirs, 1),
        }
        for name, rate in rates.items()
    ]
    note = f"{window.shape[0]} x {window.shape[1]} codes of 16 bits, {len(members)} labels; no decoding."
    report(
        "moments and histogram by unit, one core", rows, of=__file__, packages=("flox", "numpy"), note=note
    )


if __name__ == "__main__":
    main()
