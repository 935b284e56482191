"""What values a stored map has, for whoever chooses colours before a pixel is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from lunarcloud.moon import FloatArray, Grid
from lunarcloud.storage.group import Group

# Parts of the area below the ends of the usual values.
_USUAL = (0.02, 0.98)


class Range(BaseModel):
    """What values a map has, in its units.

    Attributes
    ----------
    least, most : float
        Of all pixels.
    low, high : float
        2 % of the area lie below, and 2 % above; where both signs have a meaning, as far to both sides of 0.
    colours : str
        Name of a colour map that fits, in matplotlib.
    group : str
        The group that was looked at, from the record's folder.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    least: float
    low: float
    high: float
    most: float
    colours: str
    group: str

    def both_ways(self) -> Range:
        """The same, with the usual values as far below 0 as above."""
        reach = max(abs(self.low), abs(self.high))
        return self.model_copy(update={"low": -reach, "high": reach})


class Tally(NamedTuple):
    """Weight of each code from the first on; empty before any pixel."""

    first: int = 0
    weights: FloatArray = np.zeros(0)

    def plus(self, codes: npt.NDArray[np.integer], row_weights: FloatArray, *, fill: int) -> Tally:
        """With some pixels more.

        Parameters
        ----------
        codes : ndarray of int, shape (row, col)
            The pixels.
        row_weights : ndarray, shape (row,)
            Weight of each of a row.
        fill : int
            Code of those that are missing.
        """
        valid = codes != fill
        if not valid.any():
            return self
        there = codes[valid].astype(np.int64)
        first = int(there.min())
        weights = np.broadcast_to(row_weights[:, np.newaxis], codes.shape)[valid]
        found = np.bincount(there - first, weights).astype(np.float64)
        if not self.weights.size:
            return Tally(first, found)
        start = min(first, self.first)
        both = np.zeros(max(first + found.size, self.first + self.weights.size) - start)
        for begin, part in ((first, found), (self.first, self.weights)):
            both[begin - start : begin - start + part.size] += part
        return Tally(start, both)

    def range(self, scale: float, colours: str, group: str) -> Range:
        """The values, each code being so many units.

        Parameters
        ----------
        scale : float
            Units of a code.
        colours, group : str
            As of `Range`.
        """
        there, running = np.flatnonzero(self.weights), np.cumsum(self.weights)
        usual = np.searchsorted(running, np.array(_USUAL) * running[-1])
        least, low, high, most = ((self.first + int(code)) * scale for code in (there[0], *usual, there[-1]))
        return Range(least=least, low=low, high=high, most=most, colours=colours, group=group)


def ranges_of(group: Group, grid: Grid, colours: Mapping[str, str], where: str) -> dict[str, Range]:
    """The values of maps of a group; a map without a valid pixel has none.

    Parameters
    ----------
    group : Group
        All its shards written; one is in memory at a time.
    grid : Grid
        Its grid: values count by area.
    colours : mapping of str to str
        Colour maps by map.
    where : str
        The group's key in its record.
    """
    entries, found = group.ledger.entries(), dict[str, Range]()
    for name, palette in colours.items():
        variable, tally = group.layout.variable(name), Tally()
        for shard, entry in entries.items():
            areas = grid.pixel_area_m2(grid.window(shard))
            tally = tally.plus(group.read(name, shard, entry), areas, fill=int(variable.fill or 0))
        if tally.weights.size:
            found[name] = tally.range(variable.attrs["scale_factor"], palette, where)
    return found


def range_of(
    values: npt.NDArray[np.floating], row_weights: FloatArray, step: float, colours: str, where: str
) -> Range | None:
    """The values of a map in memory, to a step; None without a valid one.

    Parameters
    ----------
    values : ndarray, shape (row, col)
        NaN where missing.
    row_weights : ndarray, shape (row,)
        Area of a pixel of each row, in any unit.
    step : float
        What values are told to, in their units.
    colours, where : str
        As of `Range` and `ranges_of`.
    """
    fill = np.iinfo(np.int64).min
    codes = np.where(np.isnan(values), fill, np.rint(np.nan_to_num(values) / step)).astype(np.int64)
    tally = Tally().plus(codes, row_weights, fill=int(fill))
    return tally.range(step, colours, where) if tally.weights.size else None
