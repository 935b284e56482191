"""PDS3 labels, attached at the head of a .IMG file: every keyword, and the tile they describe."""

import hashlib
import math
import re
import warnings
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from lunarcloud.archive.extents import Extent
from lunarcloud.archive.files import foreign
from lunarcloud.archive.tiles import Tile, require_lunar_radius, tile_from_facts
from lunarcloud.errors import ArchiveError

with warnings.catch_warnings():
    # On import pvl warns of a class of its own, whoever uses it.
    warnings.simplefilter("ignore", PendingDeprecationWarning)
    import pvl
    from pvl.decoder import OmniDecoder
    from pvl.grammar import OmniGrammar
    from pvl.parser import PVLParser

Label: TypeAlias = dict[str, Any]

#: Bytes at the head of a file that are enough to find a label's end (real ones have 7 KiB).
HEAD_BYTES = 32_768

_END = re.compile(rb"(?m)^[ \t]*END[ \t]*(\r|\n|\Z)")
_BEGIN = re.compile(r"(?m)^(?=[ \t]*\^?[A-Za-z][\w:]*[ \t]*=)")
# What differs from tile to tile is a decimal number or a quoted word, about which grammars cannot differ.
_PLAIN = re.compile(
    r'(\^?[A-Z_]+)[ \t]*=[ \t]*(?:([+-]?[0-9]+)|([+-]?[0-9]+\.[0-9]+)|"([\w.:-]+)")', re.ASCII
)
#: By the standard's table of data types: INTEGER without a maker's name is MSB_INTEGER.
BYTE_ORDERS = {
    "MSB_INTEGER": ">",
    "INTEGER": ">",
    "SUN_INTEGER": ">",
    "MAC_INTEGER": ">",
    "LSB_INTEGER": "<",
    "PC_INTEGER": "<",
    "VAX_INTEGER": "<",
}
_IMAGE_FACTS = {
    "bands": "BANDS",
    "lines": "LINES",
    "samples": "LINE_SAMPLES",
    "scaling_factor": "SCALING_FACTOR",
    "offset": "OFFSET",
    "valid_minimum": "VALID_MINIMUM",
}
_PROJECTION_FACTS = {
    "map_resolution": "MAP_RESOLUTION",
    "center_longitude": "CENTER_LONGITUDE",
    "line_projection_offset": "LINE_PROJECTION_OFFSET",
    "sample_projection_offset": "SAMPLE_PROJECTION_OFFSET",
}
_LABEL_FACTS = {"product_id": "PRODUCT_ID", "wavelengths": "CENTER_FILTER_WAVELENGTH", "note": "NOTE"}
#: Keywords of the codes of missing pixels.
SPECIAL = (
    "NULL",
    "LOW_REPR_SATURATION",
    "LOW_INSTR_SATURATION",
    "HIGH_INSTR_SATURATION",
    "HIGH_REPR_SATURATION",
)


class _PlainDecoder(OmniDecoder):  # type: ignore[misc]  # pvl has no type information
    """pvl's decoder without its trying of 22 date formats on every word, which is most of its time."""

    def decode_datetime(self, value: str) -> Any:
        if not (value[:1].isdigit() and ("-" in value or ":" in value)):
            raise ValueError(value)
        return super().decode_datetime(value)


_GRAMMAR = OmniGrammar()
_DECODER = _PlainDecoder(grammar=_GRAMMAR)


def parse_pds3_label(head: bytes, *, source: str = "label") -> Label:
    """Every keyword of an attached PDS3 label.

    Parameters
    ----------
    head : bytes
        The head of the file, as far as the line ``END`` or further.
    source : str
        Where the label is, for messages.

    Returns
    -------
    dict
        Values by keyword; objects as dicts inside it; pointers keep their caret (``^IMAGE``). Of a keyword
        given twice, the first.

    Raises
    ------
    ArchiveError
        If it is no PDS3 label, has no END, or a statement breaks the grammar (named).
    """
    return _parsed(label_bytes(head, source=source), source)


def _parsed(attached: bytes, source: str) -> Label:
    label: Label = {}
    nested = [label]
    # Labels are ASCII, but people's names in them are not always: here every byte is some character.
    for statement in _statements(attached.decode("latin-1")):
        keyword, value = _parse(statement, source)
        if keyword in ("OBJECT", "GROUP"):
            nested.append(nested[-1].setdefault(str(value), {}))
        elif keyword in ("END_OBJECT", "END_GROUP"):
            if len(nested) == 1:
                raise ArchiveError(f"{source}: {keyword} = {value} ends an object that was never begun")
            nested.pop()
        else:
            nested[-1].setdefault(keyword, value)
    if len(nested) > 1:
        raise ArchiveError(f"{source}: the label ends inside an OBJECT")
    return label


def label_bytes(head: bytes, *, source: str) -> bytes:
    """The bytes of the label at the head of a file, as far as its line ``END``.

    Raises
    ------
    ArchiveError
        If the file does not begin with a PDS3 label, or END is not found.
    """
    if not head.lstrip().startswith(b"PDS_VERSION_ID"):
        raise ArchiveError(f"{source}: not a PDS3 file: it must begin with PDS_VERSION_ID")
    end = _END.search(head)
    if end is None:
        raise ArchiveError(f"{source}: the PDS3 label has no END in its first {len(head)} bytes")
    return head[: end.end()]


def pds3_tile(head: bytes, *, source: str, url: str, start: int) -> Tile:
    """The tile that an attached PDS3 label describes.

    Parameters
    ----------
    head : bytes
        The head of the file.
    source, url : str
        As in `Tile`.
    start : int
        Byte of the file `url` where the label begins: 0, or the member's place inside an archive.

    Returns
    -------
    Tile
        Its pixels are where the label says; that they are there is not checked.

    Raises
    ------
    ArchiveError
        Naming the keyword that is missing, or of another kind than the UVVIS mosaic's.
    """
    with foreign(source, "not a label of the mosaic"):
        attached = label_bytes(head, source=source)
        label = _parsed(attached, source)
        image = object_of(label, "IMAGE", source)
        projection = object_of(label, "IMAGE_MAP_PROJECTION", source)
        _require_mosaic(label, image, source)
        _require_sinusoidal(projection, source)
        facts = {
            **_facts(label, _LABEL_FACTS),
            **_facts(image, _IMAGE_FACTS),
            **_facts(projection, _PROJECTION_FACTS),
            "special": tuple((name.lower(), image[name]) for name in SPECIAL if name in image),
            "byte_order": BYTE_ORDERS[image["SAMPLE_TYPE"].upper()],
            "url": url,
            "data_offset": start + _image_offset(label, source),
            "label_digest": hashlib.sha256(attached).hexdigest(),
        }
        names = {**_LABEL_FACTS, **_IMAGE_FACTS, **_PROJECTION_FACTS, "special": "special code"}
        return tile_from_facts(facts, names=names, source=source)


def pds3_extent(head: bytes, *, source: str) -> Extent:
    """Where the image lies in the file that begins with a label, and what its bytes sum up to.

    Parameters
    ----------
    head : bytes
        The head of the file.
    source : str
        Where it is, for messages.

    Returns
    -------
    Extent
        Of an image of any projection: what cannot be used may be whole all the same.

    Raises
    ------
    ArchiveError
        For what is no PDS3 label of an image, naming the keyword.
    """
    with foreign(source, "not a label of an image"):
        label = parse_pds3_label(head, source=source)
        image = object_of(label, "IMAGE", source)
        start = _image_offset(label, source)
        sizes = [count_of(image, keyword, source) for keyword in ("LINES", "LINE_SAMPLES", "SAMPLE_BITS")]
        # The standard's default: an image of one band need not say so.
        bands = count_of(image, "BANDS", source) if "BANDS" in image else 1
        records, record = label.get("FILE_RECORDS"), label.get("RECORD_BYTES")
        checksum = image.get("CHECKSUM")
        return Extent(
            start=start,
            stop=start + bands * math.prod(sizes) // 8,
            length=records * record if isinstance(records, int) and isinstance(record, int) else None,
            checksum=checksum if isinstance(checksum, int) else None,
        )


def count_of(image: Label, keyword: str, source: str) -> int:
    """A whole number from 1 in an object.

    Parameters
    ----------
    image : dict
        The object.
    keyword : str
        Of the number.
    source : str
        Where the label is, for messages.

    Raises
    ------
    ArchiveError
        For anything else.
    """
    value = image.get(keyword)
    if not (isinstance(value, int) and value >= 1):
        raise ArchiveError(f"{source}: {keyword} is {value!r}; a number from 1 is needed")
    return value


def _statements(text: str) -> Iterator[str]:
    """The assignments of a label; one goes on until the next begins outside a quoted string."""
    begun = ""
    for piece in _BEGIN.split(text)[1:]:
        begun += piece
        # An odd number of quotes: what looked like the next assignment is a line of a quoted text.
        if begun.count('"') % 2 == 0:
            yield begun
            begun = ""
    if begun:
        yield begun


def _parse(statement: str, source: str) -> tuple[str, Any]:
    with foreign(source, f"cannot read the label's statement {statement.strip()[:80]!r}"):
        return _parse_statement(statement)


def _plain_statement(statement: str) -> tuple[str, Any] | None:
    """A number or a word given to a keyword, where pvl takes a quarter of a millisecond; None for others."""
    found = _PLAIN.fullmatch(statement)
    if found is None:
        return None
    keyword, whole, real, word = found.groups()
    if whole:
        return keyword, int(whole)
    return keyword, float(real) if real else word


@lru_cache(maxsize=4096)
def _parse_statement(statement: str) -> tuple[str, Any]:
    """One assignment by pvl; nearly all of the archive's 996 labels are the same statements, parsed once."""
    statement = statement.strip()
    if plain := _plain_statement(statement):
        return plain
    keyword = statement.partition("=")[0].strip()
    # The lenient parser of pvl.loads tries to mend statements, and with "A = 1 = 2" never ends.
    parser = PVLParser(grammar=_GRAMMAR, decoder=_DECODER)
    if keyword in ("OBJECT", "END_OBJECT", "GROUP", "END_GROUP"):
        # Alone, neither is a whole module; as a plain assignment both are.
        return keyword, parser.parse(statement.replace(keyword, "NAME", 1))["NAME"]
    return keyword, _immutable(parser.parse(statement)[keyword])


def _immutable(value: Any) -> Any:
    """Sequences as tuples, since cached values are shared."""
    return tuple(_immutable(item) for item in value) if isinstance(value, list) else value


def object_of(label: Label, name: str, source: str) -> Label:
    """An object of a label.

    Parameters
    ----------
    label : dict
        The label.
    name : str
        Of the object.
    source : str
        Where the label is, for messages.

    Raises
    ------
    ArchiveError
        If there is none.
    """
    found = label.get(name)
    if not isinstance(found, dict):
        raise ArchiveError(f"{source}: the label has no OBJECT = {name}")
    return found


def _facts(values: Mapping[str, Any], keywords: Mapping[str, str]) -> dict[str, Any]:
    return {field: plain(values[keyword]) for field, keyword in keywords.items() if keyword in values}


def plain(value: Any) -> Any:
    """A number without its unit (the data set's own: PIXEL/DEGREE, KM); others as they are."""
    return value.value if isinstance(value, pvl.collections.Quantity) else value


def require_value(values: Mapping[str, Any], keyword: str, allowed: tuple[object, ...], source: str) -> None:
    """Refuse a keyword's value that is none of some.

    Parameters
    ----------
    values : mapping
        A label, or an object of it.
    keyword : str
        The keyword.
    allowed : tuple
        Its values that can be read, words in upper case.
    source : str
        Where the label is, for messages.

    Raises
    ------
    ArchiveError
        With the value and what is allowed.
    """
    if keyword not in values:
        raise ArchiveError(f"{source}: the label has no {keyword}")
    value = plain(values[keyword])
    if (value.upper() if isinstance(value, str) else value) not in allowed:
        choice = " or ".join(str(item) for item in allowed)
        raise ArchiveError(f"{source}: {keyword} is {value!r}; only {choice} can be read")


def _require_mosaic(label: Label, image: Label, source: str) -> None:
    require_value(label, "TARGET_NAME", ("MOON",), source)
    require_value(image, "SAMPLE_BITS", (16,), source)
    require_value(image, "SAMPLE_TYPE", tuple(BYTE_ORDERS), source)
    require_value(image, "BAND_STORAGE_TYPE", ("BAND_SEQUENTIAL",), source)


def _require_sinusoidal(projection: Label, source: str) -> None:
    require_value(projection, "MAP_PROJECTION_TYPE", ("SINUSOIDAL",), source)
    require_value(projection, "POSITIVE_LONGITUDE_DIRECTION", ("EAST",), source)
    require_value(projection, "CENTER_LATITUDE", (0,), source)
    # The image's first pixel is line 1, sample 1 of the equations: `Tile.pixel` takes that for granted.
    for keyword in ("LINE_FIRST_PIXEL", "SAMPLE_FIRST_PIXEL"):
        require_value(projection, keyword, (1,), source)
    radius = plain(projection.get("A_AXIS_RADIUS"))
    if not isinstance(radius, int | float):
        raise ArchiveError(f"{source}: A_AXIS_RADIUS is {radius!r}; the radius in km is needed")
    require_lunar_radius(radius * 1000.0, keyword="A_AXIS_RADIUS", source=source)


def _image_offset(label: Label, source: str) -> int:
    """Byte of the label's file where the image starts."""
    if "^IMAGE" not in label:
        raise ArchiveError(f"{source}: the label has no ^IMAGE, so where its pixels start is unknown")
    pointer, record = label["^IMAGE"], label.get("RECORD_BYTES")
    if isinstance(pointer, pvl.collections.Quantity) and str(pointer.units).upper() == "BYTES":
        pointer, record = pointer.value, 1
    if not (isinstance(pointer, int) and pointer >= 1):
        raise ArchiveError(
            f"{source}: ^IMAGE is {pointer!r}; only a record of the same file, from 1, can be read"
        )
    if not (isinstance(record, int) and record >= 1):
        raise ArchiveError(f"{source}: RECORD_BYTES is {record!r}; a number of bytes is needed")
    # Records count from 1: record 1 begins at byte 0.
    return (pointer - 1) * record
