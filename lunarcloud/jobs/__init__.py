"""Submitted jobs: small documents under the root that say what is wanted, how it goes and what came of it.

Loaded when first used, since commands that have nothing to do load nothing. Functions that have the name of
their module here have a longer one outside: `follow_job`, `load_launcher`, `submit_job`.
"""

from typing import TYPE_CHECKING

from lunarcloud.lazy import lazily

if TYPE_CHECKING:
    from lunarcloud.jobs.cost import Cost, cost_of, in_time
    from lunarcloud.jobs.follow import follow as follow_job
    from lunarcloud.jobs.handle import Submitted
    from lunarcloud.jobs.job import Job
    from lunarcloud.jobs.launcher import LAUNCHERS, Capacity, Launcher
    from lunarcloud.jobs.launcher import launcher as load_launcher
    from lunarcloud.jobs.progress import line
    from lunarcloud.jobs.records import (
        ENDED,
        Known,
        Seen,
        State,
        Status,
        all_seen,
        ended,
        look,
        read_log,
        want_cancel,
    )
    from lunarcloud.jobs.records import find as find_job
    from lunarcloud.jobs.records import jobs_of as list_jobs
    from lunarcloud.jobs.records import trouble as trouble_of
    from lunarcloud.jobs.runner import run_job
    from lunarcloud.jobs.submit import Prepared, Submission, Wanted, prepare, seconds
    from lunarcloud.jobs.submit import start as submit_job

__all__ = [
    "ENDED",
    "LAUNCHERS",
    "Capacity",
    "Cost",
    "Job",
    "Known",
    "Launcher",
    "Prepared",
    "Seen",
    "State",
    "Status",
    "Submission",
    "Submitted",
    "Wanted",
    "all_seen",
    "cost_of",
    "ended",
    "find_job",
    "follow_job",
    "in_time",
    "line",
    "list_jobs",
    "load_launcher",
    "look",
    "prepare",
    "read_log",
    "run_job",
    "seconds",
    "submit_job",
    "trouble_of",
    "want_cancel",
]

__getattr__ = lazily(
    __name__,
    {
        "cost": ("Cost", "cost_of", "in_time"),
        "follow": ("follow as follow_job",),
        "handle": ("Submitted",),
        "job": ("Job",),
        "launcher": ("LAUNCHERS", "Capacity", "Launcher", "launcher as load_launcher"),
        "progress": ("line",),
        "records": (
            "ENDED",
            "Known",
            "Seen",
            "State",
            "Status",
            "all_seen",
            "ended",
            "find as find_job",
            "jobs_of as list_jobs",
            "look",
            "read_log",
            "trouble as trouble_of",
            "want_cancel",
        ),
        "runner": ("run_job",),
        "submit": ("Prepared", "Submission", "Wanted", "prepare", "seconds", "start as submit_job"),
    },
)
