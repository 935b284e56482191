"""The one settings object; every setting can be given as an environment variable ``LUNARCLOUD_<NAME>``."""

from functools import lru_cache
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, SecretStr, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from lunarcloud.errors import InputError

Webhook: TypeAlias = Annotated[str, StringConstraints(pattern=r"^https?://")]


class Settings(BaseSettings):
    """How lunarcloud runs here; never what it computes (that is in the inputs of each command)."""

    model_config = SettingsConfigDict(env_prefix="LUNARCLOUD_", frozen=True)

    # Local cluster: processes x threads. Decoding and the kernels release the GIL, so one process
    # with a thread a core would do; processes isolate a crash to the shards it held.
    workers: int | None = Field(
        default=None, ge=1, description="processes of the local cluster; by default one for each usable core"
    )
    threads: int = Field(default=1, ge=1, description="threads of each local worker")
    memory_limit: str = Field(default="2 GiB", description="memory of each local worker")

    # Shards in flight per worker thread: one computing, one waiting, so no thread idles.
    window: int = Field(
        default=2, ge=1, description="shards in flight per worker thread, 256 in all at least"
    )

    # An adaptive cluster may need minutes for its first worker; one whose workers died never gets another.
    worker_wait_s: float = Field(default=300.0, gt=0, description="patience without any worker, seconds")

    # Storage faults are retried in the task with exponential back-off, then by the scheduler.
    retries: int = Field(default=5, ge=0, description="tries again after a storage fault")
    backoff_s: float = Field(default=0.2, gt=0, description="first pause before a retry, seconds")
    patience_s: float = Field(
        default=600.0, ge=0, description="so long a store is waited for that has answered before, seconds"
    )
    timeout_s: float = Field(default=15.0, gt=0, description="patience with a silent object store, seconds")

    # Files are copied into an inbox piece by piece, and several after each other.
    settle_s: float = Field(
        default=60.0, ge=0, description="an inbox is read so long after its newest change, seconds"
    )
    webhooks: tuple[Webhook, ...] = Field(
        default=(), description="URLs that are told what `reprocess` published, refused, or failed to do"
    )
    webhook_secret: SecretStr | None = Field(
        default=None, description="key of the signature (HMAC-SHA256) of what they are told"
    )

    # For estimates only: what Amazon asked in 2025 for S3 Standard in us-east-1.
    price_puts_1000: float = Field(
        default=0.005, ge=0, description="US dollars for 1000 writes to an S3 store, for estimates"
    )

    # onnxruntime's execution providers; ["CUDAExecutionProvider"] where onnxruntime-gpu is installed.
    providers: tuple[str, ...] = Field(
        default=("CPUExecutionProvider",), description="onnxruntime's execution providers, best first"
    )

    # The bar is for people at a terminal; a log line an event is for pods.
    log: Literal["off", "text", "json"] = Field(
        default="off", description="log on the error stream: lines of text, JSON documents, or none"
    )

    log_about: dict[str, str | int] = Field(
        default={}, description="what each JSON line of the log says besides, as JSON: of which job it is"
    )

    debug: bool = Field(default=False, description="commands show where an error was raised")


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once from the environment.

    Raises
    ------
    InputError
        If a variable cannot be used, with its name.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = (
            f"LUNARCLOUD_{str(each['loc'][0]).upper()}={each['input']!r}: {each['msg']}"
            for each in error.errors()
        )
        raise InputError("; ".join(problems)) from error
