"""Cubes in every format, of one field that is known everywhere."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from pyproj import CRS, Transformer
from rasterio.transform import from_origin

from lunarcloud.archive import Cube, Image, Wanted, find_cubes, instrument
from lunarcloud.archive.bands import BandRow
from lunarcloud.moon import FloatArray, grid
from lunarcloud.mosaic.resample import resample

EIGHT_NM = (415.0, 750.0, 900.0, 950.0, 1001.0, 1050.0, 1250.0, 1550.0)
TABLE = tuple(BandRow(number=at, wavelength_nm=nm) for at, nm in enumerate(EIGHT_NM, start=1))
KAGUYA = Wanted(instrument("kaguya-mi"), TABLE)
GRID = grid(1)


def field(lat: FloatArray, lon: FloatArray) -> FloatArray:
    """Reflectance in eight bands, (band, ...): smooth, so that half a degree changes little."""
    shape = 0.1 + 0.02 * np.cos(np.radians(lat)) * np.sin(np.radians(lon))
    return np.stack([shape + 0.001 * band for band in range(8)])


def write_raster(
    path: Path, system: str, size: float, corner: tuple[float, float], shape: tuple[int, int], **options: Any
) -> Path:
    """A GeoTIFF, or an ISIS cube by its name, of the field in a reference system."""
    crs = CRS.from_user_input(system)
    x = corner[0] + (np.arange(shape[1]) + 0.5) * size
    y = corner[1] - (np.arange(shape[0]) + 0.5) * size
    lon, lat = Transformer.from_crs(crs, "IAU_2015:30100", always_xy=True).transform(*np.meshgrid(x, y))
    data = field(np.asarray(lat), np.asarray(lon)).astype(np.float32)
    driver = "ISIS3" if path.suffix == ".cub" else "GTiff"
    write_array(path, data, crs.to_wkt(), size, corner, driver=driver, **options)
    return path


def write_array(
    path: Path,
    data: npt.NDArray[Any],
    wkt: str | None,
    size: float,
    corner: tuple[float, float],
    driver: str = "GTiff",
    **options: Any,
) -> Path:
    """A raster of numbers (band, row, col)."""
    kind = {"dtype": data.dtype, "count": data.shape[0], "height": data.shape[1], "width": data.shape[2]}
    place = from_origin(*corner, size, size)
    with rasterio.open(path, "w", driver, crs=wkt, transform=place, **kind, **options) as stored:
        stored.write(data)
    return path


def cube_of(path: object, wanted: Wanted = KAGUYA) -> Cube:
    """The one cube of a place."""
    (found,) = find_cubes(str(path), wanted).tiles
    return found


def read(image: Image) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Reflectances of the whole Moon at a pixel a degree, and where there are any."""
    dn, _ = resample(GRID, GRID.whole, [image], image.camera)
    measured: npt.NDArray[np.bool_] = (dn != -32768).all(axis=0)
    return dn.astype(np.float64) * image.scaling_factor + image.offset, measured


def expected() -> FloatArray:
    """The field at the grid's pixels."""
    lon, lat = np.meshgrid(GRID.lon(), GRID.lat())
    return field(lat, lon)
