"""Process ``reduce``: equal-area statistics of a run by unit."""

from collections.abc import Mapping, Sequence
from typing import Annotated, NamedTuple, Self, TypeAlias

from pydantic import Field, model_validator

from lunarcloud.engine import Session
from lunarcloud.lineage import Given, Root
from lunarcloud.maps import Run, RunCard
from lunarcloud.models import Model
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
from lunarcloud.processes.inputs import UNIT, by_name, given_of, option
from lunarcloud.processes.process import Estimate, Made
from lunarcloud.processes.records import ensemble_of, run_of
from lunarcloud.quantities import composition
from lunarcloud.statistics import (
    CHANCE_OF_MEAN,
    Sampling,
    Source,
    Unit,
    above_table,
    chances_of_means,
    means,
    require_distinct,
    source_of,
    summarise,
    summary_table,
)
from lunarcloud.storage import Folder

_DATASET = "statistics"
_Limit: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]


class ReduceInputs(UnitInputs):
    """Which run, by which units, and how it is sampled."""

    sampling: Sampling = option(
        "cells", "cells: the paper's equal-area cells of 2.25 km2; pixels: every pixel by its exact area"
    )
    above: Annotated[dict[str, _Limit], by_name("NAME=NUMBER", "feo_cnn=24")] = option(
        {}, "also tell the area where a map lies above a limit, NAME=NUMBER", **{UNIT: "the map's"}
    )

    @model_validator(mode="after")
    def _known(self) -> Self:
        if unknown := [name for name in self.above if name not in composition()]:
            raise ValueError(f"--above {unknown[0]!r} is no map; there are {', '.join(composition())}")
        return self


class _Material(NamedTuple):
    run: Run
    source: Source
    units: tuple[Unit, ...]
    sampling: Sampling
    above: Mapping[str, float]
    ensemble: tuple[Mosaic, Model] | None


def _resolve(inputs: ReduceInputs, root: Root) -> tuple[Given, _Material]:
    entry, units = root.find("runs", inputs.run), inputs.chosen()
    require_distinct(units)
    sources = unit_sources(root, units, inputs.maria, inputs.units)
    run = run_of(root, entry)
    source = source_of(run, inputs.exclude)
    for name in inputs.above:
        source.coding(name)
    material = _Material(
        run, source, units, inputs.sampling, inputs.above, ensemble_of(root, root.record(entry, RunCard))
    )
    return given_of(inputs, root, {"run": entry.as_parent()}, sources), material


def _estimate(material: _Material, home: Folder, threads: int) -> Sequence[Estimate]:
    return [estimate_pass("reduce", material.run, len(material.source.names), threads)]


def _make(material: _Material, home: Folder, session: Session) -> Made[FindingCard]:
    from lunarcloud.figures import draw_histograms, draw_oxide_histograms

    run, source, units, sampling, above, ensemble = material
    stream = stream_over(session, "reduce", run)
    statistics = summarise(source, units, sampling=sampling, above=above, stream=stream)
    if ensemble is not None:
        statistics[CHANCE_OF_MEAN] = chances_of_means(*ensemble, units, source.names).assign_attrs(
            long_name="standard deviation of the mean over networks that differ by chance"
        )
    statistics.attrs["run"] = run.place.name
    return keep(
        home,
        facts={"sampling": sampling, "maria": units[1].source, **left_out(source.exclude)},
        datasets={_DATASET: statistics},
        tables={
            "means": means(statistics),
            **({"above": above_table(statistics)} if above else {}),
            "statistics": summary_table(statistics),
        },
        figures={
            "histograms": lambda: draw_histograms(statistics),
            "oxides": lambda: draw_oxide_histograms(statistics),
        },
    )


PROCESS = finding(
    "reduce",
    "statistics",
    ReduceInputs,
    dataset=f"{_DATASET}.zarr",
    resolve=_resolve,
    estimate=_estimate,
    make=_make,
)
