"""What a process is: a kind of computation, as a value of functions; one file of this room a process."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from lunarcloud.config import settings
from lunarcloud.engine import Session, Work
from lunarcloud.errors import ComputeError
from lunarcloud.lineage import Given, Record, Root
from lunarcloud.processes.inputs import Inputs
from lunarcloud.storage import Entry, Folder, Group, digest, entries_digest

InputsT = TypeVar("InputsT", bound=Inputs)
MaterialT = TypeVar("MaterialT")
CardT = TypeVar("CardT", bound=BaseModel)

#: What is implemented here, and goes beyond.
PAPER = "Qiu, Yan & Liu 2025, doi 10.1038/s43247-025-02914-w"

Cell: TypeAlias = str | int | float | None


class Table(BaseModel):
    """A small table, for the terminal, CSV and Markdown."""

    model_config = ConfigDict(frozen=True)

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


class Report(NamedTuple):
    """What a person should read of a record.

    Attributes
    ----------
    facts : mapping of str to object
        One a line.
    tables : mapping of str to Table
        By title.
    remarks : tuple of str
        Sentences.
    """

    facts: Mapping[str, object]
    tables: Mapping[str, Table] = {}
    remarks: tuple[str, ...] = ()


class Shards(NamedTuple):
    """A sharded group with what its ledger says, read once: a reading takes an object a shard.

    Attributes
    ----------
    group : Group
        All its shards written.
    entries : tuple of Entry
        One a shard.
    """

    group: Group
    entries: tuple[Entry, ...]


class Made(NamedTuple, Generic[CardT]):
    """What a process made in its folder.

    Attributes
    ----------
    card : BaseModel
        What is to be known of it.
    digest : str
        Of its content, for what will be made from it.
    groups : sequence of Shards
        Its sharded Zarr groups.
    facts : mapping of str to str
        A few words for lists.
    """

    card: CardT
    digest: str
    groups: Sequence[Shards] = ()
    facts: Mapping[str, str] = {}


class Estimate(BaseModel):
    """What a stage of a process would take, said without running it.

    Attributes
    ----------
    title : str
        What would be computed.
    tasks, done : int
        Tasks to run, and those that are finished already.
    pixels : int
        Pixels of the tasks to run.
    bytes_at_most : int
        Written, before compression.
    worker_bytes : int
        Memory that each worker needs.
    seconds : float
        About how long it takes on so many threads, from the rates in ``benchmarks/``.
    """

    model_config = ConfigDict(frozen=True)

    title: str
    tasks: int
    done: int = 0
    pixels: int = 0
    bytes_at_most: int = 0
    worker_bytes: int = 0
    seconds: float = Field(default=0.0, ge=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Process(Generic[InputsT, MaterialT, CardT]):
    """A kind of computation.

    Attributes
    ----------
    name : str
        What a person types.
    kind : str
        Kind of its records: their folder under the root.
    algorithm : int
        Part of every identity: raised when the same inputs would give other bytes.
    inputs, card : type
        Models of what it takes and of what is known of what it makes.
    resolve : callable
        From inputs and root to what was given, everything resolved, and the material to work with. Cheap, for
        a record that is there needs no more: it reads records, labels and tables, no arrays. Errors of bad
        input come from here; those of content that takes longer to read from the others' first lines.
    estimate : callable
        From the material, the record's folder and the threads at hand to what each stage would take.
    make : callable
        From the material, the record's folder and a session to what it made. What is there already is not
        computed again: it may be called after a stop, or to repair.
    open : callable
        From a record and its folder to the xarray object, or model, that Python gets.
    report : callable
        From a record and its folder to what a person should read.
    opens : str
        The Zarr group to open in plain xarray, within the folder; empty if there is none.
    references : str
        Where the method is published, as attributes of its datasets have it.
    """

    name: str
    kind: str
    algorithm: int
    inputs: type[InputsT]
    card: type[CardT]
    resolve: Callable[[InputsT, Root], tuple[Given, MaterialT]]
    estimate: Callable[[MaterialT, Folder, int], Sequence[Estimate]]
    make: Callable[[MaterialT, Folder, Session], Made[CardT]]
    open: Callable[[Record[CardT], Folder], Any]
    report: Callable[[Record[CardT], Folder], Report]
    opens: str = ""
    references: str = PAPER


def estimate_work(work: Work, threads: int) -> Estimate:
    """What computing the rest of a group would take.

    Parameters
    ----------
    work : Work
        What to compute.
    threads : int
        On how many.
    """
    raster = work.group.layout.raster
    todo = work.group.missing()
    shapes = [raster.window(shard).shape for shard in todo]
    pixels = sum(rows * cols for rows, cols in shapes)
    down, across = raster.shard_shape
    return Estimate(
        title=work.title,
        tasks=len(todo),
        done=down * across - len(todo),
        pixels=pixels,
        bytes_at_most=pixels * work.group.layout.pixel_bytes,
        worker_bytes=work.memory.worker_bytes(settings().threads),
        seconds=pixels / 1e6 / work.rate / threads,
    )


def shards_of(group: Group) -> Shards:
    """The shards of a group that is whole.

    Raises
    ------
    ComputeError
        If a shard is missing in its ledger.
    """
    entries = group.ledger.entries()
    if missing := sum(shard not in entries for shard in group.layout.raster.shards()):
        raise ComputeError(f"{group.place.url}: {missing} shards are not in the ledger; run it again")
    return Shards(group, tuple(entries.values()))


def content_of(groups: Sequence[Shards]) -> str:
    """Digest of the content of several groups, in their order: the same shards give the same one."""
    return digest("".join(entries_digest(each.entries) for each in groups).encode())
