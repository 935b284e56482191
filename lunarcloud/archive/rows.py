"""Rows of people's CSV files with the numbers of their lines, as editors count them."""

import csv
from typing import NamedTuple

from lunarcloud.errors import InputError


class Row(NamedTuple):
    """A row of a table: the number of its line, the last one where a quoted field has several; its fields."""

    line: int
    fields: list[str]


def csv_rows(text: str, name: str) -> list[Row]:
    """All rows, the header's too, without comments (``#``) and rows that spreadsheets leave empty.

    Parameters
    ----------
    text : str
        Of the file.
    name : str
        What messages call it.

    Raises
    ------
    InputError
        If it is no CSV, with the line.
    """
    # Numbers count comments too, since messages name them.
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if _is_row(line)]
    reader = csv.reader((line for _, line in lines), strict=True)
    try:
        return [Row(lines[reader.line_num - 1][0], fields) for fields in reader]
    except csv.Error as error:
        # At the end of a text that ends within quotes, more lines were asked for than there are.
        line = lines[min(reader.line_num, len(lines)) - 1][0]
        raise InputError(f"{name}, line {line}: not readable as CSV ({error}); look at its quotes") from error


def _is_row(line: str) -> bool:
    # Spreadsheets write empty rows as commas alone.
    return bool(line.strip(", \t")) and not line.startswith("#")
