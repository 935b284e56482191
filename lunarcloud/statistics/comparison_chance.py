"""How much of a difference of two maps chance explains.

A map of an ensemble is the mean of n networks, which scatter by its chance: with other seeds it would be
another by that over the root of n. Of a difference of two such maps chance explains
``sqrt(chance_a^2 / n_a + chance_b^2 / n_b)``; an equation has none. All pixels share the networks, so a
difference that is chance alone is not beyond twice that in 5 % of every area, but somewhere in much of it or
nowhere; and a mean over a unit is no surer than a pixel (`chance.chances_of_means`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lunarcloud.models import Model
from lunarcloud.moon import FloatArray, Shard
from lunarcloud.mosaic import Mosaic
from lunarcloud.quantities import QUANTITIES
from lunarcloud.statistics import cells
from lunarcloud.statistics.chance import chances_of_means
from lunarcloud.statistics.moments import moments
from lunarcloud.statistics.source import MISSING, ROUNDING, Coding, MapCodes, Source
from lunarcloud.statistics.tallies import Codes, Sums
from lunarcloud.statistics.units import Unit

#: A difference of more than so many times what chance explains is beyond it.
BEYOND = 2.0
#: The share of an area that is beyond it where there is nothing but chance, on average over many seeds.
BY_CHANCE = 0.0455

#: What chance explains of a mean difference, where it is known.
CHANCE_OF_MEAN_DIFFERENCE = "mean_difference_chance"

# What chance explains is counted in tenths of the maps' steps.
_FINE = 10


class Explained(NamedTuple):
    """Of the cells of a shard, what chance explains of the difference of two maps.

    Attributes
    ----------
    deviation : (cell,) array
        In steps of the maps; NaN where it is not known.
    beyond : (cell,) array of bool
        Whether the difference is beyond it.
    """

    deviation: FloatArray
    beyond: npt.NDArray[np.bool_]

    def tallied(self, where: npt.NDArray[np.bool_]) -> tuple[Codes, Codes]:
        """Codes to be counted of some cells: of the deviation, and 1 where the difference is beyond it."""
        deviation, beyond = self.deviation[where], self.beyond[where]
        known = np.isfinite(deviation)
        fine = np.rint(np.minimum(np.nan_to_num(deviation) * _FINE, MISSING - 1))
        codes = (np.where(known, each, MISSING).astype(np.uint16) for each in (fine, beyond))
        return next(codes), next(codes)


def explained(
    sides: Sequence[tuple[Source, str, MapCodes]], shard: Shard, at: cells.Sample
) -> Explained | None:
    """What chance explains of the difference of two maps at cells; None where nobody knows of either map.

    Parameters
    ----------
    sides : sequence of (Source, str, ndarray)
        Run, map and its codes at the cells, of both.
    shard : Shard
        Of both maps.
    at : Sample
        The cells.
    """
    known = [(source, name) for source, name, _ in sides if source.has_chance(name)]
    if not known:
        return None
    # Both maps are rounded.
    variance = np.full(at.cell.size, len(sides) * ROUNDING**2)
    for source, name in known:
        steps = source.chance(name, shard)[at.row, at.col].astype(np.float64) / source.coding(name).scale
        variance += steps**2 / source.networks
    deviation = np.sqrt(variance)
    (_, _, a), (_, _, b) = sides
    return Explained(deviation, np.abs(a.astype(np.int64) - b) > BEYOND * deviation)


def of_unit(coding: Coding, deviations: Sums, beyond: Sums) -> tuple[float, float]:
    """The root mean square of what chance explains, in the map's units, and the share of cells beyond it.

    Parameters
    ----------
    coding : Coding
        Of the maps.
    deviations, beyond : Sums
        Tallies of the codes of `Explained.tallied`.
    """
    found = moments(deviations, replace(coding, scale=coding.scale / _FINE, offset=0.0))
    return float(np.hypot(*found)), share_of_ones(beyond)


def share_of_ones(sums: Sums) -> float:
    """The share of the cells counted whose code is 1; NaN without any."""
    places = sums.first + np.arange(sums.histogram.size)
    return float(sums.histogram[places == 1].sum() / sums.count) if sums.count else float("nan")


def is_trained(name: str) -> bool:
    """Whether a map is of networks, and not made from such."""
    return QUANTITIES[name].method == "cnn"


def chances_of_mean_differences(
    ensembles: Sequence[tuple[Mosaic, Model] | None], maps: Sequence[Sequence[str]], units: Sequence[Unit]
) -> FloatArray:
    """What chance explains of mean differences (pair, unit); NaN where nobody knows of either map.

    Parameters
    ----------
    ensembles : sequence of (Mosaic, Model) or None
        Of each side; None of one that is no mean of networks.
    maps : sequence of sequence of str
        The maps of each side, by pair.
    units : sequence of Unit
        By which.
    """
    variances = []
    for ensemble, names in zip(ensembles, maps, strict=True):
        if ensemble is not None:
            said = chances_of_means(*ensemble, units, tuple(dict.fromkeys(names)))
            chances = said.sel(map=list(names)).transpose("map", "unit").values
            variances.append(chances**2 / len(ensemble[1].seeds))
    if not variances:
        return np.full((len(maps[0]), len(units)), np.nan)
    known = np.isfinite(variances).any(axis=0)
    return np.where(known, np.sqrt(np.nansum(variances, axis=0)), np.nan)
