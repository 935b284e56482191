"""Process ``map``: a model over a mosaic becomes a run of maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from math import prod
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, Self

from pydantic import model_validator

from lunarcloud.engine import MemoryPlan, Session, Work
from lunarcloud.lineage import Given, Record, Root
from lunarcloud.maps import (
    STORE,
    MapPlan,
    Run,
    RunCard,
    completed,
    drawn,
    extrapolated,
    finish_maps,
    load_run,
    map_works,
    overview_grid,
    plan_maps,
    value_range,
)
from lunarcloud.models import Model
from lunarcloud.moon import PolarGrid
from lunarcloud.processes.inputs import Inputs, given_of, option, parent
from lunarcloud.processes.process import Estimate, Made, Process, Report, content_of, estimate_work, shards_of
from lunarcloud.processes.records import model_of, mosaic_of
from lunarcloud.quantities import QUANTITIES
from lunarcloud.storage import Folder, Range

if TYPE_CHECKING:  # slow to import
    import xarray as xr

# What drawing takes of a process, measured: its libraries and pictures, the last few of which memory keeps
# for a while; and of a map, decoded and read.
_PICTURE_BYTES = 288 * 2**20
_PICTURE_BYTES_PER_PIXEL = 12
# The first of a process takes as long as a few further ones: fewer processes draw them with less work.
_PICTURES_A_TASK = 5
# The picture of all uncertainties together.
_UNCERTAINTY = "uncertainty"
# Matplotlib is not made for threads.
_ONE_PICTURE = Lock()


class MapInputs(Inputs):
    """What to map, with what."""

    model: str = parent("models", "model, or qiu2025, the paper's equations")
    mosaic: str = parent("mosaics", "mosaic to map")
    exact: bool = option(False, "ask all networks of every pixel, not the student that stands for them")
    seed: int | None = option(
        None, "map with the networks of one seed alone, as the paper did", limits={"ge": 0}
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.exact and self.seed is not None:
            raise ValueError(
                "--exact asks the networks of all seeds, --seed those of one: choose one of both"
            )
        return self


class _Material(NamedTuple):
    plan: MapPlan
    ids: dict[str, str]


def _resolve(inputs: MapInputs, root: Root) -> tuple[Given, _Material]:
    entry, chosen = root.find("mosaics", inputs.mosaic), model_of(root, inputs.model)
    parents = {"model": chosen.parent, "mosaic": entry.as_parent()}
    plan = plan_maps(mosaic_of(root, entry), _asked(chosen.model, inputs))
    return given_of(inputs, root, parents), _Material(
        plan, {role: each.ref.id for role, each in parents.items()}
    )


def _asked(model: Model, inputs: MapInputs) -> Model:
    """The model as it is to be asked."""
    if inputs.seed is not None:
        return model.of_seed(inputs.seed)
    return model.exact if inputs.exact else model


def _estimate(material: _Material, home: Folder, threads: int) -> Sequence[Estimate]:
    return [estimate_work(work, threads) for work in map_works(material.plan, home)]


def _make(material: _Material, home: Folder, session: Session) -> Made[RunCard]:
    run, works = load_run(home, material.plan.card), map_works(material.plan, home)
    session.require(_memory_of_picture(run))
    for work in works:
        if not _is_polar(work):
            session.compute(work)
    # No picture shows what is around the poles: drawn before it, none keeps workers after the last shard.
    ranges = _draw(run, session)
    for work in filter(_is_polar, works):
        session.compute(work)
    groups = [shards_of(work.group) for work in works]
    finish_maps(run, {"title": "Lunar oxide maps", "run": home.name, **material.ids})
    counted = completed(material.plan.card, groups[0].entries)
    card = counted.model_copy(update={"ranges": ranges})
    facts = {
        "ppd": str(card.ppd),
        "model": material.ids["model"],
        "maps": str(len(card.maps)),
        "instrument": card.instrument,
    }
    return Made(card, content_of(groups), groups, facts)


def _is_polar(work: Work) -> bool:
    return isinstance(work.group.layout.raster, PolarGrid)


def _draw(run: Run, session: Session) -> dict[str, Range]:
    """A picture of every map and one of how sure they are, by a few of the workers; the maps' values."""
    pixels = prod(overview_grid(run).shape)
    found_by = session.spread(
        "figures",
        _Pictures(run),
        _shares(run.card),
        pixels=lambda share: len(share) * pixels,
        memory=_memory_of_picture(run),
        place=run.place,
    )
    found = {name: each for _, ranges in found_by for name, each in ranges.items()}
    return {name: found[name] for name in (*run.card.maps, *run.card.intervals) if name in found}


def _shares(card: RunCard) -> list[tuple[str, ...]]:
    """The maps by task; those of uncertainty, which share a picture, are the first and together."""
    maps = (*card.maps, *card.intervals)
    certain, uncertain = (
        tuple(name for name in maps if (QUANTITIES[name].about is None) is is_certain)
        for is_certain in (True, False)
    )
    tasks = max(1, len(certain) // _PICTURES_A_TASK)
    shares = [certain[first::tasks] for first in range(tasks)]
    return [uncertain, *shares] if uncertain else shares


def _memory_of_picture(run: Run) -> MemoryPlan:
    read = _PICTURE_BYTES_PER_PIXEL * prod(overview_grid(run).shape)
    return MemoryPlan(task=0, process=_PICTURE_BYTES + read)


@dataclass(frozen=True)
class _Pictures:
    """Draws maps of a run, and looks at their values."""

    run: Run

    def __call__(self, names: Sequence[str]) -> dict[str, Range]:
        seen: dict[str, Range | None] = {}

        def read(name: str) -> xr.DataArray:
            data = drawn(self.run, name)
            if name not in seen:
                seen[name] = value_range(self.run, data)
            return data

        @cache
        def beyond() -> xr.DataArray | None:
            return extrapolated(self.run.card, read)

        pictures = (name if QUANTITIES[name].about is None else _UNCERTAINTY for name in names)
        with _ONE_PICTURE:
            for picture in dict.fromkeys(pictures):
                _draw_picture(self.run, picture, read, beyond)
            for name in set(names) - set(seen):
                read(name)
        return {name: found for name in names if (found := seen[name]) is not None}


def _draw_picture(
    run: Run,
    name: str,
    read: Callable[[str], xr.DataArray],
    beyond: Callable[[], xr.DataArray | None],
) -> None:
    # Slow to import, and a run that is there already draws nothing.
    from lunarcloud.figures import draw_map, draw_uncertainty, save_figure

    if name == _UNCERTAINTY:
        figure = draw_uncertainty((*run.card.maps, *run.card.intervals), read)
    else:
        shown = read(name)
        unsure = beyond() if QUANTITIES[name].by_networks else None
        figure = draw_map(shown, f"{shown.attrs['long_name']} · run {run.place.name}", beyond=unsure)
    save_figure(figure, run.place / "figures", f"{name}.png")


def _report(record: Record[RunCard], home: Folder) -> Report:
    card = record.card
    return Report(
        {
            "mosaic": record.given.parents["mosaic"].ref.id,
            "model": record.given.parents["model"].ref.id,
            "maps": " ".join(card.maps),
            "intervals": " ".join(card.intervals) or "none",
            **{f"pixels: {name.replace('_', ' ')}": f"{count:,}" for name, count in card.counts.items()},
        }
    )


PROCESS = Process(
    name="map",
    kind="runs",
    algorithm=10,
    inputs=MapInputs,
    card=RunCard,
    resolve=_resolve,
    estimate=_estimate,
    make=_make,
    open=lambda record, home: load_run(home, record.card).open(),
    report=_report,
    opens=f"{STORE}/0",
)
