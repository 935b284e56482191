"""The archive's tiling of the Moon: 996 tiles in rows of latitude, named by their centres."""

import csv
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from lunarcloud.archive.shipped import DATA

_VOLUMES = DATA / "clementine_tiles.csv"


class Cell(NamedTuple):
    """One tile of the scheme.

    Attributes
    ----------
    product_id : str
        Its name, such as ``UI03N003``.
    south, north : float
        Latitudes that it holds, degrees.
    west, east : float
        East longitudes that it holds, degrees, 0..360.
    """

    product_id: str
    south: float
    north: float
    west: float
    east: float


#: Latitude code, lower and upper absolute latitude (degrees) and number of tiles of the rows of a hemisphere.
ROWS = (
    (3, 0, 7, 60),
    (10, 7, 14, 60),
    (17, 14, 21, 60),
    (24, 21, 28, 60),
    (31, 28, 35, 60),
    (38, 35, 42, 36),
    (45, 42, 49, 36),
    (52, 49, 56, 36),
    (59, 56, 63, 24),
    (66, 63, 70, 24),
    (73, 70, 77, 24),
    (80, 77, 84, 12),
    (87, 84, 90, 6),
)


class Shelf(NamedTuple):
    """Where the archive keeps a tile.

    Attributes
    ----------
    product_id : str
        Its name, such as ``UI03N003``.
    volume : str
        The archive's volume, such as ``cl_4006``.
    n_bytes : int
        Bytes of its pixels, by the tiling at full resolution.
    """

    product_id: str
    volume: str
    n_bytes: int

    @property
    def pds3_path(self) -> str:
        """Its path under the archive's folder of volumes."""
        return f"{self.volume}/data/{self.product_id.lower()}.img"

    @property
    def pds4_path(self) -> str:
        """The path of its image in the PDS4 bundle, less the extension."""
        lat, lon = self.product_id[2:5].lower(), self.product_id[5:]
        return f"data/uvvis/{lat}/{lon[0]}00/uvvis_{lat}_{lon}e"


def shelves() -> tuple[Shelf, ...]:
    """Where the archive keeps its 996 image tiles, by product id: the archive's own index."""
    with _VOLUMES.open(encoding="utf-8") as lines:
        rows = csv.DictReader(line for line in lines if not line.startswith("#"))
        return tuple(Shelf(row["product_id"], row["volume"], int(row["bytes"])) for row in rows)


@lru_cache(maxsize=1)
def cells() -> tuple[Cell, ...]:
    """All 996 tiles, by product id."""
    return tuple(sorted(_cells()))


def _cells() -> Iterator[Cell]:
    for code, low, high, number in ROWS:
        width = 360 / number
        for index in range(number):
            west, east = index * width, (index + 1) * width
            # Names hold the longitude of the middle without its fraction: 37 of 37.5, but 3 of 0..6.
            centre = int(west + width / 2)
            yield Cell(f"UI{code:02d}N{centre:03d}", low, high, west, east)
            yield Cell(f"UI{code:02d}S{centre:03d}", -high, -low, west, east)
