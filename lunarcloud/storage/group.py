"""A stored Zarr group: the only way pixels are written, and read back checked.

A shard is encoded in memory and put as one object, so neighbouring tasks can never tear a shard between
them, whatever the chunking of the data they come from. The metadata is written last, so a group is invisible
to Zarr readers until it is whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from lunarcloud.errors import InputError, LunarcloudError, StoreError
from lunarcloud.moon import Shard, Window
from lunarcloud.storage.coding import decode, encode, missing, object_key
from lunarcloud.storage.dataset import open_dataset
from lunarcloud.storage.digests import digest
from lunarcloud.storage.folder import Folder
from lunarcloud.storage.layout import Layout
from lunarcloud.storage.ledger import EMPTY, Entry, Ledger, ledger_beside

if TYPE_CHECKING:  # slow to import, and what finds everything done makes no tables or arrays
    import xarray as xr


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
            text = f"{self.ledger.place.url}: the ledger knows nothing of {key}"
            raise StoreError(f"{text}; {self.ledger.advice(shard)}")
        if objects[key] == EMPTY:
            return missing(self.layout, variable, shard)
        data = self.place.read(key)
        if digest(data) != objects[key]:
            text = f"{self.place.url}/{key}: {_damaged(data, objects[key])}"
            raise StoreError(f"{text}; {self.ledger.advice(shard)}")
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
        # Loads Zarr, which a finished group does not need.
        from lunarcloud.storage.tree import finish_tree

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


def group_at(place: Folder, layout: Layout) -> Group:
    """A group of a record, with the ledger that lies beside its store.

    Parameters
    ----------
    place : Folder
        The Zarr group, in a store (``*.zarr``) in the record's folder.
    layout : Layout
        What it holds.
    """
    return Group(place, layout, ledger_beside(place))


#: What a store holds: groups whose shards are all written, and datasets small enough to write now.
Member: TypeAlias = "Group | xr.Dataset"


def _damaged(data: bytes, expected: str) -> str:
    return f"the stored shard is damaged: its digest is {digest(data)[:12]}, the ledger says {expected[:12]}"


def _require_same_names(layout: Layout, names: Iterable[str]) -> None:
    wanted, given = {variable.name for variable in layout.variables}, set(names)
    if wanted != given:
        raise InputError(
            f"a shard is written whole: missing {sorted(wanted - given)}, unknown {sorted(given - wanted)}"
        )
