"""The registry of processes: one file a process, one way to run any.

Loaded when first used: the command line lists what there is without loading any of it. Functions that have
the name of their module here have a longer one outside: `run_process`, `load_process`, `load_action`.
"""

from typing import TYPE_CHECKING

from lunarcloud.lazy import lazily

if TYPE_CHECKING:
    from lunarcloud.processes.action import Action
    from lunarcloud.processes.describe import Shape, choices, described, detail, shape_of
    from lunarcloud.processes.inputs import (
        ARGUMENT,
        FILE,
        PARENT,
        PLACE,
        Inputs,
        checked,
        field_name,
        marks,
        option_name,
        replayed,
    )
    from lunarcloud.processes.process import Estimate, Made, Process, Report, Table
    from lunarcloud.processes.records import gravity_of, mosaic_of, run_of
    from lunarcloud.processes.registry import ACTIONS, PROCESSES, Line
    from lunarcloud.processes.registry import action as load_action
    from lunarcloud.processes.registry import process as load_process
    from lunarcloud.processes.replay import known as known_record
    from lunarcloud.processes.replay import material_of
    from lunarcloud.processes.run import Outcome, estimate
    from lunarcloud.processes.run import run as run_process
    from lunarcloud.processes.stations import add_stations

__all__ = [
    "ACTIONS",
    "ARGUMENT",
    "FILE",
    "PARENT",
    "PLACE",
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
    "add_stations",
    "checked",
    "choices",
    "described",
    "detail",
    "estimate",
    "field_name",
    "gravity_of",
    "known_record",
    "load_action",
    "load_process",
    "marks",
    "material_of",
    "mosaic_of",
    "option_name",
    "replayed",
    "run_of",
    "run_process",
    "shape_of",
]

__getattr__ = lazily(
    __name__,
    {
        "action": ("Action",),
        "describe": ("Shape", "choices", "described", "detail", "shape_of"),
        "inputs": (
            "ARGUMENT",
            "FILE",
            "PARENT",
            "PLACE",
            "Inputs",
            "checked",
            "field_name",
            "marks",
            "option_name",
            "replayed",
        ),
        "process": ("Estimate", "Made", "Process", "Report", "Table"),
        "records": ("gravity_of", "mosaic_of", "run_of"),
        "registry": ("ACTIONS", "PROCESSES", "Line", "action as load_action", "process as load_process"),
        "replay": ("known as known_record", "material_of"),
        "run": ("Outcome", "estimate", "run as run_process"),
        "stations": ("add_stations",),
    },
)
