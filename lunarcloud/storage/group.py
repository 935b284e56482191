"""A stored Zarr group: the only way pixels are written, and read back checked.

A shard is encoded in memory and put as one object, so neighbouring tasks can never tear a shard between
them, whatever the chunking of the data they come from. The metadata is written last, so a group is invisible
to Zarr readers until it is whole.
"""

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import xarray as xr
import zarr
from zarr.storage import MemoryStore

from lunarcloud.errors import InputError, LunarcloudError, StoreError
from lunarcloud.moon import Shard, Window
from lunarcloud.storage.coding import array_options, decode, encode, missing, object_key
from lunarcloud.storage.dataset import open_dataset, write_members
from lunarcloud.storage.digests import digest
from lunarcloud.storage.folder import Folder
from lunarcloud.storage.layout import GRID_MAPPING, Layout, Variable, coordinates, dims
from lunarcloud.storage.ledger import Entry, Ledger

#: Digest that stands for a shard without a single valid pixel: no object is stored for it.
EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Group:
    """Variables on one raster, stored shard by shard; small and picklable.

    Attributes
    ----------
    place : Folder
        The Zarr group.
    layout : Layout
        What it holds.
    ledger : Ledger
        Its finished shards.
    """

    place: Folder
    layout: Layout
    ledger: Ledger

    def write(self, shard: Shard, arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, str]:
        """Write one whole shard of every variable; it counts as finished once its `Entry` is recorded.

        Parameters
        ----------
        shard : Shard
            Which shard.
        arrays : mapping of str to array
            By variable, the stored codes of exactly the shard's pixels on the raster: (bands,) rows, cols.

        Returns
        -------
        dict of str to str
            By object of the group, the digest of its bytes; ``"empty"`` where nothing is stored.

        Raises
        ------
        InputError
            If a variable is missing or unknown, or an array has not exactly the shard's shape and type.
        """
        _require_same_names(self.layout, arrays)
        objects = {}
        for variable in self.layout.variables:
            key = object_key(variable, shard)
            data = encode(self.layout, variable, shard, arrays[variable.name])
            objects[key] = EMPTY if data is None else digest(data)
            if data is not None:
                self.place.write(key, data)
        return objects

    def read(self, name: str, shard: Shard, entry: Entry | None = None) -> npt.NDArray[Any]:
        """The codes of one shard of a variable, checked to be those that were written.

        Parameters
        ----------
        name : str
            The variable.
        shard : Shard
            Which shard.
        entry : Entry, optional
            What the ledger says of the shard, for callers who have read it already.

        Returns
        -------
        ndarray, shape (bands,) rows, cols

        Raises
        ------
        NotFoundError
            If the shard is not finished or the group has no such variable.
        StoreError
            If the object is missing, damaged or another one.
        """
        variable = self.layout.variable(name)
        key, objects = object_key(variable, shard), (entry or self.ledger.entry(shard)).objects
        if key not in objects:
            raise StoreError(f"{self.ledger.place.url}: the ledger knows nothing of {key}; repair this shard")
        if objects[key] == EMPTY:
            return missing(self.layout, variable, shard)
        data = self.place.read(key)
        if digest(data) != objects[key]:
            raise StoreError(f"{self.place.url}/{key}: {_damaged(data, objects[key])}; repair this shard")
        return decode(self.layout, variable, shard, data)

    def read_window(
        self, name: str, window: Window, entries: Mapping[Shard, Entry] | None = None
    ) -> npt.NDArray[Any]:
        """The codes of any window of a variable, put together from the shards that hold it.

        Parameters
        ----------
        name : str
            The variable.
        window : Window
            Which pixels.
        entries : mapping of Shard to Entry, optional
            What the ledger says of these shards, for callers who have read it already.

        Returns
        -------
        ndarray, shape (bands,) rows, cols

        Raises
        ------
        NotFoundError, StoreError
            As `read`.
        """
        variable = self.layout.variable(name)
        pixels = np.empty((*variable.leading, *window.shape), dtype=variable.dtype)
        for shard in self.layout.raster.shards_of(window):
            held = self.layout.raster.window(shard)
            part = self.read(name, shard, entries[shard] if entries else None)
            common = window.common(held)
            pixels[..., *common.within(window)] = part[..., *common.within(held)]
        return pixels

    def missing(self) -> list[Shard]:
        """The shards that are not finished, in the raster's order; one listing, no object is read."""
        done = self.ledger.done()
        return [shard for shard in self.layout.raster.shards() if shard not in done]

    def verify(self, shard: Shard) -> list[str]:
        """What is wrong with the stored bytes of one shard, in words; nothing is decoded.

        Returns
        -------
        list of str
            One problem an object: empty if the shard is as it was written.
        """
        try:
            objects = self.ledger.entry(shard).objects
        except LunarcloudError as error:
            return [str(error)]
        keys = [object_key(variable, shard) for variable in self.layout.variables]
        unknown = sorted(set(keys) ^ objects.keys())
        found = [f"{self.place.url}/{key}: ledger and layout do not agree on it" for key in unknown]
        problems = (self._problem(key, objects[key]) for key in keys if key in objects)
        return [*found, *(problem for problem in problems if problem)]

    def digest(self) -> str:
        """Digest of all finished shards: the same bytes give the same one, whenever and wherever computed."""
        return self.ledger.digest()

    def finish(self, attrs: Mapping[str, Any]) -> None:
        """Make the group visible, once all its shards are written: coordinates first, metadata last.

        Parameters
        ----------
        attrs : mapping
            Attributes of the group: title, source, ids, and whatever a reader should know.
        """
        finish_tree(self.place, {"": self}, attrs)

    def open(self) -> xr.Dataset:
        """The finished group lazily, decoded: missing is NaN.

        Raises
        ------
        NotFoundError
            If it is not finished.
        """
        return open_dataset(self.place)

    def _problem(self, key: str, expected: str) -> str | None:
        """What is wrong with one object, if anything is."""
        where = f"{self.place.url}/{key}"
        try:
            if expected == EMPTY:
                there = self.place.exists(key)
                return f"{where}: there is an object where the ledger says that none is" if there else None
            data = self.place.read(key)
        except LunarcloudError as error:
            return str(error)
        return None if digest(data) == expected else f"{where}: {_damaged(data, expected)}"


#: What a store holds: groups whose shards are all written, and datasets small enough to write now.
Member: TypeAlias = Group | xr.Dataset


def finish_tree(
    place: Folder,
    members: Mapping[str, Member],
    attrs: Mapping[str, Any],
    own: Mapping[str, Any] | None = None,
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
        Attributes of the root alone.
    """
    store = MemoryStore()
    # Silenced: consolidated metadata is in every Zarr v3 reader we serve, if not in the format's first text.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if "" not in members:
            zarr.create_group(store, attributes={**attrs, **(own or {})})
        for path, member in members.items():
            _describe(store, path, member, {**attrs, **(own or {})} if path == "" else attrs)
        # Last, with all groups in it: a reader finds them from the root's one object.
        zarr.consolidate_metadata(store)
    write_members(place, store)


def _describe(store: MemoryStore, path: str, member: Member, attrs: Mapping[str, Any]) -> None:
    """Put the metadata of one group, and what of it is no shard, into a store in memory."""
    if isinstance(member, xr.Dataset):
        dataset = member.assign_attrs({**attrs, **member.attrs})
        dataset.to_zarr(store, group=path, mode="a", zarr_format=3, consolidated=False)
    else:
        _describe_group(store, path, member.layout, attrs)
    zarr.consolidate_metadata(store, path=path)


def _describe_group(store: MemoryStore, path: str, layout: Layout, attrs: Mapping[str, Any]) -> None:
    coords = coordinates(layout)
    names = " ".join(str(name) for name in coords.coords if name not in coords.dims)
    # A literal group attribute makes plain xarray see the grid mapping as a coordinate.
    coords.attrs = {"Conventions": "CF-1.11", **attrs, "coordinates": names}
    plain = coords.reset_coords(drop=False)
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


def _damaged(data: bytes, expected: str) -> str:
    return f"the stored shard is damaged: its digest is {digest(data)[:12]}, the ledger says {expected[:12]}"


def _require_same_names(layout: Layout, names: Iterable[str]) -> None:
    wanted, given = {variable.name for variable in layout.variables}, set(names)
    if wanted != given:
        raise InputError(
            f"a shard is written whole: missing {sorted(wanted - given)}, unknown {sorted(given - wanted)}"
        )
