"""Dask: clusters, shard tasks in a bounded window, progress, resume, memory plan. Knows nothing of oxides."""

from lunarcloud.engine.cluster import connect
from lunarcloud.engine.memory import MemoryPlan
from lunarcloud.engine.progress import Progress, show_progress
from lunarcloud.engine.shards import Product, ShardFunction, remaining, write_shards
from lunarcloud.engine.stream import stream

__all__ = [
    "MemoryPlan",
    "Product",
    "Progress",
    "ShardFunction",
    "connect",
    "remaining",
    "show_progress",
    "stream",
    "write_shards",
]
