"""The maps of a run as the integer codes they are stored in, shard by shard."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import zarr
import zarr.errors

from lunarcloud.errors import GeometryError, NotFoundError
from lunarcloud.moon import FloatArray, Grid, Shard, Window, grid
from lunarcloud.storage import Folder

#: How work is spread: a function and items in, pairs of item and result out, in any order.
Stream: TypeAlias = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[tuple[Any, Any]]]

#: The maps of composition, in the order of tables and figures.
COMPOSITION = (
    "feo_equation",
    "tio2_equation",
    "feo_cnn",
    "tio2_cnn",
    "al2o3_cnn",
    "mgo_cnn",
    "cao_cnn",
    "mg_number",
    "omat",
)


@dataclass(frozen=True, slots=True)
class Coding:
    """What the codes of a map mean: ``value = code * scale + offset``."""

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
        return (value - self.offset) / self.scale


@dataclass(frozen=True, slots=True)
class Source:
    """The stored maps of one run; small and picklable, opened where it is used."""

    place: Folder
    grid: Grid
    codings: tuple[Coding, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The maps there are."""
        return tuple(coding.name for coding in self.codings)

    def coding(self, name: str) -> Coding:
        """What the codes of a map mean.

        Raises
        ------
        NotFoundError
            If the run has no such map.
        """
        for coding in self.codings:
            if coding.name == name:
                return coding
        advice = (
            "; it was mapped with a model of equations only: run `lunarcloud fit` with networks and "
            "`lunarcloud map` again"
            if name.endswith("_cnn") or name == "mg_number"
            else ""
        )
        raise NotFoundError(f"{self.place.url} has no map {name!r}, only {', '.join(self.names)}{advice}")

    def read(self, name: str, shard: Shard) -> npt.NDArray[np.uint16]:
        """The codes of one shard of a map, 65535 where missing, shape (row, col)."""
        return self.read_window(name, self.grid.window(shard))

    def read_window(self, name: str, window: Window) -> npt.NDArray[np.uint16]:
        """The codes of a window of a map, 65535 where missing, shape (row, col)."""
        array: Any = _group(self.place.url)[name]
        return np.asarray(array[window.slices])


def open_source(place: Folder) -> Source:
    """The maps that a finished group of maps holds.

    Raises
    ------
    NotFoundError
        If there is nothing finished at that place.
    GeometryError
        If it is not on a global latitude/longitude grid.
    """
    try:
        group = _group(place.url)
    except (FileNotFoundError, zarr.errors.GroupNotFoundError) as error:
        raise NotFoundError(f"{place.url}: no finished maps there; see `lunarcloud runs list`") from error
    maps = {name: array for name, array in sorted(group.arrays()) if _is_map(array)}
    if not maps:
        raise NotFoundError(f"{place.url}: holds no maps of 16-bit codes")
    return Source(
        place=place,
        grid=_grid(place, next(iter(maps.values()))),
        codings=tuple(_coding(name, maps[name]) for name in _ordered(maps)),
    )


def one_by_one(function: Callable[[Any], Any], items: Iterable[Any]) -> Iterable[tuple[Any, Any]]:
    """The `Stream` of this process alone."""
    return ((item, function(item)) for item in items)


@lru_cache(maxsize=8)
def _group(url: str) -> zarr.Group:
    return zarr.open_group(url, mode="r", zarr_format=3)


def _is_map(array: Any) -> bool:
    return bool(array.ndim == 2 and array.dtype == np.uint16)


def _ordered(names: Iterable[str]) -> list[str]:
    order = {name: rank for rank, name in enumerate(COMPOSITION)}
    return sorted(names, key=lambda name: (order.get(name, len(order)), name))


def _grid(place: Folder, array: Any) -> Grid:
    rows, cols = array.shape
    if rows % 180 or cols != 2 * rows:
        raise GeometryError(
            f"{place.url}: {rows} x {cols} pixels are not a global grid of whole pixels a degree"
        )
    return grid(rows // 180, shard_edge=(array.shards or array.chunks)[0])


def _coding(name: str, array: Any) -> Coding:
    attrs = array.attrs
    return Coding(
        name=name,
        scale=float(attrs.get("scale_factor", 1.0)),
        offset=float(attrs.get("add_offset", 0.0)),
        units=str(attrs.get("units", "1")),
        long_name=str(attrs.get("long_name", name)),
    )
