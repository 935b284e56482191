"""The one settings object; every setting can be given as an environment variable ``LUNARCLOUD_<NAME>``."""

from functools import lru_cache

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """How lunarcloud runs here; never what it computes (that is in the inputs of each command)."""

    model_config = SettingsConfigDict(env_prefix="LUNARCLOUD_", frozen=True)

    # Local cluster: processes x threads. Decoding and the kernels release the GIL, so one process
    # with a thread a core would do; processes isolate a crash to the shards it held.
    workers: int = Field(default=2, ge=1, description="processes of the local cluster")
    threads: int = Field(default=1, ge=1, description="threads of each local worker")
    memory_limit: str = Field(default="2 GiB", description="memory of each local worker")

    # Shards in flight per worker thread: one computing, one waiting, so no thread idles.
    window: int = Field(default=2, ge=1, description="shards in flight per worker thread")

    # An adaptive cluster may need minutes for its first worker; one whose workers died never gets another.
    worker_wait_s: float = Field(default=300.0, gt=0, description="patience without any worker, seconds")

    # Storage faults are retried in the task with exponential back-off, then by the scheduler.
    retries: int = Field(default=5, ge=0, description="tries again after a storage fault")
    backoff_s: float = Field(default=0.2, gt=0, description="first pause before a retry, seconds")
    timeout_s: float = Field(default=15.0, gt=0, description="patience with a silent object store, seconds")

    # onnxruntime's execution providers; ["CUDAExecutionProvider"] where onnxruntime-gpu is installed.
    providers: tuple[str, ...] = Field(
        default=("CPUExecutionProvider",), description="onnxruntime's execution providers, best first"
    )


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once from the environment."""
    return Settings()
