"""Results of benchmarks: dated JSON lines, and the page that is rendered from the newest of them.

python -m benchmarks._results renders the page anew.
"""

import ast
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeAlias

import pandas as pd
from pydantic import BaseModel, ConfigDict

from lunarcloud.testing.machine import machine, versions

HERE = Path(__file__).parent
PAGE = HERE / "README.md"
FOLDER = HERE / "results"

#: Columns by name, units in the names.
Row: TypeAlias = Mapping[str, object]

_HEAD = """# Benchmarks

Every claim of speed, accuracy or loss is a script here that anyone can run: `make bench` runs all of them,
`python -m benchmarks NAME` one. Ratios are of one run on one machine. Where it is not said that the machine
was idle, other programs used the same cores: ratios hold, absolute rates are too low.

This page is rendered from the newest lines of `results/*.jsonl`, to which runs add theirs: edit neither.
"""


class Result(BaseModel):
    """One table that a benchmark measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    benchmark: str
    table: str
    date: date
    machine: str
    versions: dict[str, str]
    rows: tuple[dict[str, str | int | float], ...]
    note: str = ""


def report(table: str, rows: Sequence[Row], *, of: str, packages: Sequence[str] = (), note: str = "") -> None:
    """Print a table that was measured, and keep it.

    Parameters
    ----------
    table : str
        What it is of, a few words; the page shows the newest of each.
    rows : sequence of dict
        Columns by name, units in the names.
    of : str
        The benchmark's file.
    packages : sequence of str
        Others whose version matters.
    note : str
        What the numbers alone do not say.
    """
    benchmark, today = Path(of).stem, datetime.now(UTC).date()
    found = Result(
        benchmark=benchmark,
        table=table,
        date=today,
        machine=machine(),
        versions=versions(*packages),
        rows=tuple(map(dict, rows)),
        note=note,
    )
    print(f"\n{table}:\n{pd.DataFrame(list(rows)).fillna('').to_string(index=False)}\n{note}", flush=True)
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / f"{benchmark}.jsonl").open("a") as lines:
        lines.write(found.model_dump_json(exclude_defaults=True) + "\n")


def rendered() -> str:
    """The page."""
    return "\n".join([_HEAD, *(_section(path) for path in sorted(HERE.glob("[!_]*.py")))])


def _section(script: Path) -> str:
    title, _, text = (ast.get_docstring(ast.parse(script.read_text())) or "").partition("\n\n")
    said = "\n\n".join(part for part in text.split("\n\n") if not part.startswith(" "))
    kept = FOLDER / f"{script.stem}.jsonl"
    lines = kept.read_text().splitlines() if kept.exists() else []
    # A later line of the same table takes the place of an earlier one.
    newest = {found.table: found for found in map(Result.model_validate_json, lines)}
    parts = [f"## `{script.name}`", title, said, *map(_shown, newest.values())]
    return "\n\n".join(part for part in parts if part) + "\n"


def _shown(found: Result) -> str:
    columns = list(dict.fromkeys(name for row in found.rows for name in row))
    table = [columns, ["---"] * len(columns)]
    table += [[str(row.get(name, "")) for name in columns] for row in found.rows]
    text = "\n".join(f"| {' | '.join(cells)} |" for cells in table)
    made_by = ", ".join(f"{name} {version}" for name, version in found.versions.items())
    where = f"*{found.date}; {found.machine}; {made_by}*"
    parts = (f"**{found.table}**", text, found.note, where)
    return "\n\n".join(part for part in parts if part)


if __name__ == "__main__":
    PAGE.write_text(rendered())
