"""PDS4 labels as GDAL writes them: the same tile as its PDS3 issue, and every refusal."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject
from rasterio.shutil import copy

from lunarcloud.archive import find_tiles, read_rows
from lunarcloud.archive.pds4 import pds4_tile
from lunarcloud.archive.tiles import Tile
from lunarcloud.errors import ArchiveError

# What may differ between the two issues of a tile: where it is, not what it says.
PLACES = {"source", "url", "data_offset", "byte_order", "label_digest", "special"}


@pytest.fixture(scope="module")
def label(pds4_folder: Path) -> bytes:
    return (pds4_folder / "uvvis_03n_003e.xml").read_bytes()


def tile_of(data: bytes) -> Tile:
    return pds4_tile(data, source="tile.xml", url="tile.tif", start=0)


def whole(tile: Tile) -> npt.NDArray[np.int16]:
    return read_rows(tile, row_start=0, row_stop=tile.lines, col_start=0, col_stop=tile.samples)


def test_both_issues_of_a_tile_are_the_same_tile(pds3_folder: Path, pds4_folder: Path) -> None:
    old, new = find_tiles(str(pds3_folder)), find_tiles(str(pds4_folder))
    assert not old.problems
    assert not new.problems
    assert [tile.product_id for tile in old.tiles] == [tile.product_id for tile in new.tiles]
    for first, second in zip(old.tiles, new.tiles, strict=True):
        assert first.model_dump(exclude=PLACES) == second.model_dump(exclude=PLACES)
        assert dict(first.special) == dict(second.special)
        np.testing.assert_array_equal(whole(first), whole(second))


def test_a_tile_converted_by_gdal_is_the_same_tile(pds3_folder: Path, tmp_path: Path) -> None:
    # The way the archive's PDS4 issue was made, with the offset shift that its documents demand.
    with (
        rasterio.Env(PDS_LineProjOffset_Shift=-1, PDS_SampleProjOffset_Shift=-1),
        rasterio.open(pds3_folder / "ui59n202.img") as image,
    ):
        copy(image, tmp_path / "uvvis_59n_202e.xml", driver="PDS4", IMAGE_FORMAT="GEOTIFF", VAR_TITLE="tile")
    (old,) = find_tiles(str(pds3_folder / "ui59n202.img")).tiles
    (new,) = find_tiles(str(tmp_path / "uvvis_59n_202e.xml")).tiles
    # GDAL knows one missing value, no minimum and no note; MAP_SCALE, which it uses, has seven decimals.
    same = PLACES | {"valid_minimum", "note", "line_projection_offset", "sample_projection_offset"}
    assert old.model_dump(exclude=same) == new.model_dump(exclude=same)
    assert new.line_projection_offset == pytest.approx(old.line_projection_offset, abs=1e-6)
    assert new.sample_projection_offset == pytest.approx(old.sample_projection_offset, abs=1e-6)
    np.testing.assert_array_equal(whole(old), whole(new))


def test_gdal_reads_the_synthetic_geotiff_as_it_is(pds4_folder: Path) -> None:
    for tile in find_tiles(str(pds4_folder)).tiles:
        with rasterio.open(tile.url) as image, rasterio.open(tile.source) as labelled:
            np.testing.assert_array_equal(image.read(), whole(tile))
            np.testing.assert_array_equal(labelled.read(), whole(tile))
            assert labelled.scales == (tile.scaling_factor,) * 5


def test_wavelengths_are_those_of_the_label(label: bytes) -> None:
    assert tile_of(label).wavelengths == (415.0, 750.0, 900.0, 950.0, 1000.0)
    with pytest.raises(ArchiveError, match=r"center_filter_wavelength = .*1100"):
        tile_of(label.replace(b">1000</img", b">1100</img"))


def test_lengths_may_be_in_kilometres(label: bytes) -> None:
    text = label.decode()
    for name in ("upperleft_corner_x", "upperleft_corner_y", "a_axis_radius"):
        start = text.index(f"<cart:{name}")
        end = text.index("</", start)
        metres = float(text[text.index(">", start) + 1 : end])
        text = f'{text[:start]}<cart:{name} unit="km">{metres / 1000.0!r}{text[end:]}'
    assert tile_of(text.encode()).line_projection_offset == tile_of(label).line_projection_offset
    assert tile_of(text.encode()).sample_projection_offset == tile_of(label).sample_projection_offset


REFUSALS = [
    (b"<name>Moon</name>", b"<name>Mars</name>", "Target_Identification/name is 'MARS'"),
    (b">Sinusoidal</cart:map", b">Mercator</cart:map", "map_projection_name is 'MERCATOR'"),
    (b"SignedLSB2", b"UnsignedByte", "data_type is 'UnsignedByte'"),
    (b"<elements>5</elements>", b"<elements>4</elements>", "Axis_Array Band = '4': .*5 bands"),
    (b"<elements>5</elements>", b"<elements>five</elements>", "Axis_Array Band = 'five'"),
    (b"<scaling_factor>0.000135</scaling_factor>", b"", "no Element_Array/scaling_factor"),
    (b"<scaling_factor>0.000135<", b"<scaling_factor>little<", "scaling_factor = 'little'"),
    (b"<axis_name>Band</axis_name>", b"<axis_name>Line</axis_name>", "order of axes"),
    (b'radius unit="m">1737400', b'radius unit="m">3396000', "3396.0 km; the Moon's"),
    (b'<cart:upperleft_corner_x unit="m">', b'<cart:upperleft_corner_x unit="ft">', "is in 'ft'"),
    (b"Array_3D_Image", b"Array_2D_Image", "no Array_3D_Image"),
    (b"longitude_of_central_meridian", b"longitude_of_something", "no longitude_of_central_meridian"),
    (b"<missing_constant>-32768", b"<missing_constant>none", "none"),
    (b"<file_name>uvvis", b"<file_name>../uvvis", "must be a plain name"),
]


@pytest.mark.parametrize(("old", "new", "message"), REFUSALS, ids=[message for _, _, message in REFUSALS])
def test_refuses_with_element_and_value(label: bytes, old: bytes, new: bytes, message: str) -> None:
    assert old in label
    with pytest.raises(ArchiveError, match=message) as refused:
        tile_of(label.replace(old, new))
    assert str(refused.value).startswith("tile.xml: ")


def test_an_entity_bomb_is_refused_unopened() -> None:
    entities = b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]>'
    bomb = entities + b"<Product_Observational>&c;</Product_Observational>"
    with pytest.raises(ArchiveError, match="not a readable XML label"):
        tile_of(bomb)


@pytest.mark.parametrize("junk", [b"", b"PDS_VERSION_ID = PDS3", b"<a><b></a>"])
def test_junk_is_refused_without_a_traceback(junk: bytes) -> None:
    with pytest.raises(ArchiveError, match="not a readable XML label"):
        tile_of(junk)


@pytest.mark.timeout(60)
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_label_with_garbled_text_is_a_tile_or_refused(label: bytes, data: DataObject) -> None:
    """Values are replaced and elements dropped, so that most of what is tried is still XML."""
    pieces = label.decode().split("\n")
    line = data.draw(st.integers(1, len(pieces) - 2))
    text = data.draw(st.sampled_from(["", "x", "-1", "0", "1e999", "nan", "5.5", "SignedMSB2", "\u00e9"]))
    head, end = pieces[line].partition(">")[0::2]
    pieces[line] = data.draw(st.sampled_from(["", f"{head}>{text}{end[end.rfind('</') :]}"]))
    with suppress(ArchiveError):
        assert isinstance(tile_of("\n".join(pieces).encode()), Tile)
