"""The products on grids: shard by shard in the store, or whole in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from lunarcloud import moon
from lunarcloud.archive import features
from lunarcloud.engine import MemoryPlan, Product, Work
from lunarcloud.gravity import harmonics
from lunarcloud.gravity.bouguer import PRODUCTS, BouguerField, products, sample
from lunarcloud.gravity.card import GravityCard, Grids
from lunarcloud.gravity.profiles import contrasts
from lunarcloud.gravity.store import PARTS, STORE, Part, harmonics_dataset, read_field
from lunarcloud.maps import OverviewShard, levels_of
from lunarcloud.moon import GEOGRAPHIC, FloatArray, Grid, PolarGrid, Positions, Shard, Window
from lunarcloud.storage import (
    GRID_MAPPING,
    Folder,
    Group,
    Layout,
    Member,
    Variable,
    coordinates,
    dims,
    grid_mapping,
    group_at,
    write_dataset,
)

if TYPE_CHECKING:  # slow to import, and what finds everything done makes no tables or arrays
    import xarray as xr

# Codes of mGal and Eotvos: no reduction comes near the ends; the rounding is far below a model's error.
_SCALE, _FILL = 0.001, -(2**31)
# Per pixel of a shard: two angles, eight products, their codes and what encoding copies.
_TASK_BYTES_PER_PIXEL = 220
# Per squared degree: the oversampled grid of one transform.
_TASK_BYTES_PER_DEGREE = 400
_HARMONICS = "harmonics"
# All products at degree 165; at degree 1200 half of it (benchmarks/gravity.py).
_RATE = 1.0
_OVERVIEW_RATE = 4.0


def gridded(field: BouguerField, raster: Grid | PolarGrid, attrs: Mapping[str, Any]) -> xr.Dataset:
    """All products on a whole raster in memory, with coordinates: for figures and small grids.

    Parameters
    ----------
    field : BouguerField
        The reduction.
    raster : Grid or PolarGrid
        Where.
    attrs : mapping
        Attributes of the dataset.

    Returns
    -------
    xarray.Dataset
        (lat, lon) or (y, x), float64, mGal and Eotvos.
    """
    where = _positions(raster, raster.whole)
    found = sample(field, lat=where.lat, lon=where.lon)
    dataset = coordinates(Layout(raster=raster, variables=())).assign_attrs(attrs)
    return dataset.assign({name: (dims(raster), values, _attributes(name)) for name, values in found.items()})


def dh2_dataset(field: BouguerField, attrs: Mapping[str, Any]) -> xr.Dataset:
    """All products on the equally spaced Driscoll-Healy grid (DH2) of the highest degree.

    ``2 lmax + 2`` rows from 90 N (the south pole is left out) and twice as many columns from 0 E, as
    pyshtools makes it: ``SHGrid.from_array(dataset.bouguer_anomaly.values)`` reads it.
    """
    import xarray as xr

    # Points of the grid, not centres of pixels: row 0 is the pole and column 0 the prime meridian themselves.
    n_rows = 2 * field.lmax + 2
    lat, lon = 90.0 - np.arange(n_rows) * 180.0 / n_rows, np.arange(2 * n_rows) * 180.0 / n_rows
    found = products(field, harmonics.on_dh2(field.lmax))
    dataset = xr.Dataset(
        {
            name: (("lat", "lon"), values.astype(np.float32), _attributes(name))
            for name, values in found.items()
        },
        coords={
            "lat": ("lat", lat, {"standard_name": "latitude", "units": "degrees_north", "axis": "Y"}),
            "lon": ("lon", lon, {"standard_name": "longitude", "units": "degrees_east", "axis": "X"}),
            GRID_MAPPING: grid_mapping(GEOGRAPHIC),
        },
        attrs=dict(attrs),
    )
    for variable in dataset.data_vars.values():
        variable.encoding["chunks"] = (min(512, n_rows), min(512, 2 * n_rows))
    return dataset


def gravity_works(place: Folder, grids: Grids, lmax: int) -> tuple[Work, ...]:
    """What is to be computed of a reduction, after `write_harmonics`.

    Parameters
    ----------
    place : Folder
        The reduction's folder.
    grids : Grids
        Its grids.
    lmax : int
        Highest degree of any product.
    """
    return (*(_work(place, grids, lmax, part) for part in PARTS), *_overviews(place, grids))


def part_group(place: Folder, grids: Grids, part: Part) -> Group:
    """One of the gridded groups of a reduction and its ledger.

    Parameters
    ----------
    place : Folder
        The reduction's folder.
    grids : Grids
        Its grids.
    part : {"global", "north", "south"}
        Which.
    """
    return group_at(place / STORE / part, gravity_layout(_raster(grids, part)))


def level_groups(place: Folder, grids: Grids) -> dict[str, Group]:
    """The global grid and its overviews, each coarser than the one before, by name: ``global_1`` ...

    Parameters
    ----------
    place : Folder
        The reduction's folder.
    grids : Grids
        Its grids.
    """
    finest, *coarser = levels_of(grids.grid)
    rasters = {"global": finest} | {f"global_{number}": each for number, each in enumerate(coarser, 1)}
    return {name: group_at(place / STORE / name, gravity_layout(raster)) for name, raster in rasters.items()}


def write_harmonics(place: Folder, card: GravityCard, field: BouguerField) -> None:
    """Write the coefficients: every shard is made from them.

    Parameters
    ----------
    place : Folder
        The folder of the reduction.
    card : GravityCard
        For the attributes.
    field : BouguerField
        Whose coefficients.
    """
    write_dataset(place / STORE / _HARMONICS, harmonics_dataset(field, card.attributes()))


def finish_gravity(place: Folder, card: GravityCard, field: BouguerField) -> None:
    """Make a reduction visible, once all shards of its grids are written.

    Parameters
    ----------
    place : Folder
        The reduction's folder, named after it.
    card : GravityCard
        What is known of it.
    field : BouguerField
        The reduction: what is no shard is made from it here.
    """
    # Loads Zarr, which a reduction that is there already does not need.
    from lunarcloud.storage import finish_tree, multiscales

    attributes = card.attributes()
    levels = level_groups(place, card.grids)
    members: dict[str, Member] = {part: part_group(place, card.grids, part) for part in PARTS}
    members |= levels
    members["dh2"] = dh2_dataset(field, attributes)
    members["features"] = contrasts(field, features())
    members[_HARMONICS] = harmonics_dataset(field, attributes)
    rasters = {name: group.layout.raster for name, group in levels.items()}
    finish_tree(place / STORE, members, {**attributes, "gravity": place.name}, {"": multiscales(rasters)})


def _work(place: Folder, grids: Grids, lmax: int, part: Part) -> Work:
    raster = _raster(grids, part)
    edge = min(raster.shard_edge, max(raster.shape))
    memory = _TASK_BYTES_PER_PIXEL * edge**2 + _TASK_BYTES_PER_DEGREE * lmax**2
    return Work(
        title=f"gravity {part}",
        group=part_group(place, grids, part),
        function=SampleShard(place / STORE, raster),
        memory=MemoryPlan(task=memory),
        rate=_RATE,
    )


def _overviews(place: Folder, grids: Grids) -> Iterator[Work]:
    """The coarser levels of the global grid, each of means of the one before."""
    groups = level_groups(place, grids)
    for finer, coarse in pairwise(groups):
        raster = groups[coarse].layout.raster
        edge = min(raster.shard_edge, raster.n_cols)
        yield Work(
            title=f"gravity {coarse}",
            group=groups[coarse],
            function=OverviewShard(groups[finer], raster),
            memory=MemoryPlan(task=_TASK_BYTES_PER_PIXEL * edge**2),
            rate=_OVERVIEW_RATE,
        )


def gravity_layout(raster: Grid | PolarGrid) -> Layout:
    """All products on a raster, as integer codes of 0.001 mGal and 0.001 E."""
    return Layout(
        raster=raster,
        variables=tuple(
            Variable(
                name=name,
                dtype="int32",
                fill=_FILL,
                attrs={**_attributes(name), "scale_factor": _SCALE, "add_offset": 0.0},
            )
            for name in PRODUCTS
        ),
    )


@dataclass(frozen=True, slots=True)
class SampleShard:
    """One shard of the products; the coefficients are read from the store once a process.

    Attributes
    ----------
    store : Folder
        The gravity Zarr: its address travels with each task, the coefficients (6 MB at degree 600) do not.
    raster : Grid or PolarGrid
        What the shards are of.
    """

    store: Folder
    raster: Grid | PolarGrid

    def __call__(self, shard: Shard) -> Product:
        """The codes of all products on the pixels of a shard."""
        where = _positions(self.raster, self.raster.window(shard))
        found = sample(_field(self.store), lat=where.lat, lon=where.lon)
        return Product(arrays={name: _codes(values) for name, values in found.items()})


# One: a worker computes one reduction at a time, and its coefficients should not outlive it.
@lru_cache(maxsize=1)
def _field(store: Folder) -> BouguerField:
    return read_field(store)


def _codes(values: FloatArray) -> np.ndarray[Any, np.dtype[np.int32]]:
    # Rounded to the nearest: a cast alone would cut towards zero and shrink every value.
    return np.rint(values / _SCALE).astype(np.int32)


def _positions(raster: Grid | PolarGrid, window: Window) -> Positions:
    if isinstance(raster, PolarGrid):
        return raster.positions(window)
    # A column of latitudes and a row of longitudes: they meet where the positions are evaluated.
    return Positions(lat=raster.lat(window)[:, np.newaxis], lon=raster.lon(window)[np.newaxis])


def _raster(grids: Grids, part: Part) -> Grid | PolarGrid:
    if part == "global":
        return grids.grid
    # As fine at the pole as the global grid along a meridian.
    pixel_m = moon.kilometres(1.0) * 1000.0 / grids.grid.ppd
    # As large as the global ones: a shard of few pixels costs nearly as much, the transform is the same.
    return moon.polar_grid(part, limit=grids.polar_limit, pixel_m=pixel_m, shard_edge=grids.grid.shard_edge)


def _attributes(name: str) -> dict[str, str]:
    return {**PRODUCTS[name]._asdict(), "grid_mapping": GRID_MAPPING}
