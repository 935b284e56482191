"""Job ``polar``: potential mare basalt around a pole, and the maps in polar stereographic projection.

Where gravity is published under the root, the latest is drawn with the candidates' outlines.
"""

from collections.abc import Callable

from matplotlib.figure import Figure
from pydantic import Field

from lunarcloud.engine import Cluster, Group, MemoryPlan, compute, connect, remaining
from lunarcloud.figures.gravity import draw_gravity_pole
from lunarcloud.figures.polar import draw_polar
from lunarcloud.gravity import Gravity, find_gravity
from lunarcloud.jobs.common import Estimate
from lunarcloud.jobs.findings import (
    Finding,
    MariaInputs,
    estimate_pass,
    finding_place,
    fingerprint,
    keep,
    kept,
    passes,
)
from lunarcloud.maps import Run, find_run
from lunarcloud.moon import Pole, kilometres
from lunarcloud.statistics import polar
from lunarcloud.statistics.polar import FEO, HIGH_FEO, MG_NUMBER, Candidates, Rule
from lunarcloud.statistics.source import source_of
from lunarcloud.statistics.stereographic import ProjectShard, polar_layout, polar_raster
from lunarcloud.storage import Folder, Ledger, finish, folder, open_dataset, read_catalog

# Per pixel of a polar shard: positions, rows and columns as 64-bit numbers, all maps, a shard of the source.
_TASK_BYTES_PER_PIXEL = 120
_TASK_BYTES = 64 * 2**20


class PolarInputs(MariaInputs):
    """Which run, which pole, and what counts as mare basalt."""

    pole: Pole = Field(default="south", description="north or south")
    limit: float = Field(
        default=65.0, gt=0, lt=90, description="absolute latitude of the region's edge, degrees"
    )
    coverage: float = Field(
        default=0.95, gt=0, le=1, description="part of the maria's cells that counts as their composition"
    )
    feo_above: float = Field(default=15.0, ge=0, le=100, description="high FeO begins above this, wt%")
    mg_below: float = Field(default=0.60, ge=0, le=1, description="and has Mg# below this")
    pixel_m: float | None = Field(
        default=None,
        gt=0,
        description="pixel of the polar maps, m; by default as fine as the run along a meridian",
    )


def find_polar(inputs: PolarInputs, cluster: Cluster) -> Finding:
    """Find, once, potential mare basalt around a pole and project the maps there.

    Raises
    ------
    NotFoundError
        If there is no such run, or it has no maps by network.
    InputError
        If the region or the maria are not mapped.
    """
    run = find_run(folder(inputs.root), inputs.run)
    maria = inputs.mare_units()[0]
    gravity = _latest_gravity(inputs.root)
    options = inputs.model_dump(exclude={"root", "run", "maria"})
    options["gravity"] = gravity.card.id if gravity else None
    place = finding_place(run, "polar", {**options, "maria": fingerprint([maria])})
    source = source_of(run)
    source.coding(FEO), source.coding(MG_NUMBER)
    if found := kept(place):
        return found
    with connect(cluster) as client:
        with passes("polar", run, client, number=2) as stream:
            candidates = polar.find_candidates(source, maria, _rule(inputs), stream=stream)
        group = _group(place, run, inputs, candidates)
        compute(group, remaining(group), client)
    dataset = polar.to_dataset(candidates).assign_attrs(run=run.card.id)
    finish(group.place, group.layout, {"title": dataset.attrs["title"], "run": run.card.id})
    return keep(
        place,
        runs=[run],
        facts={"pole": inputs.pole, "latitude_limit": inputs.limit, "maria": maria.source},
        datasets={"candidates": dataset},
        tables={"totals": polar.totals(candidates), "groups": polar.ranked(candidates)},
        figures={
            "polar": lambda: draw_polar(open_dataset(group.place), dataset, inputs.pole),
            **_gravity_figure(gravity, group.place, inputs.pole),
        },
        written=["polar"],
    )


def _latest_gravity(root: str) -> Gravity | None:
    """The gravity to look at the candidates with, if any is published under the root."""
    place = folder(root)
    return find_gravity(place) if read_catalog(place).of("gravity") else None


def _gravity_figure(gravity: Gravity | None, maps: Folder, pole: Pole) -> dict[str, Callable[[], Figure]]:
    if gravity is None:
        return {}

    def draw() -> Figure:
        high = open_dataset(maps)["mare_basalt"] == HIGH_FEO
        return draw_gravity_pole(gravity.open(pole), pole, outlined=high)

    return {"gravity": draw}


def estimate_polar(inputs: PolarInputs) -> list[Estimate]:
    """What the search would take."""
    run = find_run(folder(inputs.root), inputs.run)
    return [estimate_pass("polar", run, 2)]


def _rule(inputs: PolarInputs) -> Rule:
    return Rule(**inputs.model_dump(include={"pole", "limit", "coverage", "feo_above", "mg_below"}))


def _group(place: Folder, run: Run, inputs: PolarInputs, candidates: Candidates) -> Group:
    source = source_of(run)
    raster = polar_raster(_rule(inputs), inputs.pixel_m or kilometres(1.0) * 1000.0 / run.card.ppd)
    edge = max(raster.shard_edge, run.card.shard_edge)
    return Group(
        title="polar maps",
        place=place / "polar.zarr",
        ledger=Ledger(place / "ledger"),
        layout=polar_layout(source, raster),
        function=ProjectShard(source, raster, candidates.classifier),
        memory=MemoryPlan(task=_TASK_BYTES_PER_PIXEL * edge**2 + _TASK_BYTES),
        rate=1.0,
    )
