"""A Moon whose truth is known, written as archive tiles: for demonstration, tests and benchmarks."""

from lunarcloud.synthetic.composition import Truth
from lunarcloud.synthetic.geology import (
    PATCHES,
    POLAR_BASALT,
    PROVENANCE,
    Patch,
    mare_fraction,
    truth,
)
from lunarcloud.synthetic.map_tiles import Spectra, synthetic_spectra, write_map_tiles
from lunarcloud.synthetic.spectra import infrared, reflectance
from lunarcloud.synthetic.stations import station_table
from lunarcloud.synthetic.tiling import FULL_RESOLUTION, Frame, frames
from lunarcloud.synthetic.writing import DEFECTS, Defect, Planted, Written, write_tiles

__all__ = [
    "DEFECTS",
    "FULL_RESOLUTION",
    "PATCHES",
    "POLAR_BASALT",
    "PROVENANCE",
    "Defect",
    "Frame",
    "Patch",
    "Planted",
    "Spectra",
    "Truth",
    "Written",
    "frames",
    "infrared",
    "mare_fraction",
    "reflectance",
    "station_table",
    "synthetic_spectra",
    "truth",
    "write_map_tiles",
    "write_tiles",
]
