"""Connected groups of equal-area cells, ranked by area, with their centres and the nearest named feature."""

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lunarcloud.moon import FloatArray, IntArray
from lunarcloud.statistics import cells
from lunarcloud.statistics.places import place


def connected(cell: IntArray) -> IntArray:
    """Group number of each cell, groups being cells that share an edge or part of one.

    Parameters
    ----------
    cell : (cell,) array
        Numbers of distinct cells, ascending.

    Returns
    -------
    (cell,) array
        Numbers from 0, the group of the largest area first (of equal ones, that of the lower cell number).
    """
    pairs = np.concatenate([_eastern_neighbours(cell), _southern_neighbours(cell)], axis=1)
    links = coo_array((np.ones(pairs.shape[1]), (pairs[0], pairs[1])), shape=(cell.size, cell.size))
    _, group = connected_components(links, directed=False)
    _, first, inverse = np.unique(group, return_index=True, return_inverse=True)
    area = np.bincount(inverse, area_km2(cell))
    rank = np.empty(first.size, dtype=np.int64)
    rank[np.lexsort([first, -np.round(area, 6)])] = np.arange(first.size)
    return rank[inverse]


def area_km2(cell: IntArray) -> FloatArray:
    """Exact area of each cell, km2."""
    return cells.cell_km2()[cells.band_of(cell)]


def cluster_table(
    cell: IntArray, group: IntArray, values: dict[str, FloatArray], largest: int
) -> pd.DataFrame:
    """The largest groups: cells, area (km2), centre (degrees), mean of each map, and where that is.

    Parameters
    ----------
    cell, group : (cell,) arrays
        Numbers of cells and of their groups.
    values : dict of str to (cell,) array
        Maps to average over each group.
    largest : int
        How many groups to list.
    """
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
    at = cells.cell_positions(cell)
    lat, lon, weight = np.radians(at.lat), np.radians(at.lon), area_km2(cell)
    x, y, z = (
        float((weight * part).sum())
        for part in (np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat))
    )
    return float(np.degrees(np.arctan2(z, np.hypot(x, y)))), float(np.degrees(np.arctan2(y, x)))


def _eastern_neighbours(cell: IntArray) -> IntArray:
    """Pairs of places in the list whose second cell is next to the east of the first, round the band."""
    band = cells.band_of(cell)
    start, count = cells.band_starts()[band], cells.band_counts()[band]
    return _pairs(cell, np.arange(cell.size), start + (cell - start + 1) % count)


def _southern_neighbours(cell: IntArray) -> IntArray:
    """Pairs whose second cell lies in the next band to the south and overlaps the first in longitude."""
    band = cells.band_of(cell)
    above = np.flatnonzero(band < cells.N_BANDS - 1)
    band = band[above]
    within, here, below = (
        cell[above] - cells.band_starts()[band],
        cells.band_counts()[band],
        cells.band_counts()[band + 1],
    )
    west = within * below // here
    lengths = ((within + 1) * below - 1) // here - west + 1
    step = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    neighbour = np.repeat(cells.band_starts()[band + 1] + west, lengths) + step
    return _pairs(cell, np.repeat(above, lengths), neighbour)


def _pairs(cell: IntArray, place_of: IntArray, neighbour: IntArray) -> IntArray:
    """Those pairs whose neighbour is in the list too."""
    found = np.minimum(np.searchsorted(cell, neighbour), max(cell.size - 1, 0))
    there = cell[found] == neighbour if cell.size else np.zeros(0, dtype=np.bool_)
    return np.stack([place_of[there], found[there]])
