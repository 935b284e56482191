"""A mosaic in its folder: its card, its pixels, its ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from lunarcloud import moon
from lunarcloud.mosaic.layout import mosaic_layout
from lunarcloud.storage import Folder, Group, Ledger, crs_of

if TYPE_CHECKING:  # slow to import, and what finds everything done makes no tables or arrays
    import xarray as xr

#: The Zarr store of a mosaic, in the mosaic's folder.
STORE = "mosaic.zarr"


class MosaicCard(BaseModel):
    """What is known of a mosaic.

    Attributes
    ----------
    ppd, shard_edge : int
        The grid.
    scaling_factor, offset : float
        Reflectance = scaling_factor x DN + offset.
    tiles : dict of str to str
        Digest of the label by product id, for every tile used.
    missing_tiles : tuple of str
        Tiles of the archive that were not given.
    problems : tuple of (str, str)
        Files that could not be used, and why.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ppd: int
    shard_edge: int
    scaling_factor: float
    offset: float
    tiles: dict[str, str]
    missing_tiles: tuple[str, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()
    pixels: int = Field(default=0, description="pixels of the grid")
    uncovered: int = Field(default=0, description="pixels that no tile covers")
    missing: dict[str, int] = Field(
        default_factory=dict, description="values found missing, by 'product id/kind', over all bands"
    )

    @property
    def grid(self) -> moon.Grid:
        """The grid of the pixels."""
        return moon.grid(self.ppd, self.shard_edge)


@dataclass(frozen=True, slots=True)
class Mosaic:
    """A finished mosaic."""

    card: MosaicCard
    group: Group

    @property
    def grid(self) -> moon.Grid:
        """The grid of its pixels."""
        return self.card.grid

    def open(self) -> xr.Dataset:
        """The mosaic as a lazy dataset: ``reflectance`` (band, lat, lon), missing is NaN."""
        return self.group.open()


def mosaic_group(place: Folder, card: MosaicCard) -> Group:
    """The pixels of a mosaic and their ledger, in the mosaic's folder."""
    layout = mosaic_layout(card.grid, scaling_factor=card.scaling_factor, offset=card.offset)
    return Group(place / STORE, layout, Ledger(place / "ledger"))


def mosaic_attributes(place: Folder) -> dict[str, str]:
    """Attributes of the Zarr store of a mosaic; the folder is named after the mosaic."""
    return {
        "title": "Clementine UVVIS reflectance mosaic of the Moon",
        "mosaic": place.url.rsplit("/", 1)[-1],
    }


def load_mosaic(place: Folder, card: MosaicCard) -> Mosaic:
    """A finished mosaic.

    Parameters
    ----------
    place : Folder
        The mosaic's folder.
    card : MosaicCard
        What is known of it.

    Raises
    ------
    NotFoundError
        If it is not finished.
    GeometryError
        If its coordinate reference system is not of the Moon.
    """
    group = mosaic_group(place, card)
    moon.require_moon(crs_of(group.place), source=group.place.url)
    return Mosaic(card, group)
