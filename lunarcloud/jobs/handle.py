"""A submitted job in Python: its state, how it gets on, its log, and what came of it."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from html import escape
from typing import Any

from lunarcloud.errors import AwayError, ComputeError, InputError, LunarcloudError
from lunarcloud.jobs import records
from lunarcloud.jobs.follow import follow
from lunarcloud.jobs.job import Job
from lunarcloud.jobs.progress import line
from lunarcloud.jobs.records import Seen, State, Status
from lunarcloud.lineage import Ref, Root
from lunarcloud.processes import ACTIONS, load_action, load_process

_ASK_S = 1.0
# By the exit code of a job that failed.
_ERRORS: dict[int | None, type[LunarcloudError]] = {2: InputError, 75: AwayError}


@dataclass(frozen=True, slots=True)
class Submitted:
    """A job that was submitted; it goes on without this.

    Attributes
    ----------
    root : Root
        Where it was submitted.
    job : Job
        What is wanted.
    """

    root: Root
    job: Job

    @property
    def id(self) -> str:
        """Its id, for `lunarcloud jobs` too."""
        return self.job.id

    @property
    def state(self) -> State:
        """``accepted``, ``running``, ``done``, ``failed``, ``cancelled`` or ``lost``, as it is now."""
        return self.look().state

    def look(self) -> Seen:
        """The job as it is now, with all that its runner last said."""
        if self.job.record and self.root.get(_ref(self.job.record)) is not None:
            status = records.read_status(self.root, self.job)
            if status.state not in ("running", "done"):
                # It was there before, or somebody else made it.
                status = Status(state="done", record=self.job.record, exit_code=0)
            return Seen(self.job, status.state, status)
        return records.look(self.root, self.job)

    def progress(self) -> None:
        """Show how it goes, in one line on the error stream, until it has ended or is interrupted."""
        shown = ""
        while True:
            seen = self.look()
            now = line(seen)
            # Blanks hide what was longer before.
            sys.stderr.write(f"\r{now:<{len(shown)}}")
            sys.stderr.flush()
            shown = now
            if records.ended(seen):
                sys.stderr.write("\n")
                return
            time.sleep(_ASK_S)

    def wait(self) -> State:
        """Wait until it has ended; how."""
        seen = self.look()
        return seen.state if records.ended(seen) else follow(self.root, self.job).state

    def result(self) -> Any:
        """Wait for what came of it: what the function of the same name gives.

        Raises
        ------
        LunarcloudError
            If it did not end well: `InputError`, `AwayError` or `ComputeError`, with what went wrong.
        """
        self.wait()
        seen = self.require_done()
        if self.job.process in ACTIONS:
            return load_action(self.job.process).result.model_validate(seen.status.result)
        process = load_process(self.job.process)
        entry = self.root.locate(seen.status.record or self.job.record)
        return process.open(self.root.record(entry, process.card), self.root.place(entry.ref))

    def require_done(self) -> Seen:
        """The job that has ended, as it is now.

        Raises
        ------
        LunarcloudError
            If it did not end well: as `result`.
        """
        seen = self.look()
        if seen.state != "done":
            kind = _ERRORS.get(seen.status.exit_code, ComputeError)
            raise kind(f"job {self.id}: {seen.status.error or seen.state}")
        return seen

    def cancel(self) -> None:
        """Have it end, with nothing published; what is computed stays, for when it is submitted again."""
        records.want_cancel(self.root, self.job)

    def logs(self) -> str:
        """The last megabyte of its log."""
        return records.read_log(self.root, self.job)

    def __repr__(self) -> str:
        return f"<lunarcloud job {line(self.look())}>"

    def _repr_html_(self) -> str:
        seen = self.look()
        status, bar = seen.status, ""
        if seen.state == "running" and status.total:
            bar = f'<progress value="{status.done}" max="{status.total}"></progress> '
        return f"<div>{bar}{escape(line(seen))}</div>"


def _ref(text: str) -> Ref:
    kind, _, identified = text.partition("/")
    return Ref(kind=kind, id=identified)
