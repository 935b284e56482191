"""Job ``reduce``: equal-area statistics of a run by unit."""

from pydantic import Field

from lunarcloud.engine import Cluster, connect
from lunarcloud.figures.statistics import draw_histograms
from lunarcloud.jobs.common import Estimate
from lunarcloud.jobs.findings import (
    Finding,
    UnitInputs,
    estimate_pass,
    finding_place,
    fingerprint,
    keep,
    kept,
    passes,
)
from lunarcloud.maps import find_run
from lunarcloud.statistics.source import source_of
from lunarcloud.statistics.summary import Sampling, means, summarise, table
from lunarcloud.storage import folder


class ReduceInputs(UnitInputs):
    """Which run, by which units, and how it is sampled."""

    sampling: Sampling = Field(
        default="cells",
        description="cells: the paper's equal-area cells; pixels: every pixel by its exact area",
    )


def reduce_run(inputs: ReduceInputs, cluster: Cluster) -> Finding:
    """Compute, once, the statistics of every composition map of a run.

    Raises
    ------
    NotFoundError
        If there is no such run or region.
    InputError
        For a polygon file that cannot be used, two units of one name, or a unit without data.
    """
    run = find_run(folder(inputs.root), inputs.run)
    units = inputs.chosen()
    place = finding_place(run, "statistics", {"units": fingerprint(units), "sampling": inputs.sampling})
    if found := kept(place):
        return found
    with connect(cluster) as client, passes("reduce", run, client) as stream:
        statistics = summarise(source_of(run), units, sampling=inputs.sampling, stream=stream)
    statistics.attrs["run"] = run.card.id
    return keep(
        place,
        runs=[run],
        facts={"sampling": inputs.sampling, "maria": units[1].source},
        datasets={"statistics": statistics},
        tables={"means": means(statistics).reset_index(), "statistics": table(statistics)},
        figures={"histograms": lambda: draw_histograms(statistics)},
    )


def estimate_reduce(inputs: ReduceInputs) -> list[Estimate]:
    """What the statistics would take."""
    run = find_run(folder(inputs.root), inputs.run)
    return [estimate_pass("reduce", run, len(source_of(run).names))]
