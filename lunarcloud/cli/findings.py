"""``lunarcloud reduce``, ``compare``, ``polar`` and ``provenance``: what is concluded from runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lunarcloud.cli.options import AsJson, DryRun, Report, Root, Scheduler, Workers
from lunarcloud.cli.output import answer, console, print_facts
from lunarcloud.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lunarcloud.engine import Cluster
    from lunarcloud.jobs.common import Estimate
    from lunarcloud.jobs.findings import Finding

# Columns that a terminal shows legibly.
_WIDEST = 9

RunOption = Annotated[
    str, typer.Option("--run", help="Id of a run under the root, its beginning, or latest.")
]
Maria = Annotated[
    str | None,
    typer.Option("--maria", help="Polygon file of the maria; IAU discs, an approximation, without."),
]
Units = Annotated[
    str | None, typer.Option("--units", help="Polygon file (GeoJSON, shapefile, GeoPackage), a unit a name.")
]
NameField = Annotated[
    str | None, typer.Option("--name-field", help="Attribute of that file that holds the names.")
]
Regions = Annotated[
    list[str] | None,
    typer.Option("--region", help="Feature of the IAU gazetteer as a unit; may be repeated."),
]


def reduce(
    root: Root,
    run: RunOption = "latest",
    maria: Maria = None,
    units: Units = None,
    name_field: NameField = None,
    region: Regions = None,
    sampling: Annotated[
        str,
        typer.Option("--sampling", help="cells: the paper's 2.25 km2 cells; pixels: every pixel by area."),
    ] = "cells",
    as_json: AsJson = False,
    dry_run: DryRun = False,
    scheduler: Scheduler = None,
    workers: Workers = None,
    performance_report: Report = None,
) -> None:
    """Equal-area statistics of every map (wt%) by unit: means, deviations, quantiles, histograms, modes."""
    from lunarcloud.jobs.common import checked
    from lunarcloud.jobs.reduce import ReduceInputs, estimate_reduce, reduce_run

    values = {"root": root, "run": run, "maria": maria, "units": units, "name_field": name_field}
    inputs = checked(ReduceInputs, {**values, "sampling": sampling, **_regions(region)})
    _run_or_estimate(
        lambda: estimate_reduce(inputs),
        lambda cluster: reduce_run(inputs, cluster),
        (as_json, dry_run),
        (scheduler, workers, performance_report),
    )


def compare(
    root: Root,
    runs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RUN] [RUN]", help="One run (networks against equations), or two."),
    ] = None,
    lpgrs: Annotated[
        str | None,
        typer.Option(
            "--lpgrs",
            help="Lunar Prospector's abundances to compare one run with: 2deg or 5deg (shipped), or path or "
            "URL of a PDS .tab or a .csv.",
        ),
    ] = None,
    maria: Maria = None,
    units: Units = None,
    name_field: NameField = None,
    region: Regions = None,
    as_json: AsJson = False,
    dry_run: DryRun = False,
    scheduler: Scheduler = None,
    workers: Workers = None,
    performance_report: Report = None,
) -> None:
    """Compare run with run (first minus second), networks with equations, or a run with Lunar Prospector."""
    from lunarcloud.jobs import compare as job
    from lunarcloud.jobs.common import checked

    names = runs or []
    _require_at_most(names, 1 if lpgrs else 2)
    where: dict[str, object] = {"root": root, "run": names[0] if names else "latest"}
    options, places = (as_json, dry_run), (scheduler, workers, performance_report)
    if lpgrs:
        measured = checked(job.ProspectorInputs, {**where, "lpgrs": lpgrs})
        return _run_or_estimate(
            lambda: job.estimate_compare_prospector(measured),
            lambda cluster: job.compare_prospector(measured, cluster),
            options,
            places,
        )
    values = {**where, "maria": maria, "units": units, "name_field": name_field, **_regions(region)}
    inputs = checked(job.CompareInputs, {**values, "other": names[1] if len(names) > 1 else None})
    return _run_or_estimate(
        lambda: job.estimate_compare(inputs),
        lambda cluster: job.compare_runs(inputs, cluster),
        options,
        places,
    )


def polar(
    root: Root,
    run: RunOption = "latest",
    maria: Maria = None,
    pole: Annotated[str, typer.Option("--pole", help="south or north.")] = "south",
    limit: Annotated[float, typer.Option("--limit", help="Absolute latitude of the edge, degrees.")] = 65.0,
    coverage: Annotated[
        float, typer.Option("--coverage", help="Part of the maria's cells that counts as their composition.")
    ] = 0.95,
    feo_above: Annotated[float, typer.Option("--feo-above", help="High FeO begins above this, wt%.")] = 15.0,
    mg_below: Annotated[float, typer.Option("--mg-below", help="And has a molar Mg# below this.")] = 0.60,
    pixel_m: Annotated[float | None, typer.Option("--pixel", help="Pixel of the polar maps, metres.")] = None,
    as_json: AsJson = False,
    dry_run: DryRun = False,
    scheduler: Scheduler = None,
    workers: Workers = None,
    performance_report: Report = None,
) -> None:
    """Find potential mare basalt around a pole by FeO and Mg#, ranked by area, with polar maps."""
    from lunarcloud.jobs.common import checked
    from lunarcloud.jobs.polar import PolarInputs, estimate_polar, find_polar

    rule = {"limit": limit, "coverage": coverage, "feo_above": feo_above, "mg_below": mg_below}
    values = {"root": root, "run": run, "maria": maria, "pole": pole, "pixel_m": pixel_m, **rule}
    inputs = checked(PolarInputs, values)
    _run_or_estimate(
        lambda: estimate_polar(inputs),
        lambda cluster: find_polar(inputs, cluster),
        (as_json, dry_run),
        (scheduler, workers, performance_report),
    )


def _range_option(oxide: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(f"--{oxide}", metavar="LOW:HIGH", help="Range, wt%.")
    return option


def provenance(
    root: Root,
    run: RunOption = "latest",
    feo: Annotated[str | None, _range_option("feo")] = None,
    tio2: Annotated[str | None, _range_option("tio2")] = None,
    al2o3: Annotated[str | None, _range_option("al2o3")] = None,
    mgo: Annotated[str | None, _range_option("mgo")] = None,
    cao: Annotated[str | None, _range_option("cao")] = None,
    others: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="NAME=LOW:HIGH", help="Range of any map, by its name."),
    ] = None,
    sample: Annotated[
        str, typer.Option("--sample", help="What to call it in tables and figures.")
    ] = "sample",
    as_json: AsJson = False,
    dry_run: DryRun = False,
    scheduler: Scheduler = None,
    workers: Workers = None,
    performance_report: Report = None,
) -> None:
    """Where on the maps a sample of a given composition (wt%) could come from, best regions first."""
    from lunarcloud.jobs.common import checked
    from lunarcloud.jobs.provenance import ProvenanceInputs, estimate_provenance, find_provenance

    given = {"feo": feo, "tio2": tio2, "al2o3": al2o3, "mgo": mgo, "cao": cao}
    given |= dict(_named(other) for other in others or [])
    ranges = {name: _range(name, text) for name, text in given.items() if text is not None}
    inputs = checked(ProvenanceInputs, {"root": root, "run": run, "ranges": ranges, "sample": sample})
    _run_or_estimate(
        lambda: estimate_provenance(inputs),
        lambda cluster: find_provenance(inputs, cluster),
        (as_json, dry_run),
        (scheduler, workers, performance_report),
    )


def print_finding(found: Finding) -> None:
    """Print the facts, tables and files of a finding."""
    from lunarcloud.jobs.findings import terminal_table

    files = (*found.datasets, *found.figures)
    facts = {**found.facts, "run": ", ".join(found.runs), "where": found.url, "files": " ".join(files)}
    print_facts(found.kind, facts.items())
    for name, table in found.tables.items():
        if len(table.columns) <= _WIDEST:
            console.print(terminal_table(name, table))
        else:
            file = f"{found.url}/{name}.csv"
            console.print(f"{name}: {len(table.rows)} rows, too wide for here: {file}", highlight=False)


def _run_or_estimate(
    estimate: Callable[[], list[Estimate]],
    run: Callable[[Cluster], Finding],
    options: tuple[bool, bool],
    places: tuple[str | None, int | None, str | None],
) -> None:
    from lunarcloud.engine import Cluster

    as_json, dry_run = options
    scheduler, workers, report = places
    cluster = Cluster(scheduler=scheduler, workers=workers, performance_report=report)
    answer(estimate, lambda: run(cluster), print_finding, as_json=as_json, dry_run=dry_run)


def _regions(names: list[str] | None) -> dict[str, tuple[str, ...]]:
    # Without the option the job's own default counts.
    return {"regions": tuple(names)} if names else {}


def _require_at_most(names: list[str], most: int) -> None:
    if len(names) > most:
        raise InputError(
            f"{len(names)} runs given ({', '.join(names)}); this comparison takes {most} at most"
        )


def _named(text: str) -> tuple[str, str]:
    name, equals, bounds = text.partition("=")
    if not equals:
        raise InputError(f"--map {text!r}: write NAME=LOW:HIGH, such as mg_number=0.4:0.5")
    return name, bounds


def _range(name: str, text: str) -> tuple[float, float]:
    low, _, high = text.partition(":")
    try:
        return float(low), float(high)
    except ValueError as error:
        raise InputError(f"--{name} {text!r}: write LOW:HIGH in wt%, such as 16:19.9") from error
