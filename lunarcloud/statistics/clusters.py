"""Connected groups of equal-area cells, ranked by area, with their centres and the nearest named feature."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lunarcloud.moon import FloatArray, IntArray
from lunarcloud.statistics import cells
from lunarcloud.statistics.places import place

if TYPE_CHECKING:  # slow to import, and what finds everything done makes no tables or arrays
    import pandas as pd


class _Runs(NamedTuple):
    """Cells in a row: their band, and the places in it of the first and the last; length in cells."""

    band: IntArray
    first: IntArray
    last: IntArray

    @property
    def length(self) -> IntArray:
        return self.last - self.first + 1


def connected(cell: IntArray, weight: FloatArray | None = None) -> IntArray:
    """Group number of each cell, groups being cells that share an edge or part of one.

    Parameters
    ----------
    cell : (cell,) array
        Numbers of distinct cells, ascending.
    weight : (cell,) array, optional
        How much of each cell's area counts, 0..1; without it all.

    Returns
    -------
    (cell,) array
        Numbers from 0, the group of the largest area that counts first (of equal ones, that of the lower cell
        number).
    """
    # Slow to import, and a command that finds everything done does not need it.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    # The graph's nodes are runs of neighbours in a band, not cells: far fewer nodes, and far fewer links.
    runs = _runs(cell)
    links = np.concatenate([_across_the_seam(runs), _to_the_south(runs)], axis=1)
    number = runs.band.size
    graph = coo_array((np.ones(links.shape[1]), (links[0], links[1])), shape=(number, number))
    _, of_runs = connected_components(graph, directed=False)
    group = np.repeat(of_runs.astype(np.int64), runs.length)
    area = area_km2(cell)
    return _by_area(group, area if weight is None else area * weight)


def area_km2(cell: IntArray) -> FloatArray:
    """Exact area of each cell, km2."""
    return cells.cell_km2()[cells.band_of(cell)]


def cluster_table(
    cell: IntArray, group: IntArray, values: dict[str, FloatArray], largest: int
) -> pd.DataFrame:
    """The largest groups as a table.

    Parameters
    ----------
    cell, group : (cell,) arrays
        Numbers of cells and of their groups, as `connected` numbers them.
    values : dict of str to (cell,) array
        Maps to average over each group, in their units.
    largest : int
        How many groups to list.

    Returns
    -------
    DataFrame
        A row for each group: ``rank`` from 1, ``cells``, ``area_km2``, ``lat`` and ``lon`` of its middle
        (degrees), the mean of each map, and the nearest ``feature`` and ``where`` it lies to it.
    """
    import pandas as pd

    rows = []
    for number in range(min(largest, int(group.max(initial=-1)) + 1)):
        members = group == number
        lat, lon = centre(cell[members])
        found = place(lat=lat, lon=lon)
        rows.append(
            {
                "rank": number + 1,
                "cells": int(members.sum()),
                "area_km2": float(area_km2(cell[members]).sum()),
                "lat": lat,
                "lon": lon,
                **{name: float(map_values[members].mean()) for name, map_values in values.items()},
                "feature": found.feature,
                "where": found.words,
            }
        )
    columns = ["rank", "cells", "area_km2", "lat", "lon", *values, "feature", "where"]
    return pd.DataFrame(rows, columns=columns)


def centre(cell: IntArray) -> tuple[float, float]:
    """Latitude and longitude of the middle of cells on the sphere, degrees."""
    # A mean of unit vectors, since a mean of longitudes is wrong across the seam and around a pole.
    at = cells.cell_positions(cell)
    lat, lon, weight = np.radians(at.lat), np.radians(at.lon), area_km2(cell)
    x, y, z = (
        float((weight * part).sum())
        for part in (np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat))
    )
    return float(np.degrees(np.arctan2(z, np.hypot(x, y)))), float(np.degrees(np.arctan2(y, x)))


def _runs(cell: IntArray) -> _Runs:
    band = cells.band_of(cell)
    within = cell - cells.band_starts()[band]
    # Numbers go on from band to band, so a new band begins a run even without a gap.
    begins = np.ones(cell.size, dtype=np.bool_)
    begins[1:] = (np.diff(cell) > 1) | (np.diff(band) > 0)
    first = np.flatnonzero(begins)
    # A run ends before the next begins, the last one at the end; cut to no runs where there are no cells.
    last = np.append(first[1:], cell.size)[: first.size] - 1
    return _Runs(band[first], within[first], within[last])


def _across_the_seam(runs: _Runs) -> IntArray:
    """Links of the runs that end at longitude 180 to those of their band that begin at -180."""
    ends = np.flatnonzero(runs.last == cells.band_counts()[runs.band] - 1)
    begins = np.flatnonzero(runs.first == 0)
    _, end, begin = np.intersect1d(runs.band[ends], runs.band[begins], return_indices=True)
    return np.stack([ends[end], begins[begin]])


def _to_the_south(runs: _Runs) -> IntArray:
    """Links of runs to those of the next band to the south that overlap them in longitude."""
    upper = np.flatnonzero(runs.band < cells.N_BANDS - 1)
    band = runs.band[upper]
    here, below = cells.band_counts()[band], cells.band_counts()[band + 1]
    start = cells.band_starts()
    # Cell k of n spans k/n..(k+1)/n of the circle, so cells first..last lie over those of the next band from
    # first below // here to ((last + 1) below - 1) // here: whole numbers, and the -1 keeps out a cell that
    # only shares the eastern corner.
    west = start[band + 1] + runs.first[upper] * below // here
    east = start[band + 1] + ((runs.last[upper] + 1) * below - 1) // here
    # Runs are in the order of their cells: of those below, the first that ends at or after `west`, and one
    # past the last that begins at or before `east`.
    low = np.searchsorted(start[runs.band] + runs.last, west, side="left")
    high = np.searchsorted(start[runs.band] + runs.first, east, side="right")
    number = np.maximum(high - low, 0)
    # 0, 1, .. number - 1 for each run, one after the other: a running number less where the run's begin.
    step = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number)
    return np.stack([np.repeat(upper, number), np.repeat(low, number) + step])


def _by_area(group: IntArray, area: FloatArray) -> IntArray:
    """Groups numbered by their area, the largest first."""
    # To a square metre, so that groups of as many cells in the same bands are equal, whatever the rounding.
    total = np.round(np.bincount(group, area), 6)
    rank = np.empty(total.size, dtype=np.int64)
    # The graph numbers groups in the order of their first run, so equal areas keep that order.
    rank[np.argsort(-total, kind="stable")] = np.arange(total.size)
    return rank[group]
