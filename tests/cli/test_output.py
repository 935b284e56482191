"""Tables in the terminal: aligned where they fit, a line a row where not, never cut."""

import pytest

from lunarcloud.cli.output import duration, print_table

COLUMNS = ("map", "mean", "note")
ROWS = (("feo", 8.123456, "high"), ("tio2", 12.0, None), ("cao", None, "x" * 30))


def test_a_table_that_fits_is_aligned(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_table("means", COLUMNS, ROWS)
    assert capsys.readouterr().out.splitlines() == [
        "means",
        "map    mean  note",
        "feo   8.123  high",
        "tio2     12",
        f"cao          {'x' * 30}",
    ]


def test_a_table_that_is_too_wide_goes_on_below_in_blocks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    print_table("means", COLUMNS, ROWS)
    assert capsys.readouterr().out.splitlines() == [
        "means",
        "map    mean",
        "feo   8.123",
        "tio2     12",
        "cao",
        "",
        "map   note",
        "feo   high",
        "tio2",
        f"cao   {'x' * 30}",
    ]


def test_no_block_of_a_wide_table_is_wider_than_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    columns = ("map", "unit", *(f"a column {number}" for number in range(12)))
    print_table("statistics", columns, [("feo_cnn", "Mare Tranquillitatis", *range(1000, 1012))] * 2)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert all(lines.count(line) == 2 for line in lines if line.startswith("feo_cnn"))
    # Every block says what its rows are.
    assert sum(line.startswith("map      unit") for line in lines) == lines.count("") + 1


@pytest.mark.parametrize(("seconds", "text"), [(3, "3 s"), (600, "10 min"), (9000, "2.5 h")])
def test_times_are_said_in_words(seconds: float, text: str) -> None:
    assert duration(seconds) == text
