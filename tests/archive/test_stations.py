import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunarcloud.archive.stations import StationTable, mission, parse_stations, read_stations, shipped_stations
from lunarcloud.errors import InputError, NotFoundError
from lunarcloud.quantities import OXIDES

HEADER = "site,lat,lon,feo,tio2,r415,r750"


def table(*lines: Any, header: str = HEADER) -> StationTable:
    return parse_stations("\n".join([header, *lines]), "my.csv")


def test_shipped_table_knows_what_is_known() -> None:
    stations = shipped_stations().stations
    assert len(stations) == 49
    assert sum(station.reflectance is not None for station in stations) == 47
    assert sum(set(station.oxides) == set(OXIDES) for station in stations) == 39
    by_name = {station.site: station for station in stations}
    assert by_name["Chang'E-5"].oxides == {"tio2": 5.0}
    assert by_name["Apollo 11"].pixels == (5, 5)
    assert all(any(station.sources.values()) for station in stations)


def test_longitudes_of_either_convention_are_the_same_place() -> None:
    east, west = table("A,1,348.5,,,,").stations[0], table("A,1,-11.5,,,,").stations[0]
    assert east.lon == west.lon == -11.5


def test_empty_and_na_are_unknown_and_zero_is_a_value() -> None:
    station = table("A,1,2,,0,n/a,NaN").stations[0]
    assert station.oxides == {"tio2": 0.0}
    assert station.reflectance is None


def test_bands_are_ordered_by_wavelength() -> None:
    found = table("A,1,2,5,0.2,0.1", header="site,lat,lon,feo,r1000.5,r415")
    assert found.wavelengths_nm == (415.0, 1000.5)
    assert found.stations[0].reflectance == (0.1, 0.2)


def test_comments_empty_lines_case_and_spaces_do_not_matter() -> None:
    text = "# mine\n\nSite, LAT ,lon,FeO\n Apollo 11 , 1 ,2, 15.8\n,,,\n"
    assert parse_stations(text, "my.csv").stations[0].oxides == {"feo": 15.8}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("A,1,2,high,1,,", "line 2 (A), column feo: 'high' is not a number"),
        ("A,1,2,5,1,-0.1,0.2", "line 2 (A), column r415: -0.1 is not within 0..100"),
        ("A,1,2,5,1,6.1,12", "line 2 (A), column r415: 6.1 is too large: reflectance is a fraction"),
        ("A,1,2,5,1,0,0.2", "line 2 (A), column r415: 0 is no reflectance"),
        ("A,1,2,5,1,,0.2", "line 2 (A), column r415: is empty, but other bands are given"),
        ("A,1,2,5,1,inf,0.2", "line 2 (A), column r415: inf is not within"),
        ("A,95,2,5,1,,", "line 2 (A), column lat: 95 is not within -90..90 degrees"),
        ("A,1,361,5,1,,", "line 2 (A), column lon: 361 is not within -180..360 degrees"),
        ("A,,2,5,1,,", "line 2 (A), column lat: is empty"),
        (",1,2,5,1,,", "line 2, column site: is empty"),
        ("A,1,2,-5,1,,", "line 2 (A), column feo: -5 is not within 0..100 wt%"),
        ("A,1,2,80,40,,", "line 2 (A), oxides: sum to 120.0 wt%"),
        ("A,1,2,5", "line 2 (A), row: has 4 fields, the header has 7"),
    ],
)
def test_bad_rows_are_named_by_line_site_and_column(line: str, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        table(line)


def test_second_station_of_a_name_is_refused() -> None:
    with pytest.raises(InputError, match=r"line 3, column site: 'apollo  1' is the name in line 2 too"):
        table("Apollo 1,1,2,5,1,,", "apollo  1,1,3,5,1,,")


def test_bad_windows_are_refused() -> None:
    with pytest.raises(InputError, match="'0x3' is not a window"):
        table("A,1,2,5,0x3", header="site,lat,lon,feo,pixels_averaged")


def test_all_problems_are_told_at_once_but_not_endlessly() -> None:
    with pytest.raises(InputError) as caught:
        table(*(f"S{number},99,2,5,1,," for number in range(20)))
    assert str(caught.value).count("column lat") == 8
    assert "and 12 more" in str(caught.value)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("site,lat,feo", "no column lon; there are: site, lat, feo"),
        ("site,lat,lon,feo,FeO", "column feo is there twice"),
        ("site,lat,lon,fe0", "unknown column 'fe0'"),
        ("site,lat,lon,r415", "no oxide in it"),
    ],
)
def test_bad_headers_are_refused(header: str, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        table("A,1,2,3,4", header=header)


@pytest.mark.parametrize("text", ["", "\n\n", HEADER, "# nothing"])
def test_table_without_stations_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="no stations in it"):
        parse_stations(text, "my.csv")


def test_absent_and_unreadable_files_are_explained(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no such station table"):
        read_stations(tmp_path / "absent.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"not readable as text in UTF-8 \(byte 0xff at 0"):
        read_stations(tmp_path / "binary.csv")


def test_without_leaves_out_a_site_or_a_whole_mission() -> None:
    shipped = shipped_stations()
    rest = shipped.without(["chang'e-6", "Apollo 16"]).stations
    assert len(rest) == 49 - 1 - 10
    assert "Apollo 16" not in {mission(station.site) for station in rest}


def test_without_an_unknown_site_names_close_ones() -> None:
    with pytest.raises(NotFoundError, match=r"no station 'Apolo 16'; did you mean Apollo 16"):
        shipped_stations().without(["Apolo 16"])


def test_dumped_table_is_read_back() -> None:
    shipped = shipped_stations()
    again = parse_stations(shipped.dump().decode(), shipped.name)
    assert again == shipped
    assert again.dump() == shipped.dump()


@given(st.text(max_size=200), st.sampled_from(["", HEADER + "\n"]))
def test_any_text_is_a_table_or_an_explained_error(text: str, start: str) -> None:
    try:
        found = parse_stations(start + text, "my.csv")
    except InputError as error:
        complaint = str(error)
    else:
        complaint = "" if found.stations else "nothing found, nothing said"
    assert complaint == "" or complaint.startswith("my.csv")
