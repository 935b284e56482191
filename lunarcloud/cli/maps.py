"""``lunarcloud map``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lunarcloud.cli.options import AsJson, DryRun, Report, Root, Scheduler, Workers
from lunarcloud.cli.output import answer, print_facts

if TYPE_CHECKING:
    from lunarcloud.jobs.map import MapResult


def command(
    root: Root,
    model: Annotated[
        str, typer.Option("--model", help="Id of a model under the root, or qiu2025, the paper's equations.")
    ] = "latest",
    mosaic: Annotated[str, typer.Option("--mosaic", help="Id of a mosaic under the root.")] = "latest",
    as_json: AsJson = False,
    dry_run: DryRun = False,
    scheduler: Scheduler = None,
    workers: Workers = None,
    performance_report: Report = None,
) -> None:
    """Compute and publish the oxide maps (wt%), maturity and Mg# of a mosaic by a model."""
    from lunarcloud.engine import Cluster
    from lunarcloud.jobs.common import checked
    from lunarcloud.jobs.map import MapInputs, estimate_map, map_oxides

    inputs = checked(MapInputs, {"root": root, "model": model, "mosaic": mosaic})
    cluster = Cluster(scheduler=scheduler, workers=workers, performance_report=performance_report)
    answer(
        lambda: estimate_map(inputs),
        lambda: map_oxides(inputs, cluster),
        _print,
        as_json=as_json,
        dry_run=dry_run,
    )


def _print(result: MapResult) -> None:
    facts: list[tuple[str, object]] = [
        ("run", result.run),
        ("mosaic", result.mosaic),
        ("model", result.model),
        ("open with", f'xarray.open_zarr("{result.url}")'),
        ("shards computed now", result.shards_computed),
        ("maps", " ".join(result.maps)),
        *((f"pixels: {name.replace('_', ' ')}", f"{count:,}") for name, count in result.counts.items()),
    ]
    print_facts("run", facts)
