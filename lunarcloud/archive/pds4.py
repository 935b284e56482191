"""PDS4 labels: detached .xml beside a GeoTIFF, as GDAL's PDS4 driver writes them, and their tile."""

import hashlib
import math
import re
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml import ElementTree

from lunarcloud.archive.extents import Extent
from lunarcloud.archive.files import foreign
from lunarcloud.archive.tiles import Tile, require_lunar_radius, tile_from_facts
from lunarcloud.errors import ArchiveError

# PDS3 labels state offsets to seven decimals; in a PDS4 label they are metres, and what those
# add beyond the seventh decimal is rounding. Without it the two issues of a tile could differ by a pixel.
_DECIMALS = 7
_BYTE_ORDERS = {"SignedMSB2": ">", "SignedLSB2": "<"}
_METRES = {"m": 1.0, "km": 1000.0, "m/pixel": 1.0, "km/pixel": 1000.0}
_AXES = ("Band", "Line", "Sample")
_SPECIAL = {
    "missing_constant": "null",
    "low_representation_saturation": "low_repr_saturation",
    "low_instrument_saturation": "low_instr_saturation",
    "high_instrument_saturation": "high_instr_saturation",
    "high_representation_saturation": "high_repr_saturation",
}
_NAMES = {
    "bands": "Axis_Array Band",
    "lines": "Axis_Array Line",
    "samples": "Axis_Array Sample",
    "scaling_factor": "Element_Array/scaling_factor",
    "offset": "Element_Array/value_offset",
    "valid_minimum": "Special_Constants/valid_minimum",
    "special": "Special_Constants",
    "data_offset": "Array_3D_Image/offset",
    "center_longitude": "cart:longitude_of_central_meridian",
    "wavelengths": "img:center_filter_wavelength",
    "note": "Observation_Area/comment",
}
# As the archive named them: latitude code, and the longitude of the middle with an e.
_TILE_NAME = re.compile(r"uvvis_(\d\d[ns])_(\d{3})e", re.IGNORECASE)
# As the standard has names of files: neither folders nor what patterns, lists and URLs are made of.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)


def parse_pds4_label(data: bytes, *, source: str) -> Element:
    """The root element of a PDS4 label.

    Raises
    ------
    ArchiveError
        If it is no XML, or declares entities (a known attack).
    """
    with foreign(source, "not a readable XML label"):
        root: Element = ElementTree.fromstring(data)
        return root


def is_observation(root: Element) -> bool:
    """Whether a label is one of data; archives also hold those of collections, documents, browse images."""
    return _local(root) == "Product_Observational"


def image_file_name(root: Element, *, source: str) -> str:
    """Name of the file beside the label that holds the pixels.

    Raises
    ------
    ArchiveError
        If it is anything but a plain name: a path, a URL or a pattern would lead elsewhere.
    """
    name = _text(root, "File_Area_Observational", "File", "file_name", source=source)
    if not _PLAIN_NAME.fullmatch(name):
        raise ArchiveError(
            f"{source}: file_name {name[:80]!r} must be a plain name, beside the label: letters, digits and "
            "_ - . alone, the first a letter or digit"
        )
    return name


def pds4_tile(data: bytes, *, source: str, url: str, start: int) -> Tile:
    """The tile that a PDS4 label describes.

    Parameters
    ----------
    data : bytes
        The label.
    source : str
        Where the label is, for messages.
    url : str
        The file, or the archive, with the pixels.
    start : int
        Byte of `url` where the image file begins: 0, or the member's place inside an archive.

    Returns
    -------
    Tile
        With the placement of the PDS3 issue; that its pixels are there is not checked.

    Raises
    ------
    ArchiveError
        Naming the element that is missing, or of another kind than the UVVIS mosaic's.
    """
    root = parse_pds4_label(data, source=source)
    with foreign(source, "not a label of the mosaic"):
        image = root.find("{*}File_Area_Observational/{*}Array_3D_Image")
        if image is None:
            raise ArchiveError(f"{source}: the label has no Array_3D_Image")
        _require_mosaic(root, image, source)
        facts = {
            **_image_facts(image, source),
            **_placement(root, source),
            "product_id": _product_id(root, source),
            "url": url,
            "data_offset": start + int(_number(image, "offset", source=source)),
            "label_digest": hashlib.sha256(data).hexdigest(),
        }
        note = root.findtext("{*}Observation_Area/{*}comment")
        if note:
            facts["note"] = note
        wavelengths = [element.text for element in root.iterfind(".//{*}center_filter_wavelength")]
        if wavelengths:
            facts["wavelengths"] = tuple(wavelengths)
        return tile_from_facts(facts, names=_NAMES, source=source)


def pds4_extent(data: bytes, *, source: str) -> Extent:
    """Where the pixels lie in the image beside a label, and the image's MD5 where the label has it.

    Parameters
    ----------
    data : bytes
        The label.
    source : str
        Where it is, for messages.

    Returns
    -------
    Extent
        Of an image of any projection: what cannot be used may be whole all the same.

    Raises
    ------
    ArchiveError
        For what is no label of an image of 16 bits, naming the element.
    """
    with foreign(source, "not a label of an image"):
        root = parse_pds4_label(data, source=source)
        image = root.find("{*}File_Area_Observational/{*}Array_3D_Image")
        if image is None:
            raise ArchiveError(f"{source}: the label has no Array_3D_Image")
        kind = _text(image, "Element_Array", "data_type", source=source)
        if kind not in _BYTE_ORDERS:
            raise ArchiveError(
                f"{source}: data_type is {kind!r}; only {' or '.join(_BYTE_ORDERS)} can be read"
            )
        start = int(_number(image, "offset", source=source))
        pixels = math.prod(int(elements) for _, _, elements in _axes(image, source))
        # A GeoTIFF has more than its pixels, before them or behind them: the label does not say how much.
        md5 = root.findtext("{*}File_Area_Observational/{*}File/{*}md5_checksum")
        return Extent(start=start, stop=start + 2 * pixels, md5=md5.strip() if md5 else None)


def _image_facts(image: Element, source: str) -> dict[str, Any]:
    elements = [size for _, _, size in _axes(image, source)]
    optional = {
        "scaling_factor": image.findtext("{*}Element_Array/{*}scaling_factor"),
        "offset": image.findtext("{*}Element_Array/{*}value_offset"),
        "valid_minimum": image.findtext("{*}Special_Constants/{*}valid_minimum"),
    }
    codes = {_local(constant): constant.text for constant in image.iterfind("{*}Special_Constants/*")}
    return {
        **dict(zip(("bands", "lines", "samples"), elements, strict=True)),
        **{field: value for field, value in optional.items() if value is not None},
        "special": tuple((kind, codes[name]) for name, kind in _SPECIAL.items() if name in codes),
        "byte_order": _BYTE_ORDERS[_text(image, "Element_Array", "data_type", source=source)],
    }


def _axes(image: Element, source: str) -> list[tuple[str, ...]]:
    """Sequence number, name and size of the axes, slowest first."""
    # Their numbers say the order of storage, not the order in the label; of one digit, they sort as text.
    parts = ("sequence_number", "axis_name", "elements")
    axes = image.iterfind("{*}Axis_Array")
    return sorted(tuple(_text(axis, part, source=source) for part in parts) for axis in axes)


def _placement(root: Element, source: str) -> dict[str, float]:
    """The PDS3 projection keywords that the map projection in metres amounts to.

    ``cart:upperleft_corner_*`` is the outer corner of the first pixel, where PDS3's line and sample are 1.0.
    """
    radius = _metres(root, _first(root, "a_axis_radius", "semi_major_radius"), source)
    require_lunar_radius(radius, keyword="cart:a_axis_radius", source=source)
    size_x = _metres(root, "pixel_resolution_x", source)
    size_y = _metres(root, "pixel_resolution_y", source)
    if not (size_x > 0 and math.isclose(size_x, size_y, rel_tol=1e-9)):
        raise ArchiveError(f"{source}: pixels of {size_x} x {size_y} m; square ones are needed")
    left, top = _metres(root, "upperleft_corner_x", source), _metres(root, "upperleft_corner_y", source)
    # Solved for that corner, y = top and x = left: line 1 = LINE_PROJECTION_OFFSET - top / size, and
    # sample 1 = SAMPLE_PROJECTION_OFFSET + left / size, in pixels, x and y positive to the east and north.
    return {
        "map_resolution": round(math.radians(radius) / size_x, _DECIMALS),
        "line_projection_offset": round(top / size_y + 1.0, _DECIMALS),
        "sample_projection_offset": round(1.0 - left / size_x, _DECIMALS),
        # PDS3 labels count 0..360, and both issues of a tile must give one value.
        "center_longitude": _number(root, ".//{*}longitude_of_central_meridian", source=source) % 360.0,
    }


def _product_id(root: Element, source: str) -> str:
    """The PDS3 name, so that both issues of a tile are known as one; else the logical identifier's end."""
    identifier = _text(root, "Identification_Area", "logical_identifier", source=source)
    name = image_file_name(root, source=source).rpartition(".")[0]
    for text in (identifier, name):
        known = _TILE_NAME.search(text)
        if known:
            return f"UI{known[1]}{known[2]}".upper()
    return name.upper()


def _require_mosaic(root: Element, image: Element, source: str) -> None:
    target = _text(root, "Observation_Area", "Target_Identification", "name", source=source)
    _require("Target_Identification/name", target.upper(), ("MOON",), source)
    data_type = _text(image, "Element_Array", "data_type", source=source)
    _require("data_type", data_type, tuple(_BYTE_ORDERS), source)
    _require("order of axes", tuple(name for _, name, _ in _axes(image, source)), (_AXES,), source)
    projection = _text(root, ".//{*}map_projection_name", source=source)
    _require("cart:map_projection_name", projection.upper(), ("SINUSOIDAL",), source)
    direction = root.findtext(".//{*}longitude_direction", default="Positive East").strip()
    _require("cart:longitude_direction", direction.upper(), ("POSITIVE EAST",), source)


def _require(name: str, value: object, allowed: tuple[object, ...], source: str) -> None:
    if value not in allowed:
        choice = " or ".join(str(item) for item in allowed)
        raise ArchiveError(f"{source}: {name} is {value!r}; only {choice} can be read")


def _text(element: Element, *path: str, source: str) -> str:
    # {*} is any namespace: the dictionaries' addresses change with every version of the standard.
    place = "/".join(step if step.startswith(".") else f"{{*}}{step}" for step in path)
    text = element.findtext(place)
    if text is None or not text.strip():
        raise ArchiveError(f"{source}: the label has no {'/'.join(path).removeprefix('.//{*}')}")
    return text.strip()


def _number(element: Element, *path: str, source: str) -> float:
    text = _text(element, *path, source=source)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        name = path[-1].removeprefix(".//{*}")
        raise ArchiveError(f"{source}: {name} is {text!r}; a number is needed")
    return number


def _metres(root: Element, name: str, source: str) -> float:
    number = _number(root, f".//{{*}}{name}", source=source)
    unit = root.find(f".//{{*}}{name}").get("unit", "m")  # type: ignore[union-attr]  # _number found it
    if unit not in _METRES:
        raise ArchiveError(f"{source}: cart:{name} is in {unit!r}; only m and km can be read")
    return number * _METRES[unit]


def _first(root: Element, *names: str) -> str:
    """The first of the names that the label has (the dictionary renamed some), else the first."""
    return next((name for name in names if root.find(f".//{{*}}{name}") is not None), names[0])


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]
