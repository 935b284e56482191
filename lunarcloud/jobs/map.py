"""Job ``map``: a model over a mosaic becomes a published run of maps."""

import json
from collections import Counter
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, Field

from lunarcloud.engine import Cluster
from lunarcloud.jobs.common import Estimate, compute_groups, estimate, versions
from lunarcloud.jobs.stac import in_stac, publish_stac
from lunarcloud.maps import MapPlan, Run, RunCard, find_run, level_name, multiscales, plan_maps
from lunarcloud.models import find_model
from lunarcloud.mosaic import Mosaic, find_mosaic
from lunarcloud.storage import Entry, Published, digest, finish, folder, publish, read_catalog


class MapInputs(BaseModel):
    """What to map, with what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    root: str = Field(min_length=1, description="folder or URL under which everything lives")
    model: str = Field(default="latest", description="id of a model under the root, or a built-in one")
    mosaic: str = Field(default="latest", description="id of a mosaic under the root")


class MapResult(BaseModel):
    """What a run made."""

    model_config = ConfigDict(frozen=True)

    run: str
    mosaic: str
    model: str
    url: str
    shards_computed: int
    maps: tuple[str, ...]
    counts: dict[str, int] = Field(description="pixels by what their quality says")


def map_oxides(inputs: MapInputs, cluster: Cluster) -> MapResult:
    """Compute what is not there yet of the maps of a mosaic by a model, and publish them.

    Raises
    ------
    NotFoundError
        If the mosaic or the model is not there.
    InputError
        If the model was made for other bands.
    StoreError
        If the root cannot be written, or a shard of the mosaic is damaged.
    """
    mosaic, plan, model_id = _plan(inputs)
    root = folder(inputs.root)
    if plan.id in {entry.id for entry in read_catalog(root).of("run")}:
        run = find_run(root, plan.id)
        if not in_stac(root, run):  # its publisher was stopped just before
            publish_stac(root, run)
        return _result(run, 0)
    root.require_writable()
    started = datetime.now(UTC)
    number = compute_groups(plan.groups, cluster)
    _finish(plan, mosaic.card.id, model_id)
    card = _card(inputs, plan, mosaic, model_id, started)
    # The first of several who finish the same run says when that was.
    plan.place.create("run.json", card.model_dump_json(indent=1).encode())
    made_from = {"mosaic": mosaic.card.id, "model": model_id}
    _draw(Run(card, plan.place))
    publish(root, Published(kind="run", id=plan.id, path=f"runs/{plan.id}/maps.zarr", inputs=made_from))
    run = find_run(root, plan.id)
    publish_stac(root, run)
    return _result(run, number)


def estimate_map(inputs: MapInputs) -> list[Estimate]:
    """What a run would take."""
    return [estimate(group) for group in _plan(inputs)[1].groups]


def _plan(inputs: MapInputs) -> tuple[Mosaic, MapPlan, str]:
    root = folder(inputs.root)
    mosaic = find_mosaic(root, inputs.mosaic)
    model = find_model(root, inputs.model)
    return mosaic, plan_maps(root, mosaic, model), model.id


def _finish(plan: MapPlan, mosaic_id: str, model_id: str) -> None:
    """Write the metadata of all levels, the store's own last: it makes everything visible."""
    finest, *overviews = plan.groups
    ids = {"run": plan.id, "mosaic": mosaic_id, "model": model_id}
    attrs = {"title": "Lunar oxide maps", **ids, **multiscales(len(plan.groups))}
    within = {level_name(level): group.layout for level, group in enumerate(overviews, start=1)}
    finish(finest.place, finest.layout, attrs, within)


def _card(inputs: MapInputs, plan: MapPlan, mosaic: Mosaic, model_id: str, started: datetime) -> RunCard:
    entries = [list(group.ledger.entries().values()) for group in plan.groups]
    counts: Counter[str] = Counter()
    for entry in entries[0]:
        counts.update(entry.counts)
    return RunCard(
        id=plan.id,
        mosaic=mosaic.card.id,
        model=model_id,
        ppd=mosaic.card.ppd,
        shard_edge=mosaic.card.shard_edge,
        maps=plan.maps,
        digest=_digest(entries),
        counts=dict(sorted(counts.items())),
        versions=versions(),
        command=f"map {inputs.model_dump_json()}",
        started=started,
        finished=datetime.now(UTC),
    )


def _draw(run: Run) -> None:
    """A picture of every map, beside the maps."""
    # Slow to import, and a run that is there already draws nothing.
    from lunarcloud.figures.maps import draw_map
    from lunarcloud.figures.style import save
    from lunarcloud.jobs.findings import overview

    maps = overview(run)
    for name in run.card.maps:
        title = f"{maps[name].attrs['long_name']} · run {run.card.id}"
        save(draw_map(maps[name], title), run.place / "figures", f"{name}.png")


def _digest(entries: list[list[Entry]]) -> str:
    outputs = [[[*entry.shard, entry.outputs] for entry in level] for level in entries]
    return digest(json.dumps(outputs, sort_keys=True).encode())


def _result(run: Run, number: int) -> MapResult:
    return MapResult(
        run=run.card.id,
        mosaic=run.card.mosaic,
        model=run.card.model,
        url=run.group().url,
        shards_computed=number,
        maps=run.card.maps,
        counts=run.card.counts,
    )
