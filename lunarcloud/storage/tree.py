"""A store of several Zarr groups, made visible at once."""

import warnings
from collections.abc import Mapping
from typing import Any

import xarray as xr
import zarr
from zarr.storage import MemoryStore

from lunarcloud.storage.dataset import described, ready_to_write, write_members
from lunarcloud.storage.folder import Folder
from lunarcloud.storage.georeference import georeferenced
from lunarcloud.storage.group import Member
from lunarcloud.storage.layout import GRID_MAPPING, Layout, Variable, coordinates, dims
from lunarcloud.storage.sharding import array_options


def finish_tree(
    place: Folder,
    members: Mapping[str, Member],
    attrs: Mapping[str, Any],
    own: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Make a store of several groups visible at once: everything else first, its root's metadata last.

    The root's metadata holds that of all groups, so that ``xarray.open_datatree`` needs one object to find
    them. Groups inside each other must not share dimensions of different lengths: xarray refuses such trees.

    Parameters
    ----------
    place : Folder
        The root of the store.
    members : mapping of str to Group or Dataset
        By path in the store (``""`` is its root): groups whose shards are all written, at ``place / path``;
        or whole datasets, written here.
    attrs : mapping
        Attributes of every group: title, source, ids, and whatever a reader should know.
    own : mapping, optional
        By path, attributes of single groups besides: of members, or of groups above them.
    """
    attrs, own = described(place, attrs), own or {}
    store = MemoryStore()
    # Silenced: consolidated metadata is in every Zarr v3 reader we serve, if not in the format's first text.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        above = [path for path in {"": {}, **own} if path not in members]
        for path in above:
            zarr.create_group(store, path=path, attributes={**attrs, **own.get(path, {})})
        for path, member in members.items():
            _describe(store, path, member, {**attrs, **own.get(path, {})})
        for path in filter(None, above):
            zarr.consolidate_metadata(store, path=path)
        # Last, with all groups in it: a reader finds them from the root's one object.
        zarr.consolidate_metadata(store)
    write_members(place, store)


def _describe(store: MemoryStore, path: str, member: Member, attrs: Mapping[str, Any]) -> None:
    """Put the metadata of one group, and what of it is no shard, into a store in memory."""
    if isinstance(member, xr.Dataset):
        dataset = ready_to_write(member.assign_attrs({**attrs, **member.attrs}))
        dataset.to_zarr(store, group=path, mode="a", zarr_format=3, consolidated=False)
    else:
        _describe_group(store, path, member.layout, attrs)
    zarr.consolidate_metadata(store, path=path)


def _describe_group(store: MemoryStore, path: str, layout: Layout, attrs: Mapping[str, Any]) -> None:
    coords = coordinates(layout)
    names = " ".join(str(name) for name in coords.coords if name not in coords.dims)
    # A literal group attribute makes plain xarray see the grid mapping as a coordinate.
    coords.attrs = {**georeferenced(layout.raster), **attrs, "coordinates": names}
    plain = ready_to_write(coords).reset_coords(drop=False)
    plain.to_zarr(store, group=path, mode="a", zarr_format=3, consolidated=False)
    group = zarr.open_group(store, path=path, mode="r+")
    for variable in layout.variables:
        _create_array(group, layout, variable)


def _create_array(group: zarr.Group, layout: Layout, variable: Variable) -> None:
    leading_dims = ("band",) if variable.bands else ()
    fill = {} if variable.fill is None else {"_FillValue": variable.fill}
    group.create_array(
        variable.name,
        shape=(*variable.leading, *layout.raster.shape),
        dimension_names=(*leading_dims, *dims(layout.raster)),
        attributes={**variable.attrs, **fill, "grid_mapping": GRID_MAPPING},
        **array_options(layout, variable),
    )
