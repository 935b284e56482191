r"""Job ``provenance``: where on the maps of a run a sample could come from.

The documented example is sample 60639 (see `lunarcloud.statistics.provenance`)::

    lunarcloud provenance --root R --feo 16:19.9 --tio2 6.3:7.9 --al2o3 12.4:15.1 \
        --mgo 5.2:7.5 --cao 10.6:11.5
"""

from pydantic import Field

from lunarcloud.engine import Cluster, connect
from lunarcloud.errors import InputError
from lunarcloud.figures.provenance import draw_provenance
from lunarcloud.jobs.common import Estimate
from lunarcloud.jobs.findings import (
    Finding,
    RunInputs,
    estimate_pass,
    finding_place,
    keep,
    kept,
    overview,
    passes,
)
from lunarcloud.maps import find_run
from lunarcloud.statistics import provenance
from lunarcloud.statistics.source import COMPOSITION, source_of
from lunarcloud.storage import folder

#: Short names of maps: an oxide is meant as the networks map it.
SHORT_NAMES = {name.removesuffix("_cnn"): name for name in COMPOSITION if name.endswith("_cnn")}


class ProvenanceInputs(RunInputs):
    """Which run, and the composition that is looked for."""

    ranges: dict[str, tuple[float, float]] = Field(
        min_length=1,
        description="lowest and highest value by map; feo, tio2, ... mean the maps by network, wt%",
    )
    sample: str = Field(default="sample", description="what to call it")


def find_provenance(inputs: ProvenanceInputs, cluster: Cluster) -> Finding:
    """Find, once, the places whose composition lies in all ranges.

    Raises
    ------
    NotFoundError
        If there is no such run, or it lacks a map.
    InputError
        For a range upside down, a name that is no map, or a composition that no place has.
    """
    run = find_run(folder(inputs.root), inputs.run)
    ranges = {_map_name(name): bounds for name, bounds in inputs.ranges.items()}
    place = finding_place(run, "provenance", {"ranges": ranges, "sample": inputs.sample})
    if found := kept(place):
        return found
    with connect(cluster) as client, passes("provenance", run, client) as stream:
        matches = provenance.search(source_of(run), ranges, stream=stream)
    _require_matches(matches)
    dataset = provenance.to_dataset(matches).assign_attrs(run=run.card.id, sample=inputs.sample)
    backdrop = overview(run)[next(iter(matches.ranges))]
    best = provenance.ranked(matches).iloc[0]
    return keep(
        place,
        runs=[run],
        facts={
            "matching_km2": matches.matching_km2,
            "per_cent_of_mapped": 100.0 * matches.matching_km2 / matches.mapped_km2,
            "best_region": str(best["where"]),
        },
        datasets={"provenance": dataset},
        tables={
            "ranges": provenance.constraints(matches),
            "features": provenance.regions(matches),
            "groups": provenance.ranked(matches),
        },
        figures={"provenance": lambda: draw_provenance(dataset, backdrop, inputs.sample)},
    )


def estimate_provenance(inputs: ProvenanceInputs) -> list[Estimate]:
    """What the search would take."""
    run = find_run(folder(inputs.root), inputs.run)
    return [estimate_pass("provenance", run, len(inputs.ranges))]


def _map_name(name: str) -> str:
    known = SHORT_NAMES.get(name, name)
    if known not in COMPOSITION:
        raise InputError(f"{name!r} is no map; give {', '.join(SHORT_NAMES)} or {', '.join(COMPOSITION)}")
    return known


def _require_matches(found: provenance.Provenance) -> None:
    if not found.cell.size:
        name, least = min(found.alone_km2.items(), key=lambda item: item[1])
        raise InputError(
            "no place has a composition in all of these ranges; widen them "
            f"({name} alone leaves {100.0 * least / found.mapped_km2:.3g} % of the mapped Moon)"
        )
