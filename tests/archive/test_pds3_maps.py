"""PDS3 map tiles: Kaguya's labels, beside and in the file; what cannot be is refused by keyword."""

import math
from pathlib import Path

import numpy as np
import pytest
import rasterio

from lunarcloud.archive import Wanted, find_cubes, instrument, missing_kind, read_rows
from lunarcloud.errors import ArchiveError
from lunarcloud.moon import RADIUS_M, FloatArray
from lunarcloud.synthetic import write_map_tiles
from tests.archive.cube_files import cube_of, expected, field

KAGUYA = Wanted(instrument("kaguya-mi"))


def gappy(lat: FloatArray, lon: FloatArray) -> FloatArray:
    found = field(*np.meshgrid(lat, lon, indexing="ij"))
    found[:, (lat > 10) & (lat < 12)] = np.nan
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("maps")
    write_map_tiles(place, ppd=4, spectra=gappy)
    return place


@pytest.fixture
def one(folder: Path, tmp_path: Path) -> Path:
    """The label of a tile, to be damaged, with its image beside it."""
    for path in folder.glob("MI_MAP_03_N30E060N00E090SC.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (label,) = tmp_path.glob("*.lbl")
    return label


def test_every_tile_is_where_its_offsets_say(folder: Path) -> None:
    search = find_cubes(str(folder), KAGUYA)
    assert (len(search.tiles), search.problems, search.ignored) == (72, (), ())
    image = next(each for each in search.tiles if each.product_id == "MI_MAP_03_N30E060N00E090SC")
    found = read_rows(image, row_start=0, row_stop=120, col_start=0, col_stop=120)
    lat, lon = 30.0 - (np.arange(120) + 0.5) / 4.0, 60.0 + (np.arange(120) + 0.5) / 4.0
    kinds = missing_kind(found, image)
    assert np.array_equal((kinds != 0).all(axis=(0, 2)), (lat > 10) & (lat < 12))
    true = field(*np.meshgrid(lat, lon, indexing="ij"))
    np.testing.assert_allclose(np.where(kinds == 0, found * 2e-5, true), true, atol=1.01e-5)
    at = image.pixel(lat=lat[:, None], lon=lon[None, :] - 360.0)
    assert at.inside.all()
    np.testing.assert_array_equal(at.row[:, 0], np.arange(120))
    np.testing.assert_array_equal(at.col[0], np.arange(120))


def test_gdal_places_a_label_in_the_file_alike(one: Path) -> None:
    """GDAL reads attached labels; told that offsets count from the middle of the first pixel, it agrees."""
    image = one.with_suffix(".img").read_bytes()
    attached = one.with_name("a.img")
    text = one.read_bytes().replace(b'("MI_MAP_03_N30E060N00E090SC.img", 57601 <BYTES>)', b"8193 <BYTES>")
    text = text.replace(
        b'^GEOMETRIC_DATA_ALTITUDE       = ("MI_MAP_03_N30E060N00E090SC.img", 1 <BYTES>)\r\n', b""
    )
    attached.write_bytes(text.ljust(8192) + image[57600:])
    found = cube_of(attached, KAGUYA)
    assert found.data_offset == 8192
    beside = cube_of(one, KAGUYA)
    whole = {"row_start": 0, "row_stop": 120, "col_start": 0, "col_stop": 120}
    assert np.array_equal(read_rows(found, **whole), read_rows(beside, **whole))
    shift = {"PDS_LineProjOffset_Shift": 0.5, "PDS_SampleProjOffset_Shift": 0.5}
    with rasterio.Env(**shift), rasterio.open(attached) as dataset:
        assert np.array_equal(dataset.read([1, 2, 3, 4, 5, 7, 8, 9]), read_rows(found, **whole))
        degree = math.radians(RADIUS_M)
        corner = dataset.transform.c / degree, dataset.transform.f / degree
    assert corner == pytest.approx((found.placement.transform[2], found.placement.transform[5]))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"MOON"', '"MARS"', "TARGET_NAME is 'MARS'; only MOON"),
        ("1737.4 <km>\r\n  B", "3396.0 <km>\r\n  B", "A_AXIS_RADIUS is 3396.0 km; the Moon's radius"),
        (
            '"SIMPLE CYLINDRICAL"',
            '"POLAR STEREOGRAPHIC"',
            "MAP_PROJECTION_TYPE is 'POLAR STEREOGRAPHIC'; only",
        ),
        ("DIRECTION = EAST", "DIRECTION = WEST", "POSITIVE_LONGITUDE_DIRECTION is 'WEST'"),
        ("= BAND_SEQUENTIAL", "= LINE_INTERLEAVED", "BAND_STORAGE_TYPE is 'LINE_INTERLEAVED'"),
        ("= 119.5000000", "= 3637.0", "puts the first line at 909.3750 degrees, MAXIMUM_LATITUDE is 30"),
        (
            "= -240.5000000",
            "= 240.5",
            "puts the first sample at -60.2500 degrees, WESTERNMOST_LONGITUDE is 60",
        ),
        ("4.0000000 <pixel", "0.0 <pixel", "MAP_RESOLUTION is 0; pixels per degree"),
        ("1548 <nm>", "1700 <nm>", "no band within 15 nm of 1550 nm, which Kaguya MI has"),
        ("1548 <nm>", "1548 <km>", "CENTER_FILTER_WAVELENGTH holds"),
        ("MSB_INTEGER", "CHARACTER", "SAMPLE_TYPE is 'CHARACTER' of 16 bits"),
        (
            "= 120\r\n  LINE_SAMPLES                 = 120\r\n  SAMPLE_TYPE                  = MSB",
            None,
            "the image is cut short",
        ),
        (
            '^IMAGE                         = ("MI',
            '^IMAGE                         = ("../MI',
            "a plain name, beside",
        ),
        (
            '^IMAGE                         = ("MI',
            '^IMAGE                         = ("NO',
            "which is not beside it",
        ),
        ("57601 <BYTES>", "0 <BYTES>", "a file beside the label, a record or a byte is wanted"),
    ],
)
def test_a_label_that_cannot_be_used_is_refused_by_keyword(
    one: Path, old: str, new: str | None, reason: str
) -> None:
    text = one.read_bytes()
    changed = old.replace("= 120", "= 990", 1) if new is None else new
    assert old.encode() in text.replace(b'= "MOON"', b'= "MOON"')
    one.write_bytes(text.replace(old.encode(), changed.encode()))
    with pytest.raises(ArchiveError, match=reason):
        cube_of(one, KAGUYA)


def test_an_image_that_is_cut_short_is_a_problem(one: Path) -> None:
    image = one.with_suffix(".img")
    image.write_bytes(image.read_bytes()[:-1])
    with pytest.raises(ArchiveError, match="the image is cut short: the label needs 316800 bytes"):
        cube_of(one, KAGUYA)


def test_the_field_of_the_tests_is_smooth() -> None:
    assert np.abs(np.diff(expected(), axis=2)).max() < 5e-4
