"""Potential mare basalt near a pole: equal-area cells whose composition is that of maria elsewhere.

The rule, in two steps (after Qiu, Yan & Liu 2025):

1. *similar to maria*: the cell's (FeO, Mg#), in bins of 0.5 wt% by 0.01, lies where cells of maria fall
   equatorward of the limit: in the smallest set of bins that holds 95 % of them, and in a bin that holds a
   larger share of the cells of maria than of all other cells there;
2. *high FeO*: of those, the cells with FeO above 15 wt% and Mg# below 0.60.

The comparison with the other cells keeps highland compositions out where the boundaries of maria are not
exact and hold highland.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from lunarcloud.errors import InputError
from lunarcloud.maps import QUALITY
from lunarcloud.moon import FloatArray, Grid, IntArray, Pole, Shard
from lunarcloud.quantities import udunits
from lunarcloud.statistics import cells, clusters
from lunarcloud.statistics.quality import Marks, flagged_per_cent, mark_attributes
from lunarcloud.statistics.source import MISSING, Coding, MapCodes, Source, Stream, one_by_one
from lunarcloud.statistics.units import Near, Unit, inside, near_units

if TYPE_CHECKING:  # slow to import, and what finds everything done makes no tables or arrays
    import pandas as pd
    import xarray as xr

#: The maps the rule needs.
FEO, MG_NUMBER = "feo_cnn", "mg_number"
#: Classes of a cell or pixel.
OTHER, SIMILAR, HIGH_FEO = 0, 1, 2
#: Code of a cell or pixel without a class: missing, or equatorward of the limit.
NO_CLASS = 255

# Bins of the maria's distribution.
_FEO_STEP, _MG_STEP = 0.5, 0.01
# As many as 65.534 wt%, the largest code, and an Mg# of exactly 1 need: no pixel falls beside them.
_FEO_BINS, _MG_BINS = 132, 101
_SHAPE = (2, _FEO_BINS, _MG_BINS)
# Groups of neighbouring cells that are listed.
_LISTED = 20

Classes: TypeAlias = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Where to look, and what counts as potential mare basalt.

    Attributes
    ----------
    pole : {"north", "south"}
        Which pole.
    limit : float
        Absolute latitude, degrees, poleward of which cells are looked at.
    coverage : float
        Part of the maria's cells that the densest bins hold, 0..1.
    feo_above : float
        High FeO begins above this, wt%.
    mg_below : float
        and has Mg# below this.
    """

    pole: Pole = "south"
    limit: float = 65.0
    coverage: float = 0.95
    feo_above: float = 15.0
    mg_below: float = 0.60

    def holds(self, lat: FloatArray) -> npt.NDArray[np.bool_]:
        """Which latitudes (degrees) are poleward of the limit."""
        return lat > self.limit if self.pole == "north" else lat < -self.limit

    def takes(self, at: cells.Sample, feo: MapCodes, mg: MapCodes) -> npt.NDArray[np.bool_]:
        """Which of the cells of a shard are poleward of the limit and mapped.

        Parameters
        ----------
        at : Sample
            The cells.
        feo, mg : (cell,) arrays
            Codes of FeO and Mg# of each.
        """
        mapped: npt.NDArray[np.bool_] = (feo != MISSING) & (mg != MISSING)
        return mapped & self.holds(cells.band_lat()[at.band])


@dataclass(frozen=True, slots=True)
class Classifier:
    """The rule with the maria's distribution put in: from codes to classes.

    Attributes
    ----------
    rule : Rule
        Where to look, and the bounds of step 2.
    feo, mg : Coding
        What the codes of FeO and Mg# mean.
    similar : (feo bin, mg bin) array of bool
        The bins of step 1.
    """

    rule: Rule
    feo: Coding
    mg: Coding
    similar: npt.NDArray[np.bool_]

    def __call__(self, feo: MapCodes, mg: MapCodes) -> Classes:
        """Classes of cells or pixels from their codes of FeO and Mg#, arrays of one shape."""
        # Missing codes have a bin too (the last), so that all is one lookup; their class is set at the end.
        found = np.where(self.similar[_bins(feo, mg, self.feo, self.mg)], SIMILAR, OTHER).astype(np.uint8)
        high = (feo > self.feo.bound(self.rule.feo_above)) & (mg < self.mg.bound(self.rule.mg_below))
        found[high & (found == SIMILAR)] = HIGH_FEO
        found[(feo == MISSING) | (mg == MISSING)] = NO_CLASS
        return found


class PolarCells(NamedTuple):
    """The cells of the polar region that are mapped.

    Attributes
    ----------
    cell : (cell,) array
        Their numbers, ascending once all shards are put together.
    feo, mg : (cell,) arrays of uint16
        Codes of FeO and Mg# of each.
    marks : (cell,) array of uint8
        What there is to say against either.
    """

    cell: IntArray
    feo: MapCodes
    mg: MapCodes
    marks: Marks

    def where(self, wanted: npt.NDArray[np.bool_]) -> PolarCells:
        """Some of them."""
        return PolarCells(self.cell[wanted], self.feo[wanted], self.mg[wanted], self.marks[wanted])


@dataclass(frozen=True, slots=True)
class Candidates:
    """Potential mare basalt around a pole.

    Attributes
    ----------
    classifier : Classifier
        The rule and the maria's distribution.
    elsewhere : (2, feo bin, mg bin) array
        Number of cells equatorward of the limit by composition: of maria, of all others.
    region_cells : int
        Cells poleward of the limit, mapped or not.
    at, left_out : PolarCells
        The mapped ones, and those of them that are left out.
    classes : (cell,) array
        `OTHER`, `SIMILAR` or `HIGH_FEO` of each.
    group : (cell,) array
        Number of the group of neighbouring high-FeO cells, the largest first; -1 for other cells.
    """

    classifier: Classifier
    elsewhere: IntArray
    region_cells: int
    at: PolarCells
    left_out: PolarCells
    classes: Classes
    group: IntArray


@dataclass(frozen=True, slots=True)
class _CountElsewhere:
    """The task of one shard: cells outside the polar region by composition, of maria and others."""

    source: Source
    rule: Rule

    def __call__(self, near: Near) -> IntArray:
        shard, (maria,) = near
        at, feo, mg, marks = sampled(self.source, shard)
        wanted = ~self.rule.holds(cells.band_lat()[at.band]) & (feo != MISSING) & (mg != MISSING)
        wanted &= (marks & self.source.excluded) == 0
        mare = inside(maria, self.source.grid, self.source.grid.window(shard))[at.row, at.col][wanted]
        bins = _bins(feo[wanted], mg[wanted], self.source.coding(FEO), self.source.coding(MG_NUMBER))
        # The first axis is 0 for maria and 1 for others, hence the negation.
        flat = np.ravel_multi_index(((~mare).astype(np.int64), *bins), _SHAPE)
        return np.bincount(flat, minlength=math.prod(_SHAPE)).reshape(_SHAPE)


@dataclass(frozen=True, slots=True)
class _TakePolar:
    """The task of one shard: its mapped cells in the polar region."""

    source: Source
    rule: Rule

    def __call__(self, shard: Shard) -> PolarCells:
        at, feo, mg, marks = sampled(self.source, shard)
        wanted = self.rule.takes(at, feo, mg)
        return PolarCells(at.cell, feo, mg, marks).where(wanted)


def find_candidates(source: Source, maria: Unit, rule: Rule, *, stream: Stream = one_by_one) -> Candidates:
    """Find potential mare basalt around a pole.

    Parameters
    ----------
    source : Source
        The run's maps; it must have those of the networks.
    maria : Unit
        Where maria are.
    rule : Rule
        What counts.
    stream : callable
        How the shards are spread over workers.

    Returns
    -------
    Candidates
        The same to the bit for any order of shards.

    Raises
    ------
    NotFoundError
        If the run has no FeO or Mg# by network.
    InputError
        If no mare cell outside the region, or no cell in it, is mapped.
    """
    feo, mg = source.coding(FEO), source.coding(MG_NUMBER)
    elsewhere = np.zeros(_SHAPE, dtype=np.int64)
    for _, counted in stream(_CountElsewhere(source, rule), near_units(source.grid, (maria,))):
        elsewhere += counted
    found = [part for _, part in stream(_TakePolar(source, rule), polar_shards(source.grid, rule))]
    mapped = _in_order(found)
    left_out = (mapped.marks & source.excluded) != 0
    at = mapped.where(~left_out)
    _require_some(source, rule, elsewhere[0], at)
    classifier = Classifier(rule, feo, mg, typical_of_maria(elsewhere[0], elsewhere[1], rule.coverage))
    classes = classifier(at.feo, at.mg)
    # Only the high-FeO cells are put into groups, so their neighbours are not counted in.
    group = np.full(at.cell.size, -1)
    group[classes == HIGH_FEO] = clusters.connected(at.cell[classes == HIGH_FEO])
    return Candidates(classifier, elsewhere, _region_cells(rule), at, mapped.where(left_out), classes, group)


def typical_of_maria(maria: IntArray, others: IntArray, coverage: float) -> npt.NDArray[np.bool_]:
    """The bins of step 1 of the rule, from the cells in each bin of maria and of everything else.

    Equally full bins go together. Shares are compared in whole numbers, so no bin is a matter of rounding.

    Parameters
    ----------
    maria, others : (feo bin, mg bin) arrays of int
        Number of cells of maria and of everything else, by composition.
    coverage : float
        Part of the maria's cells that the densest bins hold, 0..1.

    Returns
    -------
    (feo bin, mg bin) array of bool
        Bins that are typical of maria.
    """
    # From the fullest bin on until the coverage is reached: the last one's count is the least that is dense.
    full = np.sort(maria.ravel())[::-1]
    last = full[np.searchsorted(np.cumsum(full), coverage * full.sum())]
    # An empty bin is never dense, however few cells of maria there are.
    densest = maria >= max(int(last), 1)
    # maria / all maria > others / all others, multiplied out; without others, every bin of maria is typical.
    return densest & (maria * max(int(others.sum()), 1) > others * int(maria.sum()))


def totals(found: Candidates) -> pd.DataFrame:
    """Cells, area (km2), per cent of the region and flagged shares: mapped, similar, high FeO, left out."""
    import pandas as pd

    everything = _in_order([found.at, found.left_out])
    kinds = {
        "mapped": everything,
        "similar to maria": found.at.where(found.classes >= SIMILAR),
        "high FeO": found.at.where(found.classes == HIGH_FEO),
        "left out": found.left_out,
    }
    mapped_km2 = clusters.area_km2(everything.cell).sum()
    rows = []
    for name, held in kinds.items():
        area = clusters.area_km2(held.cell)
        shares = {
            title: float(np.average(flagged, weights=area)) if area.size else float("nan")
            for title, flagged in flagged_per_cent(held.marks).items()
        }
        rows.append(
            {
                "cells are": name,
                "cells": held.cell.size,
                "area_km2": area.sum(),
                "per_cent": 100.0 * area.sum() / mapped_km2,
                **shares,
            }
        )
    return pd.DataFrame(rows)


def ranked(found: Candidates) -> pd.DataFrame:
    """The largest groups of neighbouring high-FeO cells: centres, means, flagged shares, nearest feature."""
    high = found.at.where(found.classes == HIGH_FEO)
    values = {
        "feo": found.classifier.feo.values(high.feo),
        "mg_number": found.classifier.mg.values(high.mg),
        **flagged_per_cent(high.marks),
    }
    group = found.group[found.classes == HIGH_FEO]
    return clusters.cluster_table(high.cell, group, values, _LISTED)


def to_dataset(found: Candidates) -> xr.Dataset:
    """The candidates for storing: the cells similar to maria, the groups, and the maria's distribution."""
    import xarray as xr

    rule, listed = found.classifier.rule, ranked(found).drop(columns="rank")
    keep = found.classes >= SIMILAR
    where = cells.cell_positions(found.at.cell[keep])
    dataset = xr.Dataset(
        {
            "cell": ("candidate", found.at.cell[keep]),
            "lat": ("candidate", where.lat, {"units": "degrees_north"}),
            "lon": ("candidate", where.lon, {"units": "degrees_east"}),
            "feo": ("candidate", found.classifier.feo.values(found.at.feo[keep]), {"units": udunits("wt%")}),
            "mg_number": ("candidate", found.classifier.mg.values(found.at.mg[keep]), {"units": "1"}),
            "high_feo": ("candidate", found.classes[keep] == HIGH_FEO),
            "group": ("candidate", found.group[keep]),
            "flagged": ("candidate", found.at.marks[keep], mark_attributes()),
            "cells_elsewhere": (("kind", "feo_bin", "mg_bin"), found.elsewhere),
            "cells_region": (("feo_bin", "mg_bin"), _counted(found)),
            "similar_bin": (("feo_bin", "mg_bin"), found.classifier.similar),
            **{f"group_{name}": ("ranked", listed[name].to_numpy()) for name in listed},
        },
        coords={
            "kind": ("kind", ["maria", "others"]),
            "feo_bin": ("feo_bin", (np.arange(_FEO_BINS) + 0.5) * _FEO_STEP, {"units": udunits("wt%")}),
            "mg_bin": ("mg_bin", (np.arange(_MG_BINS) + 0.5) * _MG_STEP, {"units": "1"}),
        },
    )
    counted = totals(found).set_index("cells are")
    dataset.attrs = {
        "Conventions": "CF-1.11",
        "title": f"Potential mare basalt around the {rule.pole} pole of the Moon",
        "similar_to_maria": f"densest {rule.coverage:.0%} of maria, more typical of maria than of others",
        "high_feo": f"similar, FeO above {rule.feo_above} wt% and Mg# below {rule.mg_below}",
        "latitude_limit": rule.limit,
        "cells_in_region": found.region_cells,
        **{f"high_feo_{name}": float(counted[name]["high FeO"]) for name in flagged_per_cent(found.at.marks)},
        **{f"cells_{name.replace(' ', '_')}": int(counted["cells"][name]) for name in counted.index},
        **{f"km2_{name.replace(' ', '_')}": float(counted["area_km2"][name]) for name in counted.index},
    }
    return dataset


def sampled(source: Source, shard: Shard) -> tuple[cells.Sample, MapCodes, MapCodes, Marks]:
    """The cells of a shard, their codes, and what there is to say against either map."""
    at = cells.sample(source.grid, source.grid.window(shard))
    feo, mg, quality = (source.stored(name, shard)[at.row, at.col] for name in (FEO, MG_NUMBER, QUALITY))
    return at, feo, mg, source.marks(FEO, feo, quality) | source.marks(MG_NUMBER, mg, quality)


def _bins(feo: MapCodes, mg: MapCodes, feo_coding: Coding, mg_coding: Coding) -> tuple[IntArray, IntArray]:
    """Bins of compositions; whole numbers of codes, so that no bound is a matter of rounding."""
    # Steps of the bins are whole numbers of the codes' steps (500 and 100), up to rounding in the quotient.
    feo_width, mg_width = round(_FEO_STEP / feo_coding.scale), round(_MG_STEP / mg_coding.scale)
    feo_bin = np.minimum(feo // feo_width, _FEO_BINS - 1).astype(np.int64)
    return feo_bin, np.minimum(mg // mg_width, _MG_BINS - 1).astype(np.int64)


def _counted(found: Candidates) -> IntArray:
    """Number of cells of the region in each bin."""
    bins = _bins(found.at.feo, found.at.mg, found.classifier.feo, found.classifier.mg)
    flat = np.ravel_multi_index(bins, _SHAPE[1:])
    return np.bincount(flat, minlength=math.prod(_SHAPE[1:])).reshape(_SHAPE[1:])


def polar_shards(grid: Grid, rule: Rule) -> Iterator[Shard]:
    """The shards that reach into the region."""
    for shard in grid.shards():
        # Latitudes descend, so if any row is poleward, the first or the last is.
        if rule.holds(grid.lat(grid.window(shard))[[0, -1]]).any():
            yield shard


def _in_order(parts: Sequence[PolarCells]) -> PolarCells:
    cell, feo, mg, marks = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    # Shards come as workers finish, and a band of cells runs through many: groups need ascending numbers.
    order = np.argsort(cell)
    return PolarCells(cell[order], feo[order], mg[order], marks[order])


def _region_cells(rule: Rule) -> int:
    return int(cells.band_counts()[rule.holds(cells.band_lat())].sum())


def _require_some(source: Source, rule: Rule, maria: IntArray, at: PolarCells) -> None:
    where = f"{source.group.place.url}: no cell with both FeO and Mg# that is not left out"
    if not maria.any():
        raise InputError(f"{where} in the maria equatorward of {rule.limit} degrees to compare with")
    if not at.cell.size:
        raise InputError(f"{where} poleward of {rule.limit} degrees {rule.pole}")
