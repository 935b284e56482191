"""Process ``polar``: potential mare basalt around a pole, and the maps in polar stereographic projection.

Where gravity is published under the root, the latest is drawn with the candidates' outlines. All pictures are
over shaded relief.
"""

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple

from lunarcloud.archive import read_ground, topography_digest
from lunarcloud.engine import MemoryPlan, Session, Work
from lunarcloud.lineage import Given, Root
from lunarcloud.lineage import Source as File
from lunarcloud.maps import Run, RunCard
from lunarcloud.models import Model
from lunarcloud.moon import Pole, kilometres
from lunarcloud.mosaic import Mosaic
from lunarcloud.processes.findings import (
    FindingCard,
    MariaInputs,
    estimate_pass,
    finding,
    keep,
    left_out,
    stream_over,
    unit_sources,
)
from lunarcloud.processes.inputs import OPTION, file, given_of, option, parent
from lunarcloud.processes.process import Estimate, Made
from lunarcloud.processes.records import ensemble_of, gravity_of, run_of
from lunarcloud.statistics import (
    FEO,
    HIGH_FEO,
    MG_NUMBER,
    Candidates,
    ProjectShard,
    Rule,
    Source,
    Unit,
    ask_members,
    candidate_totals,
    candidates_dataset,
    find_candidates,
    polar_layout,
    polar_raster,
    ranked_candidates,
    source_of,
    with_chance,
    with_probabilities,
)
from lunarcloud.storage import Folder, group_at, open_dataset

if TYPE_CHECKING:  # slow to import
    import xarray as xr
    from matplotlib.figure import Figure

    from lunarcloud.gravity import Gravity

_DATASET = "candidates"
# Per pixel of a polar shard: positions, rows and columns as 64-bit numbers, all maps, a shard of the source.
_TASK_BYTES_PER_PIXEL = 120
_TASK_BYTES = 64 * 2**20


class PolarInputs(MariaInputs):
    """Which run, which pole, and what counts as mare basalt."""

    pole: Pole = option("south", "pole")
    limit: float = option(
        65.0, "absolute latitude of the region's edge", unit="degrees", limits={"ge": 10, "lt": 90}
    )
    coverage: float = option(
        0.95, "part of the maria's cells that counts as their composition", limits={"gt": 0, "le": 1}
    )
    feo_above: float = option(15.0, "high FeO begins above this", unit="wt%", limits={"ge": 0, "le": 100})
    mg_below: float = option(0.60, "and has a molar Mg# below this", limits={"ge": 0, "le": 1})
    pixel_m: float | None = option(
        None,
        "pixel of the polar maps; by default as fine as the run along a meridian",
        unit="m",
        limits={"gt": 0},
        **{OPTION: "pixel"},
    )
    gravity: str | None = parent("gravity", "gravity to draw the candidates over, where any is published")
    relief: str = file(
        "lola4",
        "what is seen through the pictures: lola4 (shipped) or another topography as for gravity, as shaded "
        "relief; or a grey picture, such as LROC's WAC mosaic",
    )


class _Material(NamedTuple):
    run: Run
    source: Source
    maria: Unit
    rule: Rule
    pixel_m: float
    gravity: "Callable[[], Gravity] | None"
    relief: str
    ensemble: tuple[Mosaic, Model] | None


def _resolve(inputs: PolarInputs, root: Root) -> tuple[Given, _Material]:
    entry, maria = root.find("runs", inputs.run), inputs.mare_units()[0]
    run = run_of(root, entry)
    source = source_of(run, inputs.exclude)
    source.coding(FEO), source.coding(MG_NUMBER)
    parents, gravity = {"run": entry.as_parent()}, None
    if inputs.gravity is not None and (inputs.gravity != "latest" or "gravity" in root.recent().main):
        found = root.find("gravity", inputs.gravity)
        # Opened where it is drawn: what is there already draws nothing.
        parents["gravity"], gravity = found.as_parent(), partial(gravity_of, root, found)
    rule = Rule(**inputs.model_dump(include={"pole", "limit", "coverage", "feo_above", "mg_below"}))
    pixel_m = inputs.pixel_m or kilometres(1.0) * 1000.0 / run.card.ppd
    # Too fine a raster is refused here, before all of the run is read.
    polar_layout(source, polar_raster(rule, pixel_m))
    relief = File(url=root.relative(inputs.relief), digest=topography_digest(inputs.relief))
    sources = (*unit_sources(root, [maria], inputs.maria), relief)
    ensemble = ensemble_of(root, root.record(entry, RunCard))
    material = _Material(run, source, maria, rule, pixel_m, gravity, inputs.relief, ensemble)
    return given_of(inputs, root, parents, sources), material


def _estimate(material: _Material, home: Folder, threads: int) -> Sequence[Estimate]:
    return [estimate_pass("polar", material.run, 2, threads)]


def _make(material: _Material, home: Folder, session: Session) -> Made[FindingCard]:
    run, source, maria, rule, *_ = material
    stream = stream_over(session, "polar", run)
    candidates = find_candidates(source, maria, rule, stream=stream)
    work = _work(material, home, candidates)
    session.compute(work)
    dataset = candidates_dataset(candidates).assign_attrs(run=run.place.name)
    totals = candidate_totals(candidates)
    if material.ensemble is not None:
        votes = ask_members(source, candidates, *material.ensemble, stream=stream)
        dataset, totals = with_probabilities(dataset, candidates, votes), with_chance(totals, votes)
    work.group.finish({"title": dataset.attrs["title"], "run": run.place.name})
    home.write(f"{_DATASET}.geojson", _points(dataset))
    return keep(
        home,
        facts={
            "pole": rule.pole,
            "latitude_limit": rule.limit,
            "maria": maria.source,
            **left_out(source.exclude),
        },
        datasets={_DATASET: dataset},
        tables={"totals": totals, "groups": ranked_candidates(candidates)},
        figures=_figures(material, work.group.place, dataset),
        groups=[work.group],
    )


def _points(candidates: "xr.Dataset") -> bytes:
    """The cells of high FeO as points with all that is said of each."""
    from lunarcloud.exports import points_geojson

    said = [name for name, each in candidates.data_vars.items() if each.dims == ("candidate",)]
    cells = candidates[said].to_dataframe()
    return points_geojson(cells[cells["high_feo"]].drop(columns="high_feo"), _DATASET)


def _figures(
    material: _Material, maps: Folder, candidates: "xr.Dataset"
) -> "dict[str, Callable[[], Figure]]":
    """Pictures of the maps, of the diagram and, where there is any, of gravity below the candidates."""
    from lunarcloud.figures import draw_diagram, draw_polar

    pole, gravity = material.rule.pole, material.gravity
    relief = cache(partial(_relief, material))
    drawn = {
        "polar": lambda: draw_polar(open_dataset(maps), candidates, pole, relief()),
        "diagram": lambda: draw_diagram(candidates),
    }
    if gravity is not None:
        drawn["gravity"] = lambda: _draw_gravity(gravity().open(pole), maps, pole, relief())
    return drawn


def _draw_gravity(gravity: "xr.Dataset", maps: Folder, pole: Pole, relief: "xr.DataArray") -> "Figure":
    """Gravity below the edges of the candidates."""
    from lunarcloud.figures import draw_gravity_pole

    high = open_dataset(maps)["mare_basalt"] == HIGH_FEO
    return draw_gravity_pole(gravity, pole, outlined=high, relief=relief)


def _relief(material: _Material) -> "xr.DataArray":
    """Shaded relief of the region, or of what gravity is drawn of where that is more."""
    from lunarcloud.figures import polar_relief

    pole, limit, gravity = material.rule.pole, material.rule.limit, material.gravity
    if gravity is not None:
        limit = min(limit, gravity().card.polar_limit)
    return polar_relief(read_ground(material.relief), pole, limit)


def _work(material: _Material, home: Folder, candidates: Candidates) -> Work:
    source = material.source
    raster = polar_raster(material.rule, material.pixel_m)
    edge = max(raster.shard_edge, material.run.card.shard_edge)
    return Work(
        title="polar maps",
        group=group_at(home / "polar.zarr", polar_layout(source, raster)),
        function=ProjectShard(source, raster, candidates.classifier),
        memory=MemoryPlan(task=_TASK_BYTES_PER_PIXEL * edge**2 + _TASK_BYTES),
        rate=1.0,
    )


PROCESS = finding(
    "polar",
    "polar",
    PolarInputs,
    dataset=f"{_DATASET}.zarr",
    resolve=_resolve,
    estimate=_estimate,
    make=_make,
)
