"""The one pass over pixels: exact histograms of integer codes by unit, weighted by area.

Maps are stored as integer codes, and every weight here is an integer, so all sums are exact: the result is
the same to the bit for any cutting into shards, any number of workers and any order. Means, deviations,
quantiles and modes all follow from the histograms (`lunarcloud.statistics.moments`).
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from lunarcloud.moon import SPHERE_KM2, FloatArray, Grid, IntArray, Window
from lunarcloud.statistics import cells

#: The sphere in area parts. Any part of it is then an integer that float64 holds exactly.
SPHERE_PARTS = 2**53
#: One area part, km2 (about 42 cm2).
PART_KM2 = SPHERE_KM2 / SPHERE_PARTS

# Pixels handled at once: keys, weights and the histogram stay in the processor's cache.
_BLOCK = 1 << 17

Codes: TypeAlias = npt.NDArray[np.unsignedinteger[Any]]
Labels: TypeAlias = npt.NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True, slots=True)
class Sums:
    """What was counted of one map over one unit; sums of disjoint parts add up exactly.

    Attributes
    ----------
    count : int
        Valid pixels or cells.
    area : int
        Their area in parts (`PART_KM2`).
    first : int
        Code of the first place of the histogram.
    histogram : (code,) array
        Weight of each code: area parts of pixels, or number of cells.
    """

    count: int
    area: int
    first: int
    histogram: IntArray

    @property
    def area_km2(self) -> float:
        """Area of the valid pixels or cells, km2."""
        return self.area * PART_KM2

    def __add__(self, other: "Sums") -> "Sums":
        # Histograms are as long as their codes' range; the sum's covers both, each from its own first code.
        first = min(self.first, other.first)
        stop = max(part.first + part.histogram.size for part in (self, other))
        histogram = np.zeros(stop - first, dtype=np.int64)
        for part in (self, other):
            histogram[part.first - first : part.first - first + part.histogram.size] += part.histogram
        return Sums(self.count + other.count, self.area + other.area, first, histogram)


#: Sums by label, in the order of the labels.
Tally: TypeAlias = tuple[Sums, ...]


def row_parts(grid: Grid, window: Window) -> IntArray:
    """Area of one pixel of each row of a window, in parts."""
    return _parts(grid.pixel_area_m2(window) / 1e6)


def cell_parts(band: IntArray) -> IntArray:
    """Area of one cell of each of these bands, in parts."""
    return _parts(cells.cell_km2())[band]


def _parts(km2: FloatArray) -> IntArray:
    return np.rint(km2 / PART_KM2).astype(np.int64)


def tally_pixels(codes: Codes, labels: Labels, n_labels: int, parts: IntArray) -> Tally:
    """Count every pixel of a window, weighted by its exact area.

    Parameters
    ----------
    codes : (row, col) array of unsigned integers
        The map; its type's largest number stands for missing.
    labels : (row, col) array of unsigned integers
        Label of each pixel, below ``n_labels``.
    n_labels : int
        Number of labels.
    parts : (row,) array of int
        Area of a pixel of each row, in parts, as `row_parts` gives it.

    Returns
    -------
    Tally
        By label; the histograms are of area parts.
    """
    first, span = _code_range(codes)
    sums = np.zeros(n_labels * span)
    count = np.zeros(n_labels, dtype=np.int64)
    rows, cols = max(1, _BLOCK // codes.shape[1]), codes.shape[1]
    for top in range(0, codes.shape[0], rows):
        block = slice(top, top + rows)
        keys = _keys(codes[block], labels[block], first, span)
        weights = np.repeat(parts[block].astype(np.float64), cols)
        # Integers below 2^53, so float64 adds them exactly.
        sums += np.bincount(keys.ravel(), weights, minlength=sums.size)
        count += _count_valid(codes[block], labels[block], n_labels)
    # The last column holds the missing pixels, which are counted because leaving them out costs more.
    histogram = sums.astype(np.int64).reshape(n_labels, span)[:, :-1]
    return _tally(count, histogram.sum(axis=1), first, histogram)


def tally_cells(codes: Codes, labels: Labels, n_labels: int, parts: IntArray) -> Tally:
    """Count cells, each as one.

    Parameters
    ----------
    codes : (cell,) array of unsigned integers
        The map at the cells; its type's largest number stands for missing.
    labels : (cell,) array of unsigned integers
        Label of each cell, below ``n_labels``.
    n_labels : int
        Number of labels.
    parts : (cell,) array of int
        Area of each cell, in parts, as `cell_parts` gives it.

    Returns
    -------
    Tally
        By label; the histograms are of numbers of cells.
    """
    first, span = _code_range(codes)
    counted = np.bincount(_keys(codes, labels, first, span), minlength=n_labels * span)
    histogram = counted.reshape(n_labels, span)[:, :-1]
    valid = codes != _missing(codes)
    area = np.bincount(labels[valid], parts[valid].astype(np.float64), minlength=n_labels)
    return _tally(histogram.sum(axis=1), area.astype(np.int64), first, histogram)


def _tally(count: IntArray, area: IntArray, first: int, histogram: IntArray) -> Tally:
    return tuple(
        Sums(int(number), int(parts), *_filled(first, weights))
        for number, parts, weights in zip(count, area, histogram, strict=True)
    )


def _filled(first: int, histogram: IntArray) -> tuple[int, IntArray]:
    """A histogram from its first code that occurs to its last, which may be few of those of all labels."""
    used = np.flatnonzero(histogram)
    if not used.size:
        return first, histogram[:0].copy()
    # Copied, since a part of an array holds all of it.
    return first + int(used[0]), histogram[used[0] : used[-1] + 1].copy()


def _missing(codes: Codes) -> int:
    return int(np.iinfo(codes.dtype).max)


def _code_range(codes: Codes) -> tuple[int, int]:
    """Lowest valid code, and the number of codes up to the highest plus one for missing pixels."""
    if not codes.size:
        return 0, 1
    low = int(codes.min())
    # Adding one wraps the missing code round to zero, so that the highest valid code is left.
    high = int((codes + codes.dtype.type(1)).max()) - 1
    return (low, high - low + 2) if low <= high else (0, 1)


def _keys(codes: Codes, labels: Labels, first: int, span: int) -> IntArray:
    """Place of each pixel in the flattened (label, code) histogram, missing ones in the last column."""
    # label * span + (code - first), in place: one temporary. The minimum brings the missing code, far above
    # the highest valid one, down to the last column.
    keys = labels.astype(np.int64)
    keys *= span
    keys += np.minimum(codes, codes.dtype.type(first + span - 1))
    keys -= first
    return keys


def _count_valid(codes: Codes, labels: Labels, n_labels: int) -> IntArray:
    valid = codes != _missing(codes)
    return np.array([np.count_nonzero(valid & (labels == label)) for label in range(n_labels)])
