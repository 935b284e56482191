"""The plan of a run: which maps a model gives of a mosaic, and what one shard of them takes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from lunarcloud.archive.tiles import MISSING
from lunarcloud.config import settings
from lunarcloud.engine import Group, MemoryPlan, Product, Resource
from lunarcloud.errors import InputError
from lunarcloud.maps.kernel import Kernel, Networks, Scaling
from lunarcloud.maps.layout import FLAGS, QUALITY, map_names, maps_layout
from lunarcloud.maps.overviews import OverviewShard
from lunarcloud.maps.store import level_grid, level_place, levels, run_ledger, run_place
from lunarcloud.models import Model, predict, session
from lunarcloud.moon import Shard
from lunarcloud.mosaic import BANDS, REFLECTANCE, Mosaic
from lunarcloud.storage import Folder, digest, read_shard

# Part of every id: raise it when the same inputs would give other bytes.
_ALGORITHM = 2
# Per pixel of a shard: five bands in, ten maps and the flags out, one of these being encoded, twice over.
_TASK_BYTES_PER_PIXEL = 10 + 21 + 6
# Whatever the shard's size: the blocks that are computed, and what the networks hold meanwhile.
_TASK_BYTES = 128 * 2**20
# Mpixel/s of a thread, as measured by benchmarks/whole_moon.py.
_EQUATION_RATE = 8.0
_NETWORK_RATE = 0.5
_OVERVIEW_RATE = 4.0


@dataclass(frozen=True, slots=True)
class MapPlan:
    """Everything about a run before it starts.

    Attributes
    ----------
    id : str
        Digest of what goes in.
    place : Folder
        Where the run will be.
    maps : tuple of str
        The maps it will hold, without ``quality``.
    groups : tuple of Group
        One a level, from the finest on: each reads the shards of the one before it.
    """

    id: str
    place: Folder
    maps: tuple[str, ...]
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class _MapShard:
    mosaic: Mosaic
    model: Model
    session: Resource | None

    def __call__(self, shard: Shard) -> Product:
        # Mosaic and maps share the grid and its shards, so one shard in is one shard out.
        expected = self.mosaic.ledger.entry(shard).outputs[REFLECTANCE]
        stored = read_shard(self.mosaic.place, self.mosaic.layout, REFLECTANCE, shard, expected)
        kernel = Kernel(
            _scaling(self.mosaic),
            self.model.equations,
            networks=self._networks(),
            stations=self.model.novelty,
        )
        codes = kernel(stored.pixels)
        quality = codes[QUALITY]
        counts = {name: int(np.count_nonzero(quality & bit)) for name, bit in FLAGS.items()}
        counts["ok"] = int(np.count_nonzero(quality == 0))
        return Product(arrays=codes, inputs={REFLECTANCE: stored.digest}, counts=counts)

    def _networks(self) -> Networks | None:
        if self.session is None:
            return None
        return Networks(self.model.oxides, partial(predict, self.session.held()))


def plan_maps(root: Folder, mosaic: Mosaic, model: Model) -> MapPlan:
    """Decide what a run would do.

    Parameters
    ----------
    root : Folder
        Where the run would be.
    mosaic : Mosaic
        What to map.
    model : Model
        By which equations and networks.

    Returns
    -------
    MapPlan
        Nothing is computed; the same inputs give the same id.

    Raises
    ------
    InputError
        If the model was made for other bands than the mosaic's.
    """
    if model.equations.wavelengths_nm != BANDS.wavelengths_nm:
        raise InputError(
            f"model {model.id} was made for bands at {model.equations.wavelengths_nm} nm; "
            f"the mosaic has {BANDS.wavelengths_nm} nm: fit a model for these"
        )
    maps = map_names(model.equations, model.oxides, with_novelty=model.novelty is not None)
    # The mosaic's id stands for its inputs, its digest for its pixels: the same tiles ingested by another
    # version of the software may give others.
    content = [_ALGORITHM, mosaic.card.id, mosaic.card.digest, model.id]
    run_id = digest(json.dumps(content).encode())[:16]
    place = run_place(root, run_id)
    return MapPlan(run_id, place, maps, tuple(_groups(place, mosaic, model, maps)))


def _groups(place: Folder, mosaic: Mosaic, model: Model, maps: tuple[str, ...]) -> Iterator[Group]:
    store, grid = place / "maps.zarr", mosaic.grid
    memory = MemoryPlan(task=_TASK_BYTES + _TASK_BYTES_PER_PIXEL * grid.shard_edge**2)
    layout = maps_layout(grid, maps)
    sessions = _sessions(model)
    yield Group(
        title="map",
        place=store,
        ledger=run_ledger(place, 0),
        layout=layout,
        function=_MapShard(mosaic, model, sessions[0] if sessions else None),
        memory=memory,
        rate=_NETWORK_RATE if sessions else _EQUATION_RATE,
        resources=sessions,
    )
    # In the order of the levels: a group begins when the one it reads is whole.
    for level in range(1, levels(grid)):
        coarser = level_grid(grid, level)
        finer, layout = layout, maps_layout(coarser, maps)
        yield Group(
            title=f"overview {level}",
            place=level_place(store, level),
            ledger=run_ledger(place, level),
            layout=layout,
            function=OverviewShard(
                finer, level_place(store, level - 1), run_ledger(place, level - 1), coarser
            ),
            memory=memory,
            rate=_OVERVIEW_RATE,
        )


def _sessions(model: Model) -> tuple[Resource, ...]:
    if model.onnx is None:
        return ()
    build = partial(session, model.onnx, providers=settings().providers)
    return (Resource(f"networks-{model.id}", build),)


def _scaling(mosaic: Mosaic) -> Scaling:
    return Scaling(mosaic.card.scaling_factor, mosaic.card.offset, MISSING)
