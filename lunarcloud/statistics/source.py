"""The maps of a run as the integer codes they are stored in, shard by shard."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar, cast

import numpy as np
import numpy.typing as npt

from lunarcloud.archive import Gridded
from lunarcloud.errors import NotFoundError
from lunarcloud.maps import FILL, QUALITY, Run, decode
from lunarcloud.moon import FloatArray, Grid, Shard
from lunarcloud.quantities import CHANCE, QUANTITIES, composition
from lunarcloud.statistics.quality import Marks, Reason, bit, marks_of
from lunarcloud.storage import Group

#: How work is spread: a function and items in, pairs of item and result out, in any order.
Stream: TypeAlias = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[tuple[Any, Any]]]

MapCodes: TypeAlias = npt.NDArray[np.uint16]
CodedT = TypeVar("CodedT", float, FloatArray)
#: Code of a missing pixel of a map.
MISSING = FILL
#: Standard deviation of what rounding to a step does, in steps: that of numbers spread evenly over one.
ROUNDING = 12**-0.5
# Rows of somebody's map that are looked up at once.
_ROWS = 128


@dataclass(frozen=True, slots=True)
class Coding:
    """What the codes of a map mean: ``value = code * scale + offset``.

    Attributes
    ----------
    name : str
        The map.
    scale, offset : float
        Value of one step, and of the code 0, in the map's units.
    units, long_name : str
        As they are written to tables and figures.
    """

    name: str
    scale: float
    offset: float
    units: str
    long_name: str

    def values(self, codes: npt.ArrayLike) -> FloatArray:
        """Physical values of codes."""
        return np.asarray(codes, dtype=np.float64) * self.scale + self.offset

    def code(self, value: CodedT) -> CodedT:
        """The code, not rounded, of physical values."""
        # A bound between two codes stays between them: rounding would move it by up to half a step.
        return (value - self.offset) / self.scale

    def bound(self, value: float) -> float:
        """The code of a bound, rounded far below a step: a code's own value may come out a hair beside it."""
        return round(self.code(value), 6)


@dataclass(frozen=True, slots=True)
class Source:
    """The stored maps of one run; small and picklable, opened where it is used.

    Attributes
    ----------
    group : Group
        The maps, on which grid, and their shards with their digests, by which what is read is checked.
    exclude : tuple of str
        For which reasons pixels are left out.
    networks : int
        Of how many networks each map of an oxide is the mean; 0 where maps are compared with others of the
        same networks, which are off alike.
    """

    group: Group
    exclude: tuple[Reason, ...] = ()
    networks: int = 1

    @property
    def grid(self) -> Grid:
        """The maps' grid."""
        return cast("Grid", self.group.layout.raster)

    @property
    def excluded(self) -> int:
        """The bits of `marks` for which pixels are left out."""
        return bit(*self.exclude)

    @property
    def names(self) -> tuple[str, ...]:
        """The composition maps there are, in the order of tables."""
        held = {variable.name for variable in self.group.layout.variables}
        return tuple(name for name in composition() if name in held)

    def coding(self, name: str) -> Coding:
        """What the codes of a map mean.

        Raises
        ------
        NotFoundError
            If the run has no such composition map.
        """
        if name not in self.names:
            raise NotFoundError(
                f"{self.group.place.url} has no map {name!r}, only {', '.join(self.names)}{_advice(name)}"
            )
        attrs = self.group.layout.variable(name).attrs
        return Coding(
            name=name,
            scale=float(attrs["scale_factor"]),
            offset=float(attrs["add_offset"]),
            units=QUANTITIES[name].units,
            long_name=str(attrs["long_name"]),
        )

    def has_chance(self, name: str) -> bool:
        """Whether it is known how far single networks scatter about a map."""
        held = {variable.name for variable in self.group.layout.variables}
        return self.networks > 0 and f"{name}_{CHANCE}" in held

    def chance(self, name: str, shard: Shard) -> npt.NDArray[np.float32]:
        """How far single networks scatter about one shard of a map that has it, in its units.

        NaN where missing, shape (row, col); errors as in `read`.
        """
        of_map = f"{name}_{CHANCE}"
        return decode(self.stored(of_map, shard), of_map)

    def read(self, name: str, shard: Shard) -> MapCodes:
        """The codes of one shard of a map, 65535 where missing or left out, shape (row, col).

        Raises
        ------
        StoreError
            If the shard is damaged or cannot be read.
        """
        codes = self.stored(name, shard)
        if not self.exclude:
            return codes
        return self.kept(codes, self.marks(name, codes, self.stored(QUALITY, shard)))

    def stored(self, name: str, shard: Shard) -> npt.NDArray[Any]:
        """One shard of a map, or of ``quality``, as it is stored; errors as in `read`."""
        return self.group.read(name, shard)

    def marks(self, name: str, codes: MapCodes, quality: npt.NDArray[np.unsignedinteger]) -> Marks:
        """What there is to say against pixels of a map.

        Parameters
        ----------
        name : str
            The map.
        codes, quality : arrays, one shape
            As they are stored.
        """
        attrs = self.group.layout.variable(QUALITY).attrs
        bits = dict(zip(attrs["flag_meanings"].split(), attrs["flag_masks"], strict=True))
        return marks_of(name, codes, quality, bits)

    def kept(self, codes: MapCodes, marks: Marks) -> MapCodes:
        """The codes without the pixels that are left out.

        Parameters
        ----------
        codes : array
            As they are stored.
        marks : array, of their shape
            What there is to say against each.
        """
        return np.where(marks & self.excluded, codes.dtype.type(MISSING), codes)


@dataclass(frozen=True, slots=True)
class GriddedSource(Source):
    """Somebody's map in the place of a run's: on its grid and in its codes, with nothing said against it.

    Attributes
    ----------
    file : Gridded
        The map, in the unit of that which it is compared with.
    """

    file: Gridded = field(kw_only=True)

    def has_chance(self, name: str) -> bool:
        """Nobody knows it."""
        return False

    def stored(self, name: str, shard: Shard) -> npt.NDArray[Any]:
        """One shard of it: of each pixel of the run, the map's pixel that holds its centre."""
        window = self.grid.window(shard)
        if name == QUALITY:
            return np.zeros(window.shape, dtype=self.group.layout.variable(QUALITY).dtype)
        lat, lon = self.grid.lat(window), self.grid.lon(window)
        # A few rows at a time: positions of a whole shard would take as much memory as all else.
        parts = range(0, lat.size, _ROWS)
        return np.concatenate([self._rows(name, lat[start : start + _ROWS], lon) for start in parts])

    def _rows(self, name: str, lat: FloatArray, lon: FloatArray) -> MapCodes:
        where = np.meshgrid(lat, lon, indexing="ij")
        codes = np.clip(np.rint(self.coding(name).code(self.file.at(*where))), 0, MISSING - 1)
        # After the clip, which leaves NaN alone.
        return np.where(np.isnan(codes), MISSING, codes).astype(np.uint16)


def source_of(run: Run, exclude: tuple[Reason, ...] = (), networks: int = 1) -> Source:
    """The full-resolution maps of a run, perhaps without pixels that there is a reason to leave out.

    Parameters
    ----------
    run, exclude, networks
        As of `Source`.
    """
    return Source(run.group(), exclude, networks)


def one_by_one(function: Callable[[Any], Any], items: Iterable[Any]) -> Iterable[tuple[Any, Any]]:
    """The `Stream` of this process alone."""
    return ((item, function(item)) for item in items)


def _advice(name: str) -> str:
    if name in QUANTITIES and QUANTITIES[name].by_networks:
        return ": it was mapped with equations alone; map it with a model that has networks (lunarcloud fit)"
    return ""
