"""A command of 18 shards, 12 of which take an hour, as the command line runs one."""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lunarcloud.cli.signals import Stopped, stoppable
from lunarcloud.engine import Cluster, MemoryPlan, Product, Session, Work
from lunarcloud.moon import Raster, Shard, grid
from lunarcloud.storage import Group, Layout, Ledger, Variable, folder


@dataclass(frozen=True)
class Slow:
    """The first row of shards at once, the others after an hour; each start is noted with its process."""

    raster: Raster
    log: Path

    def __call__(self, shard: Shard) -> Product:
        with self.log.open("a") as log:
            log.write(f"{os.getpid()}\n")
        time.sleep(3600 if shard.row else 0)
        return Product(arrays={"codes": np.ones(self.raster.window(shard).shape, np.uint16)})


def work(place: str) -> Work:
    """The work of the command under a folder."""
    raster = grid(1, 64)
    layout = Layout(raster=raster, variables=(Variable(name="codes", dtype="uint16", fill=65535),))
    group = Group(folder(place) / "codes.zarr", layout, Ledger(folder(place) / "ledger"))
    slow = Slow(raster, Path(place) / "log")
    return Work(title="slow", group=group, function=slow, memory=MemoryPlan(task=2**20), rate=1.0)


def main(place: str) -> int:
    """Run it; its exit code."""
    try:
        with stoppable(), Session(Cluster(workers=2)) as session:
            session.compute(work(place))
            work(place).group.finish({})
    except Stopped as stopped:
        stopped.leave()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
