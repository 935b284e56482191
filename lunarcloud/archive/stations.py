"""Ground truth: tables of sample stations with oxides and, where known, reflectance.

The table shipped with the package holds 49 Apollo, Luna and Chang'E stations, the source of each value in
its row. A table of your own is a CSV file with the columns

    site, lat, lon                    name; degrees; longitude -180..180 or 0..360, east positive
    feo, tio2, al2o3, mgo, cao        wt%, any of `quantities.OXIDES`; an empty field is unknown
    r415, r750, ...                   reflectance (fraction) at the named wavelengths in nm, optional
    pixels_averaged                   mosaic pixels to average at the site: "3x5" lines x samples, or "3"
    <anything>_source                 kept as text

Lines that begin with # are comments.
"""

import csv
import difflib
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lunarcloud.archive.files import TABLE_BYTES, foreign, read_file
from lunarcloud.archive.instruments import listed, same_bands
from lunarcloud.archive.rows import csv_rows
from lunarcloud.archive.shipped import DATA
from lunarcloud.errors import InputError, NotFoundError
from lunarcloud.moon import wrap_longitude
from lunarcloud.quantities import OXIDES

_SHIPPED = DATA / "stations.csv"
_PLACE = ("site", "lat", "lon")
_PIXELS = "pixels_averaged"
_BAND = re.compile(r"r(\d+(?:\.\d+)?)")
_WINDOW = re.compile(r"(\d+)(?:\s*[x×]\s*(\d+))?")
_UNKNOWN = {"", "-", "na", "n/a", "nan"}
# More problems than this in one message help nobody.
_SHOWN = 8
# Analyses sum to 100 wt% within their error.
_LARGEST_SUM = 101.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """One sample site.

    Attributes
    ----------
    site : str
        Its name, one of a kind in a table.
    lat, lon : float
        Degrees; east longitude -180..180.
    oxides : dict of str to float
        wt% of the oxides that are known.
    reflectance : tuple of float or None
        Fraction at each of the table's wavelengths; None if unknown.
    pixels : tuple of int
        Lines and samples of the mosaic to average.
    sources : dict of str to str
        Text of the table's ``*_source`` columns.
    """

    site: str
    lat: float
    lon: float
    oxides: dict[str, float]
    reflectance: tuple[float, ...] | None
    pixels: tuple[int, int] = (1, 1)
    sources: dict[str, str]

    def uncited(self) -> "Station":
        """The station without its sources: another citation makes no other station."""
        return replace(self, sources={})


@dataclass(frozen=True, slots=True)
class StationTable:
    """Stations and the wavelengths of their reflectances.

    Attributes
    ----------
    stations : tuple of Station
        In the order of the table.
    wavelengths_nm : tuple of float
        Of every station's reflectances, nm, ascending; empty if the table gives none.
    name : str
        What messages call the table.
    """

    stations: tuple[Station, ...]
    wavelengths_nm: tuple[float, ...]
    name: str

    def without(self, sites: Iterable[str]) -> "StationTable":
        """The table without some sites.

        Parameters
        ----------
        sites : iterable of str
            Names; ``Apollo 16`` stands for all stations ``Apollo 16 - ...``. Upper and lower case alike.

        Raises
        ------
        NotFoundError
            For a site that is not in the table.
        """
        dropped = {station.site for site in sites for station in self._named(site)}
        kept = tuple(station for station in self.stations if station.site not in dropped)
        return replace(self, stations=kept)

    def _named(self, site: str) -> list[Station]:
        wanted = site.strip().casefold()
        found = [
            station
            for station in self.stations
            if station.site.casefold() == wanted or mission(station.site).casefold() == wanted
        ]
        if not found:
            names = [station.site for station in self.stations]
            close = difflib.get_close_matches(site, [*names, *map(mission, names)], n=3)
            hint = f"; did you mean {' or '.join(dict.fromkeys(close))}?" if close else ""
            raise NotFoundError(f"{self.name}: no station {site!r}{hint}")
        return found

    def merged(self, newer: "StationTable") -> "StationTable":
        """The table with the stations of a newer one, which replace those of the same site.

        Raises
        ------
        InputError
            If both give reflectances, at wavelengths that are not the same bands.
        """
        bands = self.wavelengths_nm or newer.wavelengths_nm
        if newer.wavelengths_nm and not same_bands(newer.wavelengths_nm, bands):
            raise InputError(
                f"{newer.name}: reflectances at {listed(newer.wavelengths_nm)}; {self.name} has them at "
                f"{listed(bands)}: give these, or none, and the mosaic's are taken"
            )
        sites = {station.site.casefold(): station for station in (*self.stations, *newer.stations)}
        return StationTable(tuple(sites.values()), bands, self.name)

    def content(self) -> bytes:
        """The table without citations: what a model is fitted to."""
        return replace(self, stations=tuple(station.uncited() for station in self.stations)).dump()

    def dump(self) -> bytes:
        """The table as CSV that `read_stations` reads back."""
        source_columns = sorted({name for station in self.stations for name in station.sources})
        bands = [f"r{wavelength:g}" for wavelength in self.wavelengths_nm]
        # Not those that nobody knows: a further oxide in the table of all changes no table of stations.
        known = [oxide for oxide in OXIDES if any(oxide in each.oxides for each in self.stations)]
        oxides = known or list(OXIDES)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*_PLACE, *oxides, *bands, _PIXELS, *source_columns])
        for station in self.stations:
            writer.writerow(
                [
                    station.site,
                    station.lat,
                    station.lon,
                    *(station.oxides.get(oxide, "") for oxide in oxides),
                    *(station.reflectance or [""] * len(bands)),
                    "x".join(map(str, station.pixels)),
                    *(station.sources.get(name, "") for name in source_columns),
                ]
            )
        return text.getvalue().encode()


def mission(site: str) -> str:
    """The part of a station's name before `` - ``: ``Apollo 16`` of ``Apollo 16 - S4``."""
    return site.split(" - ")[0]


def shipped_stations() -> StationTable:
    """The 49 stations shipped with the package."""
    return parse_stations(_SHIPPED.read_text(encoding="utf-8"), "the shipped station table")


def read_stations(path: Path | str) -> StationTable:
    """Read a station table, from a path or any fsspec URL.

    Raises
    ------
    NotFoundError
        If there is no such file.
    StoreError
        If it cannot be read.
    InputError
        If it is no table of stations; the message names line, site and column.
    """
    try:
        found = read_file(path, TABLE_BYTES)
    except NotFoundError as error:
        raise NotFoundError(f"{path}: there is no such station table") from error
    # Spreadsheets put a byte-order mark before the first column's name.
    return parse_stations(found.text("utf-8-sig"), found.url)


def parse_stations(text: str, name: str) -> StationTable:
    """The stations of a table given as text; ``name`` is what messages call it.

    Raises
    ------
    InputError
        As `read_stations`.
    """
    with foreign(name, "not a table of stations that can be read"):
        cells = csv_rows(text, name)
        if len(cells) < 2:
            raise InputError(
                f"{name}: no stations in it; a header line and a line for each station are needed"
            )
        header = [column.strip().casefold() for column in cells[0][1]]
        bands = _bands(header, name)
        rows = [_Row(number, header, row) for number, row in cells[1:]]
        stations = [_station(row, bands) for row in rows]
        problems = [problem for row in rows for problem in row.problems] + _duplicates(rows)
        if problems:
            more = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
            raise InputError("\n  ".join([f"{name} cannot be used:", *problems[:_SHOWN], *more]))
        return StationTable(tuple(stations), tuple(map(_wavelength, bands)), name)


class _Row:
    """One line of a table: its fields by column, and what is wrong with them."""

    def __init__(self, line: int, header: list[str], cells: list[str]) -> None:
        self.line = line
        # A row of another length is a problem to list with the others, not to stop at.
        self.fields = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        self.problems: list[str] = []
        if len(cells) != len(header):
            self._complain("row", f"has {len(cells)} fields, the header has {len(header)}")

    def text(self, column: str) -> str:
        """The field, empty where it says that nothing is known."""
        field = self.fields.get(column, "")
        return "" if field.casefold() in _UNKNOWN else field

    def number(self, column: str, least: float, most: float, unit: str) -> float | None:
        """The number in a field, None if unknown; a problem is noted if it is outside least..most."""
        field = self.text(column)
        if not field:
            return None
        try:
            value = float(field)
        except ValueError:
            self._complain(f"column {column}", f"{field!r} is not a number")
            return None
        if not least <= value <= most:
            self._complain(f"column {column}", f"{field} is not within {least:g}..{most:g} {unit}")
            return None
        return value

    def required(self, column: str, least: float, most: float, unit: str) -> float:
        """As `number`, of a field that may not be empty."""
        # A number goes on even where there is none: the table is refused anyway, once all rows are looked at.
        value = self.number(column, least, most, unit)
        if value is None and not self.text(column):
            self._complain(f"column {column}", "is empty; every station needs it")
        return 0.0 if value is None else value

    def _complain(self, where: str, what: str) -> None:
        site = f" ({self.text('site')})" if self.text("site") else ""
        self.problems.append(f"line {self.line}{site}, {where}: {what}")

    def pixels(self) -> tuple[int, int]:
        """Lines and samples to average, one pixel where nothing is said."""
        field = self.text(_PIXELS)
        found = _WINDOW.fullmatch(field.replace(" ", "")) if field else _WINDOW.fullmatch("1")
        # "3" is a square; what cannot be read is a window of no pixels, which the next line complains about.
        size = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if min(size) < 1:
            self._complain(f"column {_PIXELS}", f"{field!r} is not a window such as 3 or 3x5 (pixels)")
        return size

    def oxides(self) -> dict[str, float]:
        """What is known, wt%."""
        known = {oxide: self.number(oxide, 0.0, 100.0, "wt%") for oxide in OXIDES}
        found = {oxide: value for oxide, value in known.items() if value is not None}
        if sum(found.values()) > _LARGEST_SUM:
            self._complain("oxides", f"sum to {sum(found.values()):.1f} wt%, more than 100")
        return found

    def reflectance(self, bands: Sequence[str]) -> tuple[float, ...] | None:
        """Of all bands or of none."""
        empty = [column for column in bands if not self.text(column)]
        # Up to 100, so that percent get their own advice below instead of "out of range".
        values = [self.number(column, 0.0, 100.0, "(fraction)") for column in bands]
        found = [value for value in values if value is not None]
        for column, value in zip(bands, values, strict=True):
            if value == 0.0:
                self._complain(f"column {column}", "0 is no reflectance; leave it empty if it is unknown")
            if value is not None and value > 1.0:
                advice = "reflectance is a fraction 0..1; divide percent by 100"
                self._complain(f"column {column}", f"{value:g} is too large: {advice}")
        if empty and found:
            self._complain(f"column {empty[0]}", "is empty, but other bands are given; give all or none")
        return tuple(found) if found and not empty else None


def _station(row: _Row, bands: Sequence[str]) -> Station:
    if not row.text("site"):
        row.problems.append(f"line {row.line}, column site: is empty; every station needs a name")
    return Station(
        site=row.text("site"),
        lat=row.required("lat", -90.0, 90.0, "degrees"),
        # Rounded far below a metre: 206.0148 - 360 is not -153.98519999999996.
        lon=round(float(wrap_longitude(row.required("lon", -180.0, 360.0, "degrees"))), 9),
        oxides=row.oxides(),
        reflectance=row.reflectance(bands),
        pixels=row.pixels(),
        sources={name: row.text(name) for name in row.fields if name.endswith("_source")},
    )


def _bands(header: list[str], name: str) -> list[str]:
    """The reflectance columns by wavelength; refuses a header that is not one of stations."""
    missing = [column for column in _PLACE if column not in header]
    if missing:
        raise InputError(f"{name}: no column {', '.join(missing)}; there are: {', '.join(header)}")
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise InputError(f"{name}: column {', '.join(twice)} is there twice")
    bands = [column for column in header if _BAND.fullmatch(column)]
    known = {*_PLACE, *OXIDES, *bands, _PIXELS}
    unknown = [column for column in header if column not in known and not column.endswith("_source")]
    if unknown:
        raise InputError(
            f"{name}: unknown column {', '.join(repr(column) for column in unknown)}; known are "
            f"{', '.join((*_PLACE, *OXIDES))}, reflectances such as r750, {_PIXELS} and *_source"
        )
    if not OXIDES.keys() & set(header):
        raise InputError(f"{name}: no oxide in it; give at least one column of {', '.join(OXIDES)} (wt%)")
    return sorted(bands, key=_wavelength)


def _duplicates(rows: Sequence[_Row]) -> list[str]:
    first: dict[str, int] = {}
    problems = []
    for row in rows:
        # Alike to a reader is alike: upper and lower case, and how many blanks.
        key = " ".join(row.text("site").casefold().split())
        if key and key in first:
            problems.append(
                f"line {row.line}, column site: {row.text('site')!r} is the name in line {first[key]} too; "
                "names tell stations apart"
            )
        first.setdefault(key, row.line)
    return problems


def _wavelength(column: str) -> float:
    return float(column[1:])
