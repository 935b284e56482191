"""Statistics of maps by unit: one pass over the shards, one dataset, a table like the paper's Table 1."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from lunarcloud.errors import InputError
from lunarcloud.maps import QUALITY
from lunarcloud.moon import SPHERE_KM2, FloatArray, Shard
from lunarcloud.statistics import cells
from lunarcloud.statistics.modes import modes
from lunarcloud.statistics.moments import QUANTILES, moments, quantiles
from lunarcloud.statistics.quality import REASONS, TOLD, flagged_shares
from lunarcloud.statistics.source import MISSING, Coding, Source, Stream, one_by_one
from lunarcloud.statistics.tallies import (
    Codes,
    Sums,
    Tally,
    cell_parts,
    row_parts,
    tally_cells,
    tally_pixels,
)
from lunarcloud.statistics.units import Near, Unit, labelled, near_units, require_distinct

if TYPE_CHECKING:  # slow to import, and what finds everything done makes no tables or arrays
    import pandas as pd
    import xarray as xr

#: ``cells``: the paper's equal-area cells, each the pixel at its centre, each counted once.
#: ``pixels``: every pixel, weighted by its exact area on the sphere.
Sampling: TypeAlias = Literal["cells", "pixels"]

#: What the tally of the units themselves is called: all that lies in them, mapped or not.
EXTENT = "extent"

#: Standard deviation of a mean over the networks of an ensemble, where it is known.
CHANCE_OF_MEAN = "mean_chance"

_OF_UNITS = ("count", "area", "mean", CHANCE_OF_MEAN, "std", "mode_confidence")
_N_CODES = 1 << 16
# Stored histograms are coarser than the exact ones they are made from.
_CODES_PER_BIN = 16


@dataclass(frozen=True, slots=True)
class ShardTallies:
    """What a shard adds.

    Attributes
    ----------
    members : tuple of tuple of int
        By label, the units (by index) that its pixels belong to.
    tallies : dict of str to Tally
        By map, what was counted by label; by `marked` map the marks of its pixels; by `exceeding` map what of
        it lies above its limit; and the `EXTENT`.
    """

    members: tuple[tuple[int, ...], ...]
    tallies: dict[str, Tally]


@dataclass(frozen=True, slots=True)
class TallyShard:
    """The task of one shard: read each map once and count it.

    Attributes
    ----------
    source : Source
        The run's maps.
    names : tuple of str
        Which of them.
    sampling : {"cells", "pixels"}
        What is counted.
    limits : tuple of (str, int)
        Maps of which it is also counted what lies above a code.
    """

    source: Source
    names: tuple[str, ...]
    sampling: Sampling
    limits: tuple[tuple[str, int], ...] = ()

    def __call__(self, near: Near) -> ShardTallies:
        """Count the maps of a shard by the units near it."""
        shard, units = near
        grid, window = self.source.grid, self.source.grid.window(shard)
        labels, members = labelled(units, grid, window)
        if self.sampling == "pixels":
            parts = row_parts(grid, window)
            return ShardTallies(members, self._tallies(shard, ..., tally_pixels, labels, len(members), parts))
        at = cells.sample(grid, window)
        where = (at.row, at.col)
        found = self._tallies(shard, where, tally_cells, labels[where], len(members), cell_parts(at.band))
        return ShardTallies(members, found)

    def _tallies(
        self, shard: Shard, where: Any, tally: Callable[..., Tally], *counted: Any
    ) -> dict[str, Tally]:
        """Of each map its values and its marks, at some places of a shard."""
        quality = self.source.stored(QUALITY, shard)[where]
        # A map of one code without a gap counts what lies in a unit.
        found = {EXTENT: tally(np.zeros_like(quality), *counted)}
        limits = dict(self.limits)
        for name in self.names:
            codes: Codes = self.source.stored(name, shard)[where]
            marks = self.source.marks(name, codes, quality)
            kept = self.source.kept(codes, marks)
            found[name] = tally(kept, *counted)
            found[marked(name)] = tally(marks, *counted)
            if name in limits:
                above = np.where(kept > limits[name], kept, kept.dtype.type(MISSING))
                found[exceeding(name)] = tally(above, *counted)
        return found


def marked(name: str) -> str:
    """What the tally of the marks of a map is called."""
    return f"{name} marks"


def exceeding(name: str) -> str:
    """What the tally of what lies above the limit of a map is called."""
    return f"{name} above"


class Totals(dict[tuple[str, int], Sums]):
    """Running sums by map and unit (index); adding is exact, so the order of shards does not matter."""

    def add(self, found: ShardTallies) -> None:
        """Add what one shard holds."""
        for name, tally in found.tallies.items():
            # A label is a combination of units, so its sums go to each of them: units may overlap.
            for sums, units in zip(tally, found.members, strict=True):
                for unit in units:
                    known = self.get((name, unit))
                    self[name, unit] = sums if known is None else known + sums


def summarise(
    source: Source,
    units: Sequence[Unit],
    *,
    sampling: Sampling = "cells",
    above: Mapping[str, float] | None = None,
    stream: Stream = one_by_one,
) -> xr.Dataset:
    """Statistics of every composition map of a run, by unit.

    Parameters
    ----------
    source : Source
        The run's maps.
    units : sequence of Unit
        May overlap.
    sampling : {"cells", "pixels"}
        The paper's equal-area cells, or every pixel weighted by its exact area.
    above : mapping of str to float, optional
        By map, in its units, the limit above which area is to be told.
    stream : callable
        How the shards are spread over workers; by default one by one.

    Returns
    -------
    xarray.Dataset
        By ``map`` and ``unit``: ``count`` (valid cells or pixels that are not left out), ``area`` (km2),
        ``mean``, ``std``, ``quantile_value``, ``mode_value`` (one or two) and ``mode_confidence``, and the
        ``histogram`` as the share of the weight in each bin, with the bins' values in ``bin_value``;
        ``flagged_share`` of all that is mapped, left out or not, by ``reason``. By ``unit`` alone:
        ``unit_area`` (km2) and ``unit_share`` (percent of the Moon), mapped or not. If limits are given, by
        ``limit`` and ``unit``: ``area_above`` (km2) of what lies above, and its ``share_above`` of ``area``.

    Raises
    ------
    InputError
        For two units of one name, or a unit without a single cell or pixel.
    NotFoundError
        For a limit of a map that the run has not.
    """
    import xarray as xr

    require_distinct(units)
    above = above or {}
    limits = tuple((name, _last_code(source.coding(name), limit)) for name, limit in above.items())
    totals = Totals()
    task = TallyShard(source, source.names, sampling, limits)
    for _, found in stream(task, near_units(source.grid, units)):
        totals.add(found)
    require_filled(totals, units, sampling)
    parts = [
        _of_map(
            source.coding(name),
            [totals[name, unit] for unit in range(len(units))],
            [totals[marked(name), unit] for unit in range(len(units))],
        )
        for name in source.names
    ]
    dataset = xr.concat(
        parts, dim="map", data_vars="all", coords="all", join="exact", compat="equals"
    ).assign_coords(
        map=("map", list(source.names)),
        unit=("unit", [unit.name for unit in units]),
        unit_source=("unit", [unit.source for unit in units]),
        quantile=("quantile", list(QUANTILES)),
        reason=("reason", list(REASONS)),
    )
    dataset = dataset.assign(_extents([totals[EXTENT, unit] for unit in range(len(units))]))
    dataset.attrs = {
        "Conventions": "CF-1.11",
        "title": "Statistics of lunar composition maps by unit",
        "sampling": sampling,
        "excluded": " ".join(source.exclude),
    }
    return dataset.assign(_above(source, above, totals, dataset)) if above else dataset


def _last_code(coding: Coding, limit: float) -> int:
    """The last code of a value that is not above a limit."""
    return floor(coding.bound(limit))


def _above(
    source: Source, above: Mapping[str, float], totals: Totals, dataset: xr.Dataset
) -> dict[str, xr.DataArray]:
    """Area and share above each limit, by unit."""
    import xarray as xr

    names, units = list(above), range(dataset.sizes["unit"])
    km2 = [[totals[exceeding(name), unit].area_km2 for unit in units] for name in names]
    area = xr.DataArray(
        km2,
        {
            "limit_map": ("limit", names),
            "limit_value": ("limit", list(above.values())),
            "limit_units": ("limit", [source.coding(name).units for name in names]),
        },
        ("limit", "unit"),
        attrs={"units": "km2", "long_name": "area above the limit"},
    )
    valid = dataset["area"].sel(map=names).transpose("map", "unit").values
    share = area.copy(data=np.divide(km2, valid, out=np.full_like(valid, np.nan), where=valid > 0))
    share.attrs = {"units": "1", "long_name": "share of the valid area that is above the limit"}
    return {"area_above": area, "share_above": share}


def above_table(dataset: xr.Dataset) -> pd.DataFrame:
    """Area (km2) and share (per cent) above each limit, a row for each limit and unit."""
    import pandas as pd

    area, share = dataset["area_above"], dataset["share_above"]
    rows = [
        {
            "map": str(area["limit_map"].values[limit]),
            "above": float(area["limit_value"][limit]),
            "units": str(area["limit_units"].values[limit]),
            "unit": str(area["unit"].values[unit]),
            "area_km2": float(area[limit, unit]),
            "per_cent": 100.0 * float(share[limit, unit]),
        }
        for limit, unit in np.ndindex(area.shape)
    ]
    return pd.DataFrame(rows)


def table(dataset: xr.Dataset) -> pd.DataFrame:
    """The statistics as a table with a row for each map and unit."""
    told = [name for name in _OF_UNITS if name in dataset]
    columns = dataset[told].to_dataframe()
    for q in dataset["quantile"].values:
        columns[f"q{round(100 * q):02d}"] = dataset["quantile_value"].sel(quantile=q).to_series()
    for number in (0, 1):
        columns[f"mode_{number + 1}"] = dataset["mode_value"].isel(mode=number).to_series()
    for reason in dataset["reason"].values:
        columns[f"{reason}_per_cent"] = 100.0 * dataset["flagged_share"].sel(reason=reason).to_series()
    ordered = columns.reset_index()
    units = ordered["map"].map(dataset["map_units"].to_series())
    return ordered.drop(columns=["map_units", "unit_source"]).assign(units=units)


def means(dataset: xr.Dataset) -> pd.DataFrame:
    """Means by map (rows) and unit (columns), as in the paper's Table 1, each above its chance and flags.

    The units' areas and their shares of the Moon come first.
    """
    import pandas as pd

    extents = {"area, km2": dataset["unit_area"].round(), "share, %": dataset["unit_share"].round(3)}
    chance = {CHANCE_OF_MEAN: dataset[CHANCE_OF_MEAN]} if CHANCE_OF_MEAN in dataset else {}
    found = {"mean": dataset["mean"], **chance} | {
        f"{reason} %": 100.0 * dataset["flagged_share"].sel(reason=reason) for reason in TOLD
    }
    # In the order of the maps, a map's mean before its shares.
    rows = [{"map": "the Moon", "what": what, **values.to_series()} for what, values in extents.items()]
    rows += [
        {"map": name, "what": what, **values.sel(map=name).to_series()}
        for name in dataset["map"].values
        for what, values in found.items()
    ]
    return pd.DataFrame(rows)


def require_filled(totals: Totals, units: Sequence[Unit], sampling: Sampling) -> None:
    """Refuse a unit in which nothing was counted.

    Parameters
    ----------
    totals : Totals
        Sums by map and unit.
    units : sequence of Unit
        The units, in the order of their indices.
    sampling : str
        What was counted, for the message: cells or pixels.

    Raises
    ------
    InputError
        Naming the first such unit.
    """
    # Values in one map are enough: the others' statistics are then NaN in the tables.
    filled = {unit for (name, unit), sums in totals.items() if sums.count and name != EXTENT}
    for index, unit in enumerate(units):
        if index not in filled:
            raise InputError(
                f"unit {unit.name!r} ({unit.source}) holds no valid {sampling}: it lies in missing data, "
                "is smaller than a cell (then sample pixels), or all of it is excluded by its flags"
            )


def _extents(by_unit: list[Sums]) -> dict[str, tuple[str, list[float], dict[str, str]]]:
    """Area and share of the units themselves."""
    area = [sums.area_km2 for sums in by_unit]
    share = [100.0 * km2 / SPHERE_KM2 for km2 in area]
    return {
        "unit_area": ("unit", area, {"units": "km2", "long_name": "area of the unit, mapped or not"}),
        "unit_share": ("unit", share, {"units": "percent", "long_name": "its part of the Moon"}),
    }


def _of_map(coding: Coding, by_unit: list[Sums], marks: list[Sums]) -> xr.Dataset:
    """The statistics of one map, dimension ``unit`` first."""
    import xarray as xr

    moment = [moments(sums, coding) for sums in by_unit]
    mode = [modes(sums, coding) for sums in by_unit]
    # Middles: a bin holds codes k..k+15, whose mean is k + 7.5.
    bins = coding.values((np.arange(_N_CODES // _CODES_PER_BIN) + 0.5) * _CODES_PER_BIN - 0.5)
    return xr.Dataset(
        {
            "count": ("unit", [sums.count for sums in by_unit], {"long_name": "valid cells or pixels"}),
            "area": (
                "unit",
                [sums.area_km2 for sums in by_unit],
                {"units": "km2", "long_name": "their area"},
            ),
            "mean": ("unit", [found.mean for found in moment]),
            "std": ("unit", [found.std for found in moment]),
            "quantile_value": (("unit", "quantile"), [quantiles(sums, coding) for sums in by_unit]),
            "mode_value": (("unit", "mode"), [_pair(found.values) for found in mode]),
            "mode_confidence": ("unit", [found.confidence for found in mode]),
            "histogram": (("unit", "bin"), [_shares(sums) for sums in by_unit]),
            "flagged_share": (
                ("unit", "reason"),
                [list(flagged_shares(sums).values()) for sums in marks],
                {"long_name": "of what is mapped, the share with a reason against it"},
            ),
        },
        coords={"bin_value": ("bin", bins), "map_units": coding.units},
    )


def _pair(values: Iterable[float]) -> list[float]:
    # Two columns, whether there are none, one or two modes.
    return [*values, float("nan"), float("nan")][:2]


def _shares(sums: Sums) -> FloatArray:
    # Bins begin at code 0, not at the first code that occurs: all units share them.
    places = (sums.first + np.arange(sums.histogram.size)) // _CODES_PER_BIN
    coarse = np.bincount(places, sums.histogram, minlength=_N_CODES // _CODES_PER_BIN)
    return np.asarray(coarse / max(coarse.sum(), 1.0))
