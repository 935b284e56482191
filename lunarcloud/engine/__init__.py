"""Dask: clusters, work on shards, a bounded stream of tasks, events, memory plan. Knows nothing of oxides."""

from lunarcloud.engine.cluster import Cluster, connect
from lunarcloud.engine.cores import usable_cores
from lunarcloud.engine.events import (
    Event,
    Failed,
    Note,
    Published,
    ShardDone,
    StageDone,
    Started,
    Watch,
    logged,
    quiet,
    to_json,
)
from lunarcloud.engine.logs import write_log
from lunarcloud.engine.memory import MemoryPlan
from lunarcloud.engine.once import Once
from lunarcloud.engine.pin import differences, facts
from lunarcloud.engine.session import Session
from lunarcloud.engine.work import Product, ShardFunction, Work

__all__ = [
    "Cluster",
    "Event",
    "Failed",
    "MemoryPlan",
    "Note",
    "Once",
    "Product",
    "Published",
    "Session",
    "ShardDone",
    "ShardFunction",
    "StageDone",
    "Started",
    "Watch",
    "Work",
    "connect",
    "differences",
    "facts",
    "logged",
    "quiet",
    "to_json",
    "usable_cores",
    "write_log",
]
