"""The registry of processes: one file a process, one way to run any.

Loaded when first used: the command line lists what there is without loading any of it. Functions that have the
name of their module here have a longer one outside: `run_process`, `load_process`, `load_action`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lunarcloud.processes.action import Action
    from lunarcloud.processes.describe import Shape, choices, described, detail, shape_of
    from lunarcloud.processes.inputs import Inputs, checked, field_name, marks, option_name
    from lunarcloud.processes.process import Estimate, Made, Process, Report, Table
    from lunarcloud.processes.registry import ACTIONS, PROCESSES, Line
    from lunarcloud.processes.registry import action as load_action
    from lunarcloud.processes.registry import process as load_process
    from lunarcloud.processes.run import Outcome, estimate
    from lunarcloud.processes.run import run as run_process

__all__ = [
    "ACTIONS",
    "PROCESSES",
    "Action",
    "Estimate",
    "Inputs",
    "Line",
    "Made",
    "Outcome",
    "Process",
    "Report",
    "Shape",
    "Table",
    "checked",
    "choices",
    "described",
    "detail",
    "estimate",
    "field_name",
    "load_action",
    "load_process",
    "marks",
    "option_name",
    "run_process",
    "shape_of",
]

_HOMES = {
    "action": ("Action",),
    "describe": ("Shape", "choices", "described", "detail", "shape_of"),
    "inputs": ("Inputs", "checked", "field_name", "marks", "option_name"),
    "process": ("Estimate", "Made", "Process", "Report", "Table"),
    "registry": ("ACTIONS", "PROCESSES", "Line", "load_action", "load_process"),
    "run": ("Outcome", "estimate", "run_process"),
}
_SHORT = {"load_action": "action", "load_process": "process", "run_process": "run"}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"lunarcloud.processes.{home}"), _SHORT.get(name, name))
    raise AttributeError(f"module 'lunarcloud.processes' has no attribute {name!r}")
