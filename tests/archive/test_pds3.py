"""PDS3 labels: agreement with pvl, and every refusal."""

from contextlib import suppress
from typing import Any

import pvl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pvl import PVLModule, PVLObject

from lunarcloud.archive.pds3 import parse_pds3_label, pds3_tile
from lunarcloud.archive.tiles import Tile
from lunarcloud.errors import ArchiveError


def as_dict(module: PVLModule | PVLObject) -> dict[str, Any]:
    """What pvl itself makes of a label, as plain dicts and tuples."""
    return {
        key: as_dict(value) if hasattr(value, "items") else tuple(value) if isinstance(value, list) else value
        for key, value in module.items()
    }


def tile_of(head: bytes) -> Tile:
    return pds3_tile(head, source="tile.img", url="tile.img", start=0)


def test_a_label_is_read_as_the_pvl_library_reads_it(one_tile: bytes) -> None:
    head = one_tile[: one_tile.index(b"\nEND\r\n") + 6]
    assert parse_pds3_label(head) == as_dict(pvl.loads(head.decode("latin-1")))


NUMBERS = st.from_regex(r"[+-]?[0-9]{1,9}(\.[0-9]{1,9})?", fullmatch=True)
WORDS = st.from_regex(r'"[A-Za-z0-9_.:-]{1,12}"', fullmatch=True)


@given(value=NUMBERS | WORDS)
def test_numbers_and_words_are_what_the_pvl_library_makes_of_them(value: str) -> None:
    head = f"PDS_VERSION_ID = PDS3\r\nANY_THING  = {value}\r\nEND\r\n"
    assert parse_pds3_label(head.encode())["ANY_THING"] == pvl.loads(head)["ANY_THING"]


def test_a_quoted_string_may_hold_what_looks_like_a_keyword(one_tile: bytes) -> None:
    head = one_tile.replace(b'"SYNTHETIC MOON; NOT CLEMENTINE DATA"', b'"A NOTE\r\nLINES = 7\r\nEND OF NOTE"')
    label = parse_pds3_label(head)
    assert "LINES = 7" in label["NOTE"]
    assert label["IMAGE"]["LINES"] == 57
    assert "LINES" not in label


@pytest.mark.parametrize(
    ("said", "note"),
    [
        (b'"UVVIS 5-BAND MOSAIC"', ""),
        (b'"NOT\r\n   CLEMENTINE DATA"', "NOT CLEMENTINE DATA"),
        (b"7", "7"),
        (b'"' + b"A" * 300 + b'"', "A" * 200),
    ],
)
def test_what_the_archives_labels_always_note_is_no_note(one_tile: bytes, said: bytes, note: str) -> None:
    assert tile_of(one_tile.replace(b'"SYNTHETIC MOON; NOT CLEMENTINE DATA"', said)).note == note


def test_units_are_read_over(one_tile: bytes) -> None:
    head = one_tile.replace(b"= 8.0000000\r", b"= 8.0000000 <PIXEL/DEGREE>\r").replace(
        b"A_AXIS_RADIUS                = 1737.4000000", b"A_AXIS_RADIUS = 1737.4 <KM>"
    )
    assert tile_of(head).map_resolution == 8.0


def test_image_pointer_in_bytes(one_tile: bytes) -> None:
    pointer = one_tile[one_tile.index(b"^IMAGE") :].split(b"\r\n")[0]
    head = one_tile.replace(pointer, b"^IMAGE = 4001 <BYTES>")
    assert tile_of(head).data_offset == 4000


REFUSALS = [
    (b"^IMAGE   ", b"IMAGE_AT", r"no \^IMAGE"),
    (b'"SINUSOIDAL"', b'"POLAR STEREOGRAPHIC"', "MAP_PROJECTION_TYPE is 'POLAR STEREOGRAPHIC'"),
    (b'"MOON"', b'"VENUS"', "TARGET_NAME is 'VENUS'"),
    (b"  BANDS                        = 5", b"  BANDS = 4", "BANDS = 4: .*5 bands"),
    (b"  BANDS                        = 5", b"  COMMENT = 5", "no BANDS"),
    (b"= 57\r\n  LINE_SAMPLES", b'= "MANY"\r\n  LINE_SAMPLES', "LINES = 'MANY'"),
    (b"MAP_RESOLUTION               = 8.0000000", b'MAP_RESOLUTION = "N/A"', "MAP_RESOLUTION = 'N/A'"),
    (b"MAP_RESOLUTION               = 8.0000000", b"MAP_RESOLUTION = -8.0", "MAP_RESOLUTION = -8.0"),
    (
        b"SCALING_FACTOR               = 1.350000E-04",
        b"SCALING_FACTOR = NaN",
        "SCALING_FACTOR = nan: .*finite",
    ),
    (b"SAMPLE_BITS                  = 16", b"SAMPLE_BITS = 8", "SAMPLE_BITS is 8"),
    (b"= MSB_INTEGER", b"= IEEE_REAL", "SAMPLE_TYPE is 'IEEE_REAL'"),
    (b"= BAND_SEQUENTIAL", b"= SAMPLE_INTERLEAVED", "BAND_STORAGE_TYPE is 'SAMPLE_INTERLEAVED'"),
    (b"DIRECTION = EAST", b"DIRECTION = WEST", "POSITIVE_LONGITUDE_DIRECTION is 'WEST'"),
    (b"A_AXIS_RADIUS                = 1737.4", b"A_AXIS_RADIUS = 6051.0", "6051.0 km; the Moon's"),
    (b"A_AXIS_RADIUS                = 1737.4000000", b'A_AXIS_RADIUS = "N/A"', "A_AXIS_RADIUS is 'N/A'"),
    (b"OBJECT                         = IMAGE\r", b"OBJECT = PICTURE\r", "no OBJECT = IMAGE"),
    (b"END_OBJECT                     = IMAGE_MAP_PROJECTION\r\n", b"", "ends inside an OBJECT"),
    (b"\nEND\r\n", b"\nFIN\r\n", "no END"),
    (b"PDS_VERSION_ID", b"CCSD3ZF0000100", "not a PDS3 file"),
    (b"(415.000,", b"(999.000,", "CENTER_FILTER_WAVELENGTH = .*999"),
    (b"NULL                         = -32768", b"NULL = 99999", "99999"),
    (b"LINE_FIRST_PIXEL             = 1", b"LINE_FIRST_PIXEL = 5", "LINE_FIRST_PIXEL is 5"),
]


@pytest.mark.parametrize(("old", "new", "message"), REFUSALS, ids=[message for _, _, message in REFUSALS])
def test_refuses_with_keyword_and_value(one_tile: bytes, old: bytes, new: bytes, message: str) -> None:
    assert old in one_tile
    with pytest.raises(ArchiveError, match=message) as refused:
        tile_of(one_tile.replace(old, new))
    assert str(refused.value).startswith("tile.img: ")


def test_a_detached_image_is_refused(one_tile: bytes) -> None:
    pointer = one_tile[one_tile.index(b"^IMAGE") :].split(b"\r\n")[0]
    with pytest.raises(ArchiveError, match=r"IMAGE is .*UI03N003\.DAT"):
        tile_of(one_tile.replace(pointer, b'^IMAGE = ("UI03N003.DAT", 1)'))


# The pvl library's own entry point never comes back from this one.
_ENDLESS = b"PDS_VERSION_ID = PDS3\r\nA = 1 = 2\r\nEND\r\n"


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "junk", [b"", b"\x89PNG\r\n", b"PDS_VERSION_ID = PDS3\r\nA = (1,\r\nEND\r\n", _ENDLESS]
)
def test_junk_is_refused_without_a_traceback(junk: bytes) -> None:
    with pytest.raises(ArchiveError):
        tile_of(junk)


@pytest.mark.timeout(60)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(
    start=st.integers(0, 4000),
    length=st.integers(0, 60),
    new=st.one_of(
        st.binary(max_size=12),
        st.sampled_from([b"=", b'"', b"(", b"{", b"<", b"-", b"/*", b"\r\n", b"END_OBJECT = A"]),
    ),
)
def test_a_garbled_label_is_a_tile_or_refused(one_tile: bytes, start: int, length: int, new: bytes) -> None:
    head = one_tile[:start] + new + one_tile[start + length :]
    with suppress(ArchiveError):
        assert isinstance(tile_of(head), Tile)


def test_words_may_be_in_lower_case(one_tile: bytes) -> None:
    head = one_tile.replace(b"= MSB_INTEGER", b"= msb_integer").replace(b'"SINUSOIDAL"', b'"Sinusoidal"')
    assert tile_of(head) == tile_of(one_tile).model_copy(update={"label_digest": tile_of(head).label_digest})
