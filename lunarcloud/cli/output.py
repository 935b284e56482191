"""How results look in the terminal: JSON for machines, facts and tables for people, nothing ever cut."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from rich.console import Console

from lunarcloud.redaction import without_url_secrets

if TYPE_CHECKING:
    from lunarcloud.jobs import Cost
    from lunarcloud.processes import Estimate, Report

# Nothing is wrapped or cut here: where a line is longer than the terminal, the terminal wraps it, and what
# is selected there is still whole.
console = Console(soft_wrap=True)
_GAP = "  "


def print_json(result: Any) -> None:
    """Print a result, a record or a list of them, as one JSON document on the standard output."""
    text = TypeAdapter(Any).dump_json(result, indent=1).decode()
    console.file.write(without_url_secrets(text) + "\n")


def say(text: str, style: str | None = None) -> None:
    """Print text as it is, but for credentials in URLs."""
    console.print(without_url_secrets(text), style=style, markup=False, highlight=False, emoji=False)


def print_facts(title: str, facts: Iterable[tuple[str, object]]) -> None:
    """Print names and values in two columns."""
    rows = [(name, str(value)) for name, value in facts]
    width = max((len(name) for name, _ in rows), default=0)
    say(title, "bold")
    for name, value in rows:
        say(f"  {name:<{width}}  {value}")


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; where it does not fit the terminal's width, its columns go on below, in blocks.

    Parameters
    ----------
    title : str
        Above it.
    columns : sequence of str
        Their names.
    rows : iterable of sequence
        Values in the order of the columns.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    say(title, "bold")
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    numeric = [all(_is_number(row[index]) for row in cells) for index in range(len(columns))]
    for number, block in enumerate(_blocks(widths, numeric)):
        if number:
            say("")
        shown = [widths[index] for index in block], [numeric[index] for index in block]
        say(_aligned([columns[index] for index in block], *shown), "bold")
        _write(_aligned([row[index] for index in block], *shown) for row in cells)


def _blocks(widths: Sequence[int], numeric: Sequence[bool]) -> list[list[int]]:
    """Columns side by side as far as the terminal is wide, each block after those that say what a row is."""
    # The words at the left end: a map, and of which unit. A number alone, such as a rank, does too.
    keys = next((index for index, is_number in enumerate(numeric) if is_number), 1) or 1
    keys = min(keys, 2)
    first = list(range(keys))
    blocks = [list(first)]
    for index in range(keys, len(widths)):
        wide = sum(widths[each] + len(_GAP) for each in blocks[-1]) + widths[index]
        if wide > _terminal_width() and len(blocks[-1]) > keys:
            blocks.append(list(first))
        blocks[-1].append(index)
    return blocks


def print_report(title: str, facts: Iterable[tuple[str, object]], report: Report) -> None:
    """Print what a person should read of a record or a result: facts before its own ones, tables, remarks.

    Parameters
    ----------
    title : str
        Above it.
    facts : iterable of (str, object)
        What comes before the report's own facts.
    report : Report
        What there is to read.
    """
    print_facts(title, (*facts, *report.facts.items()))
    for name, table in report.tables.items():
        print_table(name, table.columns, table.rows)
    for remark in report.remarks:
        say(f"  {remark}")


def print_estimates(estimates: Sequence[Estimate]) -> None:
    """Print what a process would take."""
    columns = ("step", "tasks", "done before", "Mpixel", "written at most", "memory per worker", "about")
    rows = [
        (
            step.title,
            str(step.tasks),
            str(step.done),
            f"{step.pixels / 1e6:.1f}",
            mebibytes(step.bytes_at_most),
            mebibytes(step.worker_bytes),
            duration(step.seconds),
        )
        for step in estimates
    ]
    print_table("dry run: nothing is computed", columns, rows)


def cost_line(cost: Cost) -> str:
    """What a job would take, in a line."""
    if cost.published:
        return f"nothing to do: {cost.record} is published"
    mpixel = cost.pixels / 1e6
    size = f"{mpixel:,.0f}" if mpixel >= 10 else f"{mpixel:.2g}"
    parts = [
        f"{cost.shards} shards to compute ({cost.done} done), {size} Mpixel",
        f"{cost.vcpu_hours:.2g} vCPU-h",
        f"{cost.workers} x {cost.threads} vCPU: about {duration(cost.seconds)}",
        f"~{cost.compute_usd:.2g} $ compute + {cost.requests_usd:.2g} $ requests",
        f"at most +{cost.bytes_at_most / 1e9:,.3g} GB stored",
    ]
    if cost.deadline_s is not None and cost.seconds > cost.deadline_s:
        needed = cost.workers_for_deadline
        told = "no number of workers is" if needed is None else f"{needed} workers would be"
        parts.append(f"not within {duration(cost.deadline_s)}: {told} enough")
    if cost.pace_from:
        parts.append(f"by the pace of {cost.pace_from}")
    return " · ".join(parts)


def mebibytes(number: int) -> str:
    """A number of bytes in words."""
    return f"{number / 2**20:,.0f} MiB"


def duration(seconds: float) -> str:
    """A time in words."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def _terminal_width() -> int:
    """Columns of the terminal, or ``COLUMNS``; a file takes any."""
    return shutil.get_terminal_size(fallback=(1_000_000, 1)).columns


def _aligned(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    shown = (
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, numeric, strict=True)
    )
    return _GAP.join(shown).rstrip()


def _write(lines: Iterable[str]) -> None:
    """Plain lines; rich needs six seconds for ten thousand of them."""
    console.file.write("".join(f"{without_url_secrets(line)}\n" for line in lines))


def _cell(value: object) -> str:
    if value is None:
        return ""
    # Four digits of a fraction are enough for every quantity here.
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else f"{value:.4g}"
    return str(value)


def _is_number(cell: str) -> bool:
    try:
        float(cell or 0)
    except ValueError:
        return False
    return True
