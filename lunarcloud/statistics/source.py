"""The maps of a run as the integer codes they are stored in, shard by shard."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from lunarcloud.errors import NotFoundError
from lunarcloud.maps import FILL, Run
from lunarcloud.moon import FloatArray, Grid, Shard
from lunarcloud.quantities import QUANTITIES, composition
from lunarcloud.storage import Group

#: How work is spread: a function and items in, pairs of item and result out, in any order.
Stream: TypeAlias = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[tuple[Any, Any]]]

MapCodes: TypeAlias = npt.NDArray[np.uint16]
#: Code of a missing pixel of a map.
MISSING = FILL


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

    def code(self, value: float) -> float:
        """The code, not rounded, of a physical value."""
        # A bound between two codes stays between them: rounding would move it by up to half a step.
        return (value - self.offset) / self.scale


@dataclass(frozen=True, slots=True)
class Source:
    """The stored maps of one run; small and picklable, opened where it is used.

    Attributes
    ----------
    place : Folder
        The Zarr group of the maps.
    layout : Layout
        What it holds, and on which grid.
    ledger : Ledger
        Its shards with their digests, by which what is read is checked.
    """

    group: Group

    @property
    def grid(self) -> Grid:
        """The maps' grid."""
        return cast("Grid", self.group.layout.raster)

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

    def read(self, name: str, shard: Shard) -> MapCodes:
        """The codes of one shard of a map, 65535 where missing, shape (row, col).

        Raises
        ------
        StoreError
            If the shard is damaged or cannot be read.
        """
        return self.group.read(name, shard)


def source_of(run: Run) -> Source:
    """The full-resolution maps of a run."""
    return Source(run.group())


def one_by_one(function: Callable[[Any], Any], items: Iterable[Any]) -> Iterable[tuple[Any, Any]]:
    """The `Stream` of this process alone."""
    return ((item, function(item)) for item in items)


def _advice(name: str) -> str:
    if name in QUANTITIES and QUANTITIES[name].method in ("cnn", "derived"):
        return ": it was mapped with equations alone; map it with a model that has networks (lunarcloud fit)"
    return ""
