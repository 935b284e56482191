"""The frames of the archive's 996 tiles at any resolution: shape and projection offsets."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lunarcloud.archive import Cell, cells
from lunarcloud.errors import InputError
from lunarcloud.moon import Positions

#: The archive's resolution, pixels per degree: 100 m pixels.
FULL_RESOLUTION = 303.23349

# Degrees at the equator by which a tile goes beyond its nominal southern and eastern edge (4 pixels).
_OVERLAP = 0.0132
# The first line and sample, as the archive's offsets have it: a shade inside the first pixel.
_FIRST = 1.0001
# Projection zones are 30 degrees wide; the polar tiles have their own.
_ZONE = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where one tile lies, in the words of its label.

    Attributes
    ----------
    product_id : str
        The archive's name.
    ppd : float
        Pixels per degree, of latitude and along the equator.
    lines, samples : int
        Size of the image.
    line_projection_offset, sample_projection_offset : float
        Line of the equator and sample of the central meridian, counted from 1.
    center_longitude : float
        Central meridian of the sinusoidal projection, degrees east 0..360.
    south, north : float
        Latitudes of its edges, degrees; with the overlap, which is in the south.
    west, east : float
        East longitudes of its edges, degrees; with the overlap, by which ``east`` may exceed 360.
    """

    product_id: str
    ppd: float
    lines: int
    samples: int
    line_projection_offset: float
    sample_projection_offset: float
    center_longitude: float
    south: float
    north: float
    west: float
    east: float

    def positions(self, line_start: int, line_stop: int) -> tuple[Positions, npt.NDArray[np.bool_]]:
        """Centres of the pixels of some lines, arrays (line, sample), and which are within the tile's edges.

        The image is a rectangle, the tile on a sinusoidal map is not: outside pixels get the nearest edge's
        position. A pixel is within if its centre is at most 1.5 pixels beyond an edge, so that every position
        of the tile is in a pixel that is.

        Parameters
        ----------
        line_start, line_stop : int
            First line and the one after the last, counted from 0.

        Returns
        -------
        positions : Positions
            Degrees, longitude 0..360.
        within : ndarray of bool
            Which of the pixels are within.
        """
        # INT of anything in [1, 2) is line 1, so its centre is at 1.5.
        lines, samples = np.arange(line_start, line_stop) + 1.5, np.arange(self.samples) + 1.5
        lat = np.clip((self.line_projection_offset - lines) / self.ppd, -90.0, 90.0)[:, None]
        x = (samples - self.sample_projection_offset)[None, :]
        # Samples a degree of longitude, hardly any beside a pole, but more than none to divide by.
        scale = np.maximum(self.ppd * np.cos(np.radians(lat)), 1e-9)
        west, east = (self.west - self.center_longitude) * scale, (self.east - self.center_longitude) * scale
        held = np.clip(x, west, east)
        lon = (self.center_longitude + held / scale) % 360.0
        return Positions(lat=np.broadcast_to(lat, lon.shape), lon=lon), np.abs(x - held) <= 1.5


def frames(ppd: float = FULL_RESOLUTION) -> tuple[Frame, ...]:
    """The 996 tiles of the archive at a resolution, by product id.

    Parameters
    ----------
    ppd : float
        Pixels per degree, 1 to 2000; the archive's is 303.23349.

    Raises
    ------
    InputError
        For a resolution out of range.
    """
    if not 1.0 <= ppd <= 2000.0:
        raise InputError(f"{ppd} pixels per degree: give 1 to 2000 (the archive has {FULL_RESOLUTION})")
    # As many decimals as labels have: pixels are placed by what a reader reads, to the last bit.
    ppd = round(ppd, 7)
    return tuple(_frame(cell, ppd) for cell in cells())


def _frame(cell: Cell, ppd: float) -> Frame:
    south, north = max(cell.south - _OVERLAP, -90.0), float(cell.north)
    east = cell.east + _OVERLAP / math.cos(math.radians(min(abs(cell.south), abs(cell.north))))
    # The tiles of a zone share its central meridian; one that is wider than a zone has its own middle.
    width, middle = cell.east - cell.west, (cell.west + cell.east) / 2.0
    center = middle if width > _ZONE else cell.west // _ZONE * _ZONE + _ZONE / 2.0
    line_offset = round(_FIRST + north * ppd, 7)
    # The edges bulge: the tile's westernmost and easternmost points are at one of these latitudes.
    latitudes = np.array([south, north, min(max(0.0, south), north)])
    scales = ppd * np.cos(np.radians(latitudes))
    sample_offset = round(_FIRST - float(np.min((cell.west - center) * scales)), 7)
    return Frame(
        product_id=cell.product_id,
        ppd=ppd,
        lines=math.floor(line_offset - south * ppd),
        samples=math.floor(sample_offset + float(np.max((east - center) * scales))),
        line_projection_offset=line_offset,
        sample_projection_offset=sample_offset,
        center_longitude=center,
        south=south,
        north=north,
        west=cell.west,
        east=east,
    )
