"""What maps are drawn over: grey pictures of the Moon, such as LROC's wide-angle mosaic, or its shape."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from lunarcloud.archive.files import MAP_BYTES, OutsideFile, read_file
from lunarcloud.archive.gdal import opened_raster, raster_driver
from lunarcloud.archive.global_raster import first_longitude
from lunarcloud.archive.shipped import TOPOGRAPHY, place_of
from lunarcloud.archive.topography import Topography, read_topography
from lunarcloud.errors import ArchiveError

if TYPE_CHECKING:
    import rasterio


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Brightness of the surface in global pixels of equal size in degrees, in whatever unit.

    Attributes
    ----------
    name : str
        File name.
    brightness : array of float32, shape (rows, 2 * rows)
        Row 0 is the northernmost, longitude ascends to the east; missing is NaN.
    first_lon : float
        East longitude of the centre of column 0, degrees.
    digest : str
        SHA-256 of the file.
    """

    name: str
    brightness: npt.NDArray[np.float32]
    first_lon: float
    digest: str


Ground: TypeAlias = Topography | Picture


def read_ground(url: str | Path) -> Ground:
    """Read what a map may be drawn over: the shape of the Moon, or a grey picture of its surface.

    Parameters
    ----------
    url : str or Path
        Path or fsspec URL of a picture, which is a GeoTIFF of bytes or a PDS3 image with its label in the
        file, global and pixel registered; or what `lunarcloud.archive.topography.read_topography` reads.

    Raises
    ------
    ArchiveError
        For a picture that is not of the whole Moon, upside down, damaged or truncated, or as
        `read_topography` does.
    NotFoundError, StoreError
        If the file is not there or cannot be read.
    """
    place = place_of(url, TOPOGRAPHY, "topography")
    if place.lower().endswith((".img", ".tif", ".tiff")):
        picture = picture_of(read_file(place, MAP_BYTES))
        if picture is not None:
            return picture
    return read_topography(url)


def picture_of(source: OutsideFile) -> Picture | None:
    """The picture that a file holds; None if it holds something else, such as heights.

    Raises
    ------
    ArchiveError
        For a picture that cannot be used, as `read_ground` does.
    """
    driver = raster_driver(source)
    # A LOLA image begins with heights: its label is another file.
    if driver is None:
        return None
    with opened_raster(source, driver, "picture") as dataset:
        if driver == "GTiff" and dataset.dtypes[0] != "uint8":
            return None
        if dataset.count != 1:
            raise ArchiveError(f"{source.url}: {dataset.count} bands; a grey picture has one")
        first_lon = _first_longitude(dataset, source.url)
        band = dataset.read(1, masked=True).astype(np.float32).filled(np.nan)
    return Picture(name=source.name, brightness=band, first_lon=first_lon, digest=source.digest)


def _first_longitude(dataset: "rasterio.DatasetReader", place: str) -> float:
    """As `first_longitude`, but a PDS label's first column begins at a whole degree.

    Some labels count pixels from 0 and some from 1, which GDAL cannot know: it may be a pixel off.
    """
    if dataset.driver != "PDS":
        return first_longitude(dataset, place)
    half: float = 180.0 / dataset.width
    return round(first_longitude(dataset, place, slack=1.5) - half) + half
