"""One or two modes of a distribution over the Moon, and how sure they are.

The method. A map's neighbouring pixels are alike, so an area of A km2 is worth about A / 10 000 independent
samples (a patch of 100 km a side, `PATCH_KM2`), not its millions of pixels. The density is the histogram
smoothed by a Gaussian of Silverman's bandwidth for that many samples,
``h = 0.9 min(std, IQR / 1.34) n^(-1/5)``. Its peaks are modes if they stand out of their surroundings by at
least 2 % of the highest (`PROMINENCE`); of more than two the two most prominent stay. Confidence is the share
of 200 resamples of n patches, drawn from the histogram and smoothed the same, that show as many modes.
"""

import math
from typing import NamedTuple

import numpy as np

from lunarcloud.moon import FloatArray
from lunarcloud.statistics.source import Coding
from lunarcloud.statistics.tallies import Sums

#: Area that counts as one independent sample, km2.
PATCH_KM2 = 10_000.0
#: Least prominence of a mode, as part of the highest peak.
PROMINENCE = 0.02

# Confidence is a share of these, so it is known to 0.04 or better; one seed makes it the same each time.
_RESAMPLES = 200
_SEED = 20251
# Grid on which densities are smoothed: several points a bandwidth.
_POINTS = 512


class Modes(NamedTuple):
    """Modes of a map over a unit.

    Attributes
    ----------
    values : tuple of float
        One or two, ascending, in the map's units; none for an empty unit.
    confidence : float
        How sure their number is, 0..1.
    """

    values: tuple[float, ...]
    confidence: float


def modes(sums: Sums, coding: Coding) -> Modes:
    """The modes of a map over a unit, from its histogram and area.

    Returns
    -------
    Modes
        No values for an empty histogram; one, with confidence 1, for a constant.
    """
    if not sums.count:
        return Modes((), float("nan"))
    # A single sample has no spread; two is the least that a bandwidth means anything for.
    n = max(2, round(sums.area_km2 / PATCH_KM2))
    centres, share = _coarse(sums)
    bandwidth = _bandwidth(centres, share, n)
    if not bandwidth:
        return Modes((float(coding.values(centres[np.argmax(share)])),), 1.0)
    # In steps of the coarse grid, which is what the filter counts in.
    width = bandwidth / (centres[1] - centres[0])
    found = _peaks(_smooth(share[None, :], width))[0]
    draws = np.random.default_rng(_SEED).multinomial(n, share, size=_RESAMPLES) / n
    alike = [len(again) == len(found) for again in _peaks(_smooth(draws, width))]
    return Modes(tuple(float(coding.values(centres[peak])) for peak in found), float(np.mean(alike)))


def _coarse(sums: Sums) -> tuple[FloatArray, FloatArray]:
    """The histogram on at most 512 points, with room on both sides for the smoothed tails."""
    used = np.flatnonzero(sums.histogram)
    low, high = int(used[0]), int(used[-1])
    step = max(1, math.ceil((high - low + 1) / _POINTS))
    weights = sums.histogram[used].astype(np.float64)
    # A quarter of the points empty on both sides: a peak at the end needs ground beside it to stand out of.
    share = np.pad(np.bincount((used - low) // step, weights) / weights.sum(), _POINTS // 4)
    places = np.arange(share.size) - _POINTS // 4
    # A point stands for `step` codes from its first on; their mean is (step - 1) / 2 beyond it.
    centres = sums.first + low + places * step + (step - 1) / 2.0
    return np.asarray(centres, dtype=np.float64), np.asarray(share, dtype=np.float64)


def _bandwidth(centres: FloatArray, share: FloatArray, n: int) -> float:
    mean = np.average(centres, weights=share)
    deviation = math.sqrt(np.average((centres - mean) ** 2, weights=share))
    # 1.34 deviations of a normal distribution lie between its quartiles. A map with half its area at one
    # value has none between them: then the deviation alone.
    low, high = np.searchsorted(np.cumsum(share), [0.25, 0.75])
    spread = (centres[high] - centres[low]) / 1.34
    return float(0.9 * (min(deviation, spread) or deviation) * n**-0.2)


def _smooth(shares: FloatArray, width: float) -> FloatArray:
    # Slow to import, here and below, and a command that finds everything done does not need it.
    from scipy.ndimage import gaussian_filter1d

    # Half a step at least: a narrower Gaussian is a single point and would let all noise of counting pass.
    return np.asarray(gaussian_filter1d(shares, max(width, 0.5), axis=1, mode="constant"))


def _peaks(densities: FloatArray) -> list[list[int]]:
    """In each row, the places of at most two peaks that stand out enough, ascending."""
    from scipy.signal import find_peaks

    found = []
    for density in densities:
        peaks, about = find_peaks(density, prominence=PROMINENCE * density.max())
        best = np.argsort(about["prominences"])[-2:]
        found.append(sorted(int(peak) for peak in peaks[best]))
    return found
