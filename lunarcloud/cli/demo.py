"""``lunarcloud demo``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from lunarcloud.cli.options import AsJson, Scheduler, Workers
from lunarcloud.cli.output import console, print_facts, print_json

if TYPE_CHECKING:
    from lunarcloud.jobs.demo import DemoResult


def command(
    place: Annotated[str, typer.Argument(help="New local folder for tiles and results.")] = "demo",
    root: Annotated[
        str | None, typer.Option("--root", help="Another root for the results, such as s3://bucket/demo.")
    ] = None,
    ppd: Annotated[int, typer.Option("--ppd", help="Pixels per degree, 2 to 64.")] = 4,
    as_json: AsJson = False,
    scheduler: Scheduler = None,
    workers: Workers = None,
) -> None:
    """All of it on a synthetic Moon whose truth is known, written as the archive's 996 tiles."""
    from lunarcloud.engine import Cluster
    from lunarcloud.jobs.common import checked
    from lunarcloud.jobs.demo import DemoInputs, demo

    inputs = checked(DemoInputs, {"place": place, "root": root, "ppd": ppd})
    started = time.monotonic()
    steps = Console(stderr=True, highlight=False)

    def announce(step: str) -> None:
        steps.print(f"[{time.monotonic() - started:5.0f} s] {step}", markup=False)

    result = demo(inputs, Cluster(scheduler=scheduler, workers=workers), announce)
    return print_json(result) if as_json else _print(result, time.monotonic() - started)


def _print(result: DemoResult, seconds: float) -> None:
    table = Table(title="means over the whole Moon (equal-area cells)", title_justify="left")
    for column in ("map", "unit", "mapped", "truth", "real Moon (LP)", "r with LP"):
        table.add_column(column, justify="left" if column in ("map", "unit") else "right")
    for row in result.means:
        numbers = (row.mean, row.truth, row.prospector, row.correlation)
        table.add_row(row.map, row.units, *("" if each is None else f"{each:.3f}" for each in numbers))
    console.print(table)
    for note in result.notes:
        console.print(f"note: {note}", markup=False, highlight=False)
    found = {finding.kind: finding for finding in result.findings}
    facts: list[tuple[str, object]] = [
        ("tiles written", result.tiles),
        ("root", result.root),
        ("model", result.model),
        *((f"{name}", finding.url) for name, finding in found.items()),
        ("figures", "\n           ".join(result.figures)),
    ]
    print_facts(f"done in {seconds:.0f} s; what was made:", facts)
    console.print("open it in Python, without lunarcloud:", style="bold")
    console.print("  import xarray", highlight=False)
    for name, url in (
        ("mosaic", result.mosaic_url),
        ("maps", result.maps_url),
        ("gravity", result.gravity_url),
    ):
        console.print(f'  {name} = xarray.open_zarr("{url}")', markup=False, highlight=False)
