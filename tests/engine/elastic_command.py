"""A command of 18 shards, 12 of which take a while, on elastic workers; it holds the scheduler."""

import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lunarcloud.cli.signals import Stopped, stoppable
from lunarcloud.engine import Cluster, MemoryPlan, Pool, Product, Session, Work
from lunarcloud.moon import Raster, Shard, grid
from lunarcloud.storage import Group, Layout, Ledger, Variable, folder
from lunarcloud.testing.processes import ProcessSource
from lunarcloud.testing.slow_shards import Watched


@dataclass(frozen=True)
class Ones:
    """The first row of shards at once, the others after a while, seconds."""

    raster: Raster
    pause: float

    def __call__(self, shard: Shard) -> Product:
        time.sleep(self.pause if shard.row else 0)
        return Product(arrays={"codes": np.ones(self.raster.window(shard).shape, np.uint16)})


def work(place: Path, pause: float) -> Work:
    """The work of the command under a folder; each start of a shard is noted with its process."""
    raster = grid(1, 64)
    layout = Layout(raster=raster, variables=(Variable(name="codes", dtype="uint16", fill=65535),))
    group = Group(folder(place / "root/codes.zarr"), layout, Ledger(folder(place / "root/ledger")))
    found = Work(
        title="ones", group=group, function=Ones(raster, pause), memory=MemoryPlan(task=2**20), rate=1.0
    )
    return replace(found, function=Watched(found.function, place / "log", 0.0))


def main(place: Path, pause: float) -> int:
    """Run it; its exit code."""
    pool = Pool(source=ProcessSource(place / "workers"), host="127.0.0.1", maximum=2)
    try:
        with stoppable(), Session(Cluster(pool=pool)) as session:
            session.compute(work(place, pause))
    except Stopped as stopped:
        stopped.leave()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), float(sys.argv[2])))
