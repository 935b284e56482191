"""PDS3 map tiles in simple cylindrical projection, such as Kaguya's, labelled beside or inside."""

import hashlib
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import pvl

from lunarcloud.archive.cubes import Cube, Stored, Wanted, cube
from lunarcloud.archive.files import foreign
from lunarcloud.archive.pds3 import (
    BYTE_ORDERS,
    SPECIAL,
    Label,
    count_of,
    label_bytes,
    object_of,
    parse_pds3_label,
    plain,
    require_value,
)
from lunarcloud.archive.placement import placed
from lunarcloud.archive.tiles import require_lunar_radius
from lunarcloud.errors import ArchiveError
from lunarcloud.moon import GEOGRAPHIC, lunar_crs

_CYLINDRICAL = ("SIMPLE CYLINDRICAL", "SIMPLE_CYLINDRICAL", "EQUIRECTANGULAR")
# Kinds and sizes of numbers, by the standard's names.
_FLOATS = {"PC_REAL": "<f", "IEEE_REAL": ">f", "MAC_REAL": ">f", "SUN_REAL": ">f"}
_NANOMETRES = {
    "NM": 1.0,
    "NANOMETER": 1.0,
    "NANOMETERS": 1.0,
    "UM": 1000.0,
    "MICROMETER": 1000.0,
    "MICRON": 1000.0,
}
# A file beside its label: neither folders nor what patterns, lists and URLs are made of.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)
# Pixels by which a label's bounds may differ from its offsets: of edges in some, of centres in others.
_SLACK = 1.5


class Pointer(NamedTuple):
    """Where an image lies.

    Attributes
    ----------
    name : str
        The file beside the label; empty for the label's own.
    offset : int
        Byte of its first pixel.
    """

    name: str
    offset: int


def image_pointer(label: Label, *, source: str) -> Pointer:
    """Where the image of a label lies.

    Parameters
    ----------
    label : dict
        As `parse_pds3_label` gives it.
    source : str
        Where it is, for messages.

    Raises
    ------
    ArchiveError
        If it says nothing of it, or names a file that does not lie beside it.
    """
    given = label.get("^IMAGE")
    name, place = "", given
    if isinstance(given, str):
        name, place = given, 1
    elif isinstance(given, list | tuple) and len(given) == 2 and isinstance(given[0], str):
        name, place = given
    if name and not _PLAIN_NAME.fullmatch(name):
        raise ArchiveError(f"{source}: ^IMAGE names {name[:80]!r}; a plain name, beside the label, is wanted")
    record = label.get("RECORD_BYTES", 1)
    if isinstance(place, pvl.collections.Quantity) and str(place.units).upper() == "BYTES":
        place, record = place.value, 1
    if not (isinstance(place, int) and place >= 1 and isinstance(record, int) and record >= 1):
        raise ArchiveError(
            f"{source}: ^IMAGE is {given!r}; a file beside the label, a record or a byte is wanted"
        )
    # Records and bytes count from 1.
    return Pointer(name, (place - 1) * record)


def pds3_cube(head: bytes, wanted: Wanted, *, source: str, url: str, start: int, size: int | None) -> Cube:
    """The cube that a PDS3 label in simple cylindrical projection describes.

    Parameters
    ----------
    head : bytes
        The label, or the head of the file that it is attached to.
    wanted : Wanted
        Of which camera, by which table of bands.
    source : str
        Where the label is, for messages.
    url : str
        The file, or the archive, with the pixels.
    start : int
        Byte of `url` where the image file begins.
    size : int or None
        Bytes of the image file, where they are known. With the label, which says when the pixels were
        made, and their extremes, it stands for the content: such labels have no checksum.

    Raises
    ------
    ArchiveError
        Naming the keyword that is missing, or of another kind than can be read.
    """
    with foreign(source, "not a label of a map"):
        label = parse_pds3_label(head, source=source)
        image = object_of(label, "IMAGE", source)
        require_value(label, "TARGET_NAME", ("MOON",), source)
        shape = count_of(image, "LINES", source), count_of(image, "LINE_SAMPLES", source)
        bands = count_of(image, "BANDS", source) if "BANDS" in image else 1
        if bands > 1:
            require_value(image, "BAND_STORAGE_TYPE", ("BAND_SEQUENTIAL", "BAND SEQUENTIAL"), source)
        dtype, offset = _dtype(image, source), image_pointer(label, source=source).offset
        _require_whole(size, offset + bands * shape[0] * shape[1] * int(dtype[-1]), source)
        scaling = (_number(image, "SCALING_FACTOR", 1.0, source), _number(image, "OFFSET", 0.0, source))
        found = hashlib.sha256(label_bytes(head, source=source) + f"{size}".encode()).hexdigest()
        return cube(
            wanted,
            Stored([dtype] * bands, [scaling] * bands, [None] * bands, _wavelengths(label, image, source)),
            source=source,
            url=url,
            storage="rows",
            data_offset=start + offset,
            product_id=str(label.get("PRODUCT_ID", source.rpartition("/")[2].rpartition(".")[0])).upper(),
            lines=shape[0],
            samples=shape[1],
            placement=placed(
                lunar_crs(GEOGRAPHIC),
                _transform(object_of(label, "IMAGE_MAP_PROJECTION", source), source),
                shape,
                source=source,
            ),
            special=tuple(
                (name.lower(), image[name]) for name in SPECIAL if isinstance(image.get(name), int)
            ),
            label_digest=found,
            note=str(label.get("NOTE", "")),
        )


def _dtype(image: Label, source: str) -> str:
    kind, bits = str(image.get("SAMPLE_TYPE", "")).upper(), image.get("SAMPLE_BITS")
    plain_kind = kind.replace("UNSIGNED_", "")
    order = BYTE_ORDERS.get(plain_kind, "") + ("u" if plain_kind != kind else "i")
    if plain_kind in BYTE_ORDERS and bits in (8, 16):
        return f"{order}{bits // 8}"
    if kind in _FLOATS and bits in (32, 64):
        return f"{_FLOATS[kind]}{bits // 8}"
    known = ", ".join((*BYTE_ORDERS, *_FLOATS))
    raise ArchiveError(
        f"{source}: SAMPLE_TYPE is {kind!r} of {bits} bits; integers of 8 and 16 bits and real numbers of 32 "
        f"and 64 can be read: {known}"
    )


def _require_whole(size: int | None, needed: int, source: str) -> None:
    if size is not None and size < needed:
        raise ArchiveError(
            f"{source}: the image is cut short: the label needs {needed} bytes, the file has {size}; "
            "fetch it again"
        )


def _number(values: Label, keyword: str, default: float | None, source: str) -> float:
    value = plain(values.get(keyword, default))
    if not isinstance(value, int | float):
        raise ArchiveError(f"{source}: {keyword} is {value!r}; a number is needed")
    return float(value)


def _wavelengths(label: Label, image: Label, source: str) -> Sequence[float]:
    given = image.get("CENTER_FILTER_WAVELENGTH", label.get("CENTER_FILTER_WAVELENGTH", ()))
    return [_nanometres(each, source) for each in (given if isinstance(given, list | tuple) else (given,))]


def _nanometres(given: Any, source: str) -> float:
    unit = str(given.units).upper() if isinstance(given, pvl.collections.Quantity) else "NM"
    value = plain(given)
    if unit not in _NANOMETRES or not isinstance(value, int | float):
        raise ArchiveError(f"{source}: CENTER_FILTER_WAVELENGTH holds {given!r}; nanometres are wanted")
    return float(value) * _NANOMETRES[unit]


def _transform(projection: Label, source: str) -> tuple[float, ...]:
    """Degrees of columns and rows.

    As LOLA's, these labels count from 0 at the middle of the first pixel, and the offsets are where the
    equator and the central meridian lie: the first pixel's edges are half a pixel before them.
    """
    require_value(projection, "MAP_PROJECTION_TYPE", _CYLINDRICAL, source)
    if "POSITIVE_LONGITUDE_DIRECTION" in projection:
        require_value(projection, "POSITIVE_LONGITUDE_DIRECTION", ("EAST",), source)
    if "CENTER_LATITUDE" in projection:
        require_value(projection, "CENTER_LATITUDE", (0,), source)
    require_lunar_radius(
        _number(projection, "A_AXIS_RADIUS", None, source) * 1000.0, keyword="A_AXIS_RADIUS", source=source
    )
    resolution = _number(projection, "MAP_RESOLUTION", None, source)
    if resolution <= 0:
        raise ArchiveError(
            f"{source}: MAP_RESOLUTION is {resolution:g}; pixels per degree, above 0, are needed"
        )
    line = _number(projection, "LINE_PROJECTION_OFFSET", None, source)
    sample = _number(projection, "SAMPLE_PROJECTION_OFFSET", None, source)
    north = (line + 0.5) / resolution
    west = _number(projection, "CENTER_LONGITUDE", 0.0, source) - (sample + 0.5) / resolution
    _require_bounds(projection, north, west, _SLACK / resolution, source)
    return 1.0 / resolution, 0.0, west, 0.0, -1.0 / resolution, north


def _require_bounds(projection: Label, north: float, west: float, slack: float, source: str) -> None:
    """Refuse offsets that say another place than the label's own bounds."""
    said = _number(projection, "MAXIMUM_LATITUDE", north, source)
    if abs(said - north) > slack:
        raise ArchiveError(
            f"{source}: LINE_PROJECTION_OFFSET puts the first line at {north:.4f} degrees, MAXIMUM_LATITUDE "
            f"is {said:g}: in pixels and degrees, they must agree"
        )
    said = _number(projection, "WESTERNMOST_LONGITUDE", west, source)
    # Whole turns taken off: one may count from -180, the other from 0.
    if abs((said - west + 180.0) % 360.0 - 180.0) > slack:
        raise ArchiveError(
            f"{source}: SAMPLE_PROJECTION_OFFSET puts the first sample at {west:.4f} degrees, "
            f"WESTERNMOST_LONGITUDE is {said:g}: in pixels and degrees, they must agree"
        )
