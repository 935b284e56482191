"""The chance of training in means and areas: what single networks of an ensemble would have found.

A network that says too much FeO of one pixel says too much of its neighbours as well: chance is shared by all
pixels, and no mean is freer of it than a pixel. So means are taken of every member by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from lunarcloud.engine import Once
from lunarcloud.maps import encode
from lunarcloud.models import Model, members, session
from lunarcloud.moon import FloatArray, IntArray, Shard
from lunarcloud.mosaic import REFLECTANCE, Mosaic, as_reflectance, sample_windows, sampled_numbers
from lunarcloud.quantities import OXIDES, mg_number
from lunarcloud.statistics.source import MapCodes
from lunarcloud.statistics.units import Unit, clipped, labelled

if TYPE_CHECKING:  # slow to import
    import xarray as xr

AnyFloats: TypeAlias = npt.NDArray[np.floating[Any]]

# 144 000 spectra all over the Moon: between two such samples a chance differs by a few per cent of itself.
_BLOCKS, _EDGE = 1000, 12
# Of fewer blocks nothing is told: a unit must be larger than 190 000 km2.
_LEAST_BLOCKS = 5


def chances_of_means(
    mosaic: Mosaic, model: Model, units: Sequence[Unit], names: Sequence[str]
) -> xr.DataArray:
    """The standard deviation over an ensemble's members of the means of units.

    Parameters
    ----------
    mosaic, model : Mosaic, Model
        What was mapped, with what.
    units : sequence of Unit
        May overlap.
    names : sequence of str
        Maps.

    Returns
    -------
    xarray.DataArray, dims (map, unit)
        In the maps' units, from a fixed sample of the mosaic; NaN for maps of no ensemble, and units that are
        too small for the sample. The mean of n members is as uncertain as this by the root of n.
    """
    import xarray as xr

    found = np.full((len(names), len(units)), np.nan)
    if model.onnx is not None and len(model.seeds) > 1:
        inside, areas = _sampled_units(mosaic, units)
        by_map = _members(mosaic, model, model.onnx)
        for row, name in enumerate(names):
            if name in by_map:
                found[row] = [_deviation(by_map[name], areas * each) for each in inside]
    return xr.DataArray(
        found, coords={"map": list(names), "unit": [unit.name for unit in units]}, dims=("map", "unit")
    )


def _sampled_units(mosaic: Mosaic, units: Sequence[Unit]) -> tuple[npt.NDArray[np.bool_], FloatArray]:
    """Whether pixels of the sample lie in units (unit, block, pixel), and their areas (block, pixel)."""
    grid, inside, areas = mosaic.grid, [], []
    for window in sample_windows(grid, _BLOCKS, _EDGE):
        labels, members = labelled(clipped(units, grid, window), grid, window)
        table = np.array([[unit in each for each in members] for unit in range(len(units))], bool)
        inside.append(table[:, labels.ravel()])
        areas.append(np.repeat(grid.pixel_area_m2(window), window.shape[1]))
    return np.stack(inside, axis=1), np.stack(areas)


def _members(mosaic: Mosaic, model: Model, onnx: bytes) -> dict[str, AnyFloats]:
    """What each member says of the sample by map (seed, block, pixel), limited as maps are; NaN: missing."""
    numbers = sampled_numbers(mosaic, _BLOCKS, _EDGE)
    blocks, bands, pixels = numbers.shape
    spectra = numbers.transpose(0, 2, 1).reshape(-1, bands)
    reflectance = as_reflectance(mosaic, spectra)
    usable = ((reflectance > 0) & (reflectance <= 1)).all(axis=1)
    whole = np.full((len(model.seeds), len(model.oxides), len(spectra)), np.nan)
    whole[..., usable] = members(session(onnx), reflectance[usable], oxides=len(model.oxides))
    by_map = limited(whole, model.oxides)
    return {name: each.reshape(-1, blocks, pixels) for name, each in by_map.items()}


@dataclass(frozen=True, slots=True)
class Members:
    """The networks of an ensemble, to be asked one by one of pixels of its mosaic; picklable.

    Attributes
    ----------
    mosaic, model : Mosaic, Model
        What is mapped, with what.
    networks : Once
        The model's session, built where it is used.
    """

    mosaic: Mosaic
    model: Model
    networks: Once[Any]

    @classmethod
    def of(cls, mosaic: Mosaic, model: Model) -> Self:
        """Those of a model that has networks."""
        return cls(mosaic, model, Once(partial(session, model.onnx or b"")))

    def __len__(self) -> int:
        """How many there are of each oxide."""
        return len(self.model.seeds)

    def __call__(self, shard: Shard, row: IntArray, col: IntArray) -> dict[str, MapCodes]:
        """The codes of each member's maps, Mg# too.

        Parameters
        ----------
        shard : Shard
            Of the mosaic.
        row, col : arrays of int, shape (n,)
            Pixels in it that are mapped.

        Returns
        -------
        dict of str to ndarray, shape (seed, n)
            By map.
        """
        numbers = self.mosaic.group.read(REFLECTANCE, shard)[:, row, col]
        reflectance = as_reflectance(self.mosaic, numbers.T)
        said = members(self.networks(), reflectance, oxides=len(self.model.oxides))
        by_map = limited(said, self.model.oxides)
        return {name: encode(values, name) for name, values in by_map.items()}


def limited(said: AnyFloats, oxides: Sequence[str]) -> dict[str, AnyFloats]:
    """What each member says by map, limited as maps are; Mg# too.

    Parameters
    ----------
    said : ndarray of float, shape (seed, oxide, n)
        By `models.members`, wt%.
    oxides : sequence of str
        In the order of the axis.

    Returns
    -------
    dict of str to ndarray, shape (seed, n)
        In the maps' units.
    """
    by_map: dict[str, AnyFloats] = {
        f"{oxide}_cnn": np.clip(said[:, row], 0.0, OXIDES[oxide].highest) for row, oxide in enumerate(oxides)
    }
    if {"mgo_cnn", "feo_cnn"} <= by_map.keys():
        by_map["mg_number"] = mg_number(by_map["mgo_cnn"], by_map["feo_cnn"])
    return by_map


def _deviation(said: AnyFloats, areas: FloatArray) -> float:
    """The deviation of means (seed, block, pixel) weighted by areas (block, pixel)."""
    known = np.isfinite(said).all(axis=0) & (areas > 0)
    if np.count_nonzero(known.any(axis=1)) < _LEAST_BLOCKS:
        return np.nan
    means = said[:, known] @ areas[known] / areas[known].sum()
    return float(means.std(ddof=1))
