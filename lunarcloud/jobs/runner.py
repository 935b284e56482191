"""Runs a job where it was sent: what a pod, or a process of this machine, does.

The exit code is for whoever restarts processes: 0 nothing more to do (done, or cancelled), 1 and 75 worth
another try, 2 never (bad input, or a shard that failed or killed its workers as often as is allowed), 143
stopped. How the job itself ended is in its status.
"""

from __future__ import annotations

import logging
import os
from typing import Any

from lunarcloud.engine import Note, log_about, logged
from lunarcloud.errors import ComputeError, InputError, LunarcloudError
from lunarcloud.jobs import records
from lunarcloud.jobs.job import Job
from lunarcloud.jobs.keeper import Cancelled, Keeper
from lunarcloud.jobs.launcher import launcher
from lunarcloud.lineage import Root, open_root
from lunarcloud.processes import (
    ACTIONS,
    checked,
    field_name,
    load_action,
    load_process,
    run_process,
)

_LOGGER = logging.getLogger("lunarcloud")
#: Exit code of `jobs wait` for a cancelled job; the runner's own is 0, so that nobody starts it again.
CANCELLED = 1


def run_job(name: str, root: str | os.PathLike[str]) -> int:
    """Run a job in the main thread and keep its status; what is done already is not computed again.

    Parameters
    ----------
    name : str
        Its id, or an unmistakable beginning of it.
    root : str or path
        Where it was submitted.

    Returns
    -------
    int
        The exit code of the process that runs it.
    """
    home = open_root(root)
    job = records.find(home, name)
    keeper = Keeper(home, job)
    with log_about(job=job.id, root=home.url, attempt=keeper.attempt), keeper:
        try:
            try:
                found = _made(home, job, keeper)
            finally:
                # What comes now is only said: it shall not be broken off.
                keeper.close()
        except ComputeError as error:
            _failed(keeper, str(error), error.exit_code)
            return InputError.exit_code
        except LunarcloudError as error:
            return _failed(keeper, str(error), error.exit_code)
        except Cancelled:
            return _cancelled(keeper)
        except Exception as error:
            _LOGGER.exception("a fault of lunarcloud, not of what was submitted")
            return _failed(keeper, f"{type(error).__name__}: {error}", LunarcloudError.exit_code)
        except BaseException as stop:
            _LOGGER.warning("stopped by %s", stop or type(stop).__name__)
            # A place that restarts what it stopped finds it waiting.
            keeper.end(state="accepted", error=f"stopped by {stop or type(stop).__name__}")
            raise
        keeper.end(state="done", **found)
    return 0


def _made(root: Root, job: Job, keeper: Keeper) -> dict[str, Any]:
    """What came of a job, as fields of its status."""
    if keeper.cancelled:
        raise Cancelled  # before it was begun
    cluster, watch = launcher(job.on).cluster(job), logged(keeper)
    if cluster.pool is not None:
        keeper.meter = cluster.pool.meter
    if job.process in ACTIONS:
        action = load_action(job.process)
        result = action.act(checked(action.inputs, job.inputs, field_name), root, cluster, watch)
        return {"result": result.model_dump(mode="json"), "exit_code": action.exit_code(result)}
    process = load_process(job.process)
    inputs = checked(process.inputs, job.inputs, field_name)
    home = root.aside() if job.aside else root
    made = run_process(process, inputs, home, cluster=cluster, watch=watch, label=job.label)
    record = str(made.record.ref)
    if record != job.record:
        watch(Note(f"{record} was made, not {job.record}: what it is made from changed after the submission"))
    return {"record": record, "url": made.place.url, "exit_code": 0}


def _failed(keeper: Keeper, message: str, code: int) -> int:
    _LOGGER.error("failed: %s", message)
    keeper.end(state="failed", error=message, exit_code=code)
    return code


def _cancelled(keeper: Keeper) -> int:
    _LOGGER.info("cancelled")
    keeper.end(state="cancelled", exit_code=CANCELLED)
    return 0
