"""Process ``compare``: run against run, its equations against its networks, or a map against somebody's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
from pydantic import model_validator

from lunarcloud.archive import Gridded, instrument
from lunarcloud.engine import MemoryPlan, Session, Work
from lunarcloud.lineage import Entry, Given, Root
from lunarcloud.lineage import Source as File
from lunarcloud.maps import Run, RunCard, overview, overview_grid
from lunarcloud.models import Model
from lunarcloud.moon import FloatArray, Grid
from lunarcloud.mosaic import Mosaic
from lunarcloud.processes.findings import (
    FindingCard,
    UnitInputs,
    estimate_pass,
    finding,
    keep,
    left_out,
    stream_over,
    unit_sources,
)
from lunarcloud.processes.inputs import file, given_of, option, parent
from lunarcloud.processes.process import Estimate, Made, estimate_work
from lunarcloud.processes.records import ensemble_of, run_of
from lunarcloud.quantities import CHANCE, QUANTITIES
from lunarcloud.statistics import (
    BY_CHANCE,
    CHANCE_OF_MEAN_DIFFERENCE,
    DifferenceShard,
    GriddedSource,
    Pair,
    Source,
    Unit,
    aligned,
    chances_of_mean_differences,
    compare_maps,
    comparison_table,
    difference_layout,
    equation_against_cnn,
    is_trained,
    require_comparable,
    require_distinct,
    same_maps,
    shrunk,
    source_of,
)
from lunarcloud.storage import Folder, Group, Range, group_at, range_of

if TYPE_CHECKING:  # slow to import
    import xarray as xr
    from matplotlib.figure import Figure

_DATASET = "statistics"
# Per pixel of a shard: two maps, their difference in 32 bits, its encoding.
_TASK_BYTES_PER_PIXEL = 40
_TASK_BYTES = 64 * 2**20
# Of a map on a coarser grid: area and weighted sum of a pixel, twice while they are added; of the finer run's
# pixels, codes, quality and their doubles.
_SUM_BYTES, _FINER_BYTES_PER_PIXEL = 40, 40
_RATE = 15.0


class CompareInputs(UnitInputs):
    """Two runs, or one whose equations are compared with its networks, or a map with somebody's."""

    run: str = parent("runs", "the first run", argument=True)
    other: str | None = parent(
        "runs",
        "the second; without it, equation maps against CNN maps of the first, as in the paper's Fig. 4",
        None,
        argument=True,
    )
    grid: str | None = file(
        None,
        "somebody's map in the place of the second run: GeoTIFF, Zarr or CSV (a matrix of the whole Moon "
        "from the north pole and 180 W on, or columns lat, lon and the map), in the unit of --map",
    )
    map: str = option("feo_cnn", "which map of the run that is")
    variable: str | None = option(None, "its name in a Zarr group or table with several")
    reverse: bool = option(
        False, "subtract the other way round: CNN minus equation, second minus first, theirs minus ours"
    )

    @model_validator(mode="after")
    def _one_other(self) -> Self:
        if self.grid and self.other:
            raise ValueError(
                f"--grid {self.grid!r} stands in the place of the second run: leave {self.other!r} away"
            )
        return self


class _Side(NamedTuple):
    """One of the two: its maps, its name in words and id; of a run also that, and what it is the mean of."""

    source: Source
    name: str
    id: str
    run: Run | None = None
    ensemble: tuple[Mosaic, Model] | None = None


class _Material(NamedTuple):
    """What is compared, on the grid of a run: the coarser of both.

    Its shards are the tasks; of a finer run each reads those below it, one after the other, whose pixels are
    `finer` at most.
    """

    run: Run
    finer: int
    first: _Side
    second: _Side
    pairs: tuple[Pair, ...]
    units: tuple[Unit, ...]


def _resolve(inputs: CompareInputs, root: Root) -> tuple[Given, _Material]:
    entry, units = root.find("runs", inputs.run), inputs.chosen()
    require_distinct(units)
    run = run_of(root, entry)
    finer = 0
    ours, parents = _of_run(root, entry, inputs), {"run": entry.as_parent()}
    read = unit_sources(root, units, inputs.maria, inputs.units)
    if inputs.grid:
        map_ = Gridded(inputs.grid, inputs.variable)
        map_.require_placed()
        theirs = _of_file(map_, ours.source)
        pairs: tuple[Pair, ...] = (Pair(inputs.map, inputs.map, inputs.map),)
        read = (*read, File(url=root.relative(inputs.grid), digest=map_.digest()))
    elif inputs.other:
        found = root.find("runs", inputs.other)
        second = run_of(root, found)
        theirs = _of_run(root, found, inputs)
        if run.card.instrument != second.card.instrument:
            ours, theirs = _of_camera(ours, run), _of_camera(theirs, second)
        if _are_of_one_model(ours, theirs):
            ours, theirs = _without_chance(ours), _without_chance(theirs)
        coarse = aligned(ours.source, theirs.source)
        finer, run = _by_grid(run, second)
        ours, theirs = ours._replace(source=coarse[0]), theirs._replace(source=coarse[1])
        pairs, parents["other"] = same_maps(ours.source, theirs.source), found.as_parent()
    else:
        ours, theirs = ours._replace(name="equation"), ours._replace(name="CNN")
        pairs = equation_against_cnn(ours.source)
    if inputs.reverse:
        ours, theirs = theirs, ours
        pairs = tuple(Pair(pair.name, pair.second, pair.first) for pair in pairs)
    require_comparable(ours.source, theirs.source, pairs)
    return given_of(inputs, root, parents, read), _Material(run, finer, ours, theirs, pairs, units)


def _are_of_one_model(ours: _Side, theirs: _Side) -> bool:
    """Whether the same networks made both, off alike on both sides: most of that goes from the difference."""
    return bool(ours.ensemble and theirs.ensemble and ours.ensemble[1].id == theirs.ensemble[1].id)


def _without_chance(side: _Side) -> _Side:
    return side._replace(source=replace(side.source, networks=0), ensemble=None)


def _of_run(root: Root, entry: Entry, inputs: CompareInputs) -> _Side:
    run, ensemble = run_of(root, entry), ensemble_of(root, root.record(entry, RunCard))
    source = source_of(run, inputs.exclude, len(ensemble[1].seeds) if ensemble else 1)
    return _Side(source, f"run {run.place.name[:6]}", run.place.name, run, ensemble)


def _by_grid(run: Run, second: Run) -> tuple[int, Run]:
    """Pixels of a shard of the finer run, none where both have one grid, and the coarser run."""
    if run.grid == second.grid:
        return 0, run
    fine, coarse = (second, run) if run.grid.ppd <= second.grid.ppd else (run, second)
    return fine.card.shard_edge**2, coarse


def _of_camera(side: _Side, run: Run) -> _Side:
    """Called by its spacecraft, where the two differ in it."""
    return side._replace(name=f"{instrument(run.card.instrument).mission} {run.place.name[:6]}")


def _of_file(map_: Gridded, ours: Source) -> _Side:
    name = map_.url.rstrip("/").rpartition("/")[2]
    return _Side(GriddedSource(ours.group, ours.exclude, file=map_), name, name)


def _work(material: _Material, home: Folder) -> Work:
    sources, pairs = (material.first.source, material.second.source), material.pairs
    return Work(
        title="differences",
        group=group_at(home / "differences.zarr", difference_layout(sources[0], pairs)),
        function=DifferenceShard(*sources, pairs),
        memory=_memory(material),
        rate=_RATE / len(pairs),
    )


def _memory(material: _Material) -> MemoryPlan:
    """What a task needs: difference maps, and the sums of means on a coarser grid."""
    per_pixel = _TASK_BYTES_PER_PIXEL + 4 * len(material.pairs) + (_SUM_BYTES if material.finer else 0)
    of_finer = _FINER_BYTES_PER_PIXEL * material.finer
    return MemoryPlan(task=per_pixel * material.run.card.shard_edge**2 + of_finer + _TASK_BYTES)


def _estimate(material: _Material, home: Folder, threads: int) -> Sequence[Estimate]:
    whole = estimate_pass("compare", material.run, 2 * len(material.pairs), threads)
    return [estimate_work(_work(material, home), threads), whole]


def _make(material: _Material, home: Folder, session: Session) -> Made[FindingCard]:
    run, _, first, second, pairs, units = material
    names = [pair.name for pair in pairs]
    what = f"{first.name} minus {second.name}"
    about = {"first": first.id, "second": second.id, "difference": what}
    work = _work(material, home)
    session.compute(work)
    work.group.finish({"title": f"Difference maps, {what}", **about})
    stream = stream_over(session, "compare", run, _memory(material))
    statistics = compare_maps(first.source, second.source, pairs, units, stream=stream)
    if "beyond_chance" in statistics:
        statistics[CHANCE_OF_MEAN_DIFFERENCE] = ("pair", "unit"), _chances_of_means(material)
    statistics.attrs |= {"title": f"Comparison of lunar composition maps, {what}", **about}
    coarse = shrunk(work.group, names, overview_grid(run), stream=stream_over(session, "figures", run))
    return keep(
        home,
        facts={
            **about,
            **_resampled(material),
            "pairs": len(pairs),
            "maria": units[1].source,
            **left_out(first.source.exclude),
            **_beyond_chance(statistics, pairs),
        },
        datasets={_DATASET: statistics},
        tables={"comparison": comparison_table(statistics)},
        figures=_figures(statistics, material, coarse),
        groups=[work.group],
        ranges=_ranges(coarse, work.group, overview_grid(run)),
    )


def _ranges(coarse: Mapping[str, xr.DataArray], differences: Group, grid: Grid) -> dict[str, Range]:
    """Values of the differences as they are drawn, as far to both sides of 0."""
    from lunarcloud.figures import DIVERGING

    found: dict[str, Range] = {}
    for name, each in coarse.items():
        step = differences.layout.variable(name).attrs["scale_factor"]
        seen = range_of(each.values, grid.pixel_area_m2(), step, DIVERGING, differences.place.name)
        found |= {name: seen.both_ways()} if seen else {}
    return found


def _resampled(material: _Material) -> dict[str, str]:
    """Said of runs with two grids."""
    if not material.finer:
        return {}
    return {"grid": f"{material.run.card.ppd} pixels per degree, the finer run in means by area"}


def _chances_of_means(material: _Material) -> FloatArray:
    """What chance explains of the mean differences (pair, unit)."""
    sides, pairs = (material.first, material.second), material.pairs
    maps = [pair.first for pair in pairs], [pair.second for pair in pairs]
    return chances_of_mean_differences([side.ensemble for side in sides], maps, material.units)


def _beyond_chance(statistics: xr.Dataset, pairs: Sequence[Pair]) -> dict[str, float]:
    """How much of the Moon differs by more than chance explains, and how much would by chance alone."""
    if "beyond_chance" not in statistics:
        return {}
    known = statistics["beyond_chance"].isel(unit=0).notnull().values
    trained = [is_trained(pair.first) or is_trained(pair.second) for pair in pairs]
    number = int((known & trained).sum())
    return {
        "beyond_chance_in_any_map_per_cent": 100.0 * float(statistics["beyond_chance_of_any"][0]),
        "by_chance_alone_per_cent": 100.0 * (1.0 - (1.0 - BY_CHANCE) ** number),
    }


def _figures(
    statistics: xr.Dataset, material: _Material, coarse: Mapping[str, xr.DataArray]
) -> dict[str, Callable[[], Figure]]:
    """Pictures of the pairs that differ at all, of the same pixels as the numbers."""
    from lunarcloud.figures import draw_comparison, draw_density

    _, _, first, second, pairs, _ = material
    differ = (statistics["rmse"].isel(unit=0) > 0).values
    shown = [pair for pair, differs in zip(pairs, differ, strict=True) if differs]
    if not shown:
        return {}
    what, left = f"{first.name} minus {second.name}", " and ".join(first.source.exclude)
    title = f"{what}, without {left} pixels" if left else what
    maps = {
        f"difference_{pair.name}": _map(
            coarse[pair.name], pair, what, title, ((first, pair.first), (second, pair.second))
        )
        for pair in shown
    }
    kept = statistics.isel(pair=differ)
    return {
        "comparison": lambda: draw_comparison(kept, first.name, second.name),
        "density": lambda: draw_density(kept, first.name, second.name),
        **maps,
    }


def _map(
    difference: xr.DataArray, pair: Pair, what: str, title: str, sides: Sequence[tuple[_Side, str]]
) -> Callable[[], Figure]:
    def draw() -> Figure:
        from lunarcloud.figures import draw_difference

        label = f"{what}, {QUANTITIES[pair.first].label}"
        return draw_difference(difference, label, f"{pair.name}: {title}", _explained(difference, sides))

    return draw


def _explained(difference: xr.DataArray, sides: Sequence[tuple[_Side, str]]) -> FloatArray | None:
    """What chance explains of a difference of two maps, at the pixels of its picture."""
    variances = []
    for side, name in sides:
        if side.run and side.source.has_chance(name):
            drawn = overview(side.run)[f"{name}_{CHANCE}"]
            # Of a finer run the nearest pixel: as coarse as pictures are, its mean is no other.
            chance = drawn.sel(lat=difference["lat"], lon=difference["lon"], method="nearest").values
            variances.append(chance.astype(np.float64) ** 2 / side.source.networks)
    return np.sqrt(np.sum(variances, axis=0)) if variances else None


PROCESS = finding(
    "compare",
    "comparisons",
    CompareInputs,
    dataset=f"{_DATASET}.zarr",
    resolve=_resolve,
    estimate=_estimate,
    make=_make,
)
