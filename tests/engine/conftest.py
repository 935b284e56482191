"""Groups to compute: small shards of random codes, and some that take their time."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lunarcloud.engine import Group, MemoryPlan, Product
from lunarcloud.moon import Raster, Shard, grid
from lunarcloud.storage import Layout, Ledger, Variable, folder


@dataclass(frozen=True)
class Codes:
    """Random codes of a shard, the same each time, after a pause."""

    raster: Raster
    pause: float = 0.0

    def __call__(self, shard: Shard) -> Product:
        time.sleep(self.pause)
        random = np.random.default_rng([shard.row, shard.col])
        codes = random.integers(0, 1000, self.raster.window(shard).shape).astype(np.uint16)
        return Product(arrays={"codes": codes}, counts={"pixels": codes.size})


@pytest.fixture(scope="session")
def make_group() -> Callable[..., Any]:
    """A group of 18 shards under a place, each taking ``pause`` seconds."""

    def make(place: Path, pause: float = 0.0, memory: int = 2**20) -> Group:
        raster = grid(1, 64)
        variable = Variable(name="codes", dtype="uint16", fill=65535)
        return Group(
            title="codes",
            place=folder(place) / "g.zarr",
            ledger=Ledger(folder(place) / "ledger"),
            layout=Layout(raster=raster, variables=(variable,)),
            function=Codes(raster, pause),
            memory=MemoryPlan(task=memory),
            rate=1.0,
        )

    return make


@pytest.fixture(scope="session")
def contents() -> Callable[..., Any]:
    """The stored bytes of a group's shards by key."""
    return lambda group: {key: data for key, data in group.place.read_all().items() if "/c/" in key}
