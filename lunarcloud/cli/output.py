"""How results look in the terminal: JSON for machines, tables for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from lunarcloud.jobs.common import Estimate

Result = TypeVar("Result")

console = Console(soft_wrap=True)
_ANY: TypeAdapter[Any] = TypeAdapter(Any)


def print_json(result: Any) -> None:
    """Print a result, a record or a list of them, as one JSON document on the standard output."""
    console.file.write(_ANY.dump_json(result, indent=1).decode() + "\n")


def answer(
    estimate: Callable[[], Sequence[Estimate]],
    run: Callable[[], Result],
    show: Callable[[Result], None],
    *,
    as_json: bool,
    dry_run: bool,
) -> None:
    """Run a job, or on a dry run only estimate it, and print what comes back for machines or for people.

    Parameters
    ----------
    estimate : callable
        What the job would take.
    run : callable
        The job.
    show : callable
        Prints its result for people.
    as_json : bool
        Print for machines instead.
    dry_run : bool
        Estimate only.
    """
    if dry_run:
        estimates = estimate()
        print_json(estimates) if as_json else print_estimates(estimates)
        return
    result = run()
    print_json(result) if as_json else show(result)


def print_facts(title: str, facts: Iterable[tuple[str, object]]) -> None:
    """Print names and values in two columns; long values are never cut, so they can be copied."""
    rows = [(name, str(value)) for name, value in facts]
    width = max(len(name) for name, _ in rows)
    console.print(title, style="bold", highlight=False)
    for name, value in rows:
        console.print(f"  {name:<{width}}  {value}", markup=False, highlight=False)


def print_estimates(estimates: Sequence[Estimate]) -> None:
    """Print what a job would take."""
    table = Table(title="dry run: nothing was computed", title_justify="left")
    for column in ("step", "tasks", "done before", "Mpixel", "written at most", "memory per worker", "about"):
        table.add_column(column, justify="left" if column == "step" else "right")
    for step in estimates:
        table.add_row(
            step.title,
            str(step.tasks),
            str(step.done),
            f"{step.pixels / 1e6:.1f}",
            mebibytes(step.bytes_at_most),
            mebibytes(step.worker_bytes),
            duration(step.seconds),
        )
    console.print(table)


def mebibytes(number: int) -> str:
    """A number of bytes in words."""
    return f"{number / 2**20:,.0f} MiB"


def duration(seconds: float) -> str:
    """A time in words."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"
