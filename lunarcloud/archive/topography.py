"""Lunar topography: LOLA maps (PDS3 .IMG + .LBL), GeoTIFF, and spherical-harmonic shapes (.sh, .bshc)."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from lunarcloud.archive.files import (
    COEFFICIENT_BYTES,
    MAP_BYTES,
    TABLE_BYTES,
    OutsideFile,
    file_digest,
    foreign,
    read_file,
)
from lunarcloud.archive.gdal import opened_raster
from lunarcloud.archive.global_raster import first_longitude
from lunarcloud.archive.harmonics import coefficient_rows, whole_table
from lunarcloud.archive.pds3 import Label, parse_pds3_label
from lunarcloud.archive.shipped import TOPOGRAPHY, place_of
from lunarcloud.errors import ArchiveError
from lunarcloud.moon import RADIUS_M, FloatArray, is_lunar_radius

_DTYPES = {
    ("LSB_INTEGER", 16): "<i2",
    ("MSB_INTEGER", 16): ">i2",
    ("LSB_INTEGER", 32): "<i4",
    ("MSB_INTEGER", 32): ">i4",
    ("PC_REAL", 32): "<f4",
    ("PC_REAL", 64): "<f8",
    ("IEEE_REAL", 32): ">f4",
    ("IEEE_REAL", 64): ">f8",
}
_METRES = {"METER": 1.0, "METERS": 1.0, "M": 1.0, "KILOMETER": 1000.0, "KILOMETERS": 1000.0, "KM": 1000.0}
# The Moon's relief has a standard deviation of 2 km: in kilometres taken for metres it would be 2.
_RELIEF_M = (50.0, 10_000.0)
# Between heights and radii of any body, metres: a mean below is of heights.
_HIGHEST_HEIGHT_M = 1e5
# Kinds of a label and an image that lie beside each other.
_LOLA = ("lbl", "img")


@dataclass(frozen=True, slots=True, kw_only=True)
class RadiusGrid:
    """Radii of the surface at the centres of global pixels of equal size in degrees.

    Attributes
    ----------
    name : str
        Product or file name.
    radius_m : array, shape (rows, 2 * rows)
        Distance from the centre, metres; row 0 is the northernmost, longitude ascends to the east.
    first_lon : float
        East longitude of the centre of column 0, degrees.
    digest : str
        SHA-256 of the file.
    """

    name: str
    radius_m: FloatArray
    first_lon: float
    digest: str

    @property
    def lmax(self) -> int:
        """The highest degree that the pixels resolve."""
        return int(self.radius_m.shape[0]) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RadiusHarmonics:
    """Radii of the surface as spherical harmonics.

    Attributes
    ----------
    name : str
        File name.
    table : array, shape (2, lmax + 1, lmax + 1)
        Metres, 4 pi normalised, without Condon-Shortley phase: ``[0, l, m]`` cosine, ``[1, l, m]`` sine.
    digest : str
        SHA-256 of the file.
    """

    name: str
    table: FloatArray
    digest: str

    @property
    def lmax(self) -> int:
        """The highest degree."""
        return int(self.table.shape[1]) - 1


Topography: TypeAlias = RadiusGrid | RadiusHarmonics

# A number of a label, with or without its unit.
_Number: TypeAlias = Annotated[
    float, BeforeValidator(lambda value: getattr(value, "value", value)), Field(allow_inf_nan=False)
]
_FactsT = TypeVar("_FactsT", bound="_Facts")


def read_topography(url: str | Path) -> Topography:
    """Read the shape of the Moon; the format is told from the file's extension.

    Parameters
    ----------
    url : str or Path
        ``lola4``, which is shipped, or the path or fsspec URL of a LOLA map (``.lbl`` or ``.img`` with the
        other beside it), a GeoTIFF (``.tif``), or a spherical-harmonic shape: text (``.sh``, ``.txt``,
        ``.tab``) or binary (``.bshc``), may be gzipped.
        Maps are global, pixel registered; heights are above 1737.4 km.

    Raises
    ------
    ArchiveError
        For a map that is upside down, not global, of another body or unit than it says, with missing pixels,
        or a file that is damaged or truncated.
    NotFoundError, StoreError
        If the file is not there or cannot be read.
    """
    place = place_of(url, TOPOGRAPHY, "topography")
    kind = _kind(place)
    with foreign(place, "not a topography that can be read"):
        if kind in _LOLA:
            return _pds3(place)
        if kind in ("tif", "tiff"):
            return _geotiff(place)
        if kind in ("sh", "txt", "tab", "bshc"):
            source = read_file(place, COEFFICIENT_BYTES)
            return _shape(source, _binary(source) if kind == "bshc" else _text(source))
    raise ArchiveError(
        f"{place}: unknown kind of topography {kind!r}; known are .lbl/.img, .tif, .sh/.txt/.tab and .bshc"
    )


def topography_digest(url: str | Path) -> str:
    """The digest of the topography that `read_topography` would read; only files that are there have one."""
    place = place_of(url, TOPOGRAPHY, "topography")
    return file_digest(_beside(place, "img") if _kind(place) in _LOLA else place)


class _Facts(BaseModel):
    """Keywords of a label that are needed, by their names in lower case."""

    model_config = ConfigDict(alias_generator=str.upper, frozen=True)


class _Image(_Facts):
    lines: Annotated[int, Field(gt=0, lt=1_000_000)]
    line_samples: Annotated[int, Field(gt=0, lt=1_000_000)]
    sample_type: str
    sample_bits: int
    unit: str = "METER"
    scaling_factor: _Number = 1.0
    offset: _Number = 0.0
    minimum: float = -math.inf
    maximum: float = math.inf


class _MapProjection(_Facts):
    map_projection_type: str
    map_resolution: Annotated[_Number, Field(gt=0)]
    a_axis_radius: _Number
    maximum_latitude: _Number
    minimum_latitude: _Number
    center_longitude: _Number
    line_projection_offset: _Number
    sample_projection_offset: _Number
    positive_longitude_direction: str = "EAST"


def _pds3(place: str) -> RadiusGrid:
    """A LOLA gridded data record: detached label and raw image."""
    label_source = read_file(_beside(place, "lbl"), TABLE_BYTES)
    label = _flat(parse_pds3_label(label_source.data, source=label_source.url))
    image = _object(label, "IMAGE", _Image, label_source)
    where = _object(label, "IMAGE_MAP_PROJECTION", _MapProjection, label_source)
    _require_global_pds3(image, where, label_source)
    pixels = read_file(_beside(place, "img"), MAP_BYTES)
    radius = _pixels(pixels, image, label_source).astype(np.float64)
    unit = _unit(image.unit, label_source.url)
    radius *= image.scaling_factor * unit
    radius += image.offset * unit
    # LOLA counts from 0 at the middle of the first pixel, and the offset is where the projection's origin is:
    # 719.5 at 4 pixels a degree and a centre of 180 put the first pixel's middle at 0.125.
    first_lon = where.center_longitude - where.sample_projection_offset / where.map_resolution
    return _checked(str(label.get("PRODUCT_ID", pixels.name)), radius, first_lon, pixels.digest, pixels.url)


def _pixels(pixels: OutsideFile, image: _Image, label: OutsideFile) -> npt.NDArray[Any]:
    """The stored values, if the file is as long as its label says and within its extremes."""
    dtype = _DTYPES.get((image.sample_type, image.sample_bits))
    if dtype is None:
        raise ArchiveError(f"{label.url}: {image.sample_type} of {image.sample_bits} bits is not read")
    shape = (image.lines, image.line_samples)
    wanted = np.dtype(dtype).itemsize * shape[0] * shape[1]
    if len(pixels.data) != wanted:
        raise ArchiveError(
            f"{pixels.url}: {len(pixels.data)} bytes, but the label's {shape[0]} x {shape[1]} pixels are "
            f"{wanted}; the file is truncated or of another label"
        )
    stored = np.frombuffer(pixels.data, dtype).reshape(shape)
    _require_extremes(stored, image, label)
    return stored


def _require_extremes(stored: npt.NDArray[Any], image: _Image, source: OutsideFile) -> None:
    """Refuse pixels outside the label's extremes: another file's, or in another byte order."""
    low, high, found = image.minimum, image.maximum, (float(stored.min()), float(stored.max()))
    # Labels of floating-point maps give rounded extremes.
    slack = 1e-3 * (high - low) if math.isfinite(high - low) else 0.0
    if found[0] < low - slack or found[1] > high + slack:
        raise ArchiveError(
            f"{source.url}: stored values {found[0]:g} to {found[1]:g}, but the label says {low:g} to "
            f"{high:g}: pixels of another file or byte order"
        )


def _require_global_pds3(image: _Image, where: _MapProjection, source: OutsideFile) -> None:
    """Refuse a label that does not describe a whole Moon with north on top and longitude to the east."""
    kind, resolution, shape = (
        where.map_projection_type.upper(),
        where.map_resolution,
        (image.lines, image.line_samples),
    )
    if kind not in ("SIMPLE CYLINDRICAL", "EQUIRECTANGULAR"):
        raise ArchiveError(f"{source.url}: projection {kind!r}; only SIMPLE CYLINDRICAL maps are read")
    if shape != (round(180 * resolution), round(360 * resolution)):
        raise ArchiveError(
            f"{source.url}: {shape[0]} x {shape[1]} pixels at {resolution} a degree are not the whole Moon"
        )
    if not is_lunar_radius(where.a_axis_radius * 1e3):
        raise ArchiveError(
            f"{source.url}: A_AXIS_RADIUS {where.a_axis_radius} km is not the Moon's ({RADIUS_M / 1e3} km)"
        )
    # The equator's line, counted from the middle of the first, and half a pixel up to its northern edge.
    top = (where.line_projection_offset + 0.5) / resolution
    if where.maximum_latitude <= where.minimum_latitude or abs(top - 90.0) > 1.0 / resolution:
        raise ArchiveError(
            f"{source.url}: upside down or shifted by its label: latitudes {where.maximum_latitude} to "
            f"{where.minimum_latitude}, first line's edge at {top:.4f}; it must be the north pole"
        )
    if where.positive_longitude_direction.upper() != "EAST":
        raise ArchiveError(f"{source.url}: longitudes positive to the west are not read")


def _geotiff(place: str) -> RadiusGrid:
    """A global GeoTIFF in degrees, or in metres along the equator (simple cylindrical)."""
    source = read_file(place, MAP_BYTES)
    with opened_raster(source, "GTiff", "GeoTIFF") as dataset:
        first_lon = first_longitude(dataset, place)
        band = dataset.read(1, masked=True)
        unit = _unit(dataset.units[0] or "m", place)
        scale, offset = dataset.scales[0] * unit, dataset.offsets[0] * unit
    missing = int(np.ma.getmaskarray(band).sum())
    if missing:
        raise ArchiveError(f"{place}: {missing} pixels are missing; harmonics need the whole Moon")
    heights = band.data.astype(np.float64) * scale + offset
    if abs(float(heights.mean())) < _HIGHEST_HEIGHT_M:
        heights += RADIUS_M
    return _checked(source.name, heights, first_lon, source.digest, place)


def _shape(source: OutsideFile, table: FloatArray) -> RadiusHarmonics:
    _require_radius(float(table[0, 0, 0]), source.url)
    # Parseval: with 4 pi normalisation, the variance over the sphere is the sum of squares from degree 1 on.
    relief = math.sqrt(float((table[:, 1:] ** 2).sum()))
    _require_relief(relief, source.url)
    return RadiusHarmonics(name=source.name, table=table, digest=source.digest)


def _text(source: OutsideFile) -> FloatArray:
    return whole_table(coefficient_rows(source.data, source.url), promised=None, first=0, source=source.url)


def _binary(source: OutsideFile) -> FloatArray:
    """Coefficients of a .bshc file: first and last degree, all cosines, all sines, 8-byte little-endian."""
    # numpy takes whole numbers of 8 bytes only; an odd end is refused below, by the length of it all.
    numbers = np.frombuffer(source.data[: len(source.data) // 8 * 8], "<f8")
    lmax = int(numbers[1]) if numbers.size > 1 and np.isfinite(numbers[:2]).all() else -1
    count = (lmax + 1) * (lmax + 2) // 2
    if lmax < 1 or numbers[0] != 0 or len(source.data) != 8 * (2 + 2 * count):
        raise ArchiveError(
            f"{source.url}: {len(source.data)} bytes are not degrees 0..{lmax}: truncated or no .bshc file"
        )
    # The file goes degree by degree with ascending order, as the lower triangle does row by row.
    degree, order = np.tril_indices(lmax + 1)
    table = np.zeros((2, lmax + 1, lmax + 1))
    table[:, degree, order] = numbers[2:].reshape(2, count)
    return table


def _checked(name: str, radius: FloatArray, first_lon: float, digest: str, source: str) -> RadiusGrid:
    if not np.isfinite(radius).all():
        raise ArchiveError(f"{source}: {int((~np.isfinite(radius)).sum())} pixels are not finite")
    # Rows near the poles are short: the area of a row goes with the sine of its middle's colatitude.
    weights = np.sin((np.arange(radius.shape[0]) + 0.5) * math.pi / radius.shape[0])
    _require_radius(float(np.average(radius.mean(axis=1), weights=weights)), source)
    _require_relief(float(radius.std()), source)
    return RadiusGrid(name=name, radius_m=radius, first_lon=first_lon, digest=digest)


def _require_radius(mean: float, source: str) -> None:
    if is_lunar_radius(mean):
        return
    # Heights in metres around a radius in kilometres shift the mean by some hundred.
    in_km = 0.5 < mean * 1e3 / RADIUS_M < 2.0
    advice = (
        "kilometres were given for metres" if in_km else "another body, or heights where radii are needed"
    )
    raise ArchiveError(f"{source}: the mean radius is {mean:g} m, the Moon's is {RADIUS_M:g} m: {advice}")


def _require_relief(relief: float, source: str) -> None:
    if not _RELIEF_M[0] < relief < _RELIEF_M[1]:
        raise ArchiveError(
            f"{source}: the relief's standard deviation is {relief:g} m, the Moon's is about 2000 m: "
            "kilometres were given for metres, or the scaling factor is wrong"
        )


def _unit(name: str, source: str) -> float:
    metres = _METRES.get(name.upper())
    if metres is None:
        raise ArchiveError(f"{source}: unit {name!r} of the heights; known are {', '.join(_METRES)}")
    return metres


def _kind(place: str) -> str:
    return place.lower().removesuffix(".gz").rpartition(".")[2]


def _beside(place: str, kind: str) -> str:
    """The label of an image or the image of a label, in the same case."""
    stem, _, given = place.rpartition(".")
    return f"{stem}.{kind.upper() if given.isupper() else kind}"


def _flat(label: Label) -> Label:
    """The label with what its file objects hold drawn to the top (labels before 2012 have none)."""
    return {**label.get("UNCOMPRESSED_FILE", {}), **label}


def _object(label: Label, name: str, facts: type[_FactsT], source: OutsideFile) -> _FactsT:
    try:
        return facts.model_validate(label[name])
    except KeyError as error:
        raise ArchiveError(f"{source.url}: the label has no object {name}; it is of no map") from error
    except ValidationError as error:
        first = error.errors()[0]
        keyword = ".".join(map(str, first["loc"])) or name
        raise ArchiveError(
            f"{source.url}: {keyword} in {name} of the label is missing or wrong: {first['msg']}"
        ) from error
