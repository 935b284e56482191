"""One map against another of the same quantity: exact differences, by unit, with the joint distribution."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from lunarcloud.engine import Product
from lunarcloud.errors import InputError
from lunarcloud.moon import FloatArray, Grid, IntArray, Shard
from lunarcloud.statistics import cells
from lunarcloud.statistics.moments import QUANTILES, moments, quantiles
from lunarcloud.statistics.source import COMPOSITION, Coding, Source, Stream, one_by_one
from lunarcloud.statistics.summary import near_units
from lunarcloud.statistics.tallies import PART_KM2, Tally, cell_parts, merge, tally_cells
from lunarcloud.statistics.units import Unit, labelled, require_distinct
from lunarcloud.storage import Layout, Variable

#: Code of a missing difference.
MISSING = int(np.iinfo(np.int32).min)

_FILL = 65535
# Differences are counted as codes from 0: the lowest possible one, -65534, becomes 1.
_ZERO = 65535
_NO_DIFFERENCE = int(np.iinfo(np.uint32).max)
# The joint distribution has 512 x 512 bins of 128 codes.
_JOINT_BINS = 512
_JOINT_SHIFT = 7

_Near: TypeAlias = tuple[Shard, tuple[Unit, ...]]


class Pair(NamedTuple):
    """A map of the first run and the map of the second that it is compared with."""

    name: str
    first: str
    second: str


def same_maps(first: Source, second: Source) -> tuple[Pair, ...]:
    """The composition maps that both runs have, each with itself.

    Raises
    ------
    InputError
        If they have none in common.
    """
    pairs = tuple(
        Pair(name, name, name) for name in COMPOSITION if name in first.names and name in second.names
    )
    if not pairs:
        raise InputError(f"{first.place.url} and {second.place.url} have no composition map in common")
    return pairs


def cnn_against_equation(source: Source) -> tuple[Pair, ...]:
    """The oxides that a run maps by network and by equation.

    Raises
    ------
    NotFoundError
        If the run has no maps by network.
    """
    pairs = tuple(Pair(oxide, f"{oxide}_cnn", f"{oxide}_equation") for oxide in ("feo", "tio2"))
    for pair in pairs:
        source.coding(pair.first), source.coding(pair.second)
    return pairs


@dataclass(frozen=True, slots=True)
class _Counted:
    """What a shard adds to one pair: tallies of both maps and the difference, and the joint counts."""

    first: Tally
    second: Tally
    difference: Tally
    joint: IntArray
    joint_count: IntArray


@dataclass(frozen=True, slots=True)
class CompareShard:
    """The task of one shard: sample both maps at the cells that have both, and count."""

    first: Source
    second: Source
    pairs: tuple[Pair, ...]

    def __call__(self, near: _Near) -> tuple[tuple[tuple[int, ...], ...], dict[str, _Counted]]:
        """Count the pairs of a shard by the units near it."""
        shard, units = near
        window = self.first.grid.window(shard)
        labels, members = labelled(units, self.first.grid, window)
        at = cells.sample(self.first.grid, window)
        parts, sampled = cell_parts(at.band), labels[at.row, at.col]
        counted = {}
        for pair in self.pairs:
            a = self.first.read(pair.first, shard)[at.row, at.col]
            b = self.second.read(pair.second, shard)[at.row, at.col]
            both = (a != _FILL) & (b != _FILL)
            counted[pair.name] = _count(a[both], b[both], sampled[both], parts[both], len(members))
        return members, counted


def _count(
    a: npt.NDArray[np.uint16],
    b: npt.NDArray[np.uint16],
    labels: npt.NDArray[np.unsignedinteger],
    parts: IntArray,
    n_labels: int,
) -> _Counted:
    shifted = (a.astype(np.int64) - b + _ZERO).astype(np.uint32)
    joint = (a >> _JOINT_SHIFT).astype(np.int64) * _JOINT_BINS + (b >> _JOINT_SHIFT)
    keys, count = np.unique(joint, return_counts=True)
    tallies = [tally_cells(codes, labels, n_labels, parts) for codes in (a, b, shifted)]
    return _Counted(*tallies, joint=keys, joint_count=count)


def difference(a: npt.NDArray[np.uint16], b: npt.NDArray[np.uint16]) -> npt.NDArray[np.int32]:
    """First minus second in codes, exact; `MISSING` where either is missing."""
    codes = a.astype(np.int32) - b.astype(np.int32)
    return np.where((a == _FILL) | (b == _FILL), np.int32(MISSING), codes)


def difference_layout(first: Source, pairs: Sequence[Pair]) -> Layout:
    """The group of difference maps, one array a pair."""
    return Layout(
        raster=first.grid,
        variables=tuple(_variable(first.coding(pair.first), pair) for pair in pairs),
    )


@dataclass(frozen=True, slots=True)
class DifferenceShard:
    """The task of one shard of the difference maps."""

    first: Source
    second: Source
    pairs: tuple[Pair, ...]

    def __call__(self, shard: Shard) -> Product:
        """The differences of all pairs."""
        return Product(
            arrays={
                pair.name: difference(
                    self.first.read(pair.first, shard), self.second.read(pair.second, shard)
                )
                for pair in self.pairs
            }
        )


def require_comparable(first: Source, second: Source, pairs: Iterable[Pair]) -> None:
    """Refuse maps on different grids or with different codes, whose differences would not be exact."""
    if first.grid != second.grid:
        raise InputError(
            f"{first.place.url} has {first.grid.ppd} pixels a degree in shards of {first.grid.shard_edge}, "
            f"{second.place.url} has {second.grid.ppd} in shards of {second.grid.shard_edge}: "
            "compare runs on the same mosaic"
        )
    for pair in pairs:
        a, b = first.coding(pair.first), second.coding(pair.second)
        if (a.scale, a.offset, a.units) != (b.scale, b.offset, b.units):
            raise InputError(f"{pair.first} and {pair.second} are stored with different scales or units")


def compare(
    first: Source,
    second: Source,
    pairs: Sequence[Pair],
    units: Sequence[Unit],
    *,
    stream: Stream = one_by_one,
) -> xr.Dataset:
    """Statistics of the differences of maps, first minus second, over the cells that have both.

    Parameters
    ----------
    first, second : Source
        The runs; the same one to compare two of its maps.
    pairs : sequence of Pair
        Which maps.
    units : sequence of Unit
        By which units; the joint distribution is of the first unit.
    stream : callable
        How the shards are spread over workers.

    Returns
    -------
    xarray.Dataset
        By ``pair`` and ``unit``: ``count``, ``area`` (km2), ``mean_first``, ``mean_second``, ``mean_difference``,
        ``std_difference``, ``rmse``, ``correlation``, ``difference_quantile``; by ``pair``: ``joint``, number of
        cells of the whole Moon by bin of first and second.

    Raises
    ------
    InputError
        For different grids or codes, or a unit without a cell that has both maps.
    """
    require_distinct(units)
    require_comparable(first, second, pairs)
    found = [result for _, result in stream(CompareShard(first, second, tuple(pairs)), near_units(first.grid, units))]
    parts = [_of_pair(pair, first.coding(pair.first), found, units) for pair in pairs]
    return xr.concat(parts, dim="pair").assign_coords(
        pair=("pair", [pair.name for pair in pairs]),
        first=("pair", [pair.first for pair in pairs]),
        second=("pair", [pair.second for pair in pairs]),
        unit=("unit", [unit.name for unit in units]),
        quantile=("quantile", list(QUANTILES)),
    )
