"""Process ``compare``: run against run, or the networks of a run against its equations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from lunarcloud.engine import MemoryPlan, Session, Work
from lunarcloud.lineage import Given, Root
from lunarcloud.maps import Run, overview
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
from lunarcloud.processes.inputs import given_of, parent
from lunarcloud.processes.process import Estimate, Made, estimate_work
from lunarcloud.processes.records import run_of
from lunarcloud.quantities import QUANTITIES
from lunarcloud.statistics import (
    DifferenceShard,
    Pair,
    Reason,
    Source,
    Unit,
    cnn_against_equation,
    compare_maps,
    comparison_table,
    difference_layout,
    require_comparable,
    require_distinct,
    same_maps,
    source_of,
)
from lunarcloud.storage import Folder, Group, Ledger

if TYPE_CHECKING:  # slow to import
    import xarray as xr
    from matplotlib.figure import Figure

_DATASET = "statistics"
# Per pixel of a shard: two maps, their difference in 32 bits, its encoding.
_TASK_BYTES_PER_PIXEL = 40
_TASK_BYTES = 64 * 2**20
_RATE = 15.0


class CompareInputs(UnitInputs):
    """Two runs, or one whose networks are compared with its equations."""

    run: str = parent("runs", "the first run", argument=True)
    other: str | None = parent(
        "runs",
        "the second; without it, CNN maps against equation maps of the first",
        None,
        argument=True,
    )


class _Material(NamedTuple):
    first: Run
    second: Run
    pairs: tuple[Pair, ...]
    units: tuple[Unit, ...]
    exclude: tuple[Reason, ...]

    @property
    def sources(self) -> tuple[Source, Source]:
        """The maps of both, without what is left out."""
        return source_of(self.first, self.exclude), source_of(self.second, self.exclude)


def _resolve(inputs: CompareInputs, root: Root) -> tuple[Given, _Material]:
    first, units = root.find("runs", inputs.run), inputs.chosen()
    second = root.find("runs", inputs.other) if inputs.other else first
    require_distinct(units)
    runs = run_of(root, first), run_of(root, second)
    sources = source_of(runs[0]), source_of(runs[1])
    pairs = same_maps(*sources) if inputs.other else cnn_against_equation(sources[0])
    require_comparable(*sources, pairs)
    parents = {"run": first.as_parent()} | ({"other": second.as_parent()} if inputs.other else {})
    read = unit_sources(root, units, inputs.maria, inputs.units)
    return given_of(inputs, root, parents, read), _Material(*runs, pairs, units, inputs.exclude)


def _work(material: _Material, home: Folder) -> Work:
    sources, pairs = material.sources, material.pairs
    return Work(
        title="differences",
        group=Group(home / "differences.zarr", difference_layout(sources[0], pairs), Ledger(home / "ledger")),
        function=DifferenceShard(*sources, pairs),
        memory=MemoryPlan(
            task=(_TASK_BYTES_PER_PIXEL + 4 * len(pairs)) * material.first.card.shard_edge**2 + _TASK_BYTES
        ),
        rate=_RATE / len(pairs),
    )


def _estimate(material: _Material, home: Folder, threads: int) -> Sequence[Estimate]:
    whole = estimate_pass("compare", material.first, 2 * len(material.pairs), threads)
    return [estimate_work(_work(material, home), threads), whole]


def _make(material: _Material, home: Folder, session: Session) -> Made[FindingCard]:
    first, second, pairs, units, exclude = material
    work, ids = _work(material, home), {"first": first.place.name, "second": second.place.name}
    session.compute(work)
    work.group.finish({"title": "Difference maps", **ids})
    stream = stream_over(session, "compare", first)
    statistics = compare_maps(*material.sources, pairs, units, stream=stream)
    statistics.attrs |= ids
    return keep(
        home,
        facts={**ids, "pairs": len(pairs), "maria": units[1].source, **left_out(exclude)},
        datasets={_DATASET: statistics},
        tables={"comparison": comparison_table(statistics)},
        figures=_figures(statistics, material),
        groups=[work.group],
    )


def _figures(statistics: xr.Dataset, material: _Material) -> dict[str, Callable[[], Figure]]:
    """Pictures of the pairs that differ at all."""
    from lunarcloud.figures import draw_comparison

    first, second, pairs, *_ = material
    names = (
        ("CNN", "equation")
        if first.place.name == second.place.name
        else (f"run {first.place.name[:6]}", f"run {second.place.name[:6]}")
    )
    differ = (statistics["rmse"].isel(unit=0) > 0).values
    maps = {f"difference_{pair.name}": _difference_map(first, second, pair, names) for pair in pairs}
    drawn = {name: draw for (name, draw), shown in zip(maps.items(), differ, strict=True) if shown}
    if not drawn:
        return {}
    return {"comparison": lambda: draw_comparison(statistics.isel(pair=differ), *names), **drawn}


def _difference_map(first: Run, second: Run, pair: Pair, names: tuple[str, str]) -> Callable[[], Figure]:
    def draw() -> Figure:
        from lunarcloud.figures import draw_difference

        a, b = overview(first)[pair.first], overview(second)[pair.second]
        label, title = QUANTITIES[pair.first].label, f"{pair.name}: {names[0]} minus {names[1]}"
        return draw_difference((a - b).assign_attrs(a.attrs), f"difference, {label}", title)

    return draw


PROCESS = finding(
    "compare",
    "comparisons",
    CompareInputs,
    dataset=f"{_DATASET}.zarr",
    resolve=_resolve,
    estimate=_estimate,
    make=_make,
)
