"""Telling people: the report of each change that nobody was told of yet, and notices to webhooks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from lunarcloud.errors import LunarcloudError
from lunarcloud.lineage import Root
from lunarcloud.processes import Rejection
from lunarcloud.reprocessing.change import TOLD, Change, place_of, untold
from lunarcloud.reprocessing.clock import Clock
from lunarcloud.reprocessing.notify import Kind, cloud_event, tell
from lunarcloud.storage import digest


def tell_changes(root: Root, clock: Clock) -> tuple[str, ...]:
    """Write the report of each change that nobody was told of, and tell the webhooks; the reports' URLs.

    Parameters
    ----------
    root : Root
        Where.
    clock : Clock
        What time it is.
    """
    return tuple(_told(root, change, clock) for change in untold(root))


def tell_rejected(root: Root, clock: Clock, rejected: Iterable[Rejection]) -> None:
    """Tell the webhooks of tables that were refused now.

    Parameters
    ----------
    root : Root
        Where.
    clock : Clock
        What time it is.
    rejected : iterable of Rejection
        Which.
    """
    files = [each.model_dump(mode="json") for each in rejected]
    if files:
        _tell(root, clock, "samples.rejected", digest(json.dumps(files).encode())[:16], {"files": files})


@contextmanager
def telling(root: Root, clock: Clock) -> Iterator[None]:
    """Tell the webhooks if what is done within fails.

    Parameters
    ----------
    root : Root
        Where.
    clock : Clock
        What time it is.
    """
    try:
        yield
    except LunarcloudError as error:
        name = f"{clock.now():%Y%m%dT%H%M%SZ}"
        _tell(root, clock, "reprocess.failed", name, {"error": str(error), "exit_code": error.exit_code})
        raise


def _told(root: Root, change: Change, clock: Clock) -> str:
    # Loads what reads and draws records, which a root without news does not need.
    from lunarcloud.reprocessing.page import write_report
    from lunarcloud.reprocessing.report import told_of

    told = told_of(root, change)
    url = write_report(root, change, told)
    moved = {kind: each.model_dump(mode="json") for kind, each in change.moved.items()}
    hooks = _tell(root, clock, "run.published", change.id, {"moved": moved, "report": url})
    # At least once: whoever is killed before this tells it again, under the same id.
    place_of(root, change.id).write(TOLD, json.dumps(hooks).encode())
    return url


def _tell(root: Root, clock: Clock, kind: Kind, name: str, data: dict[str, object]) -> dict[str, bool]:
    return tell(cloud_event(root, kind, name, clock.now(), data), clock)
