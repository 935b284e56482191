"""What all jobs share: checked inputs, estimates of what they would take, and computing their groups."""

import platform
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from lunarcloud.config import settings
from lunarcloud.engine import Cluster, Group, compute, connect, remaining
from lunarcloud.errors import InputError

Inputs = TypeVar("Inputs", bound=BaseModel)

_RECORDED = ("lunarcloud", "numpy", "onnxruntime", "zarr", "dask", "pyshtools", "ducc0")


class Estimate(BaseModel):
    """What a job would take, said without running it.

    Attributes
    ----------
    title : str
        What would be computed.
    tasks, done : int
        Shard tasks to run, and those that are finished already.
    pixels : int
        Pixels of the tasks to run.
    bytes_at_most : int
        Written, before compression.
    worker_bytes : int
        Memory that each worker needs, with the threads of the local cluster.
    seconds : float
        About how long it takes on the local cluster, from the rates in ``benchmarks/``.
    """

    model_config = ConfigDict(frozen=True)

    title: str
    tasks: int
    done: int
    pixels: int
    bytes_at_most: int
    worker_bytes: int
    seconds: float


def checked(model: type[Inputs], values: dict[str, Any]) -> Inputs:
    """Inputs of a job, checked.

    Raises
    ------
    InputError
        Naming the input, its value and what is allowed.
    """
    try:
        return model(**values)
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, each['loc'])) or 'inputs'} = {each['input']!r}: {each['msg']}"
            for each in error.errors()
        ]
        raise InputError("; ".join(problems)) from error


def estimate(group: Group) -> Estimate:
    """What computing the rest of a group would take."""
    todo = remaining(group)
    shapes = [group.layout.raster.window(shard).shape for shard in todo]
    pixels = sum(rows * cols for rows, cols in shapes)
    chosen = settings()
    total = len(list(group.layout.raster.shards()))
    return Estimate(
        title=group.title,
        tasks=len(todo),
        done=total - len(todo),
        pixels=pixels,
        bytes_at_most=pixels * group.layout.pixel_bytes,
        worker_bytes=group.memory.worker_bytes(chosen.threads),
        seconds=pixels / 1e6 / group.rate / (chosen.workers * chosen.threads),
    )


def compute_groups(groups: Sequence[Group], cluster: Cluster) -> int:
    """Compute what the ledgers of some groups do not hold yet, one group after the other.

    Returns
    -------
    int
        Number of shards computed; without any, no cluster is started.
    """
    number = 0
    todo = [(group, remaining(group)) for group in groups]
    if not any(shards for _, shards in todo):
        return number
    with connect(cluster) as client:
        for group, shards in todo:
            if shards:
                compute(group, shards, client)
                number += len(shards)
    return number


def versions() -> dict[str, str]:
    """Versions of the software that decides the bytes of a result."""
    return {"python": platform.python_version(), **{name: version(name) for name in _RECORDED}}
