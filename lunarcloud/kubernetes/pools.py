"""Pools of workers as the chart's administrator made them: how large, how many, at which price."""

from __future__ import annotations

from collections.abc import Mapping

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from lunarcloud.errors import InputError

_FILE = "pools.yaml"


class PoolSettings(BaseModel):
    """A pool of the chart.

    Attributes
    ----------
    threads : int
        Of each worker.
    memory : str
        Of each worker: a quantity as Kubernetes writes it, such as ``4Gi``.
    resources : dict of str to float
        Of each worker besides, for tasks that need them: ``{"GPU": 1}``.
    minimum, maximum : int
        Workers of one job.
    price_vcpu_hour : float
        US dollars.
    start_seconds : float
        About how long until a worker runs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    threads: int = Field(ge=1)
    memory: str
    resources: dict[str, float] = {}
    minimum: int = Field(default=0, ge=0)
    maximum: int = Field(ge=1)
    price_vcpu_hour: float = Field(default=0.0, ge=0)
    start_seconds: float = Field(default=5.0, ge=0)

    def memory_bytes(self) -> int:
        """Memory of each worker, bytes."""
        from kubernetes.utils import parse_quantity

        try:
            return int(parse_quantity(self.memory))
        except ValueError as error:
            raise InputError(f"{_FILE}: memory {self.memory!r}: write a quantity such as 4Gi") from error


def pool_of(templates: Mapping[str, str], name: str) -> tuple[PoolSettings, str]:
    """A pool's settings, and the template of its workers' pods.

    Parameters
    ----------
    templates : mapping of str to str
        The chart's.
    name : str
        Of the pool.

    Raises
    ------
    InputError
        If there is no such pool, naming those there are, or the templates are damaged.
    """
    try:
        pools = TypeAdapter(dict[str, PoolSettings]).validate_python(yaml.safe_load(templates[_FILE]))
    except (KeyError, yaml.YAMLError, ValidationError) as error:
        raise InputError(f"the chart's {_FILE} cannot be used ({error}); install the chart anew") from error
    template = templates.get(f"worker-{name}.yaml")
    if name not in pools or template is None:
        raise InputError(f"--pool {name!r}: there is no such pool; there are {', '.join(sorted(pools))}")
    return pools[name], template
