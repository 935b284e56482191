"""A box of latitudes and longitudes, and the archive's tiles that it touches."""

import math
from typing import NamedTuple

from lunarcloud.archive import cells
from lunarcloud.errors import InputError

# Longitudes in all conventions: -180..180, 0..360, and once more round for boxes across a seam.
_TURN = 720.0


class Box(NamedTuple):
    """A part of the Moon between two latitudes and two longitudes.

    Attributes
    ----------
    south, north : float
        Latitudes, degrees.
    west, east : float
        Longitudes, degrees, in any convention; the box goes east from ``west`` to ``east``.
    """

    south: float
    west: float
    north: float
    east: float


def box_of(text: str) -> Box:
    """A box as it is typed: south, west, north and east in degrees, with commas between.

    Raises
    ------
    InputError
        For anything else, with what is allowed.
    """
    try:
        box = Box(*map(float, text.split(",")))
    except (TypeError, ValueError) as error:
        raise InputError(_not_a_box(text)) from error
    if hint := _mistaken(box):
        raise InputError(f"{_not_a_box(text)}; {hint}")
    if not (all(map(math.isfinite, box)) and -90.0 <= box.south < box.north <= 90.0 and box.west != box.east):
        raise InputError(_not_a_box(text))
    return box


def tiles_in(box: Box) -> frozenset[str]:
    """Product ids of the archive's tiles that hold any part of a box."""
    # Once round is everywhere; of a box across a seam, the way east comes out below a turn.
    width = 360.0 if abs(box.east - box.west) >= 360.0 else (box.east - box.west) % 360.0
    return frozenset(
        cell.product_id
        for cell in cells()
        if cell.south < box.north
        and cell.north > box.south
        # Going east from the box's western edge, the tile begins within the box, or comes round to it.
        and ((way := (cell.west - box.west) % 360.0) < width or way + (cell.east - cell.west) > 360.0)
    )


def _mistaken(box: Box) -> str:
    """What was probably given in the place of latitudes and longitudes in degrees; empty for nothing."""
    if any(abs(each) > _TURN for each in box):
        return "are these metres?"
    # Other programs take longitudes first; where the latitudes fit, nothing shows it.
    first = abs(box.south) > 90.0 or abs(box.north) > 90.0
    if first and abs(box.west) <= 90.0 and abs(box.east) <= 90.0:
        return "are latitudes and longitudes swapped?"
    return ""


def _not_a_box(text: str) -> str:
    return (
        f"region {text!r}: give south,west,north,east in degrees, south below north within -90..90, "
        "such as -10,20,10,40"
    )
