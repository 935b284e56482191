"""A box of latitudes and longitudes, and the archive's tiles that it touches."""

import math
from typing import NamedTuple

from lunarcloud.archive import cells
from lunarcloud.errors import InputError


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


def _not_a_box(text: str) -> str:
    return (
        f"region {text!r}: give south,west,north,east in degrees, south below north within -90..90, "
        "such as -10,20,10,40"
    )
