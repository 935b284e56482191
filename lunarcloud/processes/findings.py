"""What processes on finished runs share: inputs, passes over shards, and how a finding is kept.

A finding is Zarr datasets, tables as CSV and Markdown, and figures as PNG in its record's folder; its facts
and tables are in its card.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from lunarcloud.archive import Outline, read_outlines
from lunarcloud.config import settings
from lunarcloud.engine import MemoryPlan, Session
from lunarcloud.lineage import Given, Record, Root, Source
from lunarcloud.maps import Run
from lunarcloud.processes.inputs import OPTION, Inputs, file, option, parent
from lunarcloud.processes.process import (
    Cell,
    Estimate,
    InputsT,
    Made,
    MaterialT,
    Process,
    Report,
    Table,
    shards_of,
)
from lunarcloud.statistics import (
    REASONS,
    Reason,
    Shape,
    Stream,
    Unit,
    from_outlines,
    maria,
    named_region,
    whole_moon,
)
from lunarcloud.storage import Folder, Group, Range, digest, open_dataset, write_dataset

if TYPE_CHECKING:  # slow to import, and a finding that is there already draws nothing
    import pandas as pd
    import xarray as xr
    from matplotlib.figure import Figure

# Raised when the same inputs would give other findings.
_ALGORITHM = 8

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

# Per pixel of a shard: codes, labels, masks and what splitting labels copies.
_TASK_BYTES_PER_PIXEL = 40
_TASK_BYTES = 64 * 2**20
# Mpixel/s of a thread for one map, reading included.
_RATE = 40.0


def _reasons(value: Any) -> Any:
    """Words with commas between them as reasons, in one order; ``nothing`` is none of them."""
    if isinstance(value, str):
        value = (value,)
    words = [word.strip() for each in value for word in str(each).split(",")]
    # An unknown one stays, for whoever checks them to name.
    return sorted(set(words) - {"nothing"}, key=lambda word: (*REASONS, word).index(word))


#: Reasons to leave pixels out, as people write them.
Exclude: TypeAlias = Annotated[tuple[Reason, ...], BeforeValidator(_reasons)]


def exclusion(*default: Reason) -> Any:
    """The input of reasons to leave pixels out, with these without any."""
    return option(
        default,
        "pixels of a map that are left out, by what quality says of them, with commas between: "
        f"{', '.join(REASONS)}, or nothing",
    )


class RunInputs(Inputs):
    """Which run a finding is about, and which of its pixels."""

    run: str = parent("runs", "run to look at")
    exclude: Exclude = exclusion("clipped")


class MariaInputs(RunInputs):
    """Which run, and where its maria are."""

    maria: str | None = file(None, "polygon file of the maria; without one, the shipped outlines")

    def mare_units(self) -> tuple[Unit, Unit]:
        """The maria and the rest."""
        return maria(read_outlines(self.maria) if self.maria else ())


class UnitInputs(MariaInputs):
    """Which run, and by which units of the Moon."""

    units: str | None = file(
        None, "polygon file (GeoJSON, shapefile, GeoPackage), one unit for each name in it"
    )
    name_field: str | None = option(None, "attribute of that file with the names")
    regions: tuple[str, ...] = option(
        ("Mare Tranquillitatis",),
        "feature of the IAU gazetteer: a mare in its outline, others as discs",
        **{OPTION: "region"},
    )

    def chosen(self) -> tuple[Unit, ...]:
        """The whole Moon, maria, the rest, the named regions and the file's units."""
        from_file = read_outlines(self.units, self.name_field) if self.units else ()
        named = tuple(named_region(name) for name in self.regions)
        return (whole_moon(), *self.mare_units(), *named, *from_outlines(from_file, "polygon file"))


class FindingCard(BaseModel):
    """What was found.

    Attributes
    ----------
    facts : dict
        What is worth knowing at once.
    tables : dict of str to Table
        Small tables by name.
    datasets, figures : tuple of str
        Zarr groups and pictures in the record's folder.
    ranges : dict of str to Range
        Values of its own maps, where it has any, with a colour map that fits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    facts: dict[str, str | int | float]
    tables: dict[str, Table]
    datasets: tuple[str, ...] = Field(description="Zarr groups in the folder")
    figures: tuple[str, ...] = Field(description="pictures in the folder")
    ranges: dict[str, Range] = Field(default_factory=dict, description="values of its own maps")


def left_out(exclude: Iterable[Reason]) -> dict[str, str]:
    """What is said of a finding about the pixels it leaves out."""
    return {"excluded": ", ".join(exclude) or "nothing"}


def unit_sources(root: Root, units: Iterable[Unit], *paths: str | None) -> tuple[Source, ...]:
    """The polygon files of some units as sources: every vertex counts.

    Parameters
    ----------
    root : Root
        Local files are stored relative to it.
    units : iterable of Unit
        All that were made.
    *paths : str or None
        The files, where there are any.
    """
    given = [path for path in paths if path]
    content = digest(json.dumps(_fingerprint(units)).encode())
    return tuple(Source(url=root.relative(path), digest=content) for path in given)


def keep(
    home: Folder,
    *,
    facts: Mapping[str, str | int | float],
    datasets: Mapping[str, xr.Dataset],
    tables: Mapping[str, pd.DataFrame],
    figures: Mapping[str, Callable[[], Figure]],
    groups: Sequence[Group] = (),
    ranges: Mapping[str, Range] = MappingProxyType({}),
) -> Made[FindingCard]:
    """Write a finding.

    Parameters
    ----------
    home : Folder
        The record's folder.
    facts, datasets, tables, figures : mappings
        By name. Figures are drawn one after the other.
    groups : sequence of Group
        Sharded Zarr groups that are finished in the folder already.
    ranges : mapping of str to Range
        Values of maps in these.
    """
    from lunarcloud.exports import points_geojson
    from lunarcloud.figures import save_figure

    note = dict(home.says).get("note")
    below = f"\n**{note}**\n" if note else ""
    for name, dataset in datasets.items():
        write_dataset(home / f"{name}.zarr", dataset)
    for name, frame in tables.items():
        home.write(f"{name}.csv", frame.to_csv(index=False).encode())
        if {"lat", "lon"} <= {*frame.columns}:
            home.write(f"{name}.geojson", points_geojson(frame, name))
        home.write(f"{name}.md", (markdown(table_of(frame)) + below).encode())
    for name, draw in figures.items():
        save_figure(draw(), home, f"{name}.png")
    card = FindingCard(
        facts=dict(facts),
        tables={name: table_of(frame) for name, frame in tables.items()},
        datasets=(*(f"{name}.zarr" for name in datasets), *(group.place.name for group in groups)),
        figures=tuple(f"{name}.png" for name in figures),
        ranges=dict(ranges),
    )
    content = digest(card.model_dump_json(include={"facts", "tables"}).encode())
    return Made(card, content, [*map(shards_of, groups)], {name: str(value) for name, value in facts.items()})


def stream_over(session: Session, title: str, run: Run, memory: MemoryPlan | None = None) -> Stream:
    """Passes over the shards of a run, on the session's cluster.

    Parameters
    ----------
    session : Session
        Where.
    title : str
        For whoever watches.
    run : Run
        What is read.
    memory : MemoryPlan, optional
        What a task needs; by default that of a pass.
    """
    pixels, needed = run.card.shard_edge**2, memory or memory_plan(run)

    def spread(
        function: Callable[[ItemT], ResultT], items: Iterable[ItemT]
    ) -> Iterator[tuple[ItemT, ResultT]]:
        return session.spread(title, function, items, pixels=lambda _: pixels, memory=needed, place=run.place)

    return spread


def memory_plan(run: Run) -> MemoryPlan:
    """What one task of a pass needs."""
    return MemoryPlan(task=_TASK_BYTES_PER_PIXEL * run.card.shard_edge**2 + _TASK_BYTES)


def estimate_pass(title: str, run: Run, maps: int, threads: int) -> Estimate:
    """What a pass over some maps of a run would take.

    Parameters
    ----------
    title : str
        What is done.
    run : Run
        What is read.
    maps : int
        How many of its maps.
    threads : int
        On how many.
    """
    rows, cols = run.grid.shape
    down, across = run.grid.shard_shape
    return Estimate(
        title=title,
        tasks=down * across,
        pixels=rows * cols,
        worker_bytes=memory_plan(run).worker_bytes(settings().threads),
        seconds=maps * rows * cols / 1e6 / _RATE / threads,
    )


def report(record: Record[FindingCard], home: Folder) -> Report:
    """What a person should read of a finding."""
    card = record.card
    about = {role: parent.ref.id for role, parent in record.given.parents.items()}
    return Report({**card.facts, **about, "files": " ".join((*card.datasets, *card.figures))}, card.tables)


def finding(
    name: str,
    kind: str,
    inputs: type[InputsT],
    *,
    dataset: str,
    resolve: Callable[[InputsT, Root], tuple[Given, MaterialT]],
    estimate: Callable[[MaterialT, Folder, int], Sequence[Estimate]],
    make: Callable[[MaterialT, Folder, Session], Made[FindingCard]],
) -> Process[InputsT, MaterialT, FindingCard]:
    """The process of a kind of finding.

    Parameters
    ----------
    name, kind, inputs
        As in `Process`.
    dataset : str
        The Zarr group that is opened, in Python and by hand, within the record's folder.
    resolve, estimate, make
        As in `Process`.
    """
    return Process(
        name=name,
        kind=kind,
        algorithm=_ALGORITHM,
        inputs=inputs,
        card=FindingCard,
        resolve=resolve,
        estimate=estimate,
        make=make,
        open=lambda record, home: open_dataset(home / dataset),
        report=report,
        opens=dataset,
    )


def markdown(table: Table) -> str:
    """A table in Markdown."""
    head = [" | ".join(table.columns), " | ".join("---" for _ in table.columns)]
    body = [" | ".join(shown(value) for value in row) for row in table.rows]
    return "".join(f"| {line} |\n" for line in (*head, *body))


def table_of(frame: pd.DataFrame) -> Table:
    """A data frame as a table of plain values."""
    rows = json.loads(frame.to_json(orient="values", double_precision=15))
    return Table(columns=tuple(map(str, frame.columns)), rows=tuple(map(tuple, rows)))


def shown(value: Cell) -> str:
    """A value of a table in words: empty where there is none, four digits of a fraction."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) or value == round(value) else f"{value:.4g}"


def _fingerprint(units: Iterable[Unit]) -> list[list[str]]:
    return [[unit.name, str(unit.outside), *map(_shape_print, unit.shapes)] for unit in units]


def _shape_print(shape: Shape) -> str:
    return digest(shape.shape.wkb) if isinstance(shape, Outline) else repr(shape)
