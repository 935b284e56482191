"""Statistics of codes, part by part: whole numbers, so that no order of the parts changes them."""

import math
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

# Rows at once: what is made of them stays in a core's cache.
_ROWS = 64


class Tally(NamedTuple):
    """Sums over the valid codes among some pixels.

    Attributes
    ----------
    pixels, valid : int
        Of all, and of those that are not missing.
    least, most : int
        Codes; of no meaning where none is valid.
    total, squares : int
        Sums of the codes and of their squares.
    """

    pixels: int = 0
    valid: int = 0
    least: int = 0
    most: int = 0
    total: int = 0
    squares: int = 0

    def with_(self, other: "Tally") -> "Tally":
        """The tally of both their pixels."""
        if not (self.valid and other.valid):
            more, pixels = self if self.valid else other, self.pixels + other.pixels
            return more._replace(pixels=pixels)
        return Tally(
            pixels=self.pixels + other.pixels,
            valid=self.valid + other.valid,
            least=min(self.least, other.least),
            most=max(self.most, other.most),
            total=self.total + other.total,
            squares=self.squares + other.squares,
        )


def tally(codes: npt.NDArray[Any], fill: int | None) -> Tally:
    """The tally of pixels, shape (rows, cols), whose missing ones have a code; None where none is missing."""
    starts = range(0, codes.shape[0], _ROWS)
    return reduce(Tally.with_, (_tally(codes[start : start + _ROWS], fill) for start in starts), Tally())


def _tally(codes: npt.NDArray[Any], fill: int | None) -> Tally:
    valid = True if fill is None else codes != fill
    # Mostly nothing is missing, and then nothing is copied.
    kept = codes if np.all(valid) else codes[valid]
    if not kept.size:
        return Tally(pixels=codes.size)
    # The square of 16 bits has 32, half of what a larger number takes in the cache.
    wide = np.uint32 if codes.dtype == np.uint16 else np.int64
    return Tally(
        pixels=codes.size,
        valid=kept.size,
        least=int(kept.min()),
        most=int(kept.max()),
        total=int(kept.sum(dtype=np.int64)),
        squares=int(np.square(kept, dtype=wide).sum(dtype=np.int64)),
    )


def statistics_tags(found: Tally, *, step: float, offset: float) -> dict[str, str]:
    """Statistics as GDAL names them, of ``step x code + offset``; pixels count alike, whatever their area.

    Parameters
    ----------
    found : Tally
        Of all pixels.
    step, offset : float
        In the unit of the values.
    """
    if not found.valid:
        return {}
    # In whole numbers up to the division: nothing cancels.
    variance = (found.squares * found.valid - found.total**2) / found.valid**2
    values = {
        "MINIMUM": found.least * step + offset,
        "MAXIMUM": found.most * step + offset,
        "MEAN": found.total / found.valid * step + offset,
        "STDDEV": math.sqrt(variance) * step,
        "VALID_PERCENT": 100.0 * found.valid / found.pixels,
    }
    return {f"STATISTICS_{name}": f"{value:.10g}" for name, value in values.items()}
