"""Which bands of somebody's cube a mosaic has: by its own wavelengths, or by a table of bands."""

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lunarcloud.archive.files import TABLE_BYTES, OutsideFile, read_file
from lunarcloud.archive.instruments import BAND_TOLERANCE_NM, Instrument, band, listed
from lunarcloud.errors import ArchiveError

_COLUMNS = ("band", "wavelength_nm", "name", "scale_factor", "add_offset")
# What a name may be made of: it is a coordinate, a word of tables and of attributes.
_NAME = re.compile(r"[\w.+-]{1,40}", re.ASCII)
# Beyond are no reflected sunlight, or micrometres for nanometres.
_SHORTEST_NM, _LONGEST_NM = 100.0, 10_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BandRow:
    """One band of a file.

    Attributes
    ----------
    number : int
        Its place in the file, from 1.
    wavelength_nm : float
        Its centre, nm.
    name : str
        What it is called; empty where nothing says.
    scaling : (float, float) or None
        Reflectance = first x number + second; None where the file itself says.
    """

    number: int
    wavelength_nm: float
    name: str = ""
    scaling: tuple[float, float] | None = None


def read_bands(url: str) -> tuple[BandRow, ...]:
    """A table of bands: CSV with the column ``wavelength_nm``, a row a band.

    Parameters
    ----------
    url : str
        Path or URL. Columns besides: ``band``, the band's place in the files from 1 (without it, rows are in
        the files' order), ``name``, ``scale_factor`` and ``add_offset`` (reflectance = factor x number +
        offset, where the files do not say).

    Returns
    -------
    tuple of BandRow
        In the table's order, which is that of a mosaic of an instrument without bands of its own.

    Raises
    ------
    ArchiveError
        Naming the row and what is wrong in it.
    """
    source = read_file(url, TABLE_BYTES)
    lines = (line for line in source.text("utf-8-sig").splitlines() if line.strip() and line[0] != "#")
    rows = list(csv.DictReader(io.StringIO("\n".join(lines))))
    columns = tuple(rows[0]) if rows else ()
    unknown = [name for name in columns if name not in _COLUMNS]
    if "wavelength_nm" not in columns or unknown:
        raise ArchiveError(
            f"{url}: columns {', '.join(map(str, columns)) or 'none'}; a table of bands has wavelength_nm "
            f"and may have {', '.join(name for name in _COLUMNS if name != 'wavelength_nm')}"
        )
    found = tuple(_row(source, number, row) for number, row in enumerate(rows, start=1))
    _require_distinct(source, [each.number for each in found], "band")
    _require_distinct(source, [each.name for each in found if each.name], "name")
    return found


def _row(source: OutsideFile, number: int, row: dict[str, str | None]) -> BandRow:
    where = f"{source.url}, row {number}"
    wavelength = _number(where, "wavelength_nm", row["wavelength_nm"])
    if not _SHORTEST_NM <= wavelength <= _LONGEST_NM:
        raise ArchiveError(
            f"{where}: wavelength_nm is {wavelength:g}; nanometres are wanted, {_SHORTEST_NM:g} to "
            f"{_LONGEST_NM:g}"
        )
    place = _number(where, "band", row.get("band") or str(number))
    if place != int(place) or place < 1:
        raise ArchiveError(f"{where}: band is {place:g}; a whole number from 1 is wanted")
    name = (row.get("name") or "").strip()
    if name and not _NAME.fullmatch(name):
        raise ArchiveError(f"{where}: name {name!r}: letters, digits and _ . + - alone, 40 at most")
    return BandRow(number=int(place), wavelength_nm=wavelength, name=name, scaling=_scaling(where, row))


def _scaling(where: str, row: dict[str, str | None]) -> tuple[float, float] | None:
    if not row.get("scale_factor"):
        return None
    factor = _number(where, "scale_factor", row["scale_factor"])
    if factor <= 0:
        raise ArchiveError(f"{where}: scale_factor is {factor:g}; a number above 0 is wanted")
    return factor, _number(where, "add_offset", row.get("add_offset") or "0")


def _number(where: str, name: str, text: str | None) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ArchiveError(f"{where}: {name} is {text!r}; a number is wanted")
    return value


def _require_distinct(source: OutsideFile, values: Sequence[object], what: str) -> None:
    twice = [value for value in values if values.count(value) > 1]
    if twice:
        raise ArchiveError(f"{source.url}: {what} {twice[0]!r} is there twice")


def bands_of(camera: Instrument, rows: Iterable[BandRow], *, source: str) -> tuple[BandRow, ...]:
    """The bands of a file that a mosaic of a camera has, in the mosaic's order and with its names.

    Parameters
    ----------
    camera : Instrument
        The camera. One with bands of its own takes the nearest to each, one without all that there are.
    rows : iterable of BandRow
        What the file has.
    source : str
        The file, for messages.

    Raises
    ------
    ArchiveError
        If there is none within 15 nm of a band of the camera.
    """
    held = tuple(rows)
    if not camera.bands:
        return tuple(_named(row, row.name or f"B{row.number:03d}") for row in held)
    wavelengths = [row.wavelength_nm for row in held]
    places = [band(wavelengths, wanted) for wanted in camera.wavelengths_nm]
    lacking = [wanted for wanted, at in zip(camera.wavelengths_nm, places, strict=True) if at is None]
    if lacking:
        raise ArchiveError(
            f"{source}: no band within {BAND_TOLERANCE_NM:g} nm of {listed(lacking)}, which {camera.title} "
            f"has; the file has {listed(wavelengths) if wavelengths else 'no wavelengths'}"
        )
    return tuple(
        _named(held[at], name) for name, at in zip(camera.bands, places, strict=True) if at is not None
    )


def _named(row: BandRow, name: str) -> BandRow:
    return BandRow(number=row.number, wavelength_nm=row.wavelength_nm, name=name, scaling=row.scaling)


def rows_of_file(
    count: int, wavelengths_nm: Sequence[float], table: Sequence[BandRow], *, source: str
) -> tuple[BandRow, ...]:
    """The bands of a file: by the table, where there is one, else by its own wavelengths.

    Parameters
    ----------
    count : int
        Bands that the file has.
    wavelengths_nm : sequence of float
        What it says of their centres, nm; empty if nothing.
    table : sequence of BandRow
        Empty without a table.
    source : str
        The file, for messages.

    Raises
    ------
    ArchiveError
        If the table names bands that the file has not, or nothing says its wavelengths.
    """
    if table:
        beyond = [row.number for row in table if row.number > count]
        if beyond:
            raise ArchiveError(f"{source}: the table of bands names band {beyond[0]}; the file has {count}")
        return tuple(table)
    if len(wavelengths_nm) != count:
        said = (
            f"gives {len(wavelengths_nm)} wavelengths" if wavelengths_nm else "does not say the wavelengths"
        )
        raise ArchiveError(
            f"{source}: the file {said} of its {count} bands: give a table of them with --bands, CSV with "
            "the columns band and wavelength_nm"
        )
    pairs = enumerate(wavelengths_nm, start=1)
    return tuple(BandRow(number=number, wavelength_nm=float(each)) for number, each in pairs)
