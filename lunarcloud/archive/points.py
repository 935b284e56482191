"""Points that somebody wants to know values at: a CSV with columns ``lat`` and ``lon`` among others."""

import math
from typing import NamedTuple

import numpy as np

from lunarcloud.archive.files import TABLE_BYTES, foreign, read_file
from lunarcloud.archive.rows import Row, csv_rows
from lunarcloud.errors import InputError
from lunarcloud.moon import FloatArray

# Both conventions of longitude are in use.
_ALLOWED = {"lat": (-90.0, 90.0), "lon": (-180.0, 360.0)}
# More problems than this in one message help nobody.
_SHOWN = 8


class Points(NamedTuple):
    """The rows of a table with their positions.

    Attributes
    ----------
    header : tuple of str
        Names of the columns as they were written.
    rows : tuple of tuple of str
        Their fields as they were written.
    lat, lon : (row,) arrays
        Degrees; latitude -90..90, east longitude -180..360.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lat: FloatArray
    lon: FloatArray


def read_points(place: str) -> Points:
    """Read a table of points.

    Parameters
    ----------
    place : str
        Path or any fsspec URL of a CSV: a header with ``lat`` and ``lon`` (degrees, east positive,
        -180..360), a line for each point; lines that begin with # are comments.

    Raises
    ------
    NotFoundError
        If nothing is there.
    InputError
        If it is no table of points; the message names lines, columns and what is allowed.
    """
    with foreign(place, "not a table of points that can be read"):
        # Spreadsheets put a byte-order mark before the first column's name.
        rows = csv_rows(read_file(place, TABLE_BYTES).text("utf-8-sig"), place)
        if len(rows) < 2:
            raise InputError(
                f"{place}: no points in it; a header with lat and lon and a line each are needed"
            )
        header, points = tuple(name.strip() for name in rows[0].fields), rows[1:]
        columns = [_column(name, header, place) for name in _ALLOWED]
        problems = [_problem(row, header, columns) for row in points]
        if wrong := [problem for problem in problems if problem]:
            more = [f"and {len(wrong) - _SHOWN} more"] if len(wrong) > _SHOWN else []
            raise InputError("\n  ".join([f"{place} cannot be used:", *wrong[:_SHOWN], *more]))
        lat, lon = np.array([[float(row.fields[column]) for column in columns] for row in points]).T
        return Points(header, tuple(tuple(row.fields) for row in points), lat, lon)


def _column(name: str, header: tuple[str, ...], place: str) -> int:
    """Which column of a header is latitude, or longitude."""
    found = [index for index, each in enumerate(header) if each.casefold() == name]
    if len(found) != 1:
        what = "no column" if not found else "more than one column"
        raise InputError(
            f"{place}: {what} {name}; there are: {', '.join(header)}. One is to be named lat and one lon "
            "(degrees, east positive)"
        )
    return found[0]


def _problem(row: Row, header: tuple[str, ...], columns: list[int]) -> str:
    """What is wrong with a row; empty if nothing is."""
    if len(row.fields) != len(header):
        return f"line {row.line}: has {len(row.fields)} fields, the header has {len(header)}"
    for column, (least, most) in zip(columns, _ALLOWED.values(), strict=True):
        field = row.fields[column]
        try:
            value = float(field)
        except ValueError:
            value = math.nan
        # The opposite of what is allowed, since no comparison holds for NaN.
        if not least <= value <= most:
            return (
                f"line {row.line}, column {header[column]}: {field!r} is no number within "
                f"{least:g}..{most:g} degrees"
            )
    return ""
