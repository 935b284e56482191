"""What jobs on finished runs share: a folder for each finding, its tables and figures, a pass over shards.

A finding is a folder beside its run: Zarr datasets, tables as CSV and Markdown, figures as PNG, and last of
all ``finding.json``. Its id is a digest of what went in, so a repeated command only opens it.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pandas as pd
import xarray as xr
from distributed import Client
from matplotlib.figure import Figure
from pydantic import BaseModel, ConfigDict, Field
from rich.table import Table as TerminalTable

from lunarcloud.archive.polygons import Outline, read_outlines
from lunarcloud.config import settings
from lunarcloud.engine import MemoryPlan, show_progress, stream
from lunarcloud.figures.style import save
from lunarcloud.jobs.common import Estimate
from lunarcloud.maps import Run
from lunarcloud.statistics.source import Stream
from lunarcloud.statistics.units import Shape, Unit, from_outlines, maria, named_region, whole_moon
from lunarcloud.storage import Folder, Format, digest, read_card, write_dataset

# Part of every id: raise it when the same inputs would give other results.
_ALGORITHM = 2
# Per pixel of a shard: codes, labels, masks and what splitting labels copies.
_TASK_BYTES_PER_PIXEL = 40
_TASK_BYTES = 64 * 2**20
# Mpixel/s of a thread for one map, reading included.
_RATE = 40.0
# Overviews are drawn at this many pixels a degree or the next finer.
_DRAWN_PPD = 4
_DONE = "finding.json"


class RunInputs(BaseModel):
    """Which run a finding is about."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    root: str = Field(min_length=1, description="folder or URL under which everything lives")
    run: str = Field(default="latest", description="id of a run under the root")


class MariaInputs(RunInputs):
    """Which run, and where its maria are."""

    maria: str | None = Field(
        default=None, description="polygon file of the maria; without one, IAU discs, an approximation"
    )

    def mare_units(self) -> tuple[Unit, Unit]:
        """The maria and the rest."""
        return maria(read_outlines(self.maria) if self.maria else ())


class UnitInputs(MariaInputs):
    """Which run, and by which units of the Moon."""

    units: str | None = Field(default=None, description="polygon file, one unit for each name in it")
    name_field: str | None = Field(default=None, description="attribute of that file with the names")
    regions: tuple[str, ...] = Field(
        default=("Mare Tranquillitatis",), description="features of the IAU gazetteer, each as a disc"
    )

    def chosen(self) -> tuple[Unit, ...]:
        """The whole Moon, maria, the rest, the named regions and the file's units."""
        from_file = read_outlines(self.units, self.name_field) if self.units else ()
        named = tuple(named_region(name) for name in self.regions)
        return (whole_moon(), *self.mare_units(), *named, *from_outlines(from_file, "polygon file"))


class Table(BaseModel):
    """A small table."""

    model_config = ConfigDict(frozen=True)

    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | float | None, ...], ...]


class Finding(BaseModel):
    """What was found in one or two runs."""

    model_config = ConfigDict(frozen=True)

    format: Format = 1
    kind: str
    id: str
    runs: tuple[str, ...]
    facts: dict[str, str | int | float] = Field(description="what is worth knowing at once")
    tables: dict[str, Table]
    datasets: tuple[str, ...] = Field(description="Zarr groups in the folder")
    figures: tuple[str, ...] = Field(description="pictures in the folder")
    url: str = Field(default="", description="the folder")


def finding_place(run: Run, kind: str, content: Mapping[str, Any]) -> Folder:
    """The folder of a finding about a run, by what goes into it.

    Parameters
    ----------
    run : Run
        What the finding is about.
    kind : str
        Such as statistics or polar.
    content : mapping
        All that the finding depends on besides; goes into its id.
    """
    known = digest(json.dumps([_ALGORITHM, run.card.digest, content], sort_keys=True, default=str).encode())
    return run.place / f"{kind}/{known[:16]}"


def fingerprint(units: Iterable[Unit]) -> list[list[str]]:
    """Units as they enter an id: names and every vertex."""
    return [[unit.name, str(unit.outside), *map(_shape_print, unit.shapes)] for unit in units]


def kept(place: Folder) -> Finding | None:
    """The finding in a folder, if it is finished."""
    if not place.exists(_DONE):
        return None
    return read_card(place, _DONE, Finding).model_copy(update={"url": place.url})


def keep(
    place: Folder,
    *,
    runs: Iterable[Run],
    facts: Mapping[str, str | int | float],
    datasets: Mapping[str, xr.Dataset],
    tables: Mapping[str, pd.DataFrame],
    figures: Mapping[str, Callable[[], Figure]],
    written: Iterable[str] = (),
) -> Finding:
    """Write a finding, its record last.

    Parameters
    ----------
    place : Folder
        Where.
    runs : iterable of Run
        What it is about.
    facts, datasets, tables, figures : mappings
        By name. Figures are drawn one after the other.
    written : iterable of str
        Zarr groups that are in the folder already.
    """
    kind, known = place.url.rstrip("/").split("/")[-2:]
    for name, dataset in datasets.items():
        write_dataset(place / f"{name}.zarr", dataset)
    for name, frame in tables.items():
        place.write(f"{name}.csv", frame.to_csv(index=False).encode())
        place.write(f"{name}.md", markdown(frame).encode())
    for name, draw in figures.items():
        save(draw(), place, f"{name}.png")
    finding = Finding(
        kind=kind,
        id=known,
        runs=tuple(run.card.id for run in runs),
        facts=dict(facts),
        tables={name: _table(frame) for name, frame in tables.items()},
        datasets=tuple(f"{name}.zarr" for name in (*datasets, *written)),
        figures=tuple(f"{name}.png" for name in figures),
    )
    place.write(_DONE, finding.model_dump_json(indent=1, exclude={"url"}).encode())
    return finding.model_copy(update={"url": place.url})


@contextmanager
def passes(title: str, run: Run, client: Client, *, number: int = 1) -> Iterator[Stream]:
    """Passes over the shards of a run, with one progress bar; checks the memory first.

    Parameters
    ----------
    title : str
        For the progress bar.
    run : Run
        Whose shards.
    client : distributed.Client
        Where to compute.
    number : int
        How many passes the bar is for.
    """
    memory_plan(run).require_fit(client)
    shards = number * sum(1 for _ in run.layout().raster.shards())
    with show_progress(title, shards) as progress:

        def spread(function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
            for item, result in stream(client, function, items):
                progress.advance(run.card.shard_edge**2)
                yield item, result

        yield spread


def memory_plan(run: Run) -> MemoryPlan:
    """What one task of a pass needs."""
    return MemoryPlan(task=_TASK_BYTES_PER_PIXEL * run.card.shard_edge**2 + _TASK_BYTES)


def estimate_pass(title: str, run: Run, maps: int) -> Estimate:
    """What a pass over some maps of a run would take.

    Parameters
    ----------
    title : str
        For the table.
    run : Run
        Whose shards.
    maps : int
        How many maps are read.
    """
    raster, chosen = run.layout().raster, settings()
    rows, cols = raster.shape
    return Estimate(
        title=title,
        tasks=sum(1 for _ in raster.shards()),
        done=0,
        pixels=rows * cols,
        bytes_at_most=0,
        worker_bytes=memory_plan(run).worker_bytes(chosen.threads),
        seconds=maps * rows * cols / 1e6 / _RATE / (chosen.workers * chosen.threads),
    )


def overview(run: Run) -> xr.Dataset:
    """The maps of a run at a resolution fit for a picture of the whole Moon."""
    fine = (level for level in reversed(range(run.levels)) if run.card.ppd >> level >= _DRAWN_PPD)
    return run.open(next(fine, 0))


def markdown(frame: pd.DataFrame) -> str:
    """A table in Markdown."""
    table = _table(frame)
    head = [" | ".join(table.columns), " | ".join("---" for _ in table.columns)]
    body = [" | ".join(_shown(value) for value in row) for row in table.rows]
    return "".join(f"| {line} |\n" for line in (*head, *body))


def terminal_table(title: str, table: Table) -> TerminalTable:
    """A table for the terminal."""
    drawn = TerminalTable(title=title, title_justify="left")
    for number, column in enumerate(table.columns):
        text = any(isinstance(row[number], str) for row in table.rows)
        drawn.add_column(column, justify="left" if text else "right")
    for row in table.rows:
        drawn.add_row(*(_shown(value) for value in row))
    return drawn


def _shape_print(shape: Shape) -> str:
    return digest(shape.shape.wkb) if isinstance(shape, Outline) else repr(shape)


def _table(frame: pd.DataFrame) -> Table:
    rows = json.loads(frame.to_json(orient="values", double_precision=15))
    return Table(columns=tuple(map(str, frame.columns)), rows=tuple(map(tuple, rows)))


def _shown(value: str | float | None) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) or value == round(value) else f"{value:.4g}"
