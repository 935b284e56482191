r"""Process ``provenance``: where on the maps of a run a sample could come from.

The documented example is sample 60639 (see `lunarcloud.statistics.provenance`)::

    lunarcloud provenance --root R --feo 16:19.9 --tio2 6.3:7.9 --al2o3 12.4:15.1 \
        --mgo 5.2:7.5 --cao 10.6:11.5
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

from pydantic import create_model, field_validator, model_validator

from lunarcloud.engine import Session
from lunarcloud.errors import InputError
from lunarcloud.lineage import Given, Root
from lunarcloud.maps import Run, overview
from lunarcloud.processes.findings import (
    FindingCard,
    RunInputs,
    estimate_pass,
    finding,
    keep,
    stream_over,
)
from lunarcloud.processes.inputs import OPTION, UNIT, Bounds, given_of, option
from lunarcloud.processes.process import Estimate, Made
from lunarcloud.processes.records import run_of
from lunarcloud.quantities import OXIDES, Oxide, composition
from lunarcloud.statistics import (
    Provenance,
    code_ranges,
    provenance_constraints,
    provenance_dataset,
    provenance_regions,
    ranked_regions,
    search_provenance,
    source_of,
)
from lunarcloud.storage import Folder

_DATASET = "provenance"


class _Sample(RunInputs):
    """Which run, and the composition that is looked for."""

    maps: dict[str, Bounds] = option(
        {}, "range of any map by its name, NAME=LOW:HIGH", **{OPTION: "map", UNIT: "the map's"}
    )
    sample: str = option("sample", "what to call it in tables and figures")

    @field_validator("maps", mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        """``NAME=LOW:HIGH`` words as a mapping."""
        if not isinstance(value, (list, tuple)):
            return value
        if wrong := [word for word in value if "=" not in str(word)]:
            raise ValueError(f"{wrong[0]!r}: write NAME=LOW:HIGH, such as mg_number=0.4:0.5")
        return dict(str(word).split("=", 1) for word in value)

    @model_validator(mode="after")
    def _some(self) -> Self:
        if unknown := [name for name in self.maps if name not in composition()]:
            raise ValueError(f"{unknown[0]!r} is no map; there are {', '.join(composition())}")
        if not self.ranges():
            raise ValueError("give at least one range, such as --feo 16:19.9")
        return self

    def ranges(self) -> dict[str, tuple[float, float]]:
        """The ranges by map."""
        given = {oxide: getattr(self, oxide) for oxide in OXIDES if oxide in type(self).model_fields}
        found = {f"{oxide}_cnn": bounds for oxide, bounds in given.items() if bounds is not None}
        return {**found, **self.maps}


def _range(oxide: Oxide) -> Any:
    description = f"lowest and highest {oxide.formula} as the networks map it"
    return Bounds | None, option(None, description, unit="wt%")


#: The same, with a range for each oxide.
ProvenanceInputs = create_model(
    "ProvenanceInputs",
    __base__=_Sample,
    __module__=__name__,
    __doc__=_Sample.__doc__,
    **{key: _range(oxide) for key, oxide in OXIDES.items()},
)


class _Material(NamedTuple):
    run: Run
    ranges: dict[str, tuple[float, float]]
    sample: str


def _resolve(inputs: _Sample, root: Root) -> tuple[Given, _Material]:
    entry = root.find("runs", inputs.run)
    material = _Material(run_of(root, entry), inputs.ranges(), inputs.sample)
    code_ranges(source_of(material.run), material.ranges)
    return given_of(inputs, root, {"run": entry.as_parent()}), material


def _estimate(material: _Material, home: Folder, threads: int) -> Sequence[Estimate]:
    return [estimate_pass("provenance", material.run, len(material.ranges), threads)]


def _make(material: _Material, home: Folder, session: Session) -> Made[FindingCard]:
    from lunarcloud.figures import draw_provenance

    run, ranges, sample = material
    matches = search_provenance(source_of(run), ranges, stream=stream_over(session, "provenance", run))
    _require_matches(matches)
    dataset = provenance_dataset(matches).assign_attrs(run=run.place.name, sample=sample)
    backdrop = overview(run)[next(iter(matches.ranges))]
    best = ranked_regions(matches).iloc[0]
    return keep(
        home,
        facts={
            "sample": sample,
            "matching_km2": matches.matching_km2,
            "per_cent_of_mapped": 100.0 * matches.matching_km2 / matches.mapped_km2,
            "best_region": str(best["where"]),
        },
        datasets={_DATASET: dataset},
        tables={
            "ranges": provenance_constraints(matches),
            "features": provenance_regions(matches),
            "groups": ranked_regions(matches),
        },
        figures={"provenance": lambda: draw_provenance(dataset, backdrop, sample)},
    )


def _require_matches(found: Provenance) -> None:
    if not found.cell.size:
        name, least = min(found.alone_km2.items(), key=lambda item: item[1])
        raise InputError(
            "no place has a composition in all of these ranges; widen them "
            f"({name} alone leaves {100.0 * least / found.mapped_km2:.3g} % of the mapped Moon)"
        )


PROCESS = finding(
    "provenance",
    "provenance",
    ProvenanceInputs,
    dataset=f"{_DATASET}.zarr",
    resolve=_resolve,
    estimate=_estimate,
    make=_make,
)
