"""Work to compute: small shards of random codes, and some that take their time."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from lunarcloud.engine import MemoryPlan, Product, Work
from lunarcloud.moon import Raster, Shard, grid
from lunarcloud.storage import Folder, Group, Layout, Ledger, Variable, folder


@dataclass(frozen=True)
class Codes:
    """Random codes of a shard, the same each time, after a pause."""

    raster: Raster
    pause: float = 0.0
    ballast: bytes = b""

    def __call__(self, shard: Shard) -> Product:
        time.sleep(self.pause)
        random = np.random.default_rng([shard.row, shard.col])
        codes = random.integers(0, 1000, self.raster.window(shard).shape).astype(np.uint16)
        return Product(arrays={"codes": codes}, counts={"pixels": codes.size})


MakeWork = Callable[..., Work]


@pytest.fixture(scope="session")
def make_work() -> MakeWork:
    """Work on 18 shards under a place."""

    def make(place: Path | Folder, *, pause: float = 0.0, memory: int = 2**20, ballast: bytes = b"") -> Work:
        root = place if isinstance(place, Folder) else folder(place)
        raster = grid(1, 64)
        variable = Variable(name="codes", dtype="uint16", fill=65535)
        layout = Layout(raster=raster, variables=(variable,))
        return Work(
            title="codes",
            group=Group(root / "g.zarr", layout, Ledger(root / "ledger")),
            function=Codes(raster, pause, ballast),
            memory=MemoryPlan(task=memory),
            rate=1.0,
        )

    return make


@pytest.fixture(scope="session")
def contents() -> Callable[[Work], dict[str, bytes]]:
    """The stored bytes of a work's shards by key."""
    return lambda work: {key: data for key, data in work.group.place.read_all().items() if "/c/" in key}
