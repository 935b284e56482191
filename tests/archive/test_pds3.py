"""PDS3 labels: every keyword of the real one, agreement with pvl, and every refusal."""

from contextlib import suppress

import pvl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lunarcloud.archive.pds3 import parse_pds3_label, pds3_tile
from lunarcloud.archive.tiles import WAVELENGTHS_NM, Tile
from lunarcloud.errors import ArchiveError

# Written down from the archive's document, not by the parser.
REAL_IMAGE = {
    "BANDS": 5,
    "BAND_STORAGE_TYPE": "BAND_SEQUENTIAL",
    "BAND_NAME": "N/A",
    "LINES": 2127,
    "LINE_SAMPLES": 1844,
    "SAMPLE_TYPE": "MSB_INTEGER",
    "SAMPLE_BITS": 16,
    "SAMPLE_BIT_MASK": 0xFFFF,
    "OFFSET": 0.0,
    "SCALING_FACTOR": 1.35e-4,
    "VALID_MINIMUM": -32752,
    "NULL": -32768,
    "LOW_REPR_SATURATION": -32767,
    "LOW_INSTR_SATURATION": -32766,
    "HIGH_INSTR_SATURATION": -32765,
    "HIGH_REPR_SATURATION": -32764,
    "MINIMUM": 521,
    "MAXIMUM": 2465,
    "CHECKSUM": 2621856957,
}
REAL_TOP_LEVEL = {
    "PDS_VERSION_ID": "PDS3",
    "RECORD_TYPE": "FIXED_LENGTH",
    "RECORD_BYTES": 3688,
    "FILE_RECORDS": 10637,
    "LABEL_RECORDS": 2,
    "INTERCHANGE_FORMAT": "BINARY",
    "^IMAGE": 3,
    "DATA_SET_ID": "CLEM1-L-U-5-DIM-UVVIS-V1.0",
    "PRODUCT_ID": "UI03N003",
    "PRODUCER_INSTITUTION_NAME": "UNITED STATES GEOLOGICAL SURVEY",
    "MISSION_NAME": "DEEP SPACE PROGRAM SCIENCE EXPERIMENT",
    "FILTER_NAME": ("A", "B", "C", "D", "E"),
    "CENTER_FILTER_WAVELENGTH": (415.0, 750.0, 900.0, 950.0, 1000.0),
    "BANDWIDTH": (40.0, 10.0, 20.0, 30.0, 30.0),
    "TARGET_NAME": "MOON",
    "NOTE": "UVVIS 5-BAND MOSAIC",
}
REAL_PROJECTION = {
    "^DATA_SET_MAP_PROJECTION": "DSMAP.CAT",
    "MAP_PROJECTION_TYPE": "SINUSOIDAL",
    "MAP_RESOLUTION": 303.23349,
    "MAP_SCALE": 0.1,
    "EASTERNMOST_LONGITUDE": 6.0131998,
    "LINE_PROJECTION_OFFSET": 2123.6345297,
    "SAMPLE_PROJECTION_OFFSET": 4549.5024429,
    "CENTER_LONGITUDE": 15.0,
    "A_AXIS_RADIUS": 1737.4,
    "HORIZONTAL_FRAMELET_OFFSET": "N/A",
}


def as_dict(module):
    """What pvl itself makes of a label, as plain dicts and tuples."""
    return {
        key: as_dict(value) if hasattr(value, "items") else tuple(value) if isinstance(value, list) else value
        for key, value in module.items()
    }


def tile_of(head):
    return pds3_tile(head, source="tile.img", url="tile.img", start=0)


def test_every_keyword_of_the_real_label(real_label):
    label = parse_pds3_label(real_label)
    assert label["IMAGE"] == REAL_IMAGE
    assert label.items() >= REAL_TOP_LEVEL.items()
    assert label["IMAGE_MAP_PROJECTION"].items() >= REAL_PROJECTION.items()
    # 24 statements at the top with the two objects as one each, 19 of the image, 29 of the projection.
    assert (len(label), len(label["IMAGE"]), len(label["IMAGE_MAP_PROJECTION"])) == (27, 19, 29)


def test_labels_are_read_as_the_pvl_library_reads_them(real_label, one_tile):
    for head in (real_label, one_tile[: one_tile.index(b"\nEND\r\n") + 6]):
        assert parse_pds3_label(head) == as_dict(pvl.loads(head.decode("latin-1")))


def test_real_label_places_its_corners(real_label):
    tile = tile_of(real_label)
    assert (tile.lines, tile.samples, tile.data_offset) == (2127, 1844, 2 * 3688)
    assert tile.wavelengths == WAVELENGTHS_NM
    # Before INT: latitude 7 is line 1.0001, and longitude 0 at the equator sample 1.0001.
    assert tile.line_projection_offset - 7 * tile.map_resolution == pytest.approx(1.0001, abs=5e-5)
    assert tile.sample_projection_offset - 15 * tile.map_resolution == pytest.approx(1.0001, abs=5e-5)
    top, left = tile.pixel(lat=7.0, lon=3.0), tile.pixel(lat=0.0, lon=0.0)
    assert (int(top.row), bool(top.inside)) == (0, True)
    assert (int(left.col), bool(left.inside)) == (0, True)


def test_a_quoted_string_may_hold_what_looks_like_a_keyword(one_tile):
    head = one_tile.replace(b'"SYNTHETIC MOON; NOT CLEMENTINE DATA"', b'"A NOTE\r\nLINES = 7\r\nEND OF NOTE"')
    label = parse_pds3_label(head)
    assert "LINES = 7" in label["NOTE"]
    assert label["IMAGE"]["LINES"] == 57
    assert "LINES" not in label


def test_units_are_read_over(one_tile):
    head = one_tile.replace(b"= 8.0000000\r", b"= 8.0000000 <PIXEL/DEGREE>\r").replace(
        b"A_AXIS_RADIUS                = 1737.4000000", b"A_AXIS_RADIUS = 1737.4 <KM>"
    )
    assert tile_of(head).map_resolution == 8.0


def test_image_pointer_in_bytes(one_tile):
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
def test_refuses_with_keyword_and_value(one_tile, old, new, message):
    assert old in one_tile
    with pytest.raises(ArchiveError, match=message) as refused:
        tile_of(one_tile.replace(old, new))
    assert str(refused.value).startswith("tile.img: ")


def test_a_detached_image_is_refused(one_tile):
    pointer = one_tile[one_tile.index(b"^IMAGE") :].split(b"\r\n")[0]
    with pytest.raises(ArchiveError, match=r"IMAGE is .*UI03N003\.DAT"):
        tile_of(one_tile.replace(pointer, b'^IMAGE = ("UI03N003.DAT", 1)'))


# The pvl library's own entry point never comes back from this one.
_ENDLESS = b"PDS_VERSION_ID = PDS3\r\nA = 1 = 2\r\nEND\r\n"


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "junk", [b"", b"\x89PNG\r\n", b"PDS_VERSION_ID = PDS3\r\nA = (1,\r\nEND\r\n", _ENDLESS]
)
def test_junk_is_refused_without_a_traceback(junk):
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
def test_a_garbled_label_is_a_tile_or_refused(one_tile, start, length, new):
    head = one_tile[:start] + new + one_tile[start + length :]
    with suppress(ArchiveError):
        assert isinstance(tile_of(head), Tile)


def test_words_may_be_in_lower_case(one_tile):
    head = one_tile.replace(b"= MSB_INTEGER", b"= msb_integer").replace(b'"SINUSOIDAL"', b'"Sinusoidal"')
    assert tile_of(head) == tile_of(one_tile).model_copy(update={"label_digest": tile_of(head).label_digest})
