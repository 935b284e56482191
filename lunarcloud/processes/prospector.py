"""Process ``prospector``: the maps of a run against Lunar Prospector's abundances."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from lunarcloud.archive import Prospector, read_prospector
from lunarcloud.engine import Session
from lunarcloud.lineage import Given, Root, Source
from lunarcloud.maps import Run
from lunarcloud.processes.findings import (
    FindingCard,
    RunInputs,
    estimate_pass,
    finding,
    keep,
    left_out,
    stream_over,
)
from lunarcloud.processes.inputs import file, given_of
from lunarcloud.processes.process import Estimate, Made
from lunarcloud.processes.records import run_of
from lunarcloud.quantities import QUANTITIES, counterparts
from lunarcloud.statistics import Source as Maps
from lunarcloud.statistics import compare_with_prospector, prospector_table, source_of
from lunarcloud.storage import Folder, digest

if TYPE_CHECKING:  # slow to import
    import xarray as xr
    from matplotlib.figure import Figure

_DATASET = "prospector"


class ProspectorInputs(RunInputs):
    """A run and Lunar Prospector's table."""

    # A larger pixel counts more gamma rays: the rarer constituents are less noisy than at 2 degrees.
    lpgrs: str = file("5deg", "abundances: 2deg or 5deg (shipped), or path or URL of a PDS .tab or .csv")


class _Material(NamedTuple):
    run: Run
    source: Maps
    measured: Prospector
    table: str


def _resolve(inputs: ProspectorInputs, root: Root) -> tuple[Given, _Material]:
    entry, measured = root.find("runs", inputs.run), read_prospector(inputs.lpgrs)
    content = [name + digest(values.tobytes()) for name, values in sorted(measured.abundance.items())]
    content.append(digest(measured.min_lon.tobytes()))
    source = Source(url=root.relative(inputs.lpgrs), digest=digest("".join(content).encode()))
    given = given_of(inputs, root, {"run": entry.as_parent()}, (source,))
    run = run_of(root, entry)
    return given, _Material(run, source_of(run, inputs.exclude), measured, given.inputs["lpgrs"])


def _estimate(material: _Material, home: Folder, threads: int) -> Sequence[Estimate]:
    maps = sum(name in counterparts() for name in material.source.names)
    return [estimate_pass("prospector", material.run, maps, threads)]


def _make(material: _Material, home: Folder, session: Session) -> Made[FindingCard]:
    from lunarcloud.figures import draw_prospector

    run, source, measured, table = material
    stream = stream_over(session, "prospector", run)
    statistics = compare_with_prospector(source, measured, stream=stream)
    statistics.attrs["run"] = run.place.name
    # Those by equation are drawn beside Lunar Prospector's; all are in the scatter figure.
    compared = map(str, statistics["map"].values)
    drawn = [name for name in compared if QUANTITIES[name].method == "equation"]
    return keep(
        home,
        facts={"pixels": measured.lat.size, "table": table, **left_out(source.exclude)},
        datasets={_DATASET: statistics},
        tables={"comparison": prospector_table(statistics)},
        figures={
            "scatter": lambda: draw_prospector(statistics),
            **{f"map_{name}": _prospector_map(statistics, name) for name in drawn},
        },
    )


def _prospector_map(statistics: xr.Dataset, name: str) -> Callable[[], Figure]:
    from lunarcloud.figures import draw_prospector_maps

    return lambda: draw_prospector_maps(statistics, name)


PROCESS = finding(
    "prospector",
    "comparisons",
    ProspectorInputs,
    dataset=f"{_DATASET}.zarr",
    resolve=_resolve,
    estimate=_estimate,
    make=_make,
)
