"""The plan of a run: which maps a model gives of a mosaic, and what one shard of them takes."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from lunarcloud.archive import BAND_TOLERANCE_NM, MISSING, listed, same_bands
from lunarcloud.config import settings
from lunarcloud.engine import MemoryPlan, Once, Product, Work
from lunarcloud.errors import InputError
from lunarcloud.maps.intervals import IntervalShard
from lunarcloud.maps.kernel import Kernel, Networks, Scaling
from lunarcloud.maps.layout import QUALITY, flags, map_names
from lunarcloud.maps.overviews import OverviewShard
from lunarcloud.maps.poles import PolarShard
from lunarcloud.maps.store import POLES, Run, RunCard, load_run
from lunarcloud.models import Answers, HalfWidths, Model, interval_maps, network_maps, reach, session
from lunarcloud.moon import Pole, Shard
from lunarcloud.mosaic import REFLECTANCE, Mosaic
from lunarcloud.quantities import OXIDES
from lunarcloud.storage import Entry, Folder

# Per pixel of a shard, beside bands in and codes out: a map that is encoded holds itself three times over.
_TASK_BYTES_PER_PIXEL = 6
# Whatever the shard's size: the blocks that are computed, and what the networks hold meanwhile.
_TASK_BYTES = 128 * 2**20
# Around a pole: the shares of a block and what finds them; of a map that is read, codes, doubles, a mask.
_SHARES_BYTES = 320 * 2**20
_READ_BYTES_PER_PIXEL = 20
# Mpixel/s of a thread, as measured by benchmarks/whole_moon.py.
_EQUATION_RATE = 8.0
_STUDENT_RATE = 1.0
_NETWORK_RATE = 0.5
_OVERVIEW_RATE = 4.0
_POLAR_RATE = 0.3
_INTERVALS_RATE = 0.5


class MapPlan(NamedTuple):
    """A run before it starts: what is mapped, with what, and the card as far as it is known."""

    mosaic: Mosaic
    model: Model
    card: RunCard


@dataclass(frozen=True, slots=True)
class MapShard:
    """The task of one shard: all maps that a model gives of the mosaic's pixels.

    Attributes
    ----------
    mosaic : Mosaic
        What is mapped.
    model : Model
        With what.
    networks : Networks, optional
        Its networks, ready to run, where it has any.
    """

    mosaic: Mosaic
    model: Model
    networks: Networks | None

    def __call__(self, shard: Shard) -> Product:
        """The codes of all maps of one shard, and how many pixels each flag marks."""
        group = self.mosaic.group
        entry = group.ledger.entry(shard)
        kernel = _kernel(self.mosaic, self.model, self.networks)
        codes = kernel(group.read(REFLECTANCE, shard, entry))
        quality = codes[QUALITY]
        counts = {name: int(np.count_nonzero(quality & bit)) for name, bit in flags().items()}
        counts["ok"] = int(np.count_nonzero(quality == 0))
        return Product(arrays=codes, inputs=entry.objects, counts=counts)


def plan_maps(mosaic: Mosaic, model: Model) -> MapPlan:
    """Decide what maps a model gives of a mosaic.

    Parameters
    ----------
    mosaic : Mosaic
        What to map.
    model : Model
        By which equations and networks.

    Returns
    -------
    MapPlan
        Nothing is computed.

    Raises
    ------
    InputError
        If the model was made for other bands than the mosaic's (`BAND_TOLERANCE_NM`), maps an oxide that is
        not in the table, or maps nothing.
    """
    bands_nm = mosaic.instrument.wavelengths_nm
    if not same_bands(model.wavelengths_nm, bands_nm):
        raise InputError(
            f"model {model.id} was made for bands at {listed(model.wavelengths_nm)}; the mosaic of "
            f"{mosaic.instrument.title} has {listed(bands_nm)}: as many are wanted, in the same order, each "
            f"within {BAND_TOLERANCE_NM:g} nm; fit a model for these"
        )
    if unknown := [oxide for oxide in model.oxides if oxide not in OXIDES]:
        raise InputError(
            f"model {model.id} maps {', '.join(unknown)}, which this version of lunarcloud does not know; it "
            f"knows {', '.join(OXIDES)}"
        )
    maps = map_names(model.equations, network_maps(model), with_novelty=model.novelty is not None)
    intervals = interval_maps(model)
    if not maps:
        raise InputError(f"model {model.id} has neither equations nor networks: it gives no map; fit another")
    card = RunCard(
        ppd=mosaic.card.ppd,
        shard_edge=mosaic.card.shard_edge,
        maps=maps,
        intervals=intervals,
        flags=flags(),
        novelty_limit=model.novelty and model.novelty.limit,
        instrument=mosaic.card.instrument,
    )
    return MapPlan(mosaic, model, card)


def map_works(plan: MapPlan, place: Folder) -> tuple[Work, ...]:
    """What is to be computed of a run: its levels from the finest on, each made from the one before.

    Parameters
    ----------
    plan : MapPlan
        The run.
    place : Folder
        Its folder.
    """
    run, model = load_run(place, plan.card), plan.model
    pixel_bytes = [group.layout.pixel_bytes for group in (plan.mosaic.group, run.group())]
    memory = MemoryPlan(
        task=_TASK_BYTES + (_TASK_BYTES_PER_PIXEL + sum(pixel_bytes)) * run.grid.shard_edge**2
    )
    finest = Work(
        title="map",
        group=run.group(),
        function=MapShard(plan.mosaic, model, _networks(model)),
        memory=memory,
        rate=_rate(model),
    )
    overviews = (
        Work(
            title=f"overview {level}",
            group=run.group(level),
            function=OverviewShard(run.group(level - 1), run.level_grid(level)),
            memory=memory,
            rate=_OVERVIEW_RATE,
        )
        for level in range(1, run.levels)
    )
    poles = (_polar(run, pole, level) for level in range(run.polar_levels) for pole in POLES)
    intervals = (_intervals(plan, run),) if run.card.intervals else ()
    return (finest, *overviews, *poles, *intervals)


def _polar(run: Run, pole: Pole, level: int) -> Work:
    """What lies around a pole of a level, all of whose shards are there before."""
    group = run.polar(pole, level)
    # The codes of all maps of a shard, and one map of a shard of the level that is being read, as doubles.
    per_pixel = group.layout.pixel_bytes + _READ_BYTES_PER_PIXEL
    return Work(
        title=f"{pole} {level}",
        group=group,
        function=PolarShard(run.group(level), run.level_grid(level), run.polar_grid(pole, level)),
        memory=MemoryPlan(task=_SHARES_BYTES + per_pixel * run.card.shard_edge**2),
        rate=_POLAR_RATE,
    )


def _intervals(plan: MapPlan, run: Run) -> Work:
    """The half-widths: told of single pixels of the mosaic, not made from the level before."""
    # All maps are computed of these pixels, and one shard of the mosaic is held at a time.
    per_pixel = _TASK_BYTES_PER_PIXEL + sum(
        group.layout.pixel_bytes for group in (plan.mosaic.group, run.group(), run.intervals())
    )
    bands = plan.mosaic.group.layout.pixel_bytes * run.grid.shard_edge**2
    told = HalfWidths(plan.model, Once(partial(_built_session, plan.model.intervals)))
    names, grid = run.card.intervals, run.intervals_grid
    kernel = _kernel(plan.mosaic, plan.model, Networks(names, told, reach(plan.model)))
    return Work(
        title="intervals",
        group=run.intervals(),
        function=IntervalShard(plan.mosaic, grid, kernel, names),
        memory=MemoryPlan(task=_TASK_BYTES + per_pixel * grid.shard_edge**2 + bands),
        rate=_INTERVALS_RATE,
    )


def kernel_of(plan: MapPlan) -> Kernel:
    """What computes all maps of a plan from pixels of its mosaic, in this process."""
    return _kernel(plan.mosaic, plan.model, _networks(plan.model))


def completed(card: RunCard, entries: Iterable[Entry]) -> RunCard:
    """The card of a run whose shards at full resolution are all in the ledger."""
    counts: Counter[str] = Counter()
    for entry in entries:
        counts.update(entry.counts)
    return card.model_copy(update={"counts": dict(sorted(counts.items()))})


def _kernel(mosaic: Mosaic, model: Model, networks: Networks | None) -> Kernel:
    return Kernel(_scaling(mosaic), model.equations, networks=networks, stations=model.novelty)


def _networks(model: Model) -> Networks | None:
    if model.onnx is None:
        return None
    files = (model.onnx, model.student)
    answers = Answers(model, *(Once(partial(_built_session, file)) for file in files))
    return Networks(network_maps(model), answers, reach(model))


def _rate(model: Model) -> float:
    """Mpixel/s of a thread."""
    if model.onnx is None:
        return _EQUATION_RATE
    return _STUDENT_RATE if model.student else _NETWORK_RATE / len(model.seeds)


def _built_session(onnx: bytes | None) -> Any:
    # Asked for here, where it runs: a worker knows best what it has.
    return session(onnx or b"", providers=settings().providers)


def _scaling(mosaic: Mosaic) -> Scaling:
    return Scaling(mosaic.card.scaling_factor, mosaic.card.offset, MISSING)
