"""Lunar Prospector gamma-ray abundances: the PDS tables and their CSV form.

Data set LP-L-GRS-5-ELEM-ABUNDANCE-V1.0 (Prettyman et al. 2006): pixels of nearly equal area, bounded by
latitudes and longitudes, 2, 5 or 20 degrees high.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from lunarcloud.archive.files import TABLE_BYTES, OutsideFile, read_file
from lunarcloud.archive.shipped import PROSPECTOR, place_of
from lunarcloud.errors import ArchiveError, InputError
from lunarcloud.moon import RADIUS_M, FloatArray

if TYPE_CHECKING:  # slow to import, and what finds everything done makes no tables or arrays
    import pandas as pd

#: Constituents in the order of the PDS table: oxides in wt%, then elements in ppm.
OXIDES = ("MgO", "Al2O3", "SiO2", "CaO", "TiO2", "FeO")
ELEMENTS = ("K", "Th", "U")

_BOUNDS = ("min_lat", "max_lat", "min_lon", "max_lon")
# PDS table: pixel number, bounds, mean atomic mass, neutron number density, nine abundances, covariances.
_TAB_COLUMNS = ("pixel_id", *_BOUNDS, "atomic_mass", "neutron_density", *OXIDES, *ELEMENTS)
# The nine abundances' covariances are a triangle: 9 * 10 / 2 of them, none of which is used.
_TAB_WIDTH = len(_TAB_COLUMNS) + 45

_Reader: TypeAlias = "Callable[[OutsideFile], pd.DataFrame]"


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
    readers: dict[str, _Reader] = {".csv": _read_csv, ".tab": _read_tab}
    reader = readers.get(Path(path).suffix.lower())
    if reader is None:
        raise InputError(f"{path}: Lunar Prospector tables end in .tab (PDS) or .csv")
    found = read_file(path, TABLE_BYTES)
    try:
        table = reader(found)
    except ArchiveError:
        raise
    except ValueError as error:
        raise ArchiveError(f"{path}: not a readable table of abundances ({error})") from error
    numbers = {name: _numbers(path, table, name) for name in (*_BOUNDS, *_present(path, table))}
    bounds = {name: numbers.pop(name) for name in _BOUNDS}
    prospector = Prospector(source=path, abundance=numbers, **bounds)
    _require_partition(prospector)
    return prospector


def _read_csv(found: OutsideFile) -> pd.DataFrame:
    import pandas as pd

    return pd.read_csv(io.StringIO(found.text()))


def _read_tab(found: OutsideFile) -> pd.DataFrame:
    import pandas as pd

    table = pd.read_csv(io.StringIO(found.text("ascii")), sep=r"\s+", header=None)
    if table.shape[1] != _TAB_WIDTH:
        raise ValueError(f"{table.shape[1]} columns, a table of this data set has {_TAB_WIDTH}")
    table = table.iloc[:, : len(_TAB_COLUMNS)].set_axis(list(_TAB_COLUMNS), axis=1)
    # The archive gives oxides as weight fractions.
    return table.assign(**{name: 100.0 * _numbers(found.url, table, name) for name in OXIDES})


def _present(path: str, table: pd.DataFrame) -> list[str]:
    missing = [name for name in _BOUNDS if name not in table]
    present = [name for name in (*OXIDES, *ELEMENTS) if name in table]
    if missing or not present:
        raise ArchiveError(
            f"{path}: lacks {', '.join(missing) or 'every abundance'}; "
            f"wanted {', '.join(_BOUNDS)} and some of {', '.join((*OXIDES, *ELEMENTS))}"
        )
    return present


def _numbers(path: str, table: pd.DataFrame, name: str) -> FloatArray:
    import pandas as pd

    numbers = pd.to_numeric(table[name], errors="coerce")
    # An empty field is an unknown abundance; only text that did not become a number is wrong.
    wrong = numbers.isna() & table[name].notna()
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ArchiveError(f"{path}, row {row + 1}, {name}: {table[name].iloc[row]!r} is not a number")
    return numbers.to_numpy(dtype=np.float64)


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
