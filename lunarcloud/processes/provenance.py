r"""Process ``provenance``: where on the maps of a run a sample could come from.

The documented example is sample 60639 (see `lunarcloud.statistics.provenance`)::

    lunarcloud provenance --root R --feo 16:19.9 --tio2 6.3:7.9 --al2o3 12.4:15.1 \
        --mgo 5.2:7.5 --cao 10.6:11.5
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple, Self

from pydantic import create_model, model_validator

from lunarcloud.engine import Session
from lunarcloud.errors import InputError
from lunarcloud.lineage import Given, Root
from lunarcloud.maps import Run, RunCard, overview
from lunarcloud.models import Model
from lunarcloud.mosaic import Mosaic
from lunarcloud.processes.findings import (
    FindingCard,
    RunInputs,
    estimate_pass,
    finding,
    keep,
    left_out,
    stream_over,
)
from lunarcloud.processes.inputs import OPTION, UNIT, Bounds, by_name, given_of, option
from lunarcloud.processes.process import Estimate, Made
from lunarcloud.processes.records import ensemble_of, model_of, run_of
from lunarcloud.quantities import OXIDES, QUANTITIES, Oxide, composition
from lunarcloud.statistics import (
    Members,
    Source,
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

    maps: Annotated[dict[str, Bounds], by_name("NAME=LOW:HIGH", "mg_number=0.4:0.5")] = option(
        {}, "range of any map by its name, NAME=LOW:HIGH", **{OPTION: "map", UNIT: "the map's"}
    )
    sample: str = option("sample", "what to call it in tables and figures")
    tolerance: float = option(
        0.0,
        "how much wider the oxides' ranges are at both ends, in leave-one-out RMSE of the run's model: 1 "
        "allows for the map's own uncertainty",
        limits={"ge": 0, "le": 10},
    )

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
    source: Source
    ranges: dict[str, tuple[float, float]]
    sample: str
    tolerance: float
    ensemble: tuple[Mosaic, Model] | None


def _resolve(inputs: _Sample, root: Root) -> tuple[Given, _Material]:
    entry = root.find("runs", inputs.run)
    ranges = inputs.ranges()
    if inputs.tolerance:
        chosen = model_of(root, root.record(entry, RunCard).given.parents["model"].ref.id)
        ranges = widened(ranges, inputs.tolerance, chosen.model)
    run = run_of(root, entry)
    source = source_of(run, inputs.exclude)
    code_ranges(source, ranges)
    ensemble = ensemble_of(root, root.record(entry, RunCard))
    material = _Material(run, source, ranges, inputs.sample, inputs.tolerance, ensemble)
    return given_of(inputs, root, {"run": entry.as_parent()}), material


def widened(
    ranges: Mapping[str, tuple[float, float]], tolerance: float, model: Model
) -> dict[str, tuple[float, float]]:
    """Ranges of oxides, wider by the uncertainty of their maps; other maps' stay as they are.

    Parameters
    ----------
    ranges : mapping of str to (float, float)
        By map, in its units.
    tolerance : float
        In leave-one-out RMSE of the model.
    model : Model
        Of the maps.

    Raises
    ------
    InputError
        If the model's card does not say how far a map errs.
    """
    rmse = {f"{each.oxide}_{each.kind}": each.loocv.rmse for each in model.card.accuracy if each.loocv}
    found = dict(ranges)
    for name, (low, high) in ranges.items():
        if QUANTITIES[name].oxide is None:
            continue
        if name not in rmse:
            raise InputError(
                f"--tolerance {tolerance:g}: model {model.id} does not say how far {name} errs at stations "
                "that were left out; type a wider range instead"
            )
        found[name] = (max(0.0, low - tolerance * rmse[name]), high + tolerance * rmse[name])
    return found


def _estimate(material: _Material, home: Folder, threads: int) -> Sequence[Estimate]:
    read = sum(1 + material.source.has_chance(name) for name in material.ranges)
    return [estimate_pass("provenance", material.run, read, threads)]


def _make(material: _Material, home: Folder, session: Session) -> Made[FindingCard]:
    from lunarcloud.figures import draw_provenance

    run, source, ranges, sample, tolerance, ensemble = material
    members = ensemble and Members.of(*ensemble)
    matches = search_provenance(source, ranges, members, stream=stream_over(session, "provenance", run))
    dataset = provenance_dataset(matches).assign_attrs(run=run.place.name, sample=sample)
    title = f"{sample}, ranges wider by {tolerance:g} RMSE" if tolerance else sample
    backdrop = overview(run)[next(iter(matches.ranges))]
    patches, features = ranked_regions(matches), provenance_regions(matches)
    return keep(
        home,
        facts={
            "sample": sample,
            "tolerance": tolerance,
            **left_out(source.exclude),
            "matching_km2": matches.matching_km2,
            # The deviation of what single networks find: pixels share them, so it does not shrink with area.
            **({"chance_km2": float(matches.by_member_km2.std(ddof=1))} if members else {}),
            "fitting_km2": dataset.attrs["fitting_km2"],
            "per_cent_of_mapped": 100.0 * matches.matching_km2 / matches.mapped_km2,
            # The one is where it is most in one piece, the other where there is most of it, both by fit.
            "largest_patch": str(patches["where"].iloc[0]) if len(patches) else "none",
            "most_area": str(features["feature"].iloc[0]) if len(features) else "in no named feature",
        },
        datasets={_DATASET: dataset},
        tables={
            "ranges": provenance_constraints(matches),
            "features": features,
            "groups": patches,
        },
        figures={"provenance": lambda: draw_provenance(dataset, backdrop, title)},
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
