"""``lunarcloud fit``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lunarcloud.cli.options import AsJson, DryRun, Root
from lunarcloud.cli.output import answer, console, print_facts

if TYPE_CHECKING:
    from lunarcloud.jobs.fit import FitResult


def command(
    root: Root,
    stations: Annotated[
        str | None,
        typer.Option("--stations", help="CSV of ground truth; the shipped 49 stations without one."),
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option("--without", help="Site or mission to leave out; may be repeated.")
    ] = None,
    reflectance: Annotated[
        str | None,
        typer.Option("--reflectance", help="table or mosaic; by default the table's, else the mosaic's."),
    ] = None,
    mosaic: Annotated[str, typer.Option("--mosaic", help="Id of the mosaic to sample.")] = "latest",
    equations_only: Annotated[bool, typer.Option("--equations-only", help="Train no networks.")] = False,
    seeds: Annotated[int, typer.Option("--seeds", help="Networks averaged for each oxide, 1 to 32.")] = 1,
    as_json: AsJson = False,
    dry_run: DryRun = False,
) -> None:
    """Fit equations and train networks on ground truth (wt%), with honest accuracy, and publish the model."""
    from lunarcloud.jobs.common import checked
    from lunarcloud.jobs.fit import FitInputs, estimate_fit, fit

    values = {
        "root": root,
        "stations": stations,
        "without": tuple(without or ()),
        "reflectance": reflectance,
        "mosaic": mosaic,
        "equations_only": equations_only,
        "seeds": seeds,
    }
    inputs = checked(FitInputs, values)
    answer(lambda: estimate_fit(inputs), lambda: fit(inputs), _print, as_json=as_json, dry_run=dry_run)


def _print(result: FitResult) -> None:
    from lunarcloud.models.report import accuracy_table, remarks

    card = result.card
    facts: list[tuple[str, object]] = [
        ("model", result.model),
        ("where", result.url),
        ("computed now", "yes" if result.computed else "no, it was there"),
        ("stations used", len(card.used)),
    ]
    print_facts("model", facts)
    console.print(accuracy_table(card))
    for remark in remarks(card):
        console.print(f"  {remark}", markup=False, highlight=False)
