"""A mosaic in its folder: its card, its pixels, its ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from lunarcloud import moon
from lunarcloud.archive import CLEMENTINE, Instrument, instrument
from lunarcloud.mosaic.layout import mosaic_layout
from lunarcloud.storage import Folder, Group, crs_of, group_at

if TYPE_CHECKING:  # slow to import, and what finds everything done makes no tables or arrays
    import xarray as xr

#: The Zarr store of a mosaic, in the mosaic's folder.
STORE = "mosaic.zarr"


class MosaicCard(BaseModel):
    """What is known of a mosaic.

    Attributes
    ----------
    ppd, shard_edge : int
        The grid: pixels per degree, and pixels along the edge of a shard.
    scaling_factor, offset : float
        Reflectance (fraction) = scaling_factor x DN + offset.
    instrument : str
        Which of `instruments.INSTRUMENTS` measured it.
    bands, wavelengths_nm : tuple
        Names and centres (nm) of its bands, where the instrument has none of its own.
    tiles : dict of str to str
        Digest of the label by product id, for every tile used.
    missing_tiles : tuple of str
        Tiles of the archive that were not given.
    problems : tuple of (str, str)
        Files that could not be used, and why.
    pixels, uncovered : int
        Pixels of the grid, and those of them that no tile covers.
    missing : dict of str to int
        Values found missing by ``product id/kind``, over all bands.
    digest : str
        Digest of all shards; empty until the mosaic is whole.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ppd: int
    shard_edge: int
    scaling_factor: float
    offset: float
    instrument: str = CLEMENTINE.name
    bands: tuple[str, ...] = ()
    wavelengths_nm: tuple[float, ...] = ()
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

    @property
    def camera(self) -> Instrument:
        """Who measured it, with the bands that it has."""
        return instrument(self.instrument).with_bands(self.bands, self.wavelengths_nm)


@dataclass(frozen=True, slots=True)
class Mosaic:
    """A finished mosaic.

    Attributes
    ----------
    card : MosaicCard
        What is known of it.
    place : Folder
        The Zarr group with its pixels.
    ledger : Ledger
        Its finished shards and their digests.
    """

    card: MosaicCard
    group: Group

    @property
    def grid(self) -> moon.Grid:
        """The grid of its pixels."""
        return self.card.grid

    @property
    def instrument(self) -> Instrument:
        """Who measured it."""
        return self.card.camera

    def open(self) -> xr.Dataset:
        """The mosaic as a lazy dataset: ``reflectance`` (band, lat, lon), missing is NaN."""
        return self.group.open()


def mosaic_group(place: Folder, card: MosaicCard) -> Group:
    """The pixels of a mosaic and their ledger, in the mosaic's folder."""
    layout = mosaic_layout(
        card.grid,
        scaling_factor=card.scaling_factor,
        offset=card.offset,
        instrument=card.camera,
    )
    return group_at(place / STORE, layout)


def mosaic_attributes(place: Folder, card: MosaicCard) -> dict[str, str]:
    """Attributes of the Zarr store of a mosaic.

    Parameters
    ----------
    place : Folder
        The mosaic's folder, which is named after it.
    card : MosaicCard
        What is known of it.
    """
    return {
        "title": f"{card.camera.title} reflectance mosaic of the Moon",
        "source": f"{len(card.tiles)} tiles of the {card.camera.title} mosaic's archive",
        "mosaic": place.name,
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
