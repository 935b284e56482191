"""Processes run, or only estimated, by name: what tests and benchmarks do with a root in one call."""

import os
from collections.abc import Sequence
from typing import Any

from lunarcloud.engine import Cluster, quiet
from lunarcloud.lineage import open_root
from lunarcloud.processes import (
    Estimate,
    Outcome,
    checked,
    estimate,
    load_action,
    load_process,
    run_process,
)

#: Nobody answers there: what needs no cluster does not mind.
NOWHERE = Cluster(scheduler="tcp://127.0.0.1:9")


def make(
    name: str, root: str | os.PathLike[str], cluster: Cluster = NOWHERE, *, label: str = "", **inputs: Any
) -> Outcome:
    """Run a process.

    Parameters
    ----------
    name : str
        Of the process.
    root : str or path
        Where to publish.
    cluster : Cluster
        Where to compute; by default nowhere, so that whatever needs a cluster fails.
    label : str
        What to call the record.
    **inputs
        Of the process.
    """
    process = load_process(name)
    return run_process(
        process, checked(process.inputs, inputs), open_root(root), cluster=cluster, label=label
    )


def dry_run(name: str, root: str | os.PathLike[str], **inputs: Any) -> Sequence[Estimate]:
    """What a process would take on one thread.

    Parameters
    ----------
    name, root, **inputs
        As in `make`.
    """
    process = load_process(name)
    return estimate(process, checked(process.inputs, inputs), open_root(root), threads=1)


def act(name: str, root: str | os.PathLike[str], cluster: Cluster = NOWHERE, **inputs: Any) -> Any:
    """Do what an action does.

    Parameters
    ----------
    name, root, cluster, **inputs
        As in `make`.
    """
    action = load_action(name)
    return action.act(checked(action.inputs, inputs), open_root(root), cluster, quiet)
