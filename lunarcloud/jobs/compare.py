"""Jobs ``compare``: run against run, networks against equations, maps against Lunar Prospector."""

from collections.abc import Callable

import xarray as xr
from matplotlib.figure import Figure
from pydantic import Field

from lunarcloud.archive.lpgrs import read_prospector
from lunarcloud.engine import Cluster, Group, MemoryPlan, compute, connect, remaining
from lunarcloud.figures.comparison import (
    draw_comparison,
    draw_difference,
    draw_prospector,
    draw_prospector_maps,
)
from lunarcloud.figures.maps import SHADES
from lunarcloud.jobs.common import Estimate, estimate
from lunarcloud.jobs.findings import (
    Finding,
    RunInputs,
    UnitInputs,
    estimate_pass,
    finding_place,
    fingerprint,
    keep,
    kept,
    overview,
    passes,
)
from lunarcloud.maps import Run, find_run
from lunarcloud.statistics import comparison, prospector
from lunarcloud.statistics.comparison import DifferenceShard, Pair
from lunarcloud.statistics.source import source_of
from lunarcloud.storage import Folder, Ledger, digest, finish, folder

# Per pixel of a shard: two maps, their difference in 32 bits, its encoding.
_TASK_BYTES_PER_PIXEL = 40
_TASK_BYTES = 64 * 2**20
_RATE = 15.0
# Maps drawn beside Lunar Prospector's; all are in the scatter figure.
_MAPPED = ("feo_equation", "tio2_equation")


class CompareInputs(UnitInputs):
    """Two runs, or one whose networks are compared with its equations."""

    other: str | None = Field(
        default=None,
        description="id of the second run; without it, CNN maps against equation maps of the first",
    )


class ProspectorInputs(RunInputs):
    """A run and Lunar Prospector's table."""

    # A larger pixel counts more gamma rays: the rarer constituents are less noisy than at 2 degrees.
    lpgrs: str = Field(
        default="5deg",
        min_length=1,
        description="Lunar Prospector abundances: 2deg or 5deg (shipped), or path or URL of .tab or .csv",
    )


def compare_runs(inputs: CompareInputs, cluster: Cluster) -> Finding:
    """Compute, once, the difference maps of two runs, first minus second, and their statistics.

    Raises
    ------
    NotFoundError
        If there is no such run, or no map by network to compare with the equations.
    InputError
        If the runs are on different grids or have no map in common.
    """
    first, second = _runs(inputs)
    pairs, units = _pairs(inputs, first, second), inputs.chosen()
    comparison.require_comparable(source_of(first), source_of(second), pairs)
    place = _place(inputs, first, second)
    if found := kept(place):
        return found
    group = _group(place, first, second, pairs)
    with connect(cluster) as client:
        compute(group, remaining(group), client)
        with passes("compare", first, client) as stream:
            statistics = comparison.compare(source_of(first), source_of(second), pairs, units, stream=stream)
    finish(group.place, group.layout, {"title": "Difference maps", **_ids(first, second)})
    statistics.attrs |= _ids(first, second)
    return keep(
        place,
        runs=[first, second],
        facts={**_ids(first, second), "pairs": len(pairs), "maria": units[1].source},
        datasets={"statistics": statistics},
        tables={"comparison": comparison.table(statistics)},
        figures=_figures(statistics, first, second, pairs),
        written=["differences"],
    )


def compare_prospector(inputs: ProspectorInputs, cluster: Cluster) -> Finding:
    """Compare, once, the maps of a run with Lunar Prospector's abundances.

    Raises
    ------
    ArchiveError
        If the table cannot be used.
    NotFoundError, InputError
        If there is no such run, or it has nothing to compare.
    """
    run = find_run(folder(inputs.root), inputs.run)
    measured = read_prospector(inputs.lpgrs)
    content = {name: digest(values.tobytes()) for name, values in measured.abundance.items()}
    place = finding_place(run, "prospector", {**content, "bounds": digest(measured.min_lon.tobytes())})
    if found := kept(place):
        return found
    with connect(cluster) as client, passes("compare", run, client) as stream:
        statistics = prospector.compare_with_prospector(source_of(run), measured, stream=stream)
    statistics.attrs["run"] = run.card.id
    drawn = [str(name) for name in statistics["map"].values if str(name) in _MAPPED]
    return keep(
        place,
        runs=[run],
        facts={"pixels": measured.lat.size, "table": measured.source.rsplit("/", 1)[-1]},
        datasets={"prospector": statistics},
        tables={"comparison": prospector.table(statistics)},
        figures={
            "scatter": lambda: draw_prospector(statistics),
            **{f"map_{name}": _prospector_map(statistics, name) for name in drawn},
        },
    )


def estimate_compare(inputs: CompareInputs) -> list[Estimate]:
    """What a comparison of runs would take."""
    first, second = _runs(inputs)
    pairs = _pairs(inputs, first, second)
    group = _group(_place(inputs, first, second), first, second, pairs)
    return [estimate(group), estimate_pass("compare", first, 2 * len(pairs))]


def estimate_compare_prospector(inputs: ProspectorInputs) -> list[Estimate]:
    """What a comparison with Lunar Prospector would take."""
    run = find_run(folder(inputs.root), inputs.run)
    return [estimate_pass("compare", run, sum(n in prospector.COUNTERPART for n in source_of(run).names))]


def _runs(inputs: CompareInputs) -> tuple[Run, Run]:
    root = folder(inputs.root)
    return find_run(root, inputs.run), find_run(root, inputs.other or inputs.run)


def _pairs(inputs: CompareInputs, first: Run, second: Run) -> tuple[Pair, ...]:
    if inputs.other is None:
        return comparison.cnn_against_equation(source_of(first))
    return comparison.same_maps(source_of(first), source_of(second))


def _place(inputs: CompareInputs, first: Run, second: Run) -> Folder:
    pairs, units = _pairs(inputs, first, second), fingerprint(inputs.chosen())
    return finding_place(first, "comparisons", {"with": second.card.digest, "pairs": pairs, "units": units})


def _group(place: Folder, first: Run, second: Run, pairs: tuple[Pair, ...]) -> Group:
    edge = first.card.shard_edge
    return Group(
        title="differences",
        place=place / "differences.zarr",
        ledger=Ledger(place / "ledger"),
        layout=comparison.difference_layout(source_of(first), pairs),
        function=DifferenceShard(source_of(first), source_of(second), pairs),
        memory=MemoryPlan(task=(_TASK_BYTES_PER_PIXEL + 4 * len(pairs)) * edge**2 + _TASK_BYTES),
        rate=_RATE / len(pairs),
    )


def _ids(first: Run, second: Run) -> dict[str, str]:
    return {"first": first.card.id, "second": second.card.id}


def _figures(
    statistics: xr.Dataset, first: Run, second: Run, pairs: tuple[Pair, ...]
) -> dict[str, Callable[[], Figure]]:
    """Pictures of the pairs that differ at all."""
    alone = first.card.id == second.card.id
    names = ("CNN", "equation") if alone else (f"run {first.card.id[:6]}", f"run {second.card.id[:6]}")
    differ = (statistics["rmse"].isel(unit=0) > 0).values
    maps = {f"difference_{pair.name}": _difference_map(first, second, pair, names) for pair in pairs}
    drawn = {name: draw for (name, draw), shown in zip(maps.items(), differ, strict=True) if shown}
    if not drawn:
        return {}
    return {"comparison": lambda: draw_comparison(statistics.isel(pair=differ), *names), **drawn}


def _difference_map(first: Run, second: Run, pair: Pair, names: tuple[str, str]) -> Callable[[], Figure]:
    def draw() -> Figure:
        a, b = overview(first)[pair.first], overview(second)[pair.second]
        label = SHADES[pair.first].label
        title = f"{pair.name}: {names[0]} minus {names[1]}"
        return draw_difference((a - b).assign_attrs(a.attrs), f"difference, {label}", title)

    return draw


def _prospector_map(statistics: xr.Dataset, name: str) -> Callable[[], Figure]:
    return lambda: draw_prospector_maps(statistics, name)
