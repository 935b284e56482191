"""Dask: clusters, shard tasks in a bounded window, progress, resume, memory plan. Knows nothing of oxides."""

from lunarcloud.engine.cluster import Cluster, connect
from lunarcloud.engine.memory import MemoryPlan
from lunarcloud.engine.progress import Progress, show_progress
from lunarcloud.engine.resource import Resource
from lunarcloud.engine.shards import Group, Product, ShardFunction, compute, remaining
from lunarcloud.engine.stream import stream

__all__ = [
    "Cluster",
    "Group",
    "MemoryPlan",
    "Product",
    "Progress",
    "Resource",
    "ShardFunction",
    "compute",
    "connect",
    "remaining",
    "show_progress",
    "stream",
]
