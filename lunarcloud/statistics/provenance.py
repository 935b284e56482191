"""Where on the maps a sample could come from: cells whose composition lies in given ranges, or near enough.

How near is told in chances of the maps (`Source.chance`), since single networks scatter so far about them:
``chi2`` is the sum over the ranges of the squared distance to the range in such chances, 0 within it, and
``exp(-chi2 / 2)`` the fit of a cell, its likelihood beside one within all ranges. Cells are kept that a test
of 5 % does not refuse. Networks of different oxides are trained apart, so their chances are independent; Mg#
is not independent of MgO and FeO, and a range of it beside theirs counts twice. The sample's own uncertainty
is the width of its ranges. Of maps without chance only what lies within the range is kept.

The example of the paper is sample 60639: FeO 16..19.9, TiO2 6.3..7.9, Al2O3 12.4..15.1, MgO 5.2..7.5 and CaO
10.6..11.5 wt% (its answer: south-western Mare Tranquillitatis).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from lunarcloud.archive import Feature, features, shipped_maria, spherical_km2
from lunarcloud.errors import InputError
from lunarcloud.maps import QUALITY
from lunarcloud.moon import RADIUS_M, FloatArray, IntArray, Shard, angular_distance
from lunarcloud.statistics import cells, clusters
from lunarcloud.statistics.chance import Members
from lunarcloud.statistics.quality import TOLD, Marks, Reason, bit, flagged_per_cent, mark_attributes
from lunarcloud.statistics.source import MISSING, ROUNDING, MapCodes, Source, Stream, one_by_one
from lunarcloud.statistics.tallies import PART_KM2, cell_parts

if TYPE_CHECKING:  # slow to import, and what finds everything done makes no tables or arrays
    import pandas as pd
    import xarray as xr

#: By map, lowest and highest value that matches, in the map's units.
Ranges: TypeAlias = Mapping[str, tuple[float, float]]

#: Cells are kept that fit at least as well as this share of those that truly match.
LEFT_BY_CHANCE = 0.05

_LISTED = 20
# Networks are asked of one cell in so many, by the cells' numbers: of areas so large that asking takes long,
# a few thousand cells say how far single networks differ.
_ASKED = 8
_RADIUS_KM = RADIUS_M / 1000.0


class _Match(NamedTuple):
    """A shard's part: cells that are kept, their chi2, what is against each, and areas in parts."""

    cell: IntArray
    chi2: FloatArray
    marks: Marks
    areas: IntArray  #: totals, then by range
    by_member: IntArray  #: what each member finds within all ranges; empty without members


@dataclass(frozen=True, slots=True)
class Provenance:
    """Cells that match a composition, or cannot be told from such by chance.

    Attributes
    ----------
    ranges : mapping
        What was looked for.
    cell, fit, group, marks : (cell,) arrays
        Cells that are kept, ascending; their fit, 1 for those that match; their group of neighbours, that of
        the largest area weighted by fit first; and what there is to say against any of their maps.
    matching_km2, mapped_km2, left_out_km2 : float
        Area of the matching cells, of those where every map of the ranges has a value that counts, and of
        those that have values and are left out.
    by_member_km2 : (member,) array
        Area that each network of the ensemble finds within all ranges by itself, from every eighth of these
        cells; empty without an ensemble.
    alone_km2, alone_fitting_km2, others_km2 : dict of str to float
        By map, the area that its range alone leaves, the same with what chance allows, and the area that all
        the other ranges leave.
    flagged : dict of str to dict
        By map and reason, its part of the area where every map has a value, 0..1.
    """

    ranges: Ranges
    cell: IntArray
    fit: FloatArray
    group: IntArray
    marks: Marks
    matching_km2: float
    mapped_km2: float
    left_out_km2: float
    by_member_km2: FloatArray
    alone_km2: dict[str, float]
    alone_fitting_km2: dict[str, float]
    others_km2: dict[str, float]
    flagged: dict[str, dict[Reason, float]]

    @property
    def weighted_km2(self) -> FloatArray:
        """Area of each cell times its fit, km2."""
        return clusters.area_km2(self.cell) * self.fit


@dataclass(frozen=True, slots=True)
class _MatchShard:
    """The task of one shard: test its cells against every range."""

    source: Source
    ranges: tuple[tuple[str, int, int], ...]
    members: Members | None

    def __call__(self, shard: Shard) -> _Match:
        at = cells.sample(self.source.grid, self.source.grid.window(shard))
        area, quality = cell_parts(at.band), self.source.stored(QUALITY, shard)[at.row, at.col]
        shape = len(self.ranges), at.cell.size
        within, marks = np.empty(shape, dtype=np.bool_), np.empty(shape, dtype=np.uint8)
        off, present = np.empty(shape), np.ones(at.cell.size, dtype=np.bool_)
        for number, (name, low, high) in enumerate(self.ranges):
            codes = self.source.stored(name, shard)[at.row, at.col]
            present &= codes != MISSING
            within[number] = (codes >= low) & (codes <= high)
            off[number] = self._off(name, shard, at, codes, (low, high))
            marks[number] = self.source.marks(name, codes, quality)
        either = np.bitwise_or.reduce(marks, axis=0)
        # A cell without one of the maps matches nothing and belongs to no total.
        mapped = present & ((either & self.source.excluded) == 0)
        within &= mapped
        failed = (~within).sum(axis=0)
        # All other ranges hold where nothing fails, or this range alone.
        others = (failed == 0) | ((failed == 1) & ~within)
        flagged = [((marks & bit(reason)) != 0) & present for reason in TOLD]
        totals = np.stack([failed == 0, mapped, present]) @ area
        fitting = mapped & (off**2 <= _largest(1))
        by_range = np.stack([within, fitting, others & mapped, *flagged]) @ area
        chi2 = (off**2).sum(axis=0)
        kept = mapped & (chi2 <= _largest(sum(self.source.has_chance(name) for name, *_ in self.ranges)))
        asked = kept & (at.cell % _ASKED == 0)
        return _Match(
            at.cell[kept],
            chi2[kept],
            either[kept],
            np.concatenate([totals, by_range.ravel()]),
            self._by_member(shard, at, asked) @ area[asked] * _ASKED,
        )

    def _off(
        self, name: str, shard: Shard, at: cells.Sample, codes: MapCodes, bounds: tuple[int, int]
    ) -> FloatArray:
        """How far a map at cells is from its range, in chances: 0 within, infinite where there is none."""
        low, high = bounds
        steps = np.maximum(np.maximum(low - codes.astype(np.int64), codes - np.int64(high)), 0)
        if not self.source.has_chance(name):
            return np.where(steps, np.inf, 0.0)
        scale, chance = self.source.coding(name).scale, self.source.chance(name, shard)[at.row, at.col]
        # Rounding of what is stored is a chance, too, so that none is 0; Mg# of next to nothing has no other.
        deviation = np.hypot(np.nan_to_num(chance.astype(np.float64)), scale * ROUNDING)
        off: FloatArray = steps * scale / deviation
        return off

    def _by_member(self, shard: Shard, at: cells.Sample, asked: npt.NDArray[np.bool_]) -> IntArray:
        """Which of some cells each member finds within all ranges (member, cell)."""
        if self.members is None or not asked.any():
            return np.zeros((len(self.members or ()), np.count_nonzero(asked)), dtype=np.int64)
        row, col = at.row[asked], at.col[asked]
        said = self.members(shard, row, col)
        found = np.ones((len(self.members), row.size), dtype=np.int64)
        for name, low, high in self.ranges:
            # An equation says the same beside every member.
            codes = said[name] if name in said else self.source.stored(name, shard)[row, col]
            found &= (codes >= low) & (codes <= high)
        return found


def search(
    source: Source, ranges: Ranges, members: Members | None = None, *, stream: Stream = one_by_one
) -> Provenance:
    """Find the cells whose composition lies in all ranges, or near enough.

    Parameters
    ----------
    source : Source
        The run's maps.
    ranges : mapping of str to (float, float)
        By map, lowest and highest value, both included.
    members : Members, optional
        The ensemble that the maps are the mean of: each network is asked what it finds by itself.
    stream : callable
        How the shards are spread over workers.

    Returns
    -------
    Provenance
        The same to the bit for any order of shards.

    Raises
    ------
    InputError
        Without any range, for one upside down or of something that is no number, or if no cell has all the
        maps.
    NotFoundError
        If the run lacks a map.
    """
    wanted = code_ranges(source, ranges)
    names = [name for name, *_ in wanted]
    parts = [part for _, part in stream(_MatchShard(source, wanted, members), source.grid.shards())]
    cell, chi2, marks = (
        np.concatenate(each)
        for each in zip(*((part.cell, part.chi2, part.marks) for part in parts), strict=True)
    )
    order = np.argsort(cell)
    fit = np.exp(-chi2[order] / 2)
    km2 = np.sum([part.areas for part in parts], axis=0) * PART_KM2
    matching, mapped, present = km2[:3].tolist()
    if not mapped:
        raise InputError(
            f"{source.group.place.url}: no cell has all of {', '.join(ranges)}, or all are left out"
        )
    alone, alone_fitting, others, *flagged = (
        dict(zip(names, each, strict=True)) for each in km2[3:].reshape(-1, len(names)).tolist()
    )
    return Provenance(
        ranges=dict(_ordered(ranges)),
        cell=cell[order],
        fit=fit,
        group=clusters.connected(cell[order], fit),
        marks=marks[order],
        matching_km2=matching,
        mapped_km2=mapped,
        left_out_km2=present - mapped,
        by_member_km2=np.sum([part.by_member for part in parts], axis=0) * PART_KM2,
        alone_km2=alone,
        alone_fitting_km2=alone_fitting,
        others_km2=others,
        flagged={
            name: {reason: each[name] / present for reason, each in zip(TOLD, flagged, strict=True)}
            for name in names
        },
    )


def _largest(ranges: int) -> float:
    """The chi2 over so many ranges that `LEFT_BY_CHANCE` of those that truly match are beyond at most."""
    # Slow to import, and a command that finds everything done does not need it.
    from scipy.special import chdtri

    # Of no range at all the sum is 0 or infinite, and any limit does.
    return float(chdtri(max(ranges, 1), LEFT_BY_CHANCE))


def code_ranges(source: Source, ranges: Ranges) -> tuple[tuple[str, int, int], ...]:
    """The ranges as maps with lowest and highest code; errors as in `search`, before anything is read."""
    return tuple((name, *_codes(source, name, bounds)) for name, bounds in _ordered(ranges))


def constraints(found: Provenance) -> pd.DataFrame:
    """What each range does: the part of the mapped area it alone leaves, and what it takes from the rest.

    ``alone_fitting_per_cent`` is the same with what chance allows, ``without_it_km2`` what all other ranges
    leave, and ``excludes_per_cent`` the part of that which this range takes away: the larger, the more the
    answer, also an empty one, rests on it. Then how much of the map has something said against it.
    """
    import pandas as pd

    rows = []
    for name, (low, high) in found.ranges.items():
        others = found.others_km2[name]
        taken = 100.0 * (1.0 - found.matching_km2 / others) if others else float("nan")
        rows.append(
            {
                "map": name,
                "lowest": low,
                "highest": high,
                "alone_per_cent": 100.0 * found.alone_km2[name] / found.mapped_km2,
                "alone_fitting_per_cent": 100.0 * found.alone_fitting_km2[name] / found.mapped_km2,
                "without_it_km2": others,
                "excludes_per_cent": taken,
                **{f"{reason}_per_cent": 100.0 * share for reason, share in found.flagged[name].items()},
            }
        )
    return pd.DataFrame(rows)


def regions(found: Provenance) -> pd.DataFrame:
    """Named features by the area in them weighted by fit, the largest first, and how likely each is.

    ``matching_km2`` is what matches there, ``likely_per_cent`` the part of all weighted area. Maria are their
    shipped outlines, other features discs of their diameters.
    """
    import pandas as pd

    outlines = {outline.name: outline.shape for outline in shipped_maria()}
    matching, weighted = clusters.area_km2(found.cell) * (found.fit == 1.0), found.weighted_km2
    rows = []
    for known in features():
        if known.name in outlines:
            within, whole = _within_outline(found.cell, outlines[known.name])
        else:
            within, whole = _within_disc(found.cell, known)
        if within.size:
            area, likely = matching[within].sum(), weighted[within].sum()
            per_cent = 100.0 * likely / weighted.sum()
            rows.append((known.name, within.size, area, 100.0 * area / whole, likely, per_cent))
    ranked = pd.DataFrame(
        rows,
        columns=[
            "feature",
            "cells",
            "matching_km2",
            "per_cent_of_feature",
            "weighted_km2",
            "likely_per_cent",
        ],
    )
    return ranked.sort_values(["weighted_km2", "feature"], ascending=[False, True], ignore_index=True)


def _within_outline(cell: IntArray, shape: BaseGeometry) -> tuple[IntArray, float]:
    """The places of the cells with centres in an outline, and the outline's area, km2."""
    _, south, _, north = shape.bounds
    near = _between(cell, south, north)
    at = cells.cell_positions(cell[near])
    shapely.prepare(shape)
    return near[shapely.contains_xy(shape, at.lon, at.lat)], spherical_km2(shape)


def _within_disc(cell: IntArray, known: Feature) -> tuple[IntArray, float]:
    """The places of the cells with centres in the disc of a feature, and the disc's area, km2."""
    radius = known.diameter_km / 2.0 / _RADIUS_KM
    # A disc over a pole needs no other bands: what lies beyond is poleward of its near edge, too.
    near = _between(cell, known.lat - np.degrees(radius), known.lat + np.degrees(radius))
    at = cells.cell_positions(cell[near])
    distance = angular_distance(lat=at.lat, lon=at.lon, to_lat=known.lat, to_lon=known.lon)
    return near[np.radians(distance) <= radius], 2.0 * np.pi * (1.0 - np.cos(radius)) * _RADIUS_KM**2


def _between(cell: IntArray, south: float, north: float) -> IntArray:
    """The places of the cells with centres between two latitudes, degrees."""
    # Cells are numbered band by band, so those of some bands are one slice of the ascending numbers.
    bands = np.flatnonzero((cells.band_lat() <= north) & (cells.band_lat() >= south))
    first = cells.band_starts()[bands[0]]
    stop = cells.band_starts()[bands[-1]] + cells.band_counts()[bands[-1]]
    return np.arange(*np.searchsorted(cell, [first, stop]))


def ranked(found: Provenance) -> pd.DataFrame:
    """The groups of neighbouring cells with the largest area weighted by fit, and how likely each is.

    ``area_km2`` is of all cells, ``fit`` their mean, and ``likely_per_cent`` the part of all weighted area:
    where a sample is from, of a hundred, if every km2 is as likely beforehand.
    """
    values = {"fit": found.fit, **flagged_per_cent(found.marks)}
    listed = clusters.cluster_table(found.cell, found.group, values, _LISTED)
    weighted = np.bincount(found.group, found.weighted_km2)
    place = list(listed.columns).index("area_km2") + 1
    listed.insert(place, "weighted_km2", weighted[: len(listed)])
    listed.insert(place + 1, "likely_per_cent", 100.0 * weighted[: len(listed)] / weighted.sum())
    return listed


def to_dataset(found: Provenance) -> xr.Dataset:
    """The matching cells and their ranking, for storing."""
    import xarray as xr

    at = cells.cell_positions(found.cell)
    tables = (
        ("constraint", "constraint", constraints(found)),
        ("region", "region", regions(found)),
        ("group", "ranked", ranked(found).drop(columns="rank")),
    )
    columns = {
        f"{prefix}_{name}": (dim, table[name].to_numpy()) for prefix, dim, table in tables for name in table
    }
    return xr.Dataset(
        {
            "cell": ("match", found.cell),
            "lat": ("match", at.lat, {"units": "degrees_north"}),
            "lon": ("match", at.lon, {"units": "degrees_east"}),
            "fit": (
                "match",
                found.fit,
                {"units": "1", "long_name": "likelihood beside a cell within all ranges"},
            ),
            "group": ("match", found.group),
            "matching_km2_by_member": ("member", found.by_member_km2, {"units": "km2"}),
            "flagged": ("match", found.marks, mark_attributes()),
            **columns,
        },
        attrs={
            "Conventions": "CF-1.11",
            "title": "Cells of the Moon that match a composition, or could by chance",
            "matching_km2": found.matching_km2,
            "fitting_km2": float(clusters.area_km2(found.cell).sum()),
            "mapped_km2": found.mapped_km2,
            "left_out_km2": found.left_out_km2,
        },
    )


def _ordered(ranges: Ranges) -> list[tuple[str, tuple[float, float]]]:
    if not ranges:
        raise InputError("no range given: name at least one map with its lowest and highest value")
    return sorted(ranges.items())


def _codes(source: Source, name: str, bounds: tuple[float, float]) -> tuple[int, int]:
    """Lowest and highest code within bounds."""
    low, high = bounds
    coding = source.coding(name)
    if not low <= high:
        raise InputError(f"{name} {low:g}:{high:g}: the lowest value comes first, then the highest")
    # A hair's breadth, so that a bound that is a stored value is included however it rounds.
    found = np.ceil(coding.code(low) - 1e-6), np.floor(coding.code(high) + 1e-6)
    # What no code reaches is as far off as the next number to all codes.
    lowest, highest = np.clip(found, -1, MISSING).astype(int).tolist()
    return lowest, highest
