"""A small world for reprocessing: a root in memory, a clock that is set by hand, processes that cost nothing.

Whoever works there may be killed at any request, and the store may answer 503.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel, ConfigDict

from lunarcloud.archive.stations import parse_stations
from lunarcloud.config import settings
from lunarcloud.engine import Session
from lunarcloud.errors import InputError, TransientStoreError
from lunarcloud.lineage import Given, Record, Root, open_root
from lunarcloud.processes import PROCESSES, Line, stations
from lunarcloud.processes import run as runs
from lunarcloud.processes.inputs import Inputs, given_of, parent
from lunarcloud.processes.process import Made, Process, Report
from lunarcloud.processes.run import run_in
from lunarcloud.processes.stations import StationsInputs, choose
from lunarcloud.reprocessing.clock import Clock
from lunarcloud.storage import Folder, digest
from lunarcloud.storage.backends import MemoryFolder

URL = "memory://world"
SHIPPED = "site,lat,lon,feo,tio2\nApollo 11,0.7,23.5,15.8,7.5\nApollo 16,-9.0,15.5,5.0,0.6\n"


#: What making anything fails with, in words; empty: nothing does.
FAILS = ""


class Killed(BaseException):
    """Raised at a request of somebody who is dead, or dies there."""


@dataclass
class World:
    """What the store does, to whom, and when."""

    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    #: Who asks; nobody in particular is never killed.
    actor: str = ""
    dead: set[str] = field(default_factory=set)
    #: Requests until the actor dies, and requests that are answered by 503.
    fuse: int | None = None
    faults: int = 0
    requests: int = 0
    written: dict[str, datetime] = field(default_factory=dict)
    made: Counter[str] = field(default_factory=Counter)
    #: Called whenever somebody sleeps.
    meanwhile: Callable[[], None] = lambda: None

    def reset(self) -> None:
        """A new one."""
        vars(self).update(vars(World()))

    def touch(self) -> None:
        """A request to the store."""
        self.requests += 1
        if self.actor and self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                self.dead.add(self.actor)
        if self.actor in self.dead:
            raise Killed
        if self.actor and self.faults:
            self.faults -= 1
            raise TransientStoreError("the store answers 503")

    def sleep(self, seconds: float) -> None:
        """Time passes."""
        self.now += timedelta(seconds=seconds)
        self.meanwhile()

    def clock(self) -> Clock:
        """The world's own."""
        return Clock(lambda: self.now, lambda: self.now.timestamp(), self.sleep)

    @contextmanager
    def acting(self, actor: str, fuse: int | None = None, faults: int = 0) -> Iterator[None]:
        """Somebody acts, who dies at a request, and to whom the store answers 503 for a while."""
        self.actor, self.fuse, self.faults = actor, fuse, faults
        try:
            yield
        finally:
            self.actor, self.fuse, self.faults = "", None, 0


#: The only one: a folder is a value and knows nothing but its URL.
WORLD = World()


class WorldFolder(MemoryFolder):
    """A folder of that world's store."""

    def _read(self, key: str, start: int | None, end: int | None) -> bytes:
        WORLD.touch()
        return super()._read(key, start, end)

    def _write(self, key: str, data: bytes) -> None:
        WORLD.touch()
        WORLD.written[f"{self.url}/{key}"] = WORLD.now
        super()._write(key, data)

    def _exists(self, key: str) -> bool:
        WORLD.touch()
        return super()._exists(key)

    def _modified(self, key: str) -> datetime | None:
        WORLD.touch()
        return WORLD.written[f"{self.url}/{key}"]

    def _versions(self, under: str) -> dict[str, str | None]:
        WORLD.touch()
        return super()._versions(under)

    def _remove(self, key: str) -> None:
        WORLD.touch()
        super()._remove(key)


def world_root(url: str = URL) -> Root:
    """A root in that world, empty."""
    root = Root(WorldFolder(url))
    root.folder.remove_all()
    return root


class ModelInputs(Inputs):
    """What is fitted."""

    stations: str = parent("stations", "ground truth", default="main")


class MapInputs(Inputs):
    """What is mapped."""

    model: str = parent("toy-models", "model")


class MeanInputs(Inputs):
    """What is averaged."""

    maps: str = parent("toy-maps", "maps")


class Said(BaseModel):
    """What was made, in a word."""

    model_config = ConfigDict(frozen=True)

    said: str


class Material(NamedTuple):
    """What is to be said, and where it may be there already."""

    root: Root
    said: str
    table: StationsInputs | None = None


def _fit(inputs: ModelInputs, root: Root) -> tuple[Given, Material]:
    chosen = choose(root, inputs.stations)
    made = _material(root, "fit", chosen.parent.digest)._replace(table=chosen.inputs)
    return given_of(inputs, root, {"stations": chosen.parent}), made


def _map(inputs: MapInputs, root: Root) -> tuple[Given, Material]:
    model = root.find("toy-models", inputs.model).as_parent()
    return given_of(inputs, root, {"model": model}), _material(root, "map", model.digest)


def _mean(inputs: MeanInputs, root: Root) -> tuple[Given, Material]:
    maps = root.find("toy-maps", inputs.maps).as_parent()
    return given_of(inputs, root, {"maps": maps}), _material(root, "mean", maps.digest)


def _material(root: Root, what: str, content: str) -> Material:
    return Material(root, digest(f"{what} {content}".encode()))


def _make(material: Material, home: Folder, session: Session) -> Made[Said]:
    published = {str(entry.ref) for entry in material.root.snapshot().catalog().records}
    name = "/".join(home.url.split("/")[-2:])
    assert name not in published, "computed though it was there"
    WORLD.made[name] += 1
    if FAILS:
        raise InputError(FAILS)
    if material.table is not None:
        run_in(session, stations.PROCESS, material.table, material.root)
    home.write("said.txt", material.said.encode())
    return Made(Said(said=material.said), digest(material.said.encode()))


def _process(name: str, kind: str, inputs: type[Inputs], resolve: Any) -> Process[Any, Any, Any]:
    return Process(
        name=name,
        kind=kind,
        algorithm=1,
        inputs=inputs,
        card=Said,
        resolve=resolve,
        estimate=lambda material, home, threads: [],
        make=_make,
        open=lambda record, home: record.card.said,
        report=lambda record, home: Report({}),
    )


#: In the order in which they depend on each other.
CHAIN = (
    _process("toy-fit", "toy-models", ModelInputs, _fit),
    _process("toy-map", "toy-maps", MapInputs, _map),
    _process("toy-mean", "toy-means", MeanInputs, _mean),
)


def require_whole(root: Root) -> None:
    """Everything published is what its record says."""
    for entry in root.catalog().records:
        if entry.process.startswith("toy"):
            record: Record[Said] = root.record(entry, Said)
            assert (
                digest(root.place(entry.ref).read("said.txt")) == record.outputs["said.txt"] == record.digest
            )


@contextmanager
def living() -> Iterator[World]:
    """The world with its processes, two shipped stations, a webhook that nobody answers, no pauses."""
    with pytest.MonkeyPatch.context() as patch:
        for process in CHAIN:
            module: Any = ModuleType(process.name)
            module.PROCESS = process
            patch.setitem(sys.modules, f"world_{process.name}", module)
            patch.setitem(PROCESSES, process.name, Line(f"world_{process.name}", "A toy."))
        table = parse_stations(SHIPPED, "the shipped station table")
        patch.setattr("lunarcloud.processes.stations.shipped_stations", lambda: table)
        # Asking for versions takes longer than all the rest.
        patch.setattr(runs, "versions", cache(runs.versions))
        patch.setenv("LUNARCLOUD_BACKOFF_S", "0.000001")
        patch.setenv("LUNARCLOUD_WEBHOOKS", '["http://127.0.0.1:9/hook"]')
        settings.cache_clear()
        yield WORLD
    settings.cache_clear()
    open_root(URL).folder.remove_all()
