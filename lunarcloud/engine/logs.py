"""The log on the error stream: lines of text, or JSON documents for pods; without secrets."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from lunarcloud.config import settings
from lunarcloud.redaction import without_secrets

# What every JSON line of this process says besides.
_about: dict[str, Any] = {}


@contextmanager
def log_about(**facts: Any) -> Iterator[None]:
    """Have every JSON line say more for the length of a ``with`` block, such as of which job it is.

    Parameters
    ----------
    **facts
        By name.
    """
    _about.update(facts)
    try:
        yield
    finally:
        for name in facts:
            _about.pop(name, None)


def said_about() -> dict[str, Any]:
    """What every JSON line of this process says besides: by its settings, and by `log_about`."""
    return {**settings().log_about, **_about}


class TextFormatter(logging.Formatter):
    """A line for people: time, level, what happened."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """A record as one line."""
        return without_secrets(super().format(record))


class JsonFormatter(logging.Formatter):
    """A JSON document a line, for what collects the output of pods: time, level, logger, job, the event."""

    def format(self, record: logging.LogRecord) -> str:
        """A record as one line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        head = {"time": time, "level": record.levelname.lower(), "logger": record.name, **said_about()}
        event: dict[str, Any] = getattr(record, "event", {})
        body = event or {"message": super().format(record)}
        return json.dumps({name: _cleaned(value) for name, value in {**head, **body}.items()})


def write_log() -> None:
    """Write the log of this process to the error stream, as the setting ``LUNARCLOUD_LOG`` wants it."""
    chosen = settings().log
    if chosen == "off":
        return
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if chosen == "json" else TextFormatter())
    # In pods, Dask's own lines are documents, too.
    for name in ("lunarcloud", "distributed") if chosen == "json" else ("lunarcloud",):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(logging.INFO)
        logger.propagate = False


def _cleaned(value: object) -> object:
    return without_secrets(value) if isinstance(value, str) else value
