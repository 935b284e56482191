"""How the maps of a run are stored: 16-bit codes with a scale, one array (lat, lon) a map, and the flags."""

from collections.abc import Collection, Mapping

import numpy as np
import numpy.typing as npt

from lunarcloud.errors import InputError
from lunarcloud.models import Equations
from lunarcloud.moon import Grid, PolarGrid
from lunarcloud.quantities import QUANTITIES, bounded, udunits
from lunarcloud.storage import Layout, Variable

#: Code of a missing pixel.
FILL = 65535
#: Largest code of a value.
LARGEST = FILL - 1

#: Bits of ``quality``; 0 is a pixel with nothing to say against it.
MISSING_INPUT = 1
OFF_SCALE_INPUT = 2
OUTSIDE_VALIDITY = 4
BEYOND_TAUGHT = 8
EXTRAPOLATED = 16

_OF_PIXELS = {
    "missing_input": MISSING_INPUT,
    "off_scale_input": OFF_SCALE_INPUT,
    "outside_validity_of_equation": OUTSIDE_VALIDITY,
    "beyond_what_the_student_was_taught": BEYOND_TAUGHT,
    "extrapolated_beyond_stations": EXTRAPOLATED,
}
# Each map's own bit from here on.
_FIRST_OF_MAPS = 32

QUALITY = "quality"
NOVELTY = "novelty"


def flags() -> dict[str, int]:
    """Bits of ``quality`` by meaning: five of the pixel, one of each map that ends at what is possible."""
    return _OF_PIXELS | {clip_flag(name): _FIRST_OF_MAPS << place for place, name in enumerate(bounded())}


def clip_flag(name: str) -> str:
    """The flag of pixels where a map was put at the end of what is possible."""
    return f"{name}_clipped"


def quality_dtype(bits: Mapping[str, int]) -> np.dtype[np.unsignedinteger]:
    """The smallest type that holds these bits."""
    return np.dtype(np.min_scalar_type(max(bits.values())))


def map_names(equations: Equations, networks: Collection[str], *, with_novelty: bool) -> tuple[str, ...]:
    """The maps that a model gives, in the order of `QUANTITIES`.

    Parameters
    ----------
    equations : Equations
        Of the model; one that was not fitted gives no map.
    networks : collection of str
        Maps of its networks.
    with_novelty : bool
        Whether it knows its stations' spectra.

    Returns
    -------
    tuple of str
        Without ``quality``, which every run has.
    """
    given = set(networks)
    given |= {"feo_equation", "omat"} if equations.iron else set()
    given |= {"tio2_equation"} if equations.titanium else set()
    given |= {NOVELTY} if with_novelty else set()
    # In the order of the table, in which what a map is made from stands above it.
    for name, row in QUANTITIES.items():
        if row.formula and given.issuperset(row.made_from):
            given.add(name)
    return tuple(name for name in QUANTITIES if name in given)


def maps_layout(raster: Grid | PolarGrid, names: tuple[str, ...], bits: Mapping[str, int]) -> Layout:
    """The layout of a run with some of the maps; ``quality`` is always there.

    Parameters
    ----------
    raster : Grid or PolarGrid
        Of the level.
    names : tuple of str
        The maps.
    bits : mapping of str to int
        Those of ``quality``, by meaning.

    Raises
    ------
    InputError
        For a map that is not known.
    """
    if unknown := [name for name in names if name not in QUANTITIES]:
        known = ", ".join(QUANTITIES)
        raise InputError(f"unknown maps {', '.join(unknown)}; this version of lunarcloud knows {known}")
    return Layout(raster=raster, variables=(*(_variable(name) for name in names), _quality(bits)))


def encode(values: npt.NDArray[np.floating], name: str) -> npt.NDArray[np.uint16]:
    """Codes of the values of a map, in its units; NaN is missing.

    Values beyond the codes (0 to 65 534 steps) become the nearest code.
    """
    # A product, because a division takes twice as long; float32 holds all codes exactly.
    codes = values * np.float32(1.0 / QUANTITIES[name].step)
    np.rint(codes, out=codes)
    np.clip(codes, 0, LARGEST, out=codes)
    # After the clip, which leaves NaN alone and would turn the missing code into the largest value.
    np.copyto(codes, FILL, where=np.isnan(codes))
    stored: npt.NDArray[np.uint16] = codes.astype(np.uint16)
    return stored


def decode(codes: npt.NDArray[np.uint16], name: str) -> npt.NDArray[np.float32]:
    """Values of the codes of a map, in its units; missing is NaN."""
    values = codes * np.float32(QUANTITIES[name].step)
    values[codes == FILL] = np.nan
    return values


def _variable(name: str) -> Variable:
    quantity = QUANTITIES[name]
    attrs = {
        "long_name": quantity.long_name,
        "units": udunits(quantity.units),
        "scale_factor": quantity.step,
        "add_offset": 0.0,
        "ancillary_variables": QUALITY,
        **({"possible": list(quantity.possible)} if quantity.possible else {}),
    }
    return Variable(name=name, dtype="uint16", fill=FILL, attrs=attrs)


def _quality(bits: Mapping[str, int]) -> Variable:
    # CF: each flag is one bit, so its mask is its value, and readers can test them one by one.
    attrs = {
        "long_name": "what to know about a pixel; 0: ok",
        "standard_name": "quality_flag",
        "flag_masks": list(bits.values()),
        "flag_values": list(bits.values()),
        "flag_meanings": " ".join(bits),
    }
    return Variable(name=QUALITY, dtype=quality_dtype(bits).name, fill=None, attrs=attrs)
