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


def test_a_table_that_is_too_wide_has_a_line_a_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    print_table("means", COLUMNS, ROWS)
    assert capsys.readouterr().out.splitlines()[1:] == [
        "map feo  mean 8.123  note high",
        "map tio2  mean 12",
        f"map cao  note {'x' * 30}",
    ]


@pytest.mark.parametrize(("seconds", "text"), [(3, "3 s"), (600, "10 min"), (9000, "2.5 h")])
def test_times_are_said_in_words(seconds: float, text: str) -> None:
    assert duration(seconds) == text
