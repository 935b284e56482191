"""Where on the maps a sample could come from: cells whose composition lies in given ranges.

The example of the paper is sample 60639: FeO 16..19.9, TiO2 6.3..7.9, Al2O3 12.4..15.1, MgO 5.2..7.5 and CaO
10.6..11.5 wt% (its answer: south-western Mare Tranquillitatis).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from lunarcloud.archive import Feature, features, shipped_maria, spherical_km2
from lunarcloud.errors import InputError
from lunarcloud.maps import QUALITY
from lunarcloud.moon import RADIUS_M, IntArray, Shard, angular_distance
from lunarcloud.statistics import cells, clusters
from lunarcloud.statistics.quality import TOLD, Marks, Reason, bit, flagged_per_cent, mark_attributes
from lunarcloud.statistics.source import MISSING, Source, Stream, one_by_one
from lunarcloud.statistics.tallies import PART_KM2, cell_parts

if TYPE_CHECKING:  # slow to import, and what finds everything done makes no tables or arrays
    import pandas as pd
    import xarray as xr

#: By map, lowest and highest value that matches, in the map's units.
Ranges: TypeAlias = Mapping[str, tuple[float, float]]

_LISTED = 20
_RADIUS_KM = RADIUS_M / 1000.0


class _Match(NamedTuple):
    """A shard's part: matching cells, what is against each, and areas (in parts): totals, then by range."""

    cell: IntArray
    marks: Marks
    areas: IntArray


@dataclass(frozen=True, slots=True)
class Provenance:
    """Cells that match a composition.

    Attributes
    ----------
    ranges : mapping
        What was looked for.
    cell, group, marks : (cell,) arrays
        Matching cells, ascending, their group of neighbours, the largest first, and what there is to say
        against any of their maps.
    matching_km2, mapped_km2, left_out_km2 : float
        Area of the matching cells, of those where every map of the ranges has a value that counts, and of
        those that have values and are left out.
    alone_km2, others_km2 : dict of str to float
        By map, the area that its range alone leaves, and the area that all the other ranges leave.
    flagged : dict of str to dict
        By map and reason, its part of the area where every map has a value, 0..1.
    """

    ranges: Ranges
    cell: IntArray
    group: IntArray
    marks: Marks
    matching_km2: float
    mapped_km2: float
    left_out_km2: float
    alone_km2: dict[str, float]
    others_km2: dict[str, float]
    flagged: dict[str, dict[Reason, float]]


@dataclass(frozen=True, slots=True)
class _MatchShard:
    """The task of one shard: test its cells against every range."""

    source: Source
    ranges: tuple[tuple[str, int, int], ...]

    def __call__(self, shard: Shard) -> _Match:
        at = cells.sample(self.source.grid, self.source.grid.window(shard))
        area, quality = cell_parts(at.band), self.source.stored(QUALITY, shard)[at.row, at.col]
        shape = len(self.ranges), at.cell.size
        within, marks = np.empty(shape, dtype=np.bool_), np.empty(shape, dtype=np.uint8)
        present = np.ones(at.cell.size, dtype=np.bool_)
        for number, (name, low, high) in enumerate(self.ranges):
            codes = self.source.stored(name, shard)[at.row, at.col]
            present &= codes != MISSING
            within[number] = (codes >= low) & (codes <= high)
            marks[number] = self.source.marks(name, codes, quality)
        either = np.bitwise_or.reduce(marks, axis=0)
        # A cell without one of the maps matches nothing and belongs to no total.
        mapped = present & ((either & self.source.excluded) == 0)
        within &= mapped
        failed = (~within).sum(axis=0)
        # All other ranges hold where nothing fails, or this range alone.
        others = (failed == 0) | ((failed == 1) & ~within)
        flagged = [((marks & bit(reason)) != 0) & present for reason in TOLD]
        matching = failed == 0
        totals = np.stack([matching, mapped, present]) @ area
        by_range = np.stack([within, others & mapped, *flagged]) @ area
        return _Match(at.cell[matching], either[matching], np.concatenate([totals, by_range.ravel()]))


def search(source: Source, ranges: Ranges, *, stream: Stream = one_by_one) -> Provenance:
    """Find the cells whose composition lies in all ranges.

    Parameters
    ----------
    source : Source
        The run's maps.
    ranges : mapping of str to (float, float)
        By map, lowest and highest value, both included.
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
    sums = np.zeros(3 + (2 + len(TOLD)) * len(names), dtype=np.int64)
    # Begun with empty ones, for there may be nothing to concatenate.
    cell, marks = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.uint8)]
    for _, match in stream(_MatchShard(source, wanted), source.grid.shards()):
        cell.append(match.cell)
        marks.append(match.marks)
        sums += match.areas
    km2 = sums * PART_KM2
    matching, mapped, present = km2[:3].tolist()
    if not mapped:
        raise InputError(
            f"{source.group.place.url}: no cell has all of {', '.join(ranges)}, or all are left out"
        )
    alone, others, *flagged = (
        dict(zip(names, each, strict=True)) for each in km2[3:].reshape(-1, len(names)).tolist()
    )
    order = np.argsort(np.concatenate(cell))
    matches = np.concatenate(cell)[order]
    return Provenance(
        ranges=dict(_ordered(ranges)),
        cell=matches,
        group=clusters.connected(matches),
        marks=np.concatenate(marks)[order],
        matching_km2=matching,
        mapped_km2=mapped,
        left_out_km2=present - mapped,
        alone_km2=alone,
        others_km2=others,
        flagged={
            name: {reason: each[name] / present for reason, each in zip(TOLD, flagged, strict=True)}
            for name in names
        },
    )


def code_ranges(source: Source, ranges: Ranges) -> tuple[tuple[str, int, int], ...]:
    """The ranges as maps with lowest and highest code; errors as in `search`, before anything is read."""
    return tuple((name, *_codes(source, name, bounds)) for name, bounds in _ordered(ranges))


def constraints(found: Provenance) -> pd.DataFrame:
    """What each range does: the part of the mapped area it alone leaves, and what it takes from the rest.

    ``without_it_km2`` is what all other ranges leave, and ``excludes_per_cent`` the part of that which this
    range takes away: the larger, the more the answer, also an empty one, rests on it. Then how much of the
    map has something said against it.
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
                "without_it_km2": others,
                "excludes_per_cent": taken,
                **{f"{reason}_per_cent": 100.0 * share for reason, share in found.flagged[name].items()},
            }
        )
    return pd.DataFrame(rows)


def regions(found: Provenance) -> pd.DataFrame:
    """Named features by the matching area in them, the largest first: also as per cent of the feature.

    Maria are their shipped outlines, other features discs of their diameters.
    """
    import pandas as pd

    outlines = {outline.name: outline.shape for outline in shipped_maria()}
    rows = []
    for known in features():
        if known.name in outlines:
            within, whole = _within_outline(found.cell, outlines[known.name])
        else:
            within, whole = _within_disc(found.cell, known)
        matching = clusters.area_km2(within)
        if matching.size:
            rows.append((known.name, matching.size, matching.sum(), 100.0 * matching.sum() / whole))
    ranked = pd.DataFrame(rows, columns=["feature", "cells", "area_km2", "per_cent_of_feature"])
    return ranked.sort_values(["area_km2", "feature"], ascending=[False, True], ignore_index=True)


def _within_outline(cell: IntArray, shape: BaseGeometry) -> tuple[IntArray, float]:
    """The cells with centres in an outline, and the outline's area, km2."""
    _, south, _, north = shape.bounds
    near = _between(cell, south, north)
    at = cells.cell_positions(near)
    shapely.prepare(shape)
    return near[shapely.contains_xy(shape, at.lon, at.lat)], spherical_km2(shape)


def _within_disc(cell: IntArray, known: Feature) -> tuple[IntArray, float]:
    """The cells with centres in the disc of a feature, and the disc's area, km2."""
    radius = known.diameter_km / 2.0 / _RADIUS_KM
    # A disc over a pole needs no other bands: what lies beyond is poleward of its near edge, too.
    near = _between(cell, known.lat - np.degrees(radius), known.lat + np.degrees(radius))
    at = cells.cell_positions(near)
    distance = angular_distance(lat=at.lat, lon=at.lon, to_lat=known.lat, to_lon=known.lon)
    return near[np.radians(distance) <= radius], 2.0 * np.pi * (1.0 - np.cos(radius)) * _RADIUS_KM**2


def _between(cell: IntArray, south: float, north: float) -> IntArray:
    """The cells with centres between two latitudes, degrees."""
    # Cells are numbered band by band, so those of some bands are one slice of the ascending numbers.
    bands = np.flatnonzero((cells.band_lat() <= north) & (cells.band_lat() >= south))
    first = cells.band_starts()[bands[0]]
    stop = cells.band_starts()[bands[-1]] + cells.band_counts()[bands[-1]]
    return cell[slice(*np.searchsorted(cell, [first, stop]))]


def ranked(found: Provenance) -> pd.DataFrame:
    """The largest groups of neighbouring matching cells: area, centre, flagged shares and where that is."""
    return clusters.cluster_table(found.cell, found.group, flagged_per_cent(found.marks), _LISTED)


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
            "group": ("match", found.group),
            "flagged": ("match", found.marks, mark_attributes()),
            **columns,
        },
        attrs={
            "Conventions": "CF-1.11",
            "title": "Cells of the Moon that match a composition",
            "matching_km2": found.matching_km2,
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
    return int(np.ceil(coding.code(low) - 1e-6)), int(np.floor(coding.code(high) + 1e-6))
