"""``lunarcloud ingest``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lunarcloud.cli.options import AsJson, DryRun, Report, Root, Scheduler, Workers
from lunarcloud.cli.output import answer, console, print_facts

if TYPE_CHECKING:
    from lunarcloud.jobs.ingest import IngestResult

_SHOWN_PROBLEMS = 10


def command(
    tiles: Annotated[
        list[str],
        typer.Argument(
            help="Folders, globs, .tar.gz archives, files or URLs of PDS3 .img or PDS4 .xml tiles."
        ),
    ],
    root: Root,
    ppd: Annotated[int, typer.Option("--ppd", help="Pixels per degree of the grid; 304 is full resolution.")],
    shard: Annotated[
        int | None, typer.Option("--shard", help="Edge of a shard, pixels; 2048 unless the grid is small.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse if any of the 996 tiles is missing or unusable.")
    ] = False,
    as_json: AsJson = False,
    dry_run: DryRun = False,
    scheduler: Scheduler = None,
    workers: Workers = None,
    performance_report: Report = None,
) -> None:
    """Make the five-band mosaic of archive tiles: nearest neighbour, the archive's own numbers kept."""
    from lunarcloud.engine import Cluster
    from lunarcloud.jobs.common import checked
    from lunarcloud.jobs.ingest import IngestInputs, estimate_ingest, ingest

    values = {"tiles": tuple(tiles), "root": root, "ppd": ppd, "shard": shard, "strict": strict}
    inputs = checked(IngestInputs, values)
    cluster = Cluster(scheduler=scheduler, workers=workers, performance_report=performance_report)
    answer(
        lambda: estimate_ingest(inputs),
        lambda: ingest(inputs, cluster),
        _print,
        as_json=as_json,
        dry_run=dry_run,
    )


def _print(result: IngestResult) -> None:
    facts: list[tuple[str, object]] = [
        ("mosaic", result.mosaic),
        ("open with", f'xarray.open_zarr("{result.url}")'),
        ("shards computed now", result.shards_computed),
        ("pixels", f"{result.pixels:,}"),
        ("covered by no tile", f"{result.uncovered:,} pixels"),
        *((f"missing: {kind}", f"{count:,} values") for kind, count in result.missing.items()),
        ("tiles of the archive not given", len(result.missing_tiles)),
        ("files that could not be used", len(result.problems)),
    ]
    print_facts("mosaic", facts)
    for _, message in result.problems[:_SHOWN_PROBLEMS]:
        console.print(f"  not used: {message}", markup=False, highlight=False)
    if len(result.problems) > _SHOWN_PROBLEMS:
        console.print(f"  and {len(result.problems) - _SHOWN_PROBLEMS} more; all with --json")
