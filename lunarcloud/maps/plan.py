"""The plan of a run: which maps a model gives of a mosaic, and what one shard of them takes."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from lunarcloud.archive.tiles import MISSING
from lunarcloud.config import settings
from lunarcloud.engine import MemoryPlan, Once, Product, Work
from lunarcloud.errors import InputError
from lunarcloud.maps.kernel import Kernel, Networks, Scaling
from lunarcloud.maps.layout import FLAGS, QUALITY, map_names
from lunarcloud.maps.overviews import OverviewShard
from lunarcloud.maps.store import Run, RunCard, finish_maps
from lunarcloud.models import Model, predict, session
from lunarcloud.moon import Shard
from lunarcloud.mosaic import BANDS, REFLECTANCE, Mosaic
from lunarcloud.storage import Folder

# Per pixel of a shard: five bands in, up to eleven codes out, one of them being encoded twice over.
_TASK_BYTES_PER_PIXEL = 10 + 21 + 6
_TASK_BYTES = 128 * 2**20
# Mpixel/s of a thread, as measured by benchmarks/whole_moon.py.
_EQUATION_RATE = 8.0
_NETWORK_RATE = 0.5
_OVERVIEW_RATE = 4.0


@dataclass(frozen=True, slots=True)
class MapPlan:
    """Everything about a run before it starts: the run as it will be, and its levels from the finest on."""

    run: Run
    works: tuple[Work, ...]


@dataclass(frozen=True, slots=True)
class MapShard:
    """The task of one shard: all maps that a model gives of the mosaic's pixels.

    Attributes
    ----------
    mosaic : Mosaic
        What is mapped.
    model : Model
        With what.
    session : Once, optional
        The networks, ready to run, where the model has any.
    """

    mosaic: Mosaic
    model: Model
    session: Once[Any] | None

    def __call__(self, shard: Shard) -> Product:
        """The codes of all maps of one shard, and how many pixels each flag marks."""
        group = self.mosaic.group
        entry = group.ledger.entry(shard)
        kernel = Kernel(
            _scaling(self.mosaic),
            self.model.equations,
            networks=self._networks(),
            stations=self.model.novelty,
        )
        codes = kernel(group.read(REFLECTANCE, shard, entry))
        quality = codes[QUALITY]
        counts = {name: int(np.count_nonzero(quality & bit)) for name, bit in FLAGS.items()}
        counts["ok"] = int(np.count_nonzero(quality == 0))
        return Product(arrays=codes, inputs=entry.objects, counts=counts)

    def _networks(self) -> Networks | None:
        if self.session is None:
            return None
        return Networks(self.model.oxides, partial(predict, self.session()))


def plan_maps(place: Folder, mosaic: Mosaic, model: Model) -> MapPlan:
    """Decide what a run would do.

    Parameters
    ----------
    place : Folder
        The run's folder.
    mosaic : Mosaic
        What would be mapped.
    model : Model
        With what.

    Raises
    ------
    InputError
        If the model was made for other bands than the mosaic's.
    """
    require_same_bands(model)
    maps = map_names(model.equations, model.oxides, with_novelty=model.novelty is not None)
    run = Run(RunCard(ppd=mosaic.card.ppd, shard_edge=mosaic.card.shard_edge, maps=maps), place)
    return MapPlan(run, tuple(_works(run, mosaic, model)))


def require_same_bands(model: Model) -> None:
    """Refuse a model that was made for other bands than a mosaic's."""
    if model.wavelengths_nm != BANDS.wavelengths_nm:
        raise InputError(
            f"the model was made for bands at {model.wavelengths_nm} nm; "
            f"the mosaic has {BANDS.wavelengths_nm} nm: fit a model for these"
        )


def finished(plan: MapPlan, attrs: Mapping[str, Any]) -> Run:
    """Make the maps of a plan visible, once the shards of all levels are written.

    Parameters
    ----------
    plan : MapPlan
        What was planned and computed.
    attrs : mapping
        Attributes of every level: title, ids, and whatever a reader should know.
    """
    finish_maps(plan.run, attrs)
    counts: Counter[str] = Counter()
    for entry in plan.run.group().ledger.entries().values():
        counts.update(entry.counts)
    card = plan.run.card.model_copy(update={"counts": dict(sorted(counts.items()))})
    return Run(card, plan.run.place)


def _works(run: Run, mosaic: Mosaic, model: Model) -> Iterator[Work]:
    memory = MemoryPlan(task=_TASK_BYTES + _TASK_BYTES_PER_PIXEL * run.grid.shard_edge**2)
    yield Work(
        title="map",
        group=run.group(),
        function=MapShard(mosaic, model, _session(model)),
        memory=memory,
        rate=_NETWORK_RATE if model.onnx else _EQUATION_RATE,
    )
    for level in range(1, run.levels):
        yield Work(
            title=f"overview {level}",
            group=run.group(level),
            function=OverviewShard(run.group(level - 1), run.level_grid(level)),
            memory=memory,
            rate=_OVERVIEW_RATE,
        )


def _session(model: Model) -> Once[Any] | None:
    return None if model.onnx is None else Once(partial(_built_session, model.onnx))


def _built_session(onnx: bytes) -> Any:
    # Asked for here, where it runs: a worker knows best what it has.
    return session(onnx, providers=settings().providers)


def _scaling(mosaic: Mosaic) -> Scaling:
    return Scaling(mosaic.card.scaling_factor, mosaic.card.offset, MISSING)
