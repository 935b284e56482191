"""The one settings object; every setting can be given as an environment variable ``LUNARCLOUD_<NAME>``."""

import json
import re
from functools import lru_cache
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from lunarcloud.errors import InputError

_Value = TypeVar("_Value")

# More than any machine has: a typing error, and each is a process or a thread.
_MOST_WORKERS, _MOST_THREADS = 10_000, 1_000
_DAY_S = 86_400.0
# Bytes as Dask reads them.
_BYTES = re.compile(r"(?i)(\d{1,18}(?:\.\d{1,9})?)\s*([kmgtp]?)(i?)b?")
_LEAST_BYTES = 256 * 2**20


def _json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise ValueError('not JSON: write a list as ["one", "two"], names as {"name": 1}') from error


def _memory(text: str) -> str:
    """A memory in which a worker can start: with less, Dask would kill it again and again."""
    if text in ("0", "auto"):  # no limit; the machine's share
        return text
    found = _BYTES.fullmatch(text.strip())
    if found is None:
        raise ValueError("give a number with its unit, such as 2 GiB")
    number, unit, is_binary = found.groups()
    power = " kmgtp".index(unit.lower() or " ")
    if float(number) * (1024 if is_binary else 1000) ** power < _LEAST_BYTES:
        raise ValueError("a worker needs 256 MiB at least")
    return text


Json: TypeAlias = Annotated[_Value, NoDecode, BeforeValidator(_json)]
Memory: TypeAlias = Annotated[str, AfterValidator(_memory)]
Provider: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]+ExecutionProvider$")]
Webhook: TypeAlias = Annotated[str, StringConstraints(pattern=r"^https?://")]


class Settings(BaseSettings):
    """How lunarcloud runs here; never what it computes (that is in the inputs of each command)."""

    model_config = SettingsConfigDict(env_prefix="LUNARCLOUD_", frozen=True)

    # Local cluster: processes x threads. Decoding and the kernels release the GIL, so one process
    # with a thread a core would do; processes isolate a crash to the shards it held.
    workers: int | None = Field(
        default=None,
        ge=1,
        le=_MOST_WORKERS,
        description="processes of the local cluster; by default one for each usable core",
    )
    threads: int = Field(default=1, ge=1, le=_MOST_THREADS, description="threads of each local worker")
    memory_limit: Memory = Field(default="2 GiB", description="memory of each local worker")

    # Shards in flight per worker thread: one computing, one waiting, so no thread idles.
    window: int = Field(
        default=2, ge=1, le=10_000, description="shards in flight per worker thread, 256 in all at least"
    )

    # An adaptive cluster may need minutes for its first worker; one whose workers died never gets another.
    worker_wait_s: float = Field(
        default=300.0, gt=0, le=_DAY_S, description="patience without any worker, seconds"
    )

    # A shard takes minutes at most, with all networks of a large ensemble.
    shard_wait_s: float = Field(
        default=3600.0, gt=0, le=7 * _DAY_S, description="patience with a shard that does not end, seconds"
    )

    # Storage faults are retried in the task with exponential back-off, then by the scheduler.
    retries: int = Field(default=5, ge=0, le=1000, description="tries again after a storage fault")
    backoff_s: float = Field(default=0.2, gt=0, le=_DAY_S, description="first pause before a retry, seconds")
    patience_s: float = Field(
        default=600.0,
        ge=0,
        le=_DAY_S,
        description="so long a store is waited for that has answered before, seconds",
    )
    timeout_s: float = Field(
        default=15.0, gt=0, le=_DAY_S, description="patience with a silent object store, seconds"
    )
    request_s: float = Field(
        default=300.0, gt=0, le=_DAY_S, description="a request that takes longer is begun again, seconds"
    )

    # Of servers that know no ranges a whole tile is kept: the largest of Clementine's has 40 MB, Kaguya's 92.
    cache_mib: int = Field(
        default=256,
        ge=1,
        le=1 << 20,
        description="memory of each process for what was read of tiles on the web, MiB",
    )

    # Files are copied into an inbox piece by piece, and several after each other.
    settle_s: float = Field(
        default=60.0, ge=0, le=_DAY_S, description="an inbox is read so long after its newest change, seconds"
    )
    webhooks: Json[tuple[Webhook, ...]] = Field(
        default=(), description="URLs that are told what `reprocess` published, refused, or failed to do"
    )
    webhook_secret: SecretStr | None = Field(
        default=None, description="key of the signature (HMAC-SHA256) of what they are told"
    )

    # For estimates only: what Amazon asked in 2025 for S3 Standard in us-east-1.
    price_puts_1000: float = Field(
        default=0.005, ge=0, le=1000, description="US dollars for 1000 writes to an S3 store, for estimates"
    )

    # onnxruntime's execution providers; ["CUDAExecutionProvider"] where onnxruntime-gpu is installed.
    providers: Json[tuple[Provider, ...]] = Field(
        default=("CPUExecutionProvider",), description="onnxruntime's execution providers, best first"
    )

    # The bar is for people at a terminal; a log line an event is for pods.
    log: Literal["off", "text", "json"] = Field(
        default="off", description="log on the error stream: lines of text, JSON documents, or none"
    )

    log_about: Json[dict[str, str | int]] = Field(
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
        raise InputError("; ".join(map(_problem, error.errors()))) from error


def _problem(found: Any) -> str:
    message = str(found["msg"]).removeprefix("Value error, ")
    return f"LUNARCLOUD_{str(found['loc'][0]).upper()}={found['input']!r}: {message}"
