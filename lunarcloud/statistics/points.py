"""Values of the maps of a run at points: every shard that holds some is read once, the others not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lunarcloud.maps import QUALITY, Run, decode
from lunarcloud.moon import Grid, IntArray, Pixels, Shard
from lunarcloud.statistics.source import Stream, one_by_one
from lunarcloud.storage import Group

if TYPE_CHECKING:  # slow to import
    import xarray as xr


class _Picked(NamedTuple):
    """Points in one shard: their numbers, and the rows and columns of their pixels within it."""

    shard: Shard
    number: IntArray
    row: IntArray
    col: IntArray


@dataclass(frozen=True, slots=True)
class _PickShard:
    """The task of one shard: the stored codes of every map, and the flags, at some of its pixels."""

    group: Group
    names: tuple[str, ...]

    def __call__(self, picked: _Picked) -> dict[str, npt.NDArray[Any]]:
        entry = self.group.ledger.entry(picked.shard)
        where = picked.row, picked.col
        # One map at a time: a shard of all of them need not fit in memory together.
        return {name: self.group.read(name, picked.shard, entry)[where] for name in self.names}


def values_at(run: Run, *, lat: npt.ArrayLike, lon: npt.ArrayLike, stream: Stream = one_by_one) -> xr.Dataset:
    """Values of every map at points: of each, those of the pixel that holds it.

    Parameters
    ----------
    run : Run
        Whose maps, at full resolution.
    lat, lon : array_like, shape (point,), one or more
        Degrees; latitude -90..90, longitude in any convention.
    stream : callable
        How the shards are spread over workers; by default one by one.

    Returns
    -------
    xarray.Dataset
        By ``point``: every map and half-width in its units, NaN where missing; ``quality`` as flags;
        ``pixel_lat`` and ``pixel_lon``, the pixels' centres, degrees.

    Raises
    ------
    GeometryError
        For a latitude beyond a pole or a position that is not a number.
    StoreError
        If a shard is damaged or cannot be read.
    """
    import xarray as xr

    grid = run.grid
    pixels = grid.pixel(lat=lat, lon=lon)
    codes = _picked(run.group(), grid, pixels, (*run.card.maps, QUALITY), stream)
    if run.card.intervals:
        coarse = run.intervals_grid
        codes |= _picked(run.intervals(), coarse, coarse.pixel(lat=lat, lon=lon), run.card.intervals, stream)
    values = {name: decode(codes[name], name) for name in (*run.card.maps, *run.card.intervals)}
    return xr.Dataset(
        {name: ("point", each) for name, each in {**values, QUALITY: codes[QUALITY]}.items()},
        coords={
            "pixel_lat": ("point", grid.lat()[pixels.row], {"units": "degrees_north"}),
            "pixel_lon": ("point", grid.lon()[pixels.col], {"units": "degrees_east"}),
        },
    )


def _picked(
    group: Group, grid: Grid, pixels: Pixels, names: tuple[str, ...], stream: Stream
) -> dict[str, npt.NDArray[Any]]:
    """Codes of some maps of a group at pixels, by map."""
    codes: dict[str, npt.NDArray[Any]] = {}
    for picked, found in stream(_PickShard(group, names), _by_shard(grid, pixels)):
        for name, part in found.items():
            # Every point is in one shard, so that every place is filled.
            codes.setdefault(name, np.empty(pixels.row.shape, part.dtype))[picked.number] = part
    return codes


def _by_shard(grid: Grid, pixels: Pixels) -> Iterator[_Picked]:
    """The points by the shard that holds their pixel."""
    down, across = pixels.row // grid.shard_edge, pixels.col // grid.shard_edge
    key = down * grid.shard_shape[1] + across
    # Sorted, the points of a shard lie together: one cut between each two shards.
    order = np.argsort(key, kind="stable")
    for number in np.split(order, np.flatnonzero(np.diff(key[order])) + 1):
        shard = Shard(int(down[number[0]]), int(across[number[0]]))
        window = grid.window(shard)
        yield _Picked(
            shard, number, pixels.row[number] - window.row_start, pixels.col[number] - window.col_start
        )
