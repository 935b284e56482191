"""Somebody's cube of reflectance as an image of a mosaic: its bands, place, scaling and numbers."""

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import Field, ValidationError

from lunarcloud.archive.bands import BandRow, bands_of, rows_of_file
from lunarcloud.archive.bounds import Bounds
from lunarcloud.archive.instruments import Instrument
from lunarcloud.archive.placement import Placement
from lunarcloud.archive.tiles import MISSING, Finite, Image, Positive, TilePixels
from lunarcloud.errors import ArchiveError

#: Reflectance of a step of numbers that are no 16-bit integers in the file: a quarter of Clementine's.
STEP = 1.0 / 32_000
#: Of one block of a file or chunk of a group, which is unpacked whole.
PIECE_BYTES = 256 << 20
# Reflectances beyond are off scale, however far.
_LOWEST, _HIGHEST = -0.01, 1.01

Storage: TypeAlias = Literal["rows", "GTiff", "ISIS3", "Zarr"]
Scaling: TypeAlias = tuple[Positive, Finite]
_ValueT = TypeVar("_ValueT")


class Cube(Image):
    """One cube, or a part of one, of any instrument.

    Attributes
    ----------
    storage : {"rows", "GTiff", "ISIS3", "Zarr"}
        How its pixels lie: band by band and row by row in a file, or as GDAL or Zarr read them.
    dtype : str
        numpy's name of the stored numbers.
    data_offset : int
        Of rows, the byte of the first pixel.
    variable : str
        Of Zarr, the array.
    placement : Placement
        Where it lies.
    names : tuple of str
        The bands of the mosaic.
    places : tuple of int
        Which bands of the file they are, from 0.
    scalings : tuple of (float, float)
        Of each, what makes the stored numbers reflectances; empty where the mosaic has them as they are.
    nodata : float or None
        What is stored where nothing was measured, where the numbers are made anew.
    """

    storage: Storage
    dtype: str
    data_offset: Annotated[int, Field(ge=0)] = 0
    variable: str = ""
    placement: Placement
    names: tuple[str, ...]
    places: tuple[int, ...]
    scalings: tuple[Scaling, ...] = ()
    nodata: float | None = None

    @property
    def camera(self) -> Instrument:
        """Who took it, with the bands that it has."""
        return super().camera.with_bands(self.names, self.wavelengths)

    @cached_property
    def bounds(self) -> Bounds:
        """The box that holds every position for which `pixel` is inside."""
        return self.placement.bounds(self.lines, self.samples)

    def read_size(self, rows: int, cols: int) -> int:
        """Numbers that are read for a window of so many rows and columns."""
        across = self.samples if self.storage == "rows" else cols
        return len(self.places) * rows * across

    def pixel(self, *, lat: npt.ArrayLike, lon: npt.ArrayLike) -> TilePixels:
        """The pixels that hold the given positions.

        Parameters
        ----------
        lat, lon : array_like
            Degrees, any longitude convention; shapes broadcast.
        """
        given = {"lat": np.asarray(lat, np.float64), "lon": np.asarray(lon, np.float64)}
        row, col = self.placement.fractions(**given)
        # No comparison holds for NaN; what projects to infinity is as far outside.
        inside = (row >= 0) & (row < self.lines) & (col >= 0) & (col < self.samples)
        return TilePixels(row=_whole(row, self.lines), col=_whole(col, self.samples), inside=inside)

    def numbers(self, stored: npt.NDArray[np.generic]) -> npt.NDArray[np.int16]:
        """What the mosaic has of stored numbers (band, row, col): the same, or steps of `STEP`."""
        if not self.scalings:
            return stored.astype(np.int16)
        made = np.empty(stored.shape, np.int16)
        for dn, band, (factor, offset) in zip(made, stored, self.scalings, strict=True):
            dn[...] = self._steps(band, factor, offset)
        return made

    def _steps(self, stored: npt.NDArray[np.generic], factor: float, offset: float) -> npt.NDArray[np.int16]:
        # Some floats are no numbers, or too large for any: both are no measurement.
        with np.errstate(invalid="ignore", over="ignore"):
            value = stored.astype(np.float64)
            lacking = ~np.isfinite(value)
            if self.nodata is not None:
                lacking |= value == self.nodata
            value = np.clip(value * factor + offset, _LOWEST, _HIGHEST)
        steps = np.rint(np.where(lacking, 0.0, value) / STEP)
        return np.where(lacking, MISSING, steps).astype(np.int16)


def _whole(places: npt.NDArray[np.float64], size: int) -> npt.NDArray[np.int64]:
    """Numbers of rows or columns; those outside, which may be infinite, are one of the edge."""
    held = np.clip(np.nan_to_num(places, nan=0.0, posinf=size, neginf=0.0), 0, size - 1)
    return np.floor(held).astype(np.int64)


class Stored(NamedTuple):
    """How a file holds its bands.

    Attributes
    ----------
    dtypes : sequence of str
        numpy's name of each band's numbers.
    scalings : sequence of (float, float)
        Of each band, what the file says makes them reflectances.
    nodata : sequence of float or None
        What is stored where nothing was measured.
    wavelengths_nm : sequence of float
        What the file says of their centres; empty if nothing.
    """

    dtypes: Sequence[str]
    scalings: Sequence[tuple[float, float]]
    nodata: Sequence[float | None]
    wavelengths_nm: Sequence[float]


class Wanted(NamedTuple):
    """What is to be read as a cube of which camera.

    Attributes
    ----------
    camera : Instrument
        Who took it.
    table : tuple of BandRow
        Its bands, where a table says so; else empty.
    """

    camera: Instrument
    table: tuple[BandRow, ...] = ()


def cube(
    wanted: Wanted, stored: Stored, *, source: str, special: Sequence[tuple[str, int]], **facts: Any
) -> Cube:
    """A checked cube.

    Parameters
    ----------
    wanted : Wanted
        Of which camera, by which table of bands.
    stored : Stored
        How the file holds its bands.
    source : str
        The file, for messages.
    special : sequence of (str, int)
        Its codes of missing pixels by kind, where its numbers are 16-bit integers.
    **facts
        Other fields of `Cube`.

    Raises
    ------
    ArchiveError
        For a band that is not there, or numbers that cannot be.
    """
    count = len(stored.dtypes)
    rows = bands_of(
        wanted.camera, rows_of_file(count, stored.wavelengths_nm, wanted.table, source=source), source=source
    )
    at = tuple(row.number - 1 for row in rows)
    scalings = [row.scaling or stored.scalings[place] for row, place in zip(rows, at, strict=True)]
    dtype, nodata = _one_of(stored.dtypes, at, "type", source), _one_of(stored.nodata, at, "nodata", source)
    _require_scaled(dtype, scalings, source)
    own = _own_numbers(dtype, scalings, nodata, special)
    try:
        return Cube(
            instrument=wanted.camera.name,
            source=source,
            dtype=dtype,
            names=tuple(row.name for row in rows),
            wavelengths=wanted.camera.wavelengths_nm or tuple(row.wavelength_nm for row in rows),
            places=at,
            **own,
            **facts,
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise ArchiveError(f"{source}: {first['loc'][0]} is {first['input']!r}: {first['msg']}") from error


def _require_scaled(dtype: str, scalings: Sequence[tuple[float, float]], source: str) -> None:
    """Refuse whole numbers that are taken for reflectances: all but two of them are off scale."""
    if np.dtype(dtype).kind in "iu" and (1.0, 0.0) in scalings:
        raise ArchiveError(
            f"{source}: whole numbers ({dtype}) without a scaling, which cannot be reflectances of 0 to 1: "
            "give it with --bands, in the columns scale_factor and add_offset"
        )


def _own_numbers(
    dtype: str,
    scalings: Sequence[tuple[float, float]],
    nodata: float | None,
    special: Sequence[tuple[str, int]],
) -> dict[str, Any]:
    """Scaling and missing codes: the file's own of 16-bit integers with one scaling, else those of `STEP`."""
    first = scalings[0]
    if np.dtype(dtype).kind == "i" and np.dtype(dtype).itemsize == 2 and set(scalings) == {first}:
        codes = dict(special)
        if nodata is not None and nodata == int(nodata) and abs(nodata) <= -MISSING:
            codes |= {"null": int(nodata)}
        return {"scaling_factor": first[0], "offset": first[1], "special": tuple(codes.items())}
    made = {"scalings": tuple(scalings), "nodata": None if nodata is None or math.isnan(nodata) else nodata}
    return {"scaling_factor": STEP, "offset": 0.0, "special": (("null", MISSING),), **made}


def _one_of(values: Sequence[_ValueT], at: Sequence[int], what: str, source: str) -> _ValueT:
    found = list(dict.fromkeys(str(values[place]) for place in at))
    if len(found) > 1:
        raise ArchiveError(f"{source}: bands of more than one {what}: {', '.join(found)}; write them alike")
    return values[at[0]]
