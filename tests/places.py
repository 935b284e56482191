"""Places where jobs run at once, in the process of whoever submits them: near, or as far as a cluster."""

import sys
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from lunarcloud.errors import InputError
from lunarcloud.jobs import LAUNCHERS, Capacity, Job, Launcher, run_job
from lunarcloud.testing.make import NOWHERE


def _refuse(job: Job, root: str) -> None:
    if job.pool != "cpu":
        raise InputError(f"--pool {job.pool!r}: there is no such pool")


def _start(job: Job, root: str) -> str:
    return f"ended with {run_job(job.id, root)}"


#: Where a job has ended when it is submitted.
AT_ONCE = Launcher(
    check=_refuse,
    capacity=lambda pool: Capacity(threads=4, workers=16, price_vcpu_hour=0.05, start_s=60.0),
    start=_start,
    alive=lambda job: False,
    trouble=lambda job: "",
    cluster=lambda job: NOWHERE,
    near=True,
)


def add_place(patch: pytest.MonkeyPatch, name: str, **changed: Any) -> None:
    """Have jobs run there, too: as at once, but for what is changed."""
    module: Any = ModuleType(name)
    module.LAUNCHER = replace(AT_ONCE, **changed)
    patch.setitem(sys.modules, f"place_{name}", module)
    patch.setitem(LAUNCHERS, name, f"place_{name}")
