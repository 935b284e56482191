"""The registry of processes: one file a process, one way to run any."""

from lunarcloud.processes.action import Action
from lunarcloud.processes.inputs import Inputs, checked, marks, option_name
from lunarcloud.processes.process import Estimate, Made, Process, Report, Table
from lunarcloud.processes.registry import ACTIONS, PROCESSES, action, process
from lunarcloud.processes.run import Outcome, estimate, run

__all__ = [
    "ACTIONS",
    "PROCESSES",
    "Action",
    "Estimate",
    "Inputs",
    "Made",
    "Outcome",
    "Process",
    "Report",
    "Table",
    "action",
    "checked",
    "estimate",
    "marks",
    "option_name",
    "process",
    "run",
]
