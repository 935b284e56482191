"""Gridded maps of others: GeoTIFF, Zarr or CSV, read where they are asked for."""

from __future__ import annotations

import io
import json
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import fsspec
import numpy as np

from lunarcloud.archive.files import MAP_BYTES, TABLE_BYTES, file_digest, foreign, read_file
from lunarcloud.archive.gdal import TIFF_BEGINS, alone
from lunarcloud.errors import ArchiveError, InputError
from lunarcloud.moon import GEOGRAPHIC, FloatArray, lunar_crs, require_moon
from lunarcloud.storage import digest, explained, folder

if TYPE_CHECKING:  # slow to import
    import xarray as xr

_TIFF, _CSV = (".tif", ".tiff"), (".csv", ".csv.gz")
# Pixels of a table's grid for each row of it: rows may be missing where the map is.
_GRID_PER_ROW = 64
# What says in a Zarr group how its chunks are packed, by both formats.
_METADATA = frozenset({"zarr.json", ".zarray", ".zmetadata"})
# Degrees of a map's pixels, longitudes in either convention.
_MOST_LAT, _MOST_LON = 90.0, 360.0
#: What people call the axes.
LATITUDES, LONGITUDES = ("lat", "latitude", "y"), ("lon", "longitude", "x")


@dataclass(frozen=True, slots=True)
class Gridded:
    """Somebody's map; small and picklable, opened where it is used.

    Attributes
    ----------
    url : str
        Path or URL: a GeoTIFF, a Zarr group, or CSV. CSV is a matrix of the whole Moon, its first value at
        the north pole and 180 W, or a table with columns ``lat``, ``lon`` (degrees) and the map.
    variable : str or None
        Which of the Zarr group's arrays, or the table's columns; it may be left away where there is one.
    """

    url: str
    variable: str | None = None

    def digest(self) -> str:
        """Of all that the file, or the Zarr group, holds."""
        if self.url.lower().endswith((*_TIFF, *_CSV)):
            return file_digest(self.url)
        return content_of_group(self.url)

    def require_placed(self) -> None:
        """Refuse what is no map, or not of the Moon; errors as in `at`."""
        self.at(np.zeros(1), np.zeros(1))

    def at(self, lat: FloatArray, lon: FloatArray) -> FloatArray:
        """The map at positions: of each the pixel that holds it.

        Parameters
        ----------
        lat, lon : arrays, one shape
            Degrees, longitudes -180..180.

        Returns
        -------
        ndarray of float64
            In the map's unit; NaN where it is missing, and beyond the map.

        Raises
        ------
        InputError
            If it cannot be told what the file holds, or where on the Moon that is.
        ArchiveError
            If it is of another body.
        """
        # The box is read where it is asked for, so GDAL is to look at this one file until the end.
        with foreign(self.url, "not a map that can be read"), alone():
            opened = _opened(self)
            x, y = _projected(opened, self.url, lat, lon)
            col, row = (_pixel(opened[axis].values, along) for axis, along in (("x", x), ("y", y)))
            inside = (row >= 0) & (col >= 0)
            found = np.full(lat.shape, np.nan)
            if inside.any():
                # The box that holds all positions is read, not the whole map.
                row, col = row[inside], col[inside]
                top, left = int(row.min()), int(col.min())
                below, right = int(row.max()) + 1, int(col.max()) + 1
                self._require_held((below - top) * (right - left))
                box = opened.isel(y=slice(top, below), x=slice(left, right)).values
                found[inside] = box[row - top, col - left]
            return found

    def _require_held(self, pixels: int) -> None:
        """Refuse more pixels at once than fit in memory, in double precision."""
        if 8 * pixels > MAP_BYTES:
            raise InputError(
                f"{self.url}: {pixels} pixels at once are more than {MAP_BYTES >> 20} MiB; give a coarser map"
            )


# A process asks for one shard after the other: a table is parsed once.
@lru_cache(maxsize=2)
def _opened(map_: Gridded) -> xr.DataArray:
    """The map lazily, with dimensions ``y`` and ``x``."""
    if map_.url.lower().endswith(_TIFF):
        return _geotiff(map_.url)
    if map_.url.lower().endswith(_CSV):
        return _csv(map_.url, map_.variable)
    return _zarr(map_.url, map_.variable)


def _geotiff(url: str) -> xr.DataArray:
    import rasterio
    import rioxarray

    with explained(url, ""), fsspec.open(url, "rb") as stream:
        begins = stream.read(4)
    if begins not in TIFF_BEGINS:
        raise ArchiveError(f"{url}: not a readable GeoTIFF: it begins with {begins!r}, as none does")
    with foreign(url, "not a readable GeoTIFF"):
        with rasterio.open(url, driver="GTiff") as dataset:
            subdatasets = dataset.subdatasets
        # Opened by their names, which may be of any file.
        if subdatasets:
            raise ArchiveError(f"{url}: {len(subdatasets)} images in one file; give a file of one")
        opened: Any = rioxarray.open_rasterio(url, mask_and_scale=True, driver="GTiff")
    if opened.sizes["band"] != 1:
        raise InputError(
            f"{url}: {opened.sizes['band']} bands; a map has one: cut it out with gdal_translate -b NUMBER"
        )
    found: xr.DataArray = opened.isel(band=0, drop=True)
    return found


def _zarr(url: str, variable: str | None) -> xr.DataArray:
    import xarray as xr

    require_no_pickle(url)
    try:
        with warnings.catch_warnings():
            # A store without consolidated metadata is slower to open, no more.
            warnings.simplefilter("ignore", RuntimeWarning)
            group = xr.open_zarr(url, chunks=None)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{url}: neither GeoTIFF (.tif), CSV (.csv) nor a Zarr group: {error}") from error
    maps = {str(name): array for name, array in group.data_vars.items() if array.ndim == 2}
    found = maps[_chosen(url, variable, tuple(maps))]
    axes = {"y": LATITUDES, "x": LONGITUDES}
    named = {str(dim): axis for axis, names in axes.items() for dim in found.dims if str(dim) in names}
    if len(named) != 2:
        dims = ", ".join(map(str, found.dims))
        raise InputError(f"{url}: {found.name} has dimensions {dims}; lat and lon, or y and x, are wanted")
    renamed: xr.DataArray = found.rename(named).transpose("y", "x")
    return renamed


def content_of_group(url: str) -> str:
    """Digest of all that a Zarr group holds."""
    held = folder(url)
    return digest("".join(f"{key} {digest(held.read(key))}" for key in sorted(held.keys())).encode())


def require_no_pickle(url: str) -> None:
    """Refuse a Zarr group whose chunks would be unpickled, which may run anything, already by opening it."""
    held = folder(url)
    for key in sorted(held.keys()):
        # Read and written again, so that no letter hides behind an escape.
        if key.rpartition("/")[2] in _METADATA and "pickle" in json.dumps(json.loads(held.read(key))):
            raise ArchiveError(f"{url}/{key}: arrays of pickled objects are not read; store numbers")


def _csv(url: str, variable: str | None) -> xr.DataArray:
    import pandas as pd
    import xarray as xr

    data = read_file(url, TABLE_BYTES).data
    if b"lat" not in data.partition(b"\n")[0]:
        return _matrix(url, data)
    table = pd.read_csv(io.BytesIO(data))
    names = [str(name) for name in table]
    axes = [next((name for name in known if name in names), None) for known in (LATITUDES, LONGITUDES)]
    if None in axes:
        raise InputError(f"{url}: columns {', '.join(names)}; lat and lon are wanted, beside the map")
    column = _chosen(url, variable, tuple(name for name in names if name not in axes))
    cells = table[axes[0]].nunique() * table[axes[1]].nunique()
    # Rows of positions all over the place would make a matrix of their number squared.
    if cells > _GRID_PER_ROW * len(table):
        raise InputError(f"{url}: {len(table)} rows are no grid: they have {cells} pairs of lat and lon")
    square = table.pivot(index=axes[0], columns=axes[1], values=column)
    coords = {"y": square.index.to_numpy(), "x": square.columns.to_numpy()}
    return xr.DataArray(square.to_numpy(), coords=coords, dims=("y", "x"))


def _matrix(url: str, data: bytes) -> xr.DataArray:
    import xarray as xr

    try:
        values = np.genfromtxt(io.BytesIO(data), delimiter=",", ndmin=2)
    except ValueError as error:
        raise InputError(f"{url}: not a matrix of numbers: {error}") from error
    rows, cols = values.shape
    if cols != 2 * rows:
        raise InputError(
            f"{url}: {rows} x {cols} numbers are not the whole Moon, which is twice as wide as high; give a "
            "table with lat and lon instead"
        )
    step = 180.0 / rows
    lat, lon = 90.0 - (np.arange(rows) + 0.5) * step, (np.arange(cols) + 0.5) * step - 180.0
    return xr.DataArray(values, coords={"y": lat, "x": lon}, dims=("y", "x"))


def _chosen(url: str, variable: str | None, names: tuple[str, ...]) -> str:
    if variable is None and len(names) == 1:
        return names[0]
    if variable not in names:
        asked = "which one is it" if variable is None else f"not {variable!r}"
        held = ", ".join(sorted(names)) or "no map"
        raise InputError(f"{url} has {held}: {asked}? --variable NAME says so")
    return variable


def _projected(
    opened: xr.DataArray, url: str, lat: FloatArray, lon: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Positions in the map's own coordinates."""
    import rioxarray  # noqa: F401 - gives arrays their .rio
    from pyproj import CRS, Transformer

    crs = None if opened.rio.crs is None else require_moon(CRS.from_wkt(opened.rio.crs.to_wkt()), source=url)
    if crs is None or crs.is_geographic:
        x, y = opened["x"].values, opened["y"].values
        _require_degrees(url, x, y, "no coordinate reference system" if crs is None else crs.name)
        # Some count longitudes from 0 to 360.
        west = float(x.min()) - abs(float(x[1] - x[0])) / 2.0
        return np.where(lon < west, lon + 360.0, lon), lat
    to_own = Transformer.from_crs(lunar_crs(GEOGRAPHIC), crs, always_xy=True)
    found: tuple[FloatArray, FloatArray] = to_own.transform(lon, lat)
    return found


def _require_degrees(url: str, x: FloatArray, y: FloatArray, system: str) -> None:
    """Refuse coordinates that are no latitudes and longitudes."""
    farthest = float(np.abs(x).max()), float(np.abs(y).max())
    if farthest[0] <= _MOST_LON and farthest[1] <= _MOST_LAT:
        return
    swapped = farthest[0] <= _MOST_LAT and farthest[1] <= _MOST_LON
    hint = "latitudes and longitudes are swapped" if swapped else "they may be metres"
    raise InputError(
        f"{url}: {system}, and coordinates that are no degrees ({farthest[0]:g} across, {farthest[1]:g} "
        f"down): {hint}; write the right system or coordinates into it, with gdal_translate -a_srs or -a_ullr"
    )


def _pixel(centres: FloatArray, along: FloatArray) -> Any:
    """Which pixel of an axis holds each place; -1 where none does."""
    step = (centres[-1] - centres[0]) / (centres.size - 1)
    if not np.allclose(np.diff(centres), step, rtol=1e-3):
        raise InputError("the map's pixels are not equally spaced")
    # Counted from the outer edge of the first pixel, and the last one holds its own outer edge.
    place = (along - centres[0]) / step + 0.5
    number = np.minimum(np.floor(place), centres.size - 1)
    return np.where((place >= 0) & (place <= centres.size), number, -1).astype(np.int64)
