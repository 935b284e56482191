"""A Moon whose truth is known, written as archive tiles: for demonstration, tests and benchmarks."""

from lunarcloud.synthetic.composition import Truth
from lunarcloud.synthetic.geology import (
    PATCHES,
    POLAR_BASALT,
    PROVENANCE,
    SAMPLE_60639,
    Patch,
    mare_fraction,
    truth,
)
from lunarcloud.synthetic.spectra import reflectance

__all__ = [
    "PATCHES",
    "POLAR_BASALT",
    "PROVENANCE",
    "SAMPLE_60639",
    "Patch",
    "Truth",
    "mare_fraction",
    "reflectance",
    "truth",
]
