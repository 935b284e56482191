"""Small parts of maps as netCDF, in their units, for whatever opens no Zarr."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lunarcloud.errors import InputError
from lunarcloud.exports.rasters import Stored, window_of
from lunarcloud.fetching import Box
from lunarcloud.moon import Grid
from lunarcloud.storage import Folder, open_small

if TYPE_CHECKING:  # slow to import
    import xarray as xr

# It is made in memory, and classic netCDF ends at 2 GiB a variable.
_MOST_BYTES = 1 << 30


def write_netcdf(
    target: Folder, key: str, stored: Stored, names: Sequence[str], box: Box | None, says: Mapping[str, str]
) -> int:
    """Write maps of a region as one file of classic netCDF, which every reader knows; its size, bytes.

    Parameters
    ----------
    target : Folder
        Where: on a disk, or in a bucket.
    key : str
        Name of the file there.
    stored : Stored
        The maps.
    names : sequence of str
        Which of them.
    box : Box, optional
        The region; without one, all of it.
    says : mapping of str to str
        What the record says of itself.

    Raises
    ------
    InputError
        If it is too large for a file of this kind.
    """
    import xarray as xr

    parts = list(_parts(stored, names, box))
    if (held := sum(each.nbytes for each in parts)) > _MOST_BYTES:
        raise InputError(
            f"{key}: {held / 2**30:.1f} GiB are too much for netCDF; give --region, --maps or a coarser "
            "--level, or take --cog"
        )
    along = parts[0][names[0]].dims[-1]
    found = xr.concat(parts, along, data_vars="minimal", coords="minimal", compat="override", join="override")
    data = bytes(_plain(found).assign_attrs(says).to_netcdf(engine="scipy", format="NETCDF3_64BIT"))
    target.write(key, data)
    return len(data)


def _parts(stored: Stored, names: Sequence[str], box: Box | None) -> Iterator[xr.Dataset]:
    """The region's maps from west to east, not read yet."""
    maps, raster = open_small(stored.place)[list(names)], stored.raster
    if box is None or not isinstance(raster, Grid):
        yield maps
        return
    for part, turn in stored.turns(window_of(raster, box)):
        rows, cols = part.slices
        cut = maps.isel(lat=rows, lon=cols)
        # Round the Moon longitudes go on rising: an axis that falls back is none.
        yield cut.assign_coords(lon=cut["lon"].copy(data=cut["lon"].values + 360.0 * turn))


def _plain(found: xr.Dataset) -> xr.Dataset:
    """Without what only Zarr has, and flags as the signed numbers that classic netCDF knows."""
    plain = found.drop_encoding()
    flags = [name for name, each in plain.variables.items() if each.dtype.kind == "u"]
    plain = plain.assign({name: plain[name].astype(np.int32) for name in flags})
    for each in plain.data_vars.values():
        # Flags that were left behind are not to be looked for.
        if each.attrs.get("ancillary_variables") not in plain:
            each.attrs.pop("ancillary_variables", None)
    for coordinate in plain.coords.values():
        coordinate.encoding["_FillValue"] = None
    return plain
