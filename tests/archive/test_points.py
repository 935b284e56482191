"""Tables of points: what is read, and what is said of those that cannot be used."""

from pathlib import Path

import pytest

from lunarcloud.archive.points import read_points
from lunarcloud.errors import InputError, NotFoundError


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / "points.csv"


def test_positions_are_read_wherever_their_columns_are(written: Path) -> None:
    written.write_text('\ufeffname,LON,lat\n# by hand\n"a, b",350.5,-10\nc,-9.5,90\n')
    found = read_points(str(written))
    assert found.header == ("name", "LON", "lat")
    assert found.rows[0] == ("a, b", "350.5", "-10")
    assert found.lat.tolist() == [-10.0, 90.0]
    assert found.lon.tolist() == [350.5, -9.5]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no points in it"),
        ("lat,lon\n", "no points in it"),
        ("latitude,lon\n1,2\n", "no column lat; there are: latitude, lon"),
        ("lat,lon,Lat\n1,2,3\n", "more than one column lat"),
        ("lat,lon\n1,2\n95,0\n", r"line 3, column lat: '95' is no number within -90\.\.90 degrees"),
        ("lat,lon\n1,361\n", r"column lon: '361' is no number within -180\.\.360"),
        ("lat,lon\n#\n,2\n", "line 3, column lat: ''"),
        ("lat,lon\nnan,2\n", "line 2, column lat: 'nan'"),
        ("lat,lon\n1,2,3\n", "line 2: has 3 fields, the header has 2"),
        ('lat,lon\n1,"2\n', "line 2: not readable as CSV"),
        ("lat,lon\n" + "99,0\n" * 20, "and 12 more"),
    ],
)
def test_a_table_that_cannot_be_used_says_why(written: Path, text: str, said: str) -> None:
    written.write_text(text)
    with pytest.raises(InputError, match=said):
        read_points(str(written))


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="nothing\\.csv"):
        read_points(str(tmp_path / "nothing.csv"))
