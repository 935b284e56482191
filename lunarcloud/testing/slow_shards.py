"""Shard functions with a pause, a log of every call, and a disk that fills up; importable by workers."""

import errno
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partialmethod
from pathlib import Path
from typing import TypeAlias

from lunarcloud.engine import Product, ShardFunction, Work
from lunarcloud.maps import MapPlan, map_works
from lunarcloud.moon import Shard
from lunarcloud.storage import Folder

_Wrap: TypeAlias = Callable[[ShardFunction], ShardFunction]
_Works: TypeAlias = Callable[[MapPlan, Folder], tuple[Work, ...]]

_write_bytes = Path.write_bytes


@dataclass(frozen=True)
class Watched:
    """A shard function that notes each call in a file and takes longer."""

    function: ShardFunction
    log: Path
    pause: float

    def __call__(self, shard: Shard) -> Product:
        """Note the call, wait, compute."""
        with self.log.open("a") as log:
            log.write(f"{shard.row}-{shard.col} {os.getpid()}\n")
        time.sleep(self.pause)
        return self.function(shard)


@dataclass(frozen=True)
class FullDisk:
    """A shard function in a process whose disk is full as long as a file exists."""

    function: ShardFunction
    flag: Path

    def __call__(self, shard: Shard) -> Product:
        """Compute, with a disk that is full or not."""
        full = self.flag.exists() and shard.col > 1
        Path.write_bytes = partialmethod(_write_half, self.flag) if full else _write_bytes  # type: ignore[assignment, method-assign]  # the disk of this worker
        return self.function(shard)


def _write_half(path: Path, flag: Path, data: bytes) -> int:
    # What the worker writes between shards counts too: it must go well again once there is room.
    if not flag.exists():
        return _write_bytes(path, data)
    _write_bytes(path, data[: len(data) // 2])
    raise OSError(errno.ENOSPC, "No space left on device", str(path))


def watched_works(log: Path, pause: float) -> _Works:
    """`map_works` with watched shard functions."""
    return _wrapped(lambda function: Watched(function, log, pause))


def full_disk_works(flag: Path) -> _Works:
    """`map_works` on workers whose disk is full while the flag exists."""
    return _wrapped(lambda function: FullDisk(function, flag))


def _wrapped(wrap: _Wrap) -> _Works:
    def works(plan: MapPlan, place: Folder) -> tuple[Work, ...]:
        return tuple(replace(work, function=wrap(work.function)) for work in map_works(plan, place))

    return works
