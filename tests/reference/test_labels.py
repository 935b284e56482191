"""The archive's own documents: its printed label is read whole, and synthetic tiles are labelled like it."""

import csv
from pathlib import Path
from typing import Any

import pvl
import pytest

from lunarcloud.archive.instruments import CLEMENTINE
from lunarcloud.archive.pds3 import parse_pds3_label, pds3_tile
from lunarcloud.synthetic import frames, write_tiles

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


def as_dict(module: Any) -> dict[str, Any]:
    """What pvl itself makes of a label, as plain dicts and tuples."""
    return {
        key: as_dict(value) if hasattr(value, "items") else tuple(value) if isinstance(value, list) else value
        for key, value in module.items()
    }


@pytest.fixture(scope="module")
def real_label(data: Path) -> bytes:
    """The label of UI03N003 as the archive's document prints it."""
    text = (data / "clementine_docs" / "uvvis_volinfo.txt").read_text(encoding="latin-1")
    start = text.index("PDS_VERSION_ID                 = PDS3\n\n/*          FILE FORMAT")
    end = text.index("\nEND\n", start) + len("\nEND\n")
    return text[start:end].replace("\n", "\r\n").encode("latin-1")


def test_every_keyword_of_the_real_label(real_label: bytes) -> None:
    label = parse_pds3_label(real_label)
    assert label["IMAGE"] == REAL_IMAGE
    assert label.items() >= REAL_TOP_LEVEL.items()
    assert label["IMAGE_MAP_PROJECTION"].items() >= REAL_PROJECTION.items()
    # 24 statements at the top with the two objects as one each, 19 of the image, 29 of the projection.
    assert (len(label), len(label["IMAGE"]), len(label["IMAGE_MAP_PROJECTION"])) == (27, 19, 29)


def test_the_real_label_is_read_as_the_pvl_library_reads_it(real_label: bytes) -> None:
    assert parse_pds3_label(real_label) == as_dict(pvl.loads(real_label.decode("latin-1")))


def test_real_label_places_its_corners(real_label: bytes) -> None:
    tile = pds3_tile(real_label, source="tile.img", url="tile.img", start=0)
    assert (tile.lines, tile.samples, tile.data_offset) == (2127, 1844, 2 * 3688)
    assert tile.wavelengths == CLEMENTINE.wavelengths_nm
    assert tile.note == ""
    # Before INT: latitude 7 is line 1.0001, and longitude 0 at the equator sample 1.0001.
    assert tile.line_projection_offset - 7 * tile.map_resolution == pytest.approx(1.0001, abs=5e-5)
    assert tile.sample_projection_offset - 15 * tile.map_resolution == pytest.approx(1.0001, abs=5e-5)
    top, left = tile.pixel(lat=7.0, lon=3.0), tile.pixel(lat=0.0, lon=0.0)
    assert (int(top.row), bool(top.inside)) == (0, True)
    assert (int(left.col), bool(left.inside)) == (0, True)


def test_synthetic_tiles_have_all_996_names_of_the_archives_index(data: Path) -> None:
    with (data / "clementine_docs" / "mosaic_product_index_uvvis.csv").open(encoding="utf-8") as lines:
        names = {row["pds3_product_id"] for row in csv.DictReader(lines)}
    expected = {name for name in names if name.startswith("ui")}
    assert {frame.product_id.lower() for frame in frames()} == expected
    assert len(expected) == 996


def test_a_synthetic_label_has_every_keyword_of_the_real_one(real_label: bytes, tmp_path: Path) -> None:
    (path,) = write_tiles(tmp_path, ppd=2, product_ids=["UI87N330"]).files
    label, real = parse_pds3_label(path.read_bytes()), parse_pds3_label(real_label)
    assert list(label) == list(real)
    for part in ("IMAGE", "IMAGE_MAP_PROJECTION"):
        assert list(label[part]) == list(real[part])
