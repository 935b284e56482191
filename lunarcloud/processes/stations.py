"""Process ``stations``: a table of ground truth becomes a record.

The table ``main`` is the shipped one with what lies in the root's inbox; a file is a table named after it.
The name is the process's own input, so that a new version of a table is the next record of its series, and
another table another series. Its content, citations left out, is what models are fitted to: an edited
citation changes no model.
"""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from lunarcloud.archive import StationTable, parse_stations, read_file, read_stations, shipped_stations
from lunarcloud.engine import Session
from lunarcloud.errors import InputError, NotFoundError
from lunarcloud.lineage import Entry, Given, Parent, Record, Ref, Root, Source, identity, series_of
from lunarcloud.processes.inbox import INBOX, MOST_BYTES, Inbox, merged_with, read_inbox
from lunarcloud.processes.inputs import ARGUMENT, Inputs, given_of, option, place
from lunarcloud.processes.process import Estimate, Made, Process, Report, Table
from lunarcloud.quantities import OXIDES
from lunarcloud.storage import Folder, digest

KIND = "stations"
#: The table of the shipped stations and the inbox.
MAIN = "main"
#: The file of a record.
STATIONS = "stations.csv"

_NAME, _ALGORITHM = "stations", 2


class StationsInputs(Inputs):
    """Which table, and what it is called."""

    table: str | None = place(
        None, "CSV of ground truth; without one, the shipped stations and the inbox's", **{ARGUMENT: True}
    )
    name: str = option(
        MAIN, "what the table is called: its later versions have the same name", limits={"min_length": 1}
    )


class StationsCard(BaseModel):
    """What is known of a table of stations."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    stations: int
    by_oxide: dict[str, int] = Field(description="stations that know an oxide")
    with_reflectance: int
    wavelengths_nm: tuple[float, ...]


class Choice(NamedTuple):
    """A table that somebody chose: published already, or to be published from these inputs."""

    parent: Parent
    table: StationTable
    inputs: StationsInputs | None


def _resolve(inputs: StationsInputs, root: Root) -> tuple[Given, StationTable]:
    if inputs.table is not None and inputs.name == MAIN:
        raise InputError(
            f"--name {MAIN!r} is the table of the shipped stations and the inbox; call {inputs.table} "
            "something else, or add it with `lunarcloud stations add`"
        )
    table = read_stations(inputs.table) if inputs.table else inbox_of(read_inbox(root).tables).table
    return _given(inputs, root, table)


def _given(inputs: StationsInputs, root: Root, table: StationTable) -> tuple[Given, StationTable]:
    content = table.content()
    url = root.relative(inputs.table) if inputs.table else "shipped with lunarcloud, and the inbox"
    source = Source(url=url, digest=digest(content), bytes=len(content))
    return given_of(inputs, root, {}, (source,)), StationTable(
        table.stations, table.wavelengths_nm, inputs.name
    )


def _estimate(table: StationTable, home: Folder, threads: int) -> Sequence[Estimate]:
    return [Estimate(title=f"publish {len(table.stations)} stations", tasks=1)]


def _make(table: StationTable, home: Folder, session: Session) -> Made[StationsCard]:
    write_stations(home, table)
    card = StationsCard(
        name=table.name,
        stations=len(table.stations),
        by_oxide={oxide: sum(oxide in each.oxides for each in table.stations) for oxide in OXIDES},
        with_reflectance=sum(each.reflectance is not None for each in table.stations),
        wavelengths_nm=table.wavelengths_nm,
    )
    return Made(card, digest(table.content()), facts={"name": card.name, "stations": str(card.stations)})


def write_stations(home: Folder, table: StationTable) -> None:
    """Write a table of stations, and as points for maps.

    Parameters
    ----------
    home : Folder
        The folder of a record.
    table : StationTable
        The stations.
    """
    # Slow to import, and a table that is there already is not written.
    import pandas as pd

    from lunarcloud.exports import points_geojson

    data = table.dump()
    home.write(STATIONS, data)
    rows = pd.read_csv(io.BytesIO(data), comment="#")
    home.write("stations.geojson", points_geojson(rows, "stations"))


def _open(record: Record[StationsCard], home: Folder) -> StationTable:
    return parse_stations(record.read(home, STATIONS).decode(), record.card.name)


def _report(record: Record[StationsCard], home: Folder) -> Report:
    card = record.card
    facts: dict[str, object] = {
        "table": card.name,
        "stations": card.stations,
        "with reflectance": card.with_reflectance,
        **{f"know {oxide}": number for oxide, number in card.by_oxide.items()},
    }
    rows = tuple(
        (each.site, each.lat, each.lon, *(each.oxides.get(oxide) for oxide in OXIDES))
        for each in _open(record, home).stations
    )
    return Report(facts, {"stations, wt%": Table(columns=("site", "lat", "lon", *OXIDES), rows=rows)})


PROCESS = Process(
    name=_NAME,
    kind=KIND,
    algorithm=_ALGORITHM,
    inputs=StationsInputs,
    card=StationsCard,
    resolve=_resolve,
    estimate=_estimate,
    make=_make,
    open=_open,
    report=_report,
)


def choose(root: Root, wanted: str) -> Choice:
    """The table that a person means.

    Parameters
    ----------
    root : Root
        Where tables are published.
    wanted : str
        The name of a table, such as ``main``, a CSV file, or a published table as `Catalog.find` knows it.

    Raises
    ------
    NotFoundError, InputError
        If there is none, or it cannot be used.
    """
    entry = root.head(series_of(_NAME, {"name": wanted}, {}))
    if entry is None:
        if wanted == MAIN:
            return _unpublished(root, StationsInputs())
        if wanted.endswith(".csv") or "/" in wanted:
            return _unpublished(root, StationsInputs(table=wanted, name=Path(wanted).stem))
        entry = root.find(KIND, wanted)
    return Choice(entry.as_parent(), table_of_record(root, entry), None)


def desired_main(root: Root, table: StationTable) -> Choice:
    """The main table as it should be, published or not.

    Parameters
    ----------
    root : Root
        Where it is or will be published.
    table : StationTable
        The shipped stations with the inbox's: of `inbox_of`.
    """
    return _choice(StationsInputs(), *_given(StationsInputs(), root, table))


def table_of_record(root: Root, entry: Entry) -> StationTable:
    """The table of a published record, as it was published.

    Raises
    ------
    StoreError
        If the record or its table is another one by now.
    """
    return _open(root.record(entry, StationsCard), root.place(entry.ref))


def add_stations(root: Root, path: str) -> str:
    """Put a table into the root's inbox, after a look at it; the key of the file there.

    Raises
    ------
    NotFoundError, InputError
        If it is no table of stations, or does not go with the stations that are there.
    """
    try:
        data = read_file(path, MOST_BYTES).data
    except NotFoundError as error:
        raise NotFoundError(f"{path}: there is no such station table") from error
    key = f"{Path(path).name.removesuffix('.gz').removesuffix('.csv')}.csv"
    refused = inbox_of(read_inbox(root).tables | {key: data}).rejected.get(digest(data))
    if refused is not None:
        raise InputError("\n  ".join(refused.errors))
    (root.folder / INBOX).write(key, data)
    return f"{INBOX}/{key}"


def inbox_of(files: Mapping[str, bytes]) -> Inbox:
    """What tables of an inbox, by name, make of the shipped stations, and which of them are refused."""
    return merged_with(shipped_stations(), files)


def _unpublished(root: Root, inputs: StationsInputs) -> Choice:
    return _choice(inputs, *_resolve(inputs, root))


def _choice(inputs: StationsInputs, given: Given, table: StationTable) -> Choice:
    parent = Parent(
        ref=Ref(kind=KIND, id=identity(_NAME, _ALGORITHM, given)),
        digest=digest(table.content()),
        series=series_of(_NAME, given.inputs, given.parents),
    )
    return Choice(parent, table, inputs)
