"""Cubes in Zarr groups: one array of bands, rows and columns, with its reference system."""

import json
import math
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lunarcloud.archive.cubes import PIECE_BYTES, Cube, Stored, Wanted, cube
from lunarcloud.archive.files import foreign
from lunarcloud.archive.gridded import LATITUDES, LONGITUDES, content_of_group, require_no_pickle
from lunarcloud.archive.placement import placed
from lunarcloud.errors import ArchiveError

if TYPE_CHECKING:  # slow to import
    import xarray as xr

_BANDS = ("band", "bands", "wavelength", "z")
_AXES = {"band": _BANDS, "y": LATITUDES, "x": LONGITUDES}
_WAVELENGTHS = ("wavelength", "wavelengths", "wavelength_nm")
# By the units that CF writers use.
_NANOMETRES = {"nm": 1.0, "nanometer": 1.0, "nanometers": 1.0, "um": 1000.0, "micrometer": 1000.0}


def zarr_cube(url: str, wanted: Wanted) -> Cube:
    """A cube in a Zarr group.

    Parameters
    ----------
    url : str
        Path or URL of the group, which has one array of three dimensions: bands, rows and columns.
    wanted : Wanted
        Of which camera, by which table of bands.

    Raises
    ------
    ArchiveError, GeometryError
        If there is no such array or more than one, it is of another body, has no reference system, its pixels
        are not equally spaced, or lacks a band.
    """
    with foreign(url, "not a Zarr group that can be read"):
        require_no_pickle(url)
        opened = _opened(url)
        array = _array(url, opened)
        _require_chunks(url, array)
        return cube(
            wanted,
            _stored(url, array, opened),
            source=url,
            url=url,
            storage="Zarr",
            variable=str(array.name),
            product_id=url.rstrip("/").rpartition("/")[2].removesuffix(".zarr").upper(),
            lines=array.sizes["y"],
            samples=array.sizes["x"],
            placement=placed(
                _crs(array, opened), _transform(url, array), (array.sizes["y"], array.sizes["x"]), source=url
            ),
            special=(),
            label_digest=content_of_group(url),
            note=str(opened.attrs.get("note", "")),
        )


def read_zarr(image: Cube, rows: slice, cols: slice) -> npt.NDArray[np.generic]:
    """The stored numbers of a window of a cube, (band, row, col).

    Parameters
    ----------
    image : Cube
        Which.
    rows, cols : slice
        Of its rows and columns.
    """
    with foreign(image.source, "not a readable cube"):
        array = _kept(image.url, image.label_digest)
        found: npt.NDArray[np.generic] = array.isel(y=rows, x=cols, band=list(image.places)).values
        return found


@lru_cache(maxsize=4)
def _kept(url: str, digest: str) -> "xr.DataArray":
    return _array(url, _opened(url))


def _opened(url: str) -> "xr.Dataset":
    import xarray as xr

    with warnings.catch_warnings():
        # A store without consolidated metadata is slower to open, no more.
        warnings.simplefilter("ignore", RuntimeWarning)
        opened: xr.Dataset = xr.open_zarr(url, chunks=None, mask_and_scale=False)
        return opened


def _array(url: str, opened: "xr.Dataset") -> "xr.DataArray":
    cubes = [array for array in opened.data_vars.values() if array.ndim == 3]
    if len(cubes) != 1:
        names = ", ".join(sorted(str(array.name) for array in cubes)) or "none"  # a folder lists in any order
        raise ArchiveError(f"{url}: arrays of bands, rows and columns: {names}; one is wanted")
    (array,) = cubes
    named = {str(dim): axis for axis, names in _AXES.items() for dim in array.dims if str(dim) in names}
    if sorted(named.values()) != sorted(_AXES):
        dims = ", ".join(map(str, array.dims))
        raise ArchiveError(
            f"{url}: {array.name} has dimensions {dims}; band, lat and lon, or band, y and x, are wanted"
        )
    return array.rename({dim: axis for dim, axis in named.items() if dim != axis}).transpose(*_AXES)


def _require_chunks(url: str, array: "xr.DataArray") -> None:
    """Refuse a group whose chunks do not fit in memory: each is unpacked whole."""
    chunk = array.encoding.get("chunks") or array.shape
    size = math.prod(chunk) * array.dtype.itemsize
    if size > PIECE_BYTES:
        raise ArchiveError(
            f"{url}: chunks of {' x '.join(map(str, chunk))} numbers are {size >> 20} MiB, more than "
            f"{PIECE_BYTES >> 20}; write it in smaller ones"
        )


def _stored(url: str, array: "xr.DataArray", opened: "xr.Dataset") -> Stored:
    count, attrs = array.sizes["band"], array.attrs
    scaling = float(attrs.get("scale_factor", 1.0)), float(attrs.get("add_offset", 0.0))
    fill = attrs.get("_FillValue", array.encoding.get("_FillValue"))
    return Stored(
        dtypes=[array.dtype.name] * count,
        scalings=[scaling] * count,
        nodata=[None if fill is None else float(fill)] * count,
        wavelengths_nm=_wavelengths(url, array, opened),
    )


def _wavelengths(url: str, array: "xr.DataArray", opened: "xr.Dataset") -> list[float]:
    held = {**{str(name): each for name, each in opened.variables.items()}, "band": array.coords.get("band")}
    found = next((held[name] for name in _WAVELENGTHS if name in held), None)
    if found is None or found.ndim != 1:
        return []
    unit = str(found.attrs.get("units", "nm")).lower()
    if unit not in _NANOMETRES:
        raise ArchiveError(f"{url}: wavelengths in {unit!r}; nm or um are read")
    return [float(each) * _NANOMETRES[unit] for each in found.values]


def _crs(array: "xr.DataArray", opened: "xr.Dataset") -> Any:
    from pyproj import CRS

    names = (array.attrs.get("grid_mapping", array.encoding.get("grid_mapping", "")), "spatial_ref", "crs")
    found = next((opened[name].attrs for name in names if name and name in opened.variables), {})
    text = found.get("crs_wkt") or found.get("spatial_ref")
    if not text and isinstance(array.attrs.get("proj:wkt2"), str):
        text = array.attrs["proj:wkt2"]
    return CRS.from_user_input(text if isinstance(text, str) else json.dumps(text)) if text else None


def _transform(url: str, array: "xr.DataArray") -> tuple[float, ...]:
    """From coordinates of the pixels' centres to the first pixel's outer corner, and steps."""
    (west, across), (north, down) = _axis(url, array, "x"), _axis(url, array, "y")
    return across, 0.0, west - across / 2, 0.0, down, north - down / 2


def _axis(url: str, array: "xr.DataArray", name: str) -> tuple[float, float]:
    if name not in array.coords or array.sizes[name] < 2:
        raise ArchiveError(f"{url}: {array.name} has no coordinates along {name}: of two pixels at least")
    centres = array.coords[name].values.astype(np.float64)
    step = (centres[-1] - centres[0]) / (centres.size - 1)
    if not np.allclose(np.diff(centres), step, rtol=1e-3):
        raise ArchiveError(f"{url}: the pixels along {name} are not equally spaced")
    return float(centres[0]), float(step)
