"""What ``quality`` says of the pixels that a finding counts: reasons to leave one out, and their shares."""

from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from lunarcloud.maps import FILL, clip_flag
from lunarcloud.moon import FloatArray
from lunarcloud.quantities import QUANTITIES
from lunarcloud.statistics.tallies import Sums

#: Why a pixel of a map may be left out. ``clipped``: this map, or one that it is made from, was put at the
#: end of what is possible. The others are about the pixel: unlike any station's spectrum, beyond the
#: equations' validity, a reflectance off scale, a band not measured.
Reason: TypeAlias = Literal["clipped", "extrapolated", "outside_validity", "off_scale", "missing_input"]
REASONS: tuple[Reason, ...] = get_args(Reason)
#: Those whose share is said beside every number.
TOLD: tuple[Reason, ...] = ("clipped", "extrapolated")

#: Bits by reason, in the order of `REASONS`, for one map; 255 where the map is missing.
Marks: TypeAlias = npt.NDArray[np.uint8]
_UNMAPPED = 255

_OF_PIXELS: Mapping[Reason, str] = {
    "extrapolated": "extrapolated_beyond_stations",
    "outside_validity": "outside_validity_of_equation",
    "off_scale": "off_scale_input",
    "missing_input": "missing_input",
}


def marks_of(
    name: str,
    codes: npt.NDArray[np.uint16],
    quality: npt.NDArray[np.unsignedinteger],
    flags: Mapping[str, int],
) -> Marks:
    """What there is to say against the pixels of a map.

    Parameters
    ----------
    name : str
        The map.
    codes, quality : arrays, one shape
        Its codes, and the flags of the pixels.
    flags : mapping of str to int
        Bits of ``quality`` by meaning.

    Returns
    -------
    ndarray of uint8
        Of that shape.
    """
    marks = np.zeros(codes.shape, dtype=np.uint8)
    for reason in REASONS:
        marks |= np.multiply((quality & _bits(name, reason, flags)) != 0, bit(reason), dtype=np.uint8)
    marks[codes == FILL] = _UNMAPPED
    return marks


def bit(*reasons: Reason) -> int:
    """The bits of reasons in `Marks`."""
    return sum(1 << REASONS.index(reason) for reason in reasons)


def flagged_shares(marked: Sums) -> dict[Reason, float]:
    """By reason, its share of what is mapped, 0..1, from a tally of marks; NaN where nothing is."""
    places = marked.first + np.arange(marked.histogram.size)
    total = int(marked.histogram.sum())
    return {
        reason: int(marked.histogram[(places & bit(reason)) != 0].sum()) / total if total else float("nan")
        for reason in REASONS
    }


def flagged_per_cent(marks: Marks) -> dict[str, FloatArray]:
    """By reason that is told, 100 for each pixel that it is against and 0 for others: means are per cent."""
    return {f"{reason}_per_cent": 100.0 * ((marks & bit(reason)) != 0) for reason in TOLD}


def mark_attributes() -> dict[str, object]:
    """CF attributes of stored marks."""
    return {
        "long_name": "what there is to say against it",
        "flag_masks": [bit(reason) for reason in REASONS],
        "flag_meanings": " ".join(REASONS),
    }


def _bits(name: str, reason: Reason, flags: Mapping[str, int]) -> int:
    if reason != "clipped":
        return flags.get(_OF_PIXELS[reason], 0)
    maps = (name, *QUANTITIES[name].made_from)
    return sum(flags.get(flag, 0) for flag in map(clip_flag, maps))
