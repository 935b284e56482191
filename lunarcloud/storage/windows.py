"""Any windows of a stored variable, of each shard only the chunks that hold them."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from lunarcloud.errors import NotFoundError
from lunarcloud.moon import Raster, Shard, Window
from lunarcloud.storage.chunks import Chunks, index_bytes
from lunarcloud.storage.coding import object_key
from lunarcloud.storage.faults import undamaged
from lunarcloud.storage.folder import Folder
from lunarcloud.storage.layout import Variable
from lunarcloud.storage.reading import again_if_damaged, require_never_stored


@dataclass(frozen=True)
class Windows:
    """A variable of a finished group, read window by window; several threads may read at a time.

    Attributes
    ----------
    place : Folder
        The Zarr group.
    raster : Raster
        Where its pixels are.
    variable : Variable
        Which of its arrays.
    """

    place: Folder
    raster: Raster
    variable: Variable
    # Of shards that were read: where their chunks are, which the next window asks for again. None of one
    # without a valid pixel.
    _known: dict[Shard, Chunks | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    def read(self, window: Window) -> npt.NDArray[Any]:
        """The codes of a window, shape (bands,) rows, cols.

        Raises
        ------
        StoreError
            If an object is damaged, or is not there although it was stored.
        """
        leading = self.variable.leading
        pixels = np.full((*leading, *window.shape), self.variable.fill or 0, self.variable.dtype)
        for shard in self.raster.shards_of(window):
            again_if_damaged(partial(self._put, shard, pixels, window))
        return pixels

    def _put(self, shard: Shard, pixels: npt.NDArray[Any], window: Window) -> None:
        key = object_key(self.variable, shard)
        with undamaged(self.place.url, self.variable.name):
            if shard not in self._known:
                self._known[shard] = self._chunks(shard, key)
            if chunks := self._known[shard]:
                chunks.put(pixels, window, partial(self.place.read, key))

    def _chunks(self, shard: Shard, key: str) -> Chunks | None:
        n_bands = int(np.prod(self.variable.leading))
        try:
            index = self.place.read(key, -index_bytes(self.raster, n_bands))
        except NotFoundError:
            require_never_stored(self.place, key)
            return None
        return Chunks.named_in(index, self.raster, shard, n_bands)
