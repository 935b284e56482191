"""One map against another of the same quantity: exact differences, by unit, with the joint distribution."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lunarcloud.engine import Product
from lunarcloud.errors import InputError
from lunarcloud.maps import QUALITY
from lunarcloud.moon import FloatArray, IntArray, Shard
from lunarcloud.quantities import by_both_methods, udunits
from lunarcloud.statistics import cells
from lunarcloud.statistics.comparison_chance import (
    CHANCE_OF_MEAN_DIFFERENCE,
    Explained,
    explained,
    is_trained,
    of_unit,
    share_of_ones,
)
from lunarcloud.statistics.moments import QUANTILES, Moments, moments, quantiles
from lunarcloud.statistics.quality import REASONS, TOLD, Marks, flagged_shares
from lunarcloud.statistics.source import MISSING, Coding, MapCodes, Source, Stream, one_by_one
from lunarcloud.statistics.summary import ShardTallies, Totals, marked, require_filled
from lunarcloud.statistics.tallies import Codes, Labels, Sums, Tally, cell_parts, tally_cells
from lunarcloud.statistics.units import Near, Unit, labelled, near_units, require_distinct
from lunarcloud.storage import Layout, Variable

if TYPE_CHECKING:  # slow to import, and what finds everything done makes no tables or arrays
    import pandas as pd
    import xarray as xr

#: Code of a missing difference.
NO_DIFFERENCE = int(np.iinfo(np.int32).min)

# Differences are counted as codes from 0: the lowest possible one, -65534, becomes 1.
_ZERO = 65535
# The joint distribution has 512 x 512 bins of 128 codes.
_JOINT_BINS = 512
_JOINT_SHIFT = 7
# Stored histograms of differences: 50 codes a bin, 200 bins to either side of zero.
_CODES_PER_BIN = 50
_HALF = 200
_DIFFERENCE_BINS = np.arange(-_HALF, _HALF + 1) * float(_CODES_PER_BIN)
_ROLES = ("first", "second", "difference")
# Tallies of what chance explains of a pair, and of cells where the difference of any pair is beyond it.
_EXPLAINED, _ANY = ("explained", "beyond"), "any beyond"


class Pair(NamedTuple):
    """A map of the first run and the map of the second that it is compared with.

    Attributes
    ----------
    name : str
        What the pair is called in tables and stores.
    first, second : str
        Names of the maps.
    """

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
    pairs = tuple(Pair(name, name, name) for name in first.names if name in second.names)
    if not pairs:
        raise InputError(
            f"{first.group.place.url} and {second.group.place.url} have no composition map in common"
        )
    return pairs


def equation_against_cnn(source: Source) -> tuple[Pair, ...]:
    """The oxides that a run maps by equation and by network, in the order of the paper's Fig. 4.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    pairs = [Pair(oxide, f"{oxide}_equation", f"{oxide}_cnn") for oxide in by_both_methods()]
    mapped = tuple(pair for pair in pairs if {pair.first, pair.second} <= {*source.names})
    if not mapped:
        for name in pairs[0][1:]:
            source.coding(name)  # says which is missing, and why
    return mapped


@dataclass(frozen=True, slots=True)
class _Counted:
    """What a shard adds: tallies of both maps and the difference of each pair, and the joint counts."""

    tallies: ShardTallies
    joint: dict[str, tuple[IntArray, IntArray]]


@dataclass(frozen=True, slots=True)
class CompareShard:
    """The task of one shard: sample both maps at the cells that have both, and count.

    Attributes
    ----------
    first, second : Source
        The runs, on one grid.
    pairs : tuple of Pair
        Which of their maps.
    """

    first: Source
    second: Source
    pairs: tuple[Pair, ...]

    def __call__(self, near: Near) -> _Counted:
        """Count the pairs of a shard by the units near it."""
        shard, units = near
        window = self.first.grid.window(shard)
        labels, members = labelled(units, self.first.grid, window)
        at = cells.sample(self.first.grid, window)
        parts, sampled = cell_parts(at.band), labels[at.row, at.col]
        quality = [source.stored(QUALITY, shard)[at.row, at.col] for source in (self.first, self.second)]
        tallies: dict[str, Tally] = {}
        joint = {}
        # 1 where the difference of any pair of networks is beyond chance, 0 where none of them is.
        beyond = np.full(at.cell.size, MISSING, dtype=np.uint16)
        for pair in self.pairs:
            a, b, marks = self._sampled(pair, shard, at, quality)
            mapped = (a != MISSING) & (b != MISSING)
            both = mapped & ((marks & self.first.excluded) == 0)
            found = explained(((self.first, pair.first, a), (self.second, pair.second, b)), shard, at)
            if found is not None:
                tallies |= _chance_tallies(pair, found, both, sampled, len(members), parts)
                beyond = _any_beyond(beyond, pair, found, both)
            tallies[marked(pair.name)] = tally_cells(
                marks[mapped], sampled[mapped], len(members), parts[mapped]
            )
            a, b = a[both], b[both]
            for role, codes in zip(_ROLES, (a, b, _shifted(a, b)), strict=True):
                tallies[f"{pair.name} {role}"] = tally_cells(codes, sampled[both], len(members), parts[both])
            joint[pair.name] = _joint(a, b)
        tallies[_ANY] = tally_cells(beyond, sampled, len(members), parts)
        return _Counted(ShardTallies(members, tallies), joint)

    def _sampled(
        self, pair: Pair, shard: Shard, at: cells.Sample, quality: Sequence[npt.NDArray[Any]]
    ) -> tuple[MapCodes, MapCodes, Marks]:
        """Codes of both maps at cells, and what there is to say against either."""
        found = []
        for source, name, flags in zip((self.first, self.second), pair[1:], quality, strict=True):
            codes = source.stored(name, shard)[at.row, at.col]
            found.append((codes, source.marks(name, codes, flags)))
        (a, marks_a), (b, marks_b) = found
        return a, b, marks_a | marks_b


def _chance_tallies(
    pair: Pair,
    found: Explained,
    both: npt.NDArray[np.bool_],
    labels: Labels,
    n_labels: int,
    parts: IntArray,
) -> dict[str, Tally]:
    """What chance explains of a pair at the cells that have both maps."""
    return {
        f"{pair.name} {what}": tally_cells(codes, labels[both], n_labels, parts[both])
        for what, codes in zip(_EXPLAINED, found.tallied(both), strict=True)
    }


def _any_beyond(beyond: Codes, pair: Pair, found: Explained, both: npt.NDArray[np.bool_]) -> Codes:
    """The same with one more pair, if networks are in it and it is not made from others."""
    if not (is_trained(pair.first) or is_trained(pair.second)):
        return beyond
    known = both & np.isfinite(found.deviation)
    # Missing is the largest code, and so the least of a pair's own and what was known is 0 or 1 from here on.
    return np.where(known, np.maximum(found.beyond, beyond == 1), beyond).astype(np.uint16)


def _shifted(a: Codes, b: Codes) -> npt.NDArray[np.uint32]:
    # Of 32 bits: codes reach 131 069, and tallies take a type's largest number for missing.
    return (a.astype(np.int64) - b.astype(np.int64) + _ZERO).astype(np.uint32)


def _joint(a: Codes, b: Codes) -> tuple[IntArray, IntArray]:
    """Bins of the joint distribution that occur, and how often."""
    # One number for the pair of bins, row by row. Only those that occur travel: most of 262 144 are empty.
    keys = (a >> _JOINT_SHIFT).astype(np.int64) * _JOINT_BINS + (b >> _JOINT_SHIFT)
    counts = np.bincount(keys, minlength=1)
    occur = np.flatnonzero(counts)
    return occur, counts[occur]


def difference(a: MapCodes, b: MapCodes) -> npt.NDArray[np.int32]:
    """First minus second in codes, exact; `NO_DIFFERENCE` where either is missing."""
    # Unsigned 16 bits would wrap round below zero.
    codes = a.astype(np.int32) - b.astype(np.int32)
    return np.where((a == MISSING) | (b == MISSING), np.int32(NO_DIFFERENCE), codes)


def difference_layout(first: Source, pairs: Sequence[Pair]) -> Layout:
    """The group of difference maps, one array a pair."""
    return Layout(
        raster=first.grid,
        variables=tuple(_variable(first.coding(pair.first), pair) for pair in pairs),
    )


@dataclass(frozen=True, slots=True)
class DifferenceShard:
    """The task of one shard of the difference maps.

    Attributes
    ----------
    first, second : Source
        The runs, on one grid and with one coding.
    pairs : tuple of Pair
        Which of their maps.
    """

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
    """Refuse maps on different grids or with different codes, whose differences would not be exact.

    Parameters
    ----------
    first, second : Source
        The runs.
    pairs : iterable of Pair
        Which of their maps.

    Raises
    ------
    InputError
        With what differs.
    NotFoundError
        If a run has no such map.
    """
    if first.grid != second.grid:
        raise InputError(
            f"{first.group.place.url} has {first.grid.ppd:g} pixels a degree in shards of "
            f"{first.grid.shard_edge}, {second.group.place.url} has {second.grid.ppd:g} in shards of "
            f"{second.grid.shard_edge}: compare runs on the same mosaic"
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
        The runs, from which the same is left out; the same one to compare two of its maps.
    pairs : sequence of Pair
        Which maps.
    units : sequence of Unit
        By which units.
    stream : callable
        How the shards are spread over workers.

    Returns
    -------
    xarray.Dataset
        By ``pair`` and ``unit``: ``count``, ``area`` (km2), ``mean_first``, ``mean_second``,
        ``mean_difference``, ``std_difference``, ``rmse``, ``correlation``, ``difference_quantile``,
        ``difference_share`` (the histogram) and, of the cells that both map, left out or not, the
        ``flagged_share`` by ``reason`` in either; by ``pair``: ``joint``, number of cells of the whole Moon
        by bin of first and second. Where it is known how far networks scatter, by ``pair`` and ``unit`` also
        ``rms_chance``, the root mean square of what chance explains of a difference, and ``beyond_chance``,
        the share of cells that differ by more than twice that; and ``beyond_chance_of_any`` by ``unit``, the
        share of those where any map of networks does.

    Raises
    ------
    InputError
        For different grids or codes, or a unit without a cell that has both maps.
    """
    import xarray as xr

    require_distinct(units)
    require_comparable(first, second, pairs)
    totals = Totals()
    joint = {pair.name: np.zeros(_JOINT_BINS**2, dtype=np.int64) for pair in pairs}
    for _, found in stream(CompareShard(first, second, tuple(pairs)), near_units(first.grid, units)):
        totals.add(found.tallies)
        for name, (keys, counts) in found.joint.items():
            joint[name][keys] += counts
    require_filled(totals, units, "cells")
    parts = [_of_pair(pair, first.coding(pair.first), totals, len(units), joint[pair.name]) for pair in pairs]
    dataset = xr.concat(
        parts, dim="pair", data_vars="all", coords="all", join="exact", compat="equals"
    ).assign_coords(
        pair=("pair", [pair.name for pair in pairs]),
        first=("pair", [pair.first for pair in pairs]),
        second=("pair", [pair.second for pair in pairs]),
        unit=("unit", [unit.name for unit in units]),
        quantile=("quantile", list(QUANTILES)),
        reason=("reason", list(REASONS)),
    )
    dataset = dataset.assign(_of_chance(first, pairs, totals, len(units)))
    dataset.attrs = {
        "Conventions": "CF-1.11",
        "title": "Comparison of lunar composition maps, first minus second",
        "sampling": "cells",
        "excluded": " ".join(first.exclude),
    }
    return dataset


def table(dataset: xr.Dataset) -> pd.DataFrame:
    """The comparison as a table with a row for each pair and unit."""
    names = ["count", "mean_first", "mean_second", "mean_difference", "std_difference", "rmse", "correlation"]
    found = (
        dataset[names]
        .assign(_told_of_chance(dataset))
        .assign(
            {
                f"{reason}_per_cent": 100.0 * dataset["flagged_share"].sel(reason=reason, drop=True)
                for reason in TOLD
            }
        )
    )
    return found.to_dataframe().reset_index()[["pair", "unit", "first", "second", *found.data_vars]]


def _told_of_chance(dataset: xr.Dataset) -> dict[str, xr.DataArray]:
    """Columns of what chance explains, where it is known."""
    columns = {name: dataset[name] for name in (CHANCE_OF_MEAN_DIFFERENCE, "rms_chance") if name in dataset}
    if "beyond_chance" in dataset:
        columns["beyond_chance_per_cent"] = 100.0 * dataset["beyond_chance"]
    return columns


def _of_pair(pair: Pair, coding: Coding, totals: Totals, n_units: int, joint: IntArray) -> xr.Dataset:
    """The statistics of one pair, dimension ``unit`` first."""
    import xarray as xr

    roles = [[totals[f"{pair.name} {role}", unit] for unit in range(n_units)] for role in _ROLES]
    # A difference of values has no offset of its own; this one takes back the shift of its codes.
    delta = replace(coding, offset=-_ZERO * coding.scale)
    a, b = ([moments(sums, coding) for sums in role] for role in roles[:2])
    d = [moments(sums, delta) for sums in roles[2]]
    # Middles: a bin holds codes k..k+127, whose mean is k + 63.5.
    bins = coding.values((np.arange(_JOINT_BINS) + 0.5) * (1 << _JOINT_SHIFT) - 0.5)
    return xr.Dataset(
        {
            "count": ("unit", [sums.count for sums in roles[0]], {"long_name": "cells that have both"}),
            "area": ("unit", [sums.area_km2 for sums in roles[0]], {"units": "km2"}),
            "mean_first": ("unit", [found.mean for found in a]),
            "mean_second": ("unit", [found.mean for found in b]),
            "mean_difference": ("unit", [found.mean for found in d]),
            "std_difference": ("unit", [found.std for found in d]),
            # The mean square is the square of the mean plus the variance.
            "rmse": ("unit", [math.hypot(*found) for found in d]),
            "correlation": ("unit", [_correlation(*three) for three in zip(a, b, d, strict=True)]),
            "difference_quantile": (("unit", "quantile"), [quantiles(sums, delta) for sums in roles[2]]),
            "difference_share": (("unit", "difference_bin"), [_shares(sums) for sums in roles[2]]),
            "flagged_share": (
                ("unit", "reason"),
                [list(flagged_shares(totals[marked(pair.name), unit]).values()) for unit in range(n_units)],
            ),
            "joint": (("bin_first", "bin_second"), joint.reshape(_JOINT_BINS, _JOINT_BINS)),
        },
        coords={
            "bin_value": ("bin_first", bins),
            "difference_value": ("difference_bin", _DIFFERENCE_BINS * coding.scale),
            "pair_units": coding.units,
        },
    )


def _of_chance(first: Source, pairs: Sequence[Pair], totals: Totals, n_units: int) -> dict[str, Any]:
    """What chance explains, by pair and unit; nothing where nobody knows of any pair."""
    of_pairs = [
        [
            of_unit(first.coding(pair.first), *(totals[f"{pair.name} {what}", unit] for what in _EXPLAINED))
            if (f"{pair.name} {_EXPLAINED[0]}", unit) in totals
            else None
            for unit in range(n_units)
        ]
        for pair in pairs
    ]
    if not any(each for row in of_pairs for each in row):
        return {}
    nothing = (math.nan, math.nan)
    rms, beyond = np.moveaxis(np.array([[each or nothing for each in row] for row in of_pairs]), -1, 0)
    of_any = [share_of_ones(totals[_ANY, unit]) for unit in range(n_units)]
    return {
        "rms_chance": (("pair", "unit"), rms),
        "beyond_chance": (("pair", "unit"), beyond),
        "beyond_chance_of_any": ("unit", of_any),
    }


def _correlation(a: Moments, b: Moments, d: Moments) -> float:
    """From the three deviations: ``var(a - b) = var a + var b - 2 cov(a, b)``."""
    covariance = (a.std**2 + b.std**2 - d.std**2) / 2.0
    return covariance / (a.std * b.std) if a.std and b.std else float("nan")


def _shares(sums: Sums) -> FloatArray:
    """Share of cells by difference, in bins of 50 codes centred on zero, all beyond in the outermost."""
    codes = sums.first + np.arange(sums.histogram.size) - _ZERO
    # Rounded to the nearest bin, not down: the middle bin then holds as much below zero as above.
    places = np.clip(np.rint(codes / _CODES_PER_BIN), -_HALF, _HALF).astype(np.int64) + _HALF
    shares = np.bincount(places, sums.histogram, minlength=2 * _HALF + 1) / max(sums.count, 1)
    return np.asarray(shares)


def _variable(coding: Coding, pair: Pair) -> Variable:
    what = f"{pair.first} minus {pair.second}"
    attrs = {
        "units": udunits(coding.units),
        "long_name": f"{what} ({coding.units})",
        "scale_factor": coding.scale,
        "add_offset": 0.0,
    }
    return Variable(name=pair.name, dtype="int32", fill=NO_DIFFERENCE, attrs=attrs)
