"""Where in Kubernetes this program is or works: namespace, release, and of a pod its name and address."""

from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from kubernetes import config
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

#: What the client raises where a kubeconfig is missing, no YAML, or of another shape than it should be.
UNREADABLE = (
    config.ConfigException,
    OSError,
    yaml.YAMLError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
)


class Place(BaseSettings):
    """Read from ``LUNARCLOUD_<NAME>``; the chart's pods get theirs from its templates."""

    model_config = SettingsConfigDict(env_prefix="LUNARCLOUD_", frozen=True)

    namespace: str = Field(default_factory=lambda: _namespace(), description="namespace that the chart is in")
    release: str = Field(default="lunarcloud", description="name under which the chart is installed")

    # Of the pod that this process runs in; empty elsewhere.
    pod_name: str = Field(default="", description="its name")
    pod_uid: str = Field(default="", description="its id, of what it owns")
    job_uid: str = Field(default="", description="id of the Job that made it")
    pod_ip: str = Field(default="", description="its address, for its workers")
    templates: Path = Field(default=Path("/etc/lunarcloud"), description="where the chart's templates lie")

    @property
    def config_map(self) -> str:
        """Name of the ConfigMap with the chart's templates."""
        return f"{self.release}-templates"


@cache
def place() -> Place:
    """Where this process is, read once."""
    return Place()


def _namespace() -> str:
    """The namespace of the kubeconfig's context in use."""
    found: Any = None
    # Where there is no kubeconfig, or none that can be read, the first call to Kubernetes says so.
    with suppress(*UNREADABLE):
        _, context = config.list_kube_config_contexts()
        found = context["context"].get("namespace")
    return str(found or "default")
