"""What a sharded Zarr group holds: variables on one raster, with their CF attributes and coordinates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lunarcloud.errors import GeometryError, NotFoundError
from lunarcloud.moon import GEOGRAPHIC, Grid, PolarGrid, Raster, lunar_crs

if TYPE_CHECKING:  # slow to import, and what finds everything done makes no tables or arrays
    import xarray as xr

#: Name of the scalar variable that carries the coordinate reference system.
GRID_MAPPING = "crs"

# Each is a task, an object and an entry of a ledger: nobody is served by more.
_MOST_SHARDS = 100_000

_LATITUDE = {"standard_name": "latitude", "long_name": "latitude", "units": "degrees_north", "axis": "Y"}
_LONGITUDE = {"standard_name": "longitude", "long_name": "longitude", "units": "degrees_east", "axis": "X"}
_NORTHING = {
    "standard_name": "projection_y_coordinate",
    "long_name": "northing, polar stereographic",
    "units": "m",
    "axis": "Y",
}
_EASTING = {
    "standard_name": "projection_x_coordinate",
    "long_name": "easting, polar stereographic",
    "units": "m",
    "axis": "X",
}


@dataclass(frozen=True, slots=True)
class Bands:
    """The leading axis of a multispectral variable."""

    names: tuple[str, ...]
    wavelengths_nm: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One array of a group.

    Attributes
    ----------
    name : str
        Name of the array.
    dtype : str
        Numpy type of the stored codes, such as ``int16``.
    fill : int or float, optional
        Code of a missing pixel; None where no pixel can be missing, as in flags.
    attrs : mapping
        CF attributes: units, long_name, scale_factor, add_offset and others.
    bands : Bands, optional
        A leading axis before (row, col).
    """

    name: str
    dtype: str
    fill: float | None
    attrs: Mapping[str, Any] = field(default_factory=dict)
    bands: Bands | None = None

    @property
    def leading(self) -> tuple[int, ...]:
        """Shape before the rows and columns: empty, or the number of bands."""
        return (len(self.bands.names),) if self.bands else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The variables of one group, all on one raster.

    Raises
    ------
    GeometryError
        If the raster has far too many shards, before anything lists them.
    """

    raster: Raster
    variables: tuple[Variable, ...]

    def __post_init__(self) -> None:
        """Refuse a raster that would take all memory by its shards' names alone."""
        raster, (down, across) = self.raster, self.raster.shard_shape
        if down * across > _MOST_SHARDS:
            raise GeometryError(
                f"{raster.n_rows} x {raster.n_cols} pixels in shards of {raster.shard_edge} x "
                f"{raster.shard_edge} are {down * across} shards, more than {_MOST_SHARDS}: give larger "
                "shards, or coarser pixels"
            )

    @property
    def pixel_bytes(self) -> int:
        """Bytes of one pixel of all variables, before compression."""
        return sum(
            int(np.prod(variable.leading)) * np.dtype(variable.dtype).itemsize for variable in self.variables
        )

    def variable(self, name: str) -> Variable:
        """The variable of a name.

        Raises
        ------
        NotFoundError
            If there is none, naming those there are.
        """
        by_name = {variable.name: variable for variable in self.variables}
        if name not in by_name:
            raise NotFoundError(f"there is no variable {name!r}, only {', '.join(by_name)}")
        return by_name[name]


def dims(raster: Raster) -> tuple[str, str]:
    """Names of the rows' and the columns' dimension."""
    return ("y", "x") if isinstance(raster, PolarGrid) else ("lat", "lon")


def coordinates(layout: Layout) -> xr.Dataset:
    """The coordinate variables of a layout with their CF attributes, ready to be written."""
    import xarray as xr

    raster = layout.raster
    variables: dict[str, xr.Variable] = {}
    if isinstance(raster, PolarGrid):
        variables["y"] = _axis("y", raster.y(), _NORTHING)
        variables["x"] = _axis("x", raster.x(), _EASTING)
        variables[GRID_MAPPING] = grid_mapping(raster.crs_code)
    elif isinstance(raster, Grid):
        variables["lat"] = _axis("lat", raster.lat(), _LATITUDE)
        variables["lon"] = _axis("lon", raster.lon(), _LONGITUDE)
        variables[GRID_MAPPING] = grid_mapping(GEOGRAPHIC)
    for variable in layout.variables:
        if variable.bands:
            variables |= _band_axis(variable.bands)
    return xr.Dataset(coords=variables)


def grid_mapping(code: str) -> xr.Variable:
    """The CF grid-mapping variable of a lunar coordinate reference system, with its WKT2."""
    import xarray as xr
    from pyproj.enums import WktVersion

    crs = lunar_crs(code)
    attrs = {
        key: value
        for key, value in crs.to_cf().items()
        # pyproj writes an unbounded ellipsoid term for spheres; JSON knows no infinity.
        if not (isinstance(value, float) and not np.isfinite(value))
    }
    attrs["crs_wkt"] = crs.to_wkt(WktVersion.WKT2_2019)
    attrs["spatial_ref"] = attrs["crs_wkt"]
    attrs["authority"] = code
    attrs["long_name"] = "coordinate reference system"
    return xr.Variable((), np.int32(0), attrs)


def _axis(name: str, values: npt.NDArray[np.float64], attrs: Mapping[str, str]) -> xr.Variable:
    import xarray as xr

    return xr.Variable((name,), values, dict(attrs))


def _band_axis(bands: Bands) -> dict[str, xr.Variable]:
    import xarray as xr

    # Numbers, not strings: every Zarr v3 reader has a type for them.
    band = {"long_name": "band number", "filters": " ".join(bands.names)}
    wavelength = {"standard_name": "radiation_wavelength", "long_name": "band centre", "units": "nm"}
    return {
        "band": xr.Variable(("band",), np.arange(1, len(bands.names) + 1, dtype=np.int16), band),
        "wavelength": xr.Variable(("band",), np.array(bands.wavelengths_nm, dtype=np.float64), wavelength),
    }
