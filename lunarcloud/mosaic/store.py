"""A mosaic under a root: its card, its pixels, its ledger."""

from dataclasses import dataclass

import xarray as xr
from pydantic import BaseModel, ConfigDict, Field

from lunarcloud import moon
from lunarcloud.mosaic.layout import mosaic_layout
from lunarcloud.storage import Folder, Format, Layout, Ledger, crs_of, open_dataset, read_card, read_catalog


class MosaicCard(BaseModel):
    """What is known of a mosaic, stored beside it.

    Attributes
    ----------
    id : str
        Digest of what went in.
    ppd, shard_edge : int
        The grid: pixels per degree, and pixels along the edge of a shard.
    scaling_factor, offset : float
        Reflectance (fraction) = scaling_factor x DN + offset.
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

    format: Format = 1
    id: str
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
    digest: str = Field(default="", description="digest of all shards")


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
    place: Folder
    ledger: Ledger

    @property
    def grid(self) -> moon.Grid:
        """The grid of its pixels."""
        return moon.grid(self.card.ppd, self.card.shard_edge)

    @property
    def layout(self) -> Layout:
        """What the group holds."""
        return mosaic_layout(self.grid, scaling_factor=self.card.scaling_factor, offset=self.card.offset)

    def open(self) -> xr.Dataset:
        """The mosaic as a lazy dataset: ``reflectance`` (band, lat, lon), missing is NaN."""
        return open_dataset(self.place)


def mosaic_group(root: Folder, mosaic_id: str) -> tuple[Folder, Ledger]:
    """Where the pixels and the ledger of a mosaic are."""
    return root / f"mosaic/{mosaic_id}.zarr", Ledger(root / f"mosaic/{mosaic_id}.ledger")


def find_mosaic(root: Folder, name: str = "latest") -> Mosaic:
    """A published mosaic.

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
    GeometryError
        If its coordinate reference system is not of the Moon.
    """
    mosaic_id = read_catalog(root).find("mosaic", name).id
    place, ledger = mosaic_group(root, mosaic_id)
    # Anything may lie under a root that others can write to: a wrong sphere would shift every pixel.
    moon.require_moon(crs_of(place), source=place.url)
    return Mosaic(mosaic_card(root, mosaic_id), place, ledger)


def mosaic_card(root: Folder, mosaic_id: str) -> MosaicCard:
    """The card of a mosaic; errors as `read_card`."""
    return read_card(root / "mosaic", f"{mosaic_id}.json", MosaicCard)
