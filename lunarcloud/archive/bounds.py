"""Boxes of latitude and longitude that hold an image."""

from typing import NamedTuple

from lunarcloud.moon import wrap_longitude


class Bounds(NamedTuple):
    """A box that holds all pixels of an image.

    Attributes
    ----------
    south, north : float
        Latitudes, degrees.
    lon_ranges : tuple of (float, float)
        West and east, degrees in -180..180: one range, or the two on both sides of the seam.
    """

    south: float
    north: float
    lon_ranges: tuple[tuple[float, float], ...]


#: The whole Moon.
WHOLE = Bounds(-90.0, 90.0, ((-180.0, 180.0),))


def wrapped_range(west: float, width: float) -> tuple[tuple[float, float], ...]:
    """The ranges of longitude from a meridian so many degrees to the east.

    Parameters
    ----------
    west : float
        Where it begins, degrees in any convention.
    width : float
        Degrees.
    """
    if width >= 360.0:
        return WHOLE.lon_ranges
    # The start within -180..180; what then lies beyond 180 goes on at -180.
    start = float(wrap_longitude(west))
    if start + width <= 180.0:
        return ((start, start + width),)
    return ((start, 180.0), (-180.0, start + width - 360.0))
