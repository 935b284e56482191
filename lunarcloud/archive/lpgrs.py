"""Lunar Prospector gamma-ray abundances: the PDS tables and their CSV form.

Data set LP-L-GRS-5-ELEM-ABUNDANCE-V1.0 (Prettyman et al. 2006): pixels of nearly equal area, bounded by
latitudes and longitudes, 2, 5 or 20 degrees high.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from lunarcloud.archive.files import TABLE_BYTES, OutsideFile, foreign, read_file
from lunarcloud.archive.shipped import PROSPECTOR, place_of
from lunarcloud.errors import ArchiveError, InputError
from lunarcloud.moon import RADIUS_M, FloatArray

#: Constituents in the order of the PDS table: oxides in wt%, then elements in ppm.
OXIDES = ("MgO", "Al2O3", "SiO2", "CaO", "TiO2", "FeO")
ELEMENTS = ("K", "Th", "U")

#: Both shipped tables: each constituent in the finest pixels that tell its places apart.
BEST = "best"
#: Constituents whose 2-degree pixels are noise: those within one 5-degree pixel scatter by more (MgO 3.3,
#: Al2O3 5.7, SiO2 4.1, CaO 3.4 wt%) than 5-degree pixels differ over the whole Moon (2.5, 5.5, 2.9, 1.8).
#: Al2O3 reaches 48 wt%, and 8 % of CaO is beyond pure anorthite's. (FeO: 1.4 of 4.7; TiO2: 0.7 of 1.3.)
NOISY_AT_2DEG = ("MgO", "Al2O3", "SiO2", "CaO")

_BOUNDS = ("min_lat", "max_lat", "min_lon", "max_lon")
# PDS table: pixel number, bounds, mean atomic mass, neutron number density, nine abundances, covariances.
_TAB_COLUMNS = ("pixel_id", *_BOUNDS, "atomic_mass", "neutron_density", *OXIDES, *ELEMENTS)
# The nine abundances' covariances are a triangle: 9 * 10 / 2 of them, none of which is used.
_TAB_WIDTH = len(_TAB_COLUMNS) + 45
# Fields of an unknown abundance.
_UNKNOWN = ("", "NA", "NaN", "nan")

# The fields of each column, by its name. Not pandas: to load it takes longer than to read the table.
_Columns: TypeAlias = dict[str, list[str]]
_Reader: TypeAlias = Callable[[OutsideFile], _Columns]


@dataclass(frozen=True, slots=True)
class Prospector:
    """Abundances in Lunar Prospector's pixels.

    Attributes
    ----------
    source : str
        The file.
    min_lat, max_lat, min_lon, max_lon : (pixel,) array
        Bounds of each pixel, degrees, longitude -180..180.
    abundance : dict of str to (pixel,) array
        By constituent, wt% for oxides and ppm for K, Th and U; NaN where unknown.
    """

    source: str
    min_lat: FloatArray
    max_lat: FloatArray
    min_lon: FloatArray
    max_lon: FloatArray
    abundance: dict[str, FloatArray]

    @property
    def degrees(self) -> float:
        """Height of its pixels, degrees."""
        return float(np.median(self.max_lat - self.min_lat))

    def only(self, constituents: Iterable[str]) -> Prospector:
        """Some of its constituents."""
        held = {name: self.abundance[name] for name in constituents if name in self.abundance}
        return replace(self, abundance=held)

    @property
    def lat(self) -> FloatArray:
        """Latitude of the middle of each pixel, degrees."""
        return (self.min_lat + self.max_lat) / 2.0

    @property
    def lon(self) -> FloatArray:
        """Longitude of the middle of each pixel, degrees."""
        return (self.min_lon + self.max_lon) / 2.0

    @property
    def area_km2(self) -> FloatArray:
        """Exact spherical area of each pixel, km2."""
        height = np.sin(np.radians(self.max_lat)) - np.sin(np.radians(self.min_lat))
        area: FloatArray = (RADIUS_M / 1000.0) ** 2 * np.radians(self.max_lon - self.min_lon) * height
        return area


def read_prospectors(name: str) -> tuple[Prospector, ...]:
    """The table of a name as in `read_prospector`; of ``best`` both shipped ones, each constituent once."""
    if name.casefold() != BEST:
        return (read_prospector(name),)
    fine, coarse = read_prospector("2deg"), read_prospector("5deg")
    return fine.only(fine.abundance.keys() - set(NOISY_AT_2DEG)), coarse.only(NOISY_AT_2DEG)


def read_prospector(name: str) -> Prospector:
    """Read a table of abundances.

    Parameters
    ----------
    name : str
        A shipped one (``2deg`` or ``5deg``), or path or URL of a PDS ``.tab`` or a ``.csv``.

    Raises
    ------
    NotFoundError
        For a bare word that is no shipped name, or a file that is not there.
    InputError
        For a file of another extension.
    StoreError
        If it cannot be read.
    ArchiveError
        If it is no text, lacks columns, holds text in place of a number, or its pixels are not a
        partition of the Moon's surface.
    """
    path = place_of(name, PROSPECTOR, "Lunar Prospector table")
    _require_known(path)
    return prospector_of(read_file(path, TABLE_BYTES))


def prospector_of(found: OutsideFile) -> Prospector:
    """The abundances that a file holds; its name says in which form.

    Raises
    ------
    InputError, ArchiveError
        As `read_prospector` does.
    """
    url, suffix = found.url, _require_known(found.url)
    with foreign(url, "not a table of abundances that can be read"):
        columns = _READERS[suffix](found)
        numbers = {name: _numbers(url, columns, name) for name in (*_BOUNDS, *_present(url, columns))}
        if suffix == ".tab":
            # The archive gives oxides as weight fractions.
            numbers |= {name: 100.0 * numbers[name] for name in OXIDES}
        bounds = {name: numbers.pop(name) for name in _BOUNDS}
        prospector = Prospector(source=url, abundance=numbers, **bounds)
        _require_partition(prospector)
        return prospector


def _require_known(path: str) -> str:
    suffix = Path(path).suffix.lower()
    if suffix not in _READERS:
        raise InputError(f"{path}: Lunar Prospector tables end in .tab (PDS) or .csv")
    return suffix


def _read_csv(found: OutsideFile) -> _Columns:
    try:
        header, *rows = csv.reader(found.text().splitlines())
    except (csv.Error, ValueError) as error:
        raise ArchiveError(f"{found.url}: not a readable table of abundances ({error})") from error
    return _columns(found.url, header, rows, len(header))


def _read_tab(found: OutsideFile) -> _Columns:
    rows = [line.split() for line in found.text("ascii").splitlines()]
    return _columns(found.url, _TAB_COLUMNS, rows, _TAB_WIDTH)


def _columns(url: str, names: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> _Columns:
    """The first fields of rows, of which each must have so many; an empty line is none."""
    for number, row in enumerate(rows, start=1):
        if row and len(row) != width:
            raise ArchiveError(f"{url}, row {number}: {len(row)} columns, a table of this kind has {width}")
    return {name: [row[index] for row in rows if row] for index, name in enumerate(names)}


_READERS: dict[str, _Reader] = {".csv": _read_csv, ".tab": _read_tab}


def _present(path: str, table: _Columns) -> list[str]:
    missing = [name for name in _BOUNDS if name not in table]
    present = [name for name in (*OXIDES, *ELEMENTS) if name in table]
    if missing or not present:
        raise ArchiveError(
            f"{path}: lacks {', '.join(missing) or 'every abundance'}; "
            f"wanted {', '.join(_BOUNDS)} and some of {', '.join((*OXIDES, *ELEMENTS))}"
        )
    return present


def _numbers(path: str, table: _Columns, name: str) -> FloatArray:
    return np.array([_number(path, row, name, field) for row, field in enumerate(table[name], start=1)])


def _number(path: str, row: int, name: str, field: str) -> float:
    try:
        # An empty field is an unknown abundance; only text is wrong.
        return np.nan if field.strip() in _UNKNOWN else float(field)
    except ValueError as error:
        raise ArchiveError(f"{path}, row {row}, {name}: {field!r} is not a number") from error


def _require_partition(found: Prospector) -> None:
    """Pixels must have an area each and cover the sphere once: anything else is another kind of file."""
    # Negated, so that a bound that is NaN is wrong too.
    wrong = ~((found.min_lat < found.max_lat) & (found.min_lon < found.max_lon))
    if wrong.any():
        raise ArchiveError(f"{found.source}, row {int(np.flatnonzero(wrong)[0]) + 1}: bounds without an area")
    covered = found.area_km2.sum() / (4.0 * np.pi * (RADIUS_M / 1000.0) ** 2)
    # Room for bounds that are printed with few decimals.
    if not 0.999 < covered < 1.001:
        raise ArchiveError(
            f"{found.source}: {len(wrong)} pixels that cover {covered:.4f} of the Moon; "
            "a whole table covers it exactly once (is the file cut short?)"
        )
