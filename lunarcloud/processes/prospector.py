"""Process ``prospector``: the maps of a run against Lunar Prospector's abundances."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from lunarcloud.archive import BEST, Prospector, read_prospectors
from lunarcloud.engine import Session
from lunarcloud.lineage import Given, Root, Source
from lunarcloud.maps import Run
from lunarcloud.processes.findings import (
    Exclude,
    FindingCard,
    RunInputs,
    estimate_pass,
    exclusion,
    finding,
    keep,
    left_out,
    stream_over,
)
from lunarcloud.processes.inputs import file, given_of
from lunarcloud.processes.process import Estimate, Made
from lunarcloud.processes.records import run_of
from lunarcloud.quantities import counterparts
from lunarcloud.statistics import Source as Maps
from lunarcloud.statistics import compare_with_prospector, prospector_table, source_of
from lunarcloud.storage import Folder, digest

if TYPE_CHECKING:  # slow to import
    import xarray as xr
    from matplotlib.figure import Figure

_DATASET = "prospector"


class ProspectorInputs(RunInputs):
    """A run and Lunar Prospector's table."""

    # Gamma rays tell of all of a pixel: without what was clipped, its mean would be of another part.
    exclude: Exclude = exclusion()
    lpgrs: str = file(
        BEST,
        "abundances: best (FeO and TiO2 in 2-degree pixels, the others, which are noise there, in 5-degree "
        "ones), 2deg or 5deg (shipped), or path or URL of a PDS .tab or .csv",
    )


class _Material(NamedTuple):
    run: Run
    source: Maps
    measured: tuple[Prospector, ...]
    table: str


def _resolve(inputs: ProspectorInputs, root: Root) -> tuple[Given, _Material]:
    entry, measured = root.find("runs", inputs.run), read_prospectors(inputs.lpgrs)
    content = []
    for each in measured:
        content += [name + digest(values.tobytes()) for name, values in sorted(each.abundance.items())]
        content.append(digest(each.min_lon.tobytes()))
    source = Source(url=root.relative(inputs.lpgrs), digest=digest("".join(content).encode()))
    given = given_of(inputs, root, {"run": entry.as_parent()}, (source,))
    run = run_of(root, entry)
    return given, _Material(run, source_of(run, inputs.exclude), measured, given.inputs["lpgrs"])


def _estimate(material: _Material, home: Folder, threads: int) -> Sequence[Estimate]:
    maps = sum(name in counterparts() for name in material.source.names)
    return [estimate_pass("prospector", material.run, maps, threads)]


def _make(material: _Material, home: Folder, session: Session) -> Made[FindingCard]:
    from lunarcloud.figures import draw_prospector_density

    run, source, measured, table = material
    stream = stream_over(session, "prospector", run)
    statistics = compare_with_prospector(source, *measured, stream=stream)
    statistics.attrs["run"] = run.place.name
    compared = [str(name) for name in statistics["map"].values]
    return keep(
        home,
        facts={"table": table, **_pixels(measured), **left_out(source.exclude)},
        datasets={_DATASET: statistics},
        tables={"comparison": prospector_table(statistics)},
        figures={
            "density": lambda: draw_prospector_density(statistics),
            # One by one: all below each other would be longer than a page.
            **{f"scatter_{name}": _scatter(statistics, name) for name in compared},
            **{f"map_{name}": _prospector_map(statistics, name) for name in compared},
        },
    )


def _pixels(measured: Sequence[Prospector]) -> dict[str, str]:
    """Which oxides are compared in which pixels, and why some of them in larger ones."""
    mapped = set(counterparts().values())
    said = {}
    for each in measured:
        oxides = ", ".join(sorted(mapped & each.abundance.keys()))
        said[f"{each.degrees:g}-degree pixels"] = f"{each.lat.size} of {oxides}"
    if len(measured) == 1:
        return said
    why = "at 2 degrees they scatter within a 5-degree pixel by more than those differ over the Moon"
    return {**said, "larger pixels": why}


def _scatter(statistics: xr.Dataset, name: str) -> Callable[[], Figure]:
    from lunarcloud.figures import draw_prospector

    return lambda: draw_prospector(statistics.sel(map=[name]))


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
