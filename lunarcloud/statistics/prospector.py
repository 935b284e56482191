"""Maps against Lunar Prospector: averaged by exact area into its pixels, then correlated.

A map's pixel that a bound of a Lunar Prospector pixel cuts counts with the area on its side. Partial sums
of shards are added in the shards' order, so the result is the same to the bit for any number of workers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from lunarcloud.archive import Prospector
from lunarcloud.errors import InputError
from lunarcloud.maps import QUALITY
from lunarcloud.moon import RADIUS_M, FloatArray, Grid, IntArray, Shard, Window
from lunarcloud.quantities import counterparts
from lunarcloud.statistics.quality import REASONS, TOLD, Marks, bit
from lunarcloud.statistics.source import MISSING, Coding, MapCodes, Source, Stream, one_by_one

if TYPE_CHECKING:  # slow to import, and what finds everything done makes no tables or arrays
    import pandas as pd
    import xarray as xr

#: Least part of a Lunar Prospector pixel that must be mapped for it to be compared.
LEAST_COVERAGE = 0.5
#: Which is the line's height, and which its length.
REGRESSIONS = ("map_on_prospector", "prospector_on_map")


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of Lunar Prospector's pixels.

    Attributes
    ----------
    min_lat, max_lat : (pixel,) arrays
        Latitudes, degrees.
    min_lon, max_lon : (pixel,) arrays
        East longitudes, degrees, -180..180; no pixel reaches over the seam.
    """

    min_lat: FloatArray
    max_lat: FloatArray
    min_lon: FloatArray
    max_lon: FloatArray


@dataclass(frozen=True, slots=True)
class Overlap:
    """Sums over the part of some pixels that a window covers.

    Attributes
    ----------
    index : (touched,) array
        Which of Lunar Prospector's pixels.
    area : (touched,) array
        Area that is mapped of each, km2.
    weighted : (touched,) array
        That area times the code, km2.
    """

    index: IntArray
    area: FloatArray
    weighted: FloatArray


class MapSums(NamedTuple):
    """What one shard adds to a map's comparison.

    Attributes
    ----------
    overlap : Overlap
        Of what is not left out with Lunar Prospector's pixels.
    mapped_m2 : float
        Area that is mapped, left out or not.
    flagged_m2 : (reason,) array
        By `REASONS`, the part of it that there is this to say against.
    """

    overlap: Overlap
    mapped_m2: float
    flagged_m2: FloatArray


@dataclass(frozen=True, slots=True)
class AverageShard:
    """The task of one shard: each map's sums in the Lunar Prospector pixels that the shard touches.

    Attributes
    ----------
    source : Source
        The run's maps.
    names : tuple of str
        Which of them.
    bounds : Bounds
        Lunar Prospector's pixels, all of them: a few hundred kilobytes.
    """

    source: Source
    names: tuple[str, ...]
    bounds: Bounds

    def __call__(self, shard: Shard) -> dict[str, MapSums]:
        """Sums by map."""
        quality = self.source.stored(QUALITY, shard)
        return {name: self._sums(name, shard, quality) for name in self.names}

    def _sums(self, name: str, shard: Shard, quality: npt.NDArray[np.unsignedinteger]) -> MapSums:
        grid, codes = self.source.grid, self.source.stored(name, shard)
        window, marks = grid.window(shard), self.source.marks(name, codes, quality)
        areas, mapped = grid.pixel_area_m2(window), codes != MISSING
        return MapSums(
            overlap(self.source.kept(codes, marks), grid, window, self.bounds),
            float(mapped.sum(axis=1) @ areas),
            _flagged_areas(marks, mapped, areas),
        )


def _flagged_areas(marks: Marks, mapped: npt.NDArray[np.bool_], areas: FloatArray) -> FloatArray:
    """By reason, the area of the pixels that it is against, m2, from those of a pixel of each row."""
    return np.array([(((marks & bit(reason)) != 0) & mapped).sum(axis=1) @ areas for reason in REASONS])


def overlap(codes: MapCodes, grid: Grid, window: Window, bounds: Bounds) -> Overlap:
    """Area-weighted sums of a window's pixels in latitude/longitude boxes.

    The overlap of a pixel with a box is a product, ``R^2 (sin lat_top - sin lat_bottom) dlon`` of their
    common latitudes and longitudes.

    Parameters
    ----------
    codes : (row, col) array of uint16
        The window's pixels of a map, 65535 where missing.
    grid : Grid
        The maps' grid.
    window : Window
        Which part of it.
    bounds : Bounds
        The boxes.

    Returns
    -------
    Overlap
        Of the boxes that the window touches, in their order.
    """
    # Edges of the pixels, one more than there are pixels: northern ones down, western ones to the right.
    top, west = grid.lat_edges(window), grid.lon_edges(window)
    # Strictly, so that a box that only shares an edge with the window is left out.
    touched = (bounds.min_lat < top[0]) & (bounds.max_lat > top[-1])
    touched &= (bounds.min_lon < west[-1]) & (bounds.max_lon > west[0])
    index = np.flatnonzero(touched)
    area, weighted = np.zeros(index.size), np.zeros(index.size)
    # Boxes lie in bands of equal latitudes: each band's rows are summed once, into columns, and its boxes
    # are then differences of the columns' running sum.
    bands = np.stack([bounds.min_lat[index], bounds.max_lat[index]], axis=1)
    for low, high in np.unique(bands, axis=0):
        here = np.flatnonzero((bands == (low, high)).all(axis=1))
        columns = _column_sums(codes, top, low, high)
        edges = bounds.min_lon[index[here]], bounds.max_lon[index[here]]
        area[here], weighted[here] = (_between(west, column, *edges) for column in columns)
    return Overlap(index, area, weighted)


def _column_sums(codes: MapCodes, top: FloatArray, low: float, high: float) -> tuple[FloatArray, FloatArray]:
    """By column, the area per degree of longitude (km2) between two latitudes, and that times the code."""
    # Clipped edges: a row outside the band gets no height, one that a bound cuts gets its part.
    sines = np.sin(np.radians(np.clip(top, low, high)))
    heights = (sines[:-1] - sines[1:]) * (RADIUS_M / 1000.0) ** 2 * math.radians(1.0)
    rows = np.flatnonzero(heights)
    # Only the rows with a height; the others would be read for a product with 0.
    inner = slice(rows[0], rows[-1] + 1)
    block = codes[inner]
    valid = block != MISSING
    return heights[inner] @ valid, heights[inner] @ np.where(valid, block, 0)


def _between(edges: FloatArray, density: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """Integral of a piecewise constant density between longitudes, degrees."""
    # Piecewise constant integrates to piecewise linear, so interpolation between the edges is exact, and
    # beyond the window it stays at the ends, which cuts a box to the window.
    integral = np.concatenate([[0.0], np.cumsum(density * np.diff(edges))])
    found: FloatArray = np.interp(high, edges, integral) - np.interp(low, edges, integral)
    return found


def compare_with_prospector(source: Source, *tables: Prospector, stream: Stream = one_by_one) -> xr.Dataset:
    """Compare every map of a run that Lunar Prospector measured too.

    Parameters
    ----------
    source : Source
        The run's maps.
    *tables : Prospector
        Lunar Prospector's abundances and pixels, each constituent in one table; one pass over the maps that
        each has.
    stream : callable
        How the shards are spread over workers.

    Returns
    -------
    xarray.Dataset
        By ``map`` and ``pixel``: ``ours`` (area-weighted mean, wt%), ``prospector`` (wt%), ``coverage``
        (mapped part of the pixel), all NaN for pixels of a table that is not the map's, whose pixels are
        ``pixel_degrees`` high. By ``map``: ``pixels`` compared (`LEAST_COVERAGE`), ``correlation``,
        slope and intercept of both regressions, ``map_on_prospector_`` and ``prospector_on_map_``, ``rmse``,
        ``bias``, ``std`` of the differences ours minus prospector, their ``skewness``, ``excess_kurtosis``
        and D'Agostino and Pearson's ``normality_p``; means of both over the pixels compared, ``mean_ours``
        and ``mean_prospector``; of the mapped area, left out or not, the ``flagged_share`` by ``reason``.

    Raises
    ------
    InputError
        If the run has no map that the table has, or fewer than 20 pixels are mapped.
    """
    import xarray as xr

    constituents = counterparts()
    parts: dict[str, xr.Dataset] = {}
    first = 0
    for measured in tables:
        pixels = np.arange(first, first + measured.lat.size)
        found = _against(source, measured, stream)
        parts |= {name: part.assign_coords(pixel=pixels) for name, part in found.items()}
        first += measured.lat.size
    if not parts:
        raise InputError(
            f"{source.group.place.url}: none of its maps is in {' or '.join(each.source for each in tables)}"
        )
    names = [name for name in source.names if name in parts]
    # Each map has the pixels of its table; those of the others are missing.
    dataset = xr.concat(
        [parts[name] for name in names],
        "map",
        data_vars="all",
        coords="minimal",
        join="outer",
        compat="equals",
    ).reindex(pixel=np.arange(first))
    located = {
        name: ("pixel", np.concatenate([getattr(each, name) for each in tables]))
        for name in ("lat", "lon", *(each.name for each in fields(Bounds)))
    }
    dataset = dataset.assign_coords(
        {
            "reason": ("reason", list(REASONS)),
            "map": ("map", names),
            "constituent": ("map", [constituents[name] for name in names]),
            **located,
        }
    )
    dataset["lat"].attrs["units"], dataset["lon"].attrs["units"] = "degrees_north", "degrees_east"
    dataset.attrs = {
        "Conventions": "CF-1.11",
        "title": "Lunar composition maps averaged into Lunar Prospector's pixels",
    }
    return dataset


def _against(source: Source, measured: Prospector, stream: Stream) -> dict[str, xr.Dataset]:
    """By map, its comparison with the table that has its constituent."""
    constituents = counterparts()
    names = tuple(name for name in source.names if constituents.get(name) in measured.abundance)
    if not names:
        return {}
    bounds = Bounds(measured.min_lat, measured.max_lat, measured.min_lon, measured.max_lon)
    found = dict(stream(AverageShard(source, names, bounds), source.grid.shards()))
    # Sums of floats depend on their order: by shard, not as workers finish.
    by_shard = [found[shard] for shard in sorted(found)]
    return {name: _of_map(source.coding(name), measured, [sums[name] for sums in by_shard]) for name in names}


def table(dataset: xr.Dataset) -> pd.DataFrame:
    """The comparison as a table with a row for each map."""
    lines = [f"{line}_{part}" for line in REGRESSIONS for part in ("slope", "intercept")]
    means, flagged = ["mean_ours", "mean_prospector"], [f"{reason}_per_cent" for reason in TOLD]
    rest = ["correlation", *lines, "rmse", "bias", "std", "normality_p"]
    names = ["pixel_degrees", "pixels", *means, *flagged, *rest]
    shares = 100.0 * dataset["flagged_share"]
    found = dataset.assign({f"{reason}_per_cent": shares.sel(reason=reason, drop=True) for reason in TOLD})
    return found[names].to_dataframe().reset_index()[["map", "constituent", *names]]


def _of_map(coding: Coding, prospector: Prospector, shards: list[MapSums]) -> xr.Dataset:
    import xarray as xr

    area, weighted = np.zeros(prospector.lat.size), np.zeros(prospector.lat.size)
    for part in (each.overlap for each in shards):
        # An index is in a part once at most, so adding through it loses nothing.
        area[part.index] += part.area
        weighted[part.index] += part.weighted
    coverage = area / prospector.area_km2
    mean = np.divide(weighted, area, out=np.full(area.size, np.nan), where=area > 0)
    theirs = prospector.abundance[counterparts()[coding.name]]
    # The mean of codes is the code of the mean: a linear coding, applied once to it.
    ours = coding.values(mean)
    compared = (coverage >= LEAST_COVERAGE) & np.isfinite(theirs)
    # The test of normality, which rests on skewness and kurtosis, asks for as many.
    if compared.sum() < 20:
        raise InputError(
            f"{coding.name}: only {compared.sum()} Lunar Prospector pixels are mapped, 20 are needed"
        )
    values = {"ours": ours, "prospector": theirs, "coverage": coverage}
    return xr.Dataset(
        {key: ("pixel", value) for key, value in values.items()}
        | {"pixel_degrees": prospector.degrees}
        | {"flagged_share": ("reason", _flagged_shares(shards))}
        | agreement(ours[compared], theirs[compared])
        | {
            "mean_ours": _mean(ours, prospector, compared),
            "mean_prospector": _mean(theirs, prospector, compared),
        }
    )


def _flagged_shares(shards: list[MapSums]) -> FloatArray:
    """By reason, its share of the area that is mapped, 0..1; NaN where nothing is."""
    mapped = sum(each.mapped_m2 for each in shards)
    flagged = np.sum([each.flagged_m2 for each in shards], axis=0)
    shares: FloatArray = flagged / mapped if mapped else np.full(len(REASONS), np.nan)
    return shares


def _mean(values: FloatArray, prospector: Prospector, compared: npt.NDArray[np.bool_]) -> float:
    """Mean over the pixels that are compared, by their areas."""
    return float(np.average(values[compared], weights=prospector.area_km2[compared]))


def agreement(ours: FloatArray, theirs: FloatArray) -> dict[str, float]:
    """Correlation, both regressions, and the distribution of ours minus theirs.

    Least squares take the one that a regression is on as exact: of a map on Lunar Prospector, gamma rays; of
    Lunar Prospector on a map, the map. Neither is, so the truth lies between the two lines.
    """
    # Slow to import, and a command that finds everything done does not need it.
    from scipy import stats

    difference = ours - theirs
    lines = {
        "map_on_prospector": stats.linregress(theirs, ours),
        "prospector_on_map": stats.linregress(ours, theirs),
    }
    return {
        "pixels": difference.size,
        "correlation": float(lines["map_on_prospector"].rvalue),
        **{f"{name}_slope": float(line.slope) for name, line in lines.items()},
        **{f"{name}_intercept": float(line.intercept) for name, line in lines.items()},
        "rmse": float(np.sqrt(np.mean(difference**2))),
        "bias": float(difference.mean()),
        "std": float(difference.std()),
        "skewness": float(stats.skew(difference)),
        "excess_kurtosis": float(stats.kurtosis(difference)),
        "normality_p": float(stats.normaltest(difference).pvalue),
    }
