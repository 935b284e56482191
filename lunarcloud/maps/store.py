"""A run under a root: its card, its maps at every level, its ledgers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import xarray as xr
from pydantic import BaseModel, ConfigDict

from lunarcloud import moon
from lunarcloud.errors import NotFoundError
from lunarcloud.maps.layout import maps_layout
from lunarcloud.storage import Folder, Format, Layout, Ledger, open_dataset, read_card, read_catalog

_MULTISCALES = {
    "name": "multiscales",
    "uuid": "d35379db-88df-4056-af3a-620245f8e347",
    "schema_url": "https://raw.githubusercontent.com/zarr-conventions/multiscales/refs/tags/v1/schema.json",
    "spec_url": "https://github.com/zarr-conventions/multiscales/blob/v1/README.md",
    "description": "Multiscale layout of zarr datasets",
}


class RunCard(BaseModel):
    """Where the maps of a run come from, stored beside them as ``run.json``.

    Attributes
    ----------
    id : str
        Digest of what went in.
    mosaic, model : str
        Ids of the mosaic and the model.
    ppd, shard_edge : int
        The finest level's grid: pixels per degree, and pixels along the edge of a shard.
    maps : tuple of str
        Names of the maps, without ``quality``.
    digest : str
        Digest of all shards of all maps.
    counts : dict of str to int
        Pixels by what their ``quality`` says.
    versions : dict of str to str
        Software that computed it.
    command : str
        What was asked for.
    started, finished : datetime
        When.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Format = 1
    id: str
    mosaic: str
    model: str
    ppd: int
    shard_edge: int
    maps: tuple[str, ...]
    digest: str
    counts: dict[str, int]
    versions: dict[str, str]
    command: str
    started: datetime
    finished: datetime


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run.

    Attributes
    ----------
    card : RunCard
        Where its maps come from.
    place : Folder
        The folder that holds them, their ledgers and the card.
    """

    card: RunCard
    place: Folder

    @property
    def grid(self) -> moon.Grid:
        """The grid of the finest level."""
        return moon.grid(self.card.ppd, self.card.shard_edge)

    @property
    def levels(self) -> int:
        """Number of levels, the finest included."""
        return levels(self.grid)

    def layout(self, level: int = 0) -> Layout:
        """What the group of a level holds: 0 is full resolution, each further one half of it."""
        return maps_layout(level_grid(self.grid, level), self.card.maps)

    def group(self, level: int = 0) -> Folder:
        """Where the maps of a level are."""
        return level_place(self.place / "maps.zarr", level)

    def ledger(self, level: int = 0) -> Ledger:
        """The finished shards of a level."""
        return run_ledger(self.place, level)

    def open(self, level: int = 0) -> xr.Dataset:
        """The maps of a level as a lazy dataset in their units; missing is NaN; ``quality`` stays flags.

        Raises
        ------
        NotFoundError
            If the run has no such level.
        """
        if not 0 <= level < self.levels:
            raise NotFoundError(f"run {self.card.id} has levels 0 to {self.levels - 1}, not {level}")
        return open_dataset(self.group(level))


def run_place(root: Folder, run_id: str) -> Folder:
    """Where a run is."""
    return root / f"runs/{run_id}"


def run_ledger(place: Folder, level: int) -> Ledger:
    """The ledger of a level of a run."""
    return Ledger(place / f"ledger/{level}")


def level_place(maps: Folder, level: int) -> Folder:
    """The group of a level: the store itself, and ``level_1`` and so on in it."""
    return maps if level == 0 else maps / level_name(level)


def level_name(level: int) -> str:
    """Path of a level in its store."""
    return "." if level == 0 else f"level_{level}"


def multiscales(number: int) -> dict[str, Any]:
    """Attributes that tell viewers of so many levels, by the Zarr convention that GeoZarr builds on."""
    layout: list[dict[str, Any]] = [{"asset": level_name(0), "transform": _transform(1.0)}]
    layout += [
        {
            "asset": level_name(level),
            "derived_from": level_name(level - 1),
            "transform": _transform(2.0),
            "resampling_method": "average",
        }
        for level in range(1, number)
    ]
    return {"zarr_conventions": [_MULTISCALES], "multiscales": {"layout": layout}}


def _transform(factor: float) -> dict[str, list[float]]:
    """Pixel size and first corner (lat, lon), in pixels of the level it is derived from."""
    # No translation: all levels share the corner at 90 N, 180 W, though not the first pixel's centre.
    return {"scale": [factor, factor], "translation": [0.0, 0.0]}


def level_grid(grid: moon.Grid, level: int) -> moon.Grid:
    """The grid of a level."""
    # The shift halves once a level, exactly, because `levels` stops at an odd resolution.
    return moon.grid(grid.ppd >> level, grid.shard_edge)


def levels(grid: moon.Grid) -> int:
    """Number of levels: halved while the resolution is even and more than one shard is left."""
    number = 1
    # A grid has a whole number of pixels per degree, so halving ends at an odd one.
    while grid.ppd % 2 == 0 and grid.shard_shape != (1, 1):
        grid = level_grid(grid, 1)
        number += 1
    return number


def find_run(root: Folder, name: str = "latest") -> Run:
    """A published run.

    Parameters
    ----------
    root : Folder
        The root.
    name : str
        Its id, or an unmistakable beginning of it, or ``latest``.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    place = run_place(root, read_catalog(root).find("run", name).id)
    return Run(read_card(place, "run.json", RunCard), place)
