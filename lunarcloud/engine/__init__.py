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
from lunarcloud.engine.logs import JsonFormatter, TextFormatter, log_about, write_log
from lunarcloud.engine.memory import MemoryPlan
from lunarcloud.engine.once import Once
from lunarcloud.engine.pin import PLAN, differences, facts
from lunarcloud.engine.pool import Credentials, Lost, Meter, Pool, WorkerSource
from lunarcloud.engine.session import Session
from lunarcloud.engine.waits import telling
from lunarcloud.engine.work import Product, ShardFunction, Work
from lunarcloud.engine.workers import CA_FILE, CERTIFICATE_FILE, KEY_FILE, worker_command, worker_environment

__all__ = [
    "CA_FILE",
    "CERTIFICATE_FILE",
    "KEY_FILE",
    "PLAN",
    "Cluster",
    "Credentials",
    "Event",
    "Failed",
    "JsonFormatter",
    "Lost",
    "MemoryPlan",
    "Meter",
    "Note",
    "Once",
    "Pool",
    "Product",
    "Published",
    "Session",
    "ShardDone",
    "ShardFunction",
    "StageDone",
    "Started",
    "TextFormatter",
    "Watch",
    "Work",
    "WorkerSource",
    "connect",
    "differences",
    "facts",
    "log_about",
    "logged",
    "quiet",
    "telling",
    "to_json",
    "usable_cores",
    "worker_command",
    "worker_environment",
    "write_log",
]
