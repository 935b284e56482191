"""One image of a mosaic: what its label says, where its pixels lie, which of them are valid."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from lunarcloud.archive.bounds import Bounds, wrapped_range
from lunarcloud.archive.instruments import CLEMENTINE, Instrument, instrument, listed, same_bands
from lunarcloud.errors import ArchiveError
from lunarcloud.moon import LABEL_TOLERANCE, RADIUS_M, IntArray, is_lunar_radius

#: The code of a missing pixel in everything read from tiles (the archive's NULL).
MISSING = -32768
#: Why a pixel is missing; the first five are codes of the label, the rest is found here.
MISSING_KINDS = (
    "null",
    "low_repr_saturation",
    "low_instr_saturation",
    "high_instr_saturation",
    "high_repr_saturation",
    "below_valid_minimum",
    "unflagged_saturation",
    "off_scale",
)

# A note stands under every figure: longer ones are cut.
_NOTE_LENGTH = 200
# "Note field always says" this, as the archive's description of its labels has it.
_ARCHIVES_NOTE = "UVVIS 5-BAND MOSAIC"
# A defect of the archive: values this close to the ends of 16 bits that are no code of the label.
_SATURATION_MARGIN = 256

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Code = Annotated[int, Field(ge=-32768, le=32767)]


def _worth_noting(text: object) -> str:
    note = " ".join(str(text).split())
    return "" if note == _ARCHIVES_NOTE else note[:_NOTE_LENGTH]


class TilePixels(NamedTuple):
    """Pixels of a tile that hold some positions.

    Attributes
    ----------
    row : array of int
        Counted from 0; of the latitudes' shape, because a line is a latitude.
    col : array of int
        Counted from 0; of the joint shape, because a sample depends on both.
    inside : array of bool
        Which of them the tile holds; of the joint shape.
    """

    row: IntArray
    col: IntArray
    inside: npt.NDArray[np.bool_]


class Image(BaseModel, ABC):
    """One image of a mosaic, as a mosaic is made of it: small, immutable, picklable.

    Attributes
    ----------
    product_id : str
        What it is called; of two of one name the first is used.
    instrument : str
        Which of `instruments.INSTRUMENTS` took it.
    source : str
        Where it was found, for messages: the URL, with ``::member`` inside an archive.
    url : str
        The file (or the archive) that holds the pixels.
    lines, samples : int
        Rows and columns.
    wavelengths : tuple of float
        Centres of the bands, nm.
    scaling_factor, offset : float
        Reflectance = scaling_factor x DN + offset.
    valid_minimum : int or None
        Lowest DN that is a measurement.
    special : tuple of (str, int)
        Codes of missing pixels by kind.
    label_digest : str
        SHA-256 of what decides its pixels: of a tile's label, which has their checksum, or of the file.
    note : str
        What it says that nobody may overlook, such as that these are no measurements; empty where it only
        says what the archive's own labels do.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    product_id: Annotated[str, Field(min_length=1)]
    # Before what is checked against it.
    instrument: Annotated[str, AfterValidator(lambda name: instrument(name).name)] = CLEMENTINE.name
    source: str
    url: str
    lines: Annotated[int, Field(gt=0)]
    samples: Annotated[int, Field(gt=0)]
    wavelengths: Annotated[tuple[Positive, ...], Field(validate_default=True)] = ()
    scaling_factor: Positive
    offset: Finite = 0.0
    valid_minimum: Code | None = None
    special: tuple[tuple[str, Code], ...]
    label_digest: str
    note: Annotated[str, BeforeValidator(_worth_noting)] = ""

    @property
    def camera(self) -> Instrument:
        """Who took it, with the bands that it has."""
        return instrument(self.instrument)

    @property
    @abstractmethod
    def bounds(self) -> Bounds:
        """The box that holds every position for which `pixel` is inside."""

    @abstractmethod
    def read_size(self, rows: int, cols: int) -> int:
        """Numbers that are read for a window of so many rows and columns."""

    @abstractmethod
    def pixel(self, *, lat: npt.ArrayLike, lon: npt.ArrayLike) -> TilePixels:
        """The pixels that hold the given positions, degrees in any longitude convention."""


class Tile(Image):
    """What the label of one image tile of Clementine's mosaic says.

    Attributes
    ----------
    product_id : str
        The archive's name, upper case, the same for the PDS3 and the PDS4 issue of a tile: ``UI03N003``.
    data_offset : int
        Byte of the first pixel in that file; inside an archive, in its uncompressed stream.
    byte_order : {">", "<"}
        Of the 16-bit signed pixels, which lie band by band, row by row.
    bands : int
        Number of bands.
    map_resolution : float
        Pixels per degree.
    center_longitude : float
        Of the sinusoidal projection, degrees east.
    line_projection_offset, sample_projection_offset : float
        Line and sample of the projection's origin, counted from 1.
    """

    data_offset: Annotated[int, Field(ge=0)]
    byte_order: Literal[">", "<"]
    bands: int
    map_resolution: Positive
    center_longitude: Finite
    line_projection_offset: Finite
    sample_projection_offset: Finite

    @field_validator("bands")
    @classmethod
    def _all_bands(cls, bands: int, info: ValidationInfo) -> int:
        camera = instrument(info.data.get("instrument", CLEMENTINE.name))
        if bands != len(camera.bands):
            raise ValueError(f"the {camera.sensor} mosaic has {len(camera.bands)} bands")
        return bands

    @field_validator("wavelengths")
    @classmethod
    def _known_wavelengths(cls, wavelengths: tuple[float, ...], info: ValidationInfo) -> tuple[float, ...]:
        camera = instrument(info.data.get("instrument", CLEMENTINE.name))
        # A label that says nothing is of the instrument as it is.
        if wavelengths and not same_bands(wavelengths, camera.wavelengths_nm):
            known = listed(camera.wavelengths_nm)
            raise ValueError(f"the {camera.sensor} mosaic has bands at {known}, in this order")
        return wavelengths or camera.wavelengths_nm

    def read_size(self, rows: int, cols: int) -> int:
        """Numbers that are read for a window of so many rows and columns: whole rows."""
        return self.bands * rows * self.samples

    @property
    def end_offset(self) -> int:
        """The byte after the last pixel."""
        return self.data_offset + 2 * self.bands * self.lines * self.samples

    def pixel(self, *, lat: npt.ArrayLike, lon: npt.ArrayLike) -> TilePixels:
        """The pixels that hold the given positions, by the equations of the archive's DSMAP.CAT.

        ``line = INT(LINE_PROJECTION_OFFSET - lat * MAP_RESOLUTION)`` and
        ``sample = INT(SAMPLE_PROJECTION_OFFSET + (lon - CENTER_LONGITUDE) * MAP_RESOLUTION * cos(lat))``,
        both counted from 1; the longitude difference is taken in (-180, 180].

        Parameters
        ----------
        lat, lon : array_like
            Degrees, any longitude convention; shapes broadcast, so that a column of latitudes and a row of
            longitudes cost no more than their product's samples.

        Returns
        -------
        TilePixels
            Rows and columns counted from 0, and which of them the tile holds; the others are meaningless.
        """
        lat, lon = np.asarray(lat, dtype=np.float64), np.asarray(lon, dtype=np.float64)
        # Whole turns taken off, into (-180, 180]: the archive counts 0..360, and a tile across 0 has its
        # centre on one side and half of its pixels on the other.
        east = lon - self.center_longitude
        east = east - 360.0 * np.ceil((east - 180.0) / 360.0)
        # INT and floor differ below 0 only, where no pixel is; the -1 is from lines counted from 1.
        row = np.floor(self.line_projection_offset - lat * self.map_resolution).astype(np.int64) - 1
        scale = self.map_resolution * np.cos(np.radians(lat))
        col = np.floor(self.sample_projection_offset + east * scale).astype(np.int64) - 1
        inside = (row >= 0) & (row < self.lines) & (col >= 0) & (col < self.samples)
        return TilePixels(row=row, col=col, inside=inside)

    @cached_property
    def bounds(self) -> Bounds:
        """The box that holds every position for which `pixel` is inside.

        From the projection offsets alone, widened by one pixel: the label's own bounds are unreliable.
        """
        # By the line's equation the tile goes from 1 to lines + 1; a pixel more on both sides.
        south = (self.line_projection_offset - self.lines - 2) / self.map_resolution
        north = self.line_projection_offset / self.map_resolution
        south, north = max(south, -90.0), min(north, 90.0)
        return Bounds(south=south, north=north, lon_ranges=self._lon_ranges(south, north))

    def _lon_ranges(self, south: float, north: float) -> tuple[tuple[float, float], ...]:
        # An edge is so many samples from the central meridian, and in degrees that over the scale, which
        # goes with cos(lat): largest at the latitude nearest to the equator, smallest at the farthest. Which
        # of them carries an edge farther out depends on the side of the meridian it is on: so both are tried.
        widest = 1.0 if south <= 0.0 <= north else math.cos(math.radians(min(abs(south), abs(north))))
        narrowest = max(math.cos(math.radians(max(abs(south), abs(north)))), 0.0)
        # At a pole a sample is any longitude.
        if narrowest < 1e-12:
            return ((-180.0, 180.0),)
        scales = self.map_resolution * widest, self.map_resolution * narrowest
        west = min(-self.sample_projection_offset / scale for scale in scales)
        east = max((self.samples + 2 - self.sample_projection_offset) / scale for scale in scales)
        # Farther than half a turn from the centre there is nothing: `pixel` takes the shorter way.
        west, east = max(west, -180.0), min(east, 180.0)
        return wrapped_range(self.center_longitude + west, east - west)


def tile_from_facts(facts: Mapping[str, Any], *, names: Mapping[str, str], source: str) -> Tile:
    """A checked tile from the facts of its label.

    Parameters
    ----------
    facts : mapping
        Values by the names of `Tile`'s fields; those the label does not give are left out.
    names : mapping
        The label's own keyword of each field, for messages.
    source : str
        Where the label is, for messages.

    Returns
    -------
    Tile
        Every field of the kind and in the range that `Tile` declares.

    Raises
    ------
    ArchiveError
        Naming the keyword, its value and what is allowed.
    """
    try:
        return Tile(source=source, **facts)
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        keyword = names.get(field, field)
        if first["type"] == "missing":
            raise ArchiveError(f"{source}: the label has no {keyword}") from error
        raise ArchiveError(f"{source}: {keyword} = {first['input']!r}: {first['msg']}") from error


def require_lunar_radius(radius_m: float, *, keyword: str, source: str) -> None:
    """Refuse a label of another body.

    Parameters
    ----------
    radius_m : float
        What the label says, metres.
    keyword : str
        Its own keyword for it, for the message.
    source : str
        Where the label is, for the message.

    Raises
    ------
    ArchiveError
        For a radius that differs from 1737.4 km by more than a thousandth.
    """
    if not is_lunar_radius(radius_m, LABEL_TOLERANCE):
        raise ArchiveError(
            f"{source}: {keyword} is {radius_m / 1000} km; the Moon's radius is {RADIUS_M / 1000} km"
        )


def missing_kind(dn: npt.NDArray[np.int16], tile: Image) -> npt.NDArray[np.uint8]:
    """Why each value is not a measurement.

    Parameters
    ----------
    dn : ndarray of int16
        Values as stored, of any shape.
    tile : Image
        The tile they come from: its special codes, VALID_MINIMUM, scaling factor and offset decide.

    Returns
    -------
    ndarray of uint8
        0 for a measurement, else 1 + the place of the reason in `MISSING_KINDS`; the same shape as `dn`.

    Notes
    -----
    Beside the label's codes, two known defects of the archive are missing data: bands off scale
    (reflectance below 0 or above 1) and saturation that is not flagged (within 256 of +-32768).
    """
    # The same 16 bits seen as unsigned are an index, so all reasons together cost one lookup a value.
    table = _kind_of_dn(tile.special, tile.valid_minimum, tile.scaling_factor, tile.offset)
    return table[dn.view(np.uint16)]


@lru_cache(maxsize=8)
def _kind_of_dn(
    special: tuple[tuple[str, int], ...], valid_minimum: int | None, scaling_factor: float, offset: float
) -> npt.NDArray[np.uint8]:
    """For each of the 65 536 values (as unsigned), 0 if it is a measurement, else 1 + its kind."""
    # In the order of the unsigned values: 0..32767, then -32768..-1.
    dn = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int64)
    reflectance = scaling_factor * dn + offset
    kind = np.zeros(dn.size, dtype=np.uint8)
    # From the weakest reason to the strongest: a later line overrides an earlier one.
    kind[(reflectance < 0.0) | (reflectance > 1.0)] = 1 + MISSING_KINDS.index("off_scale")
    ends = (dn < -32768 + _SATURATION_MARGIN) | (dn > 32767 - _SATURATION_MARGIN)
    kind[ends] = 1 + MISSING_KINDS.index("unflagged_saturation")
    if valid_minimum is not None:
        kind[(dn < valid_minimum) & ~ends] = 1 + MISSING_KINDS.index("below_valid_minimum")
    kind[dn == MISSING] = 1 + MISSING_KINDS.index("null")
    for name, code in special:
        kind[dn == code] = 1 + MISSING_KINDS.index(name)
    return kind
