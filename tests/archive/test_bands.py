"""Tables of bands: read, refused with the row, and matched to a camera by wavelength."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunarcloud.archive.bands import BandRow, bands_of, read_bands, rows_of_file
from lunarcloud.archive.instruments import CLEMENTINE, instrument
from lunarcloud.errors import ArchiveError

KAGUYA = instrument("kaguya-mi")
NINE_NM = (414.0, 749.0, 901.0, 950.0, 1001.0, 1000.0, 1049.0, 1248.0, 1548.0)


def table(path: Path, text: str) -> tuple[BandRow, ...]:
    (path / "bands.csv").write_text(text)
    return read_bands(str(path / "bands.csv"))


def test_a_table_says_places_names_and_scalings(tmp_path: Path) -> None:
    rows = table(tmp_path, "# M3\nband,wavelength_nm,name,scale_factor\n9,750.4,red,0.0001\n3,541,,\n")
    assert rows[0] == BandRow(number=9, wavelength_nm=750.4, name="red", scaling=(0.0001, 0.0))
    assert rows[1] == BandRow(number=3, wavelength_nm=541.0)
    # In the table's order, and named by their places where nothing names them.
    assert [(row.number, row.name) for row in bands_of(instrument("m3"), rows, source="a")] == [
        (9, "red"),
        (3, "B003"),
    ]


def test_without_places_rows_are_in_the_files_order(tmp_path: Path) -> None:
    assert [row.number for row in table(tmp_path, "wavelength_nm\n415\n750\n")] == [1, 2]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "columns none; a table of bands has wavelength_nm"),
        ("band\n1\n", "columns band; a table"),
        ("wavelength_nm,colour\n415,blue\n", "columns wavelength_nm, colour"),
        ("wavelength_nm\n0.415\n", "row 1: wavelength_nm is 0.415; nanometres are wanted"),
        ("wavelength_nm\nblue\n", "row 1: wavelength_nm is 'blue'; a number"),
        ("wavelength_nm,band\n415,1\n750,0\n", "row 2: band is 0; a whole number from 1"),
        ("wavelength_nm,band\n415,2\n750,2\n", "band 2 is there twice"),
        ("wavelength_nm,name\n415,a\n750,a\n", "name 'a' is there twice"),
        ("wavelength_nm,name\n415,a b\n", "name 'a b': letters"),
        ("wavelength_nm,scale_factor\n415,-1\n", "scale_factor is -1; a number above 0"),
    ],
)
def test_a_table_that_cannot_be_is_refused_with_the_row(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ArchiveError, match=reason):
        table(tmp_path, text)


def test_kaguyas_nine_bands_give_eight_and_the_visible_one_at_a_micrometre() -> None:
    rows = rows_of_file(9, NINE_NM, (), source="a")
    found = bands_of(KAGUYA, rows, source="a")
    assert [row.number for row in found] == [1, 2, 3, 4, 5, 7, 8, 9]
    assert tuple(row.name for row in found) == KAGUYA.bands


def test_bands_that_are_missing_are_named() -> None:
    rows = rows_of_file(2, (415.0, 734.0), (), source="a.tif")
    with pytest.raises(ArchiveError, match=r"a.tif: no band within 15 nm of 750, 900, 950, 1000 nm"):
        bands_of(CLEMENTINE, rows, source="a.tif")


def test_a_file_that_says_nothing_needs_a_table_and_a_table_no_more_bands_than_there_are() -> None:
    with pytest.raises(ArchiveError, match="does not say the wavelengths of its 5 bands: give a table"):
        rows_of_file(5, (), (), source="a")
    with pytest.raises(ArchiveError, match="names band 6; the file has 5"):
        rows_of_file(5, (), (BandRow(number=6, wavelength_nm=415.0),), source="a")


@given(st.lists(st.floats(-14.0, 14.0), min_size=5, max_size=5), st.permutations(range(5)))
def test_each_band_is_found_wherever_it_lies_within_the_tolerance(
    shifts: list[float], order: list[int]
) -> None:
    shifted = [CLEMENTINE.wavelengths_nm[at] + shifts[at] for at in order]
    found = bands_of(CLEMENTINE, rows_of_file(5, shifted, (), source="a"), source="a")
    assert [order[row.number - 1] for row in found] == [0, 1, 2, 3, 4]
