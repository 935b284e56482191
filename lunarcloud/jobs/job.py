"""What a submitted job is: what is wanted, by its own id; written once under the root, never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Job(BaseModel):
    """A submission: ``<root>/jobs/<id>.json``.

    Attributes
    ----------
    id : str
        ``<process>-<identity>``: the same work has the same id, and is one job.
    process : str
        Name of the process or action.
    inputs : dict
        By field name, as JSON; every ``latest`` resolved to the record that it meant at submission, files
        that travelled with it as places under the root.
    record : str
        ``kind/id`` of the record that it will make; empty for an action.
    label : str
        Of that record.
    on : str
        Launcher: ``local`` or ``kubernetes``.
    pool : str
        Of the launcher's pools, which one.
    max_workers : int, optional
        Fewer than the pool has: as was asked for, or as the deadline takes.
    deadline_s : float, optional
        When it should be done, seconds after its start.
    aside : bool
        Whether what it publishes moves no head: whoever submitted it moves all at once (`Root.aside`).
    submitted : datetime
        UTC.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    process: str
    inputs: dict[str, Any]
    record: str = ""
    label: str = ""
    on: str
    pool: str = "cpu"
    max_workers: int | None = Field(default=None, ge=1)
    deadline_s: float | None = Field(default=None, gt=0)
    aside: bool = False
    submitted: datetime
