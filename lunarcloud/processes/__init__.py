"""The registry of processes: one file a process, one way to run any.

Loaded when first used: the command line lists what there is without loading any of it. Functions that have
the name of their module here have a longer one outside: `run_process`, `load_process`, `load_action`.
"""

from typing import TYPE_CHECKING

from lunarcloud.lazy import lazily

if TYPE_CHECKING:
    from lunarcloud.processes.action import Action
    from lunarcloud.processes.describe import Shape, choices, described, detail, inner_type, shape_of
    from lunarcloud.processes.findings import FindingCard, markdown, shown
    from lunarcloud.processes.html import html_page, html_table
    from lunarcloud.processes.inbox import (
        INBOX,
        Arrival,
        Files,
        Inbox,
        Rejection,
        changes_of,
        hold_read,
        is_settled,
        note_rejections,
        read_inbox,
    )
    from lunarcloud.processes.inputs import (
        ARGUMENT,
        FILE,
        OPTION,
        PARENT,
        PLACE,
        Inputs,
        checked,
        field_name,
        marks,
        option,
        option_name,
        parent,
        place,
        replayed,
    )
    from lunarcloud.processes.process import Cell, Estimate, Made, Process, Report, Table
    from lunarcloud.processes.records import gravity_of, model_of, mosaic_of, run_of
    from lunarcloud.processes.registry import ACTIONS, PROCESSES, Line
    from lunarcloud.processes.registry import action as load_action
    from lunarcloud.processes.registry import process as load_process
    from lunarcloud.processes.replay import Known, inputs_of, material_of
    from lunarcloud.processes.replay import known as known_record
    from lunarcloud.processes.run import Outcome, estimate, run_in
    from lunarcloud.processes.run import run as run_process
    from lunarcloud.processes.stations import (
        MAIN,
        Choice,
        add_stations,
        desired_main,
        inbox_of,
        table_of_record,
    )

__all__ = [
    "ACTIONS",
    "ARGUMENT",
    "FILE",
    "INBOX",
    "MAIN",
    "OPTION",
    "PARENT",
    "PLACE",
    "PROCESSES",
    "Action",
    "Arrival",
    "Cell",
    "Choice",
    "Estimate",
    "Files",
    "FindingCard",
    "Inbox",
    "Inputs",
    "Known",
    "Line",
    "Made",
    "Outcome",
    "Process",
    "Rejection",
    "Report",
    "Shape",
    "Table",
    "add_stations",
    "changes_of",
    "checked",
    "choices",
    "described",
    "desired_main",
    "detail",
    "estimate",
    "field_name",
    "gravity_of",
    "hold_read",
    "html_page",
    "html_table",
    "inbox_of",
    "inner_type",
    "inputs_of",
    "is_settled",
    "known_record",
    "load_action",
    "load_process",
    "markdown",
    "marks",
    "material_of",
    "model_of",
    "mosaic_of",
    "note_rejections",
    "option",
    "option_name",
    "parent",
    "place",
    "read_inbox",
    "replayed",
    "run_in",
    "run_of",
    "run_process",
    "shape_of",
    "shown",
    "table_of_record",
]

__getattr__ = lazily(
    __name__,
    {
        "action": ("Action",),
        "describe": ("Shape", "choices", "described", "detail", "inner_type", "shape_of"),
        "findings": ("FindingCard", "markdown", "shown"),
        "html": ("html_page", "html_table"),
        "inbox": (
            "INBOX",
            "Arrival",
            "Files",
            "Inbox",
            "Rejection",
            "changes_of",
            "hold_read",
            "is_settled",
            "note_rejections",
            "read_inbox",
        ),
        "inputs": (
            "ARGUMENT",
            "FILE",
            "OPTION",
            "PARENT",
            "PLACE",
            "Inputs",
            "checked",
            "field_name",
            "marks",
            "option",
            "option_name",
            "parent",
            "place",
            "replayed",
        ),
        "process": ("Cell", "Estimate", "Made", "Process", "Report", "Table"),
        "records": ("gravity_of", "model_of", "mosaic_of", "run_of"),
        "registry": ("ACTIONS", "PROCESSES", "Line", "action as load_action", "process as load_process"),
        "replay": ("Known", "inputs_of", "known as known_record", "material_of"),
        "run": ("Outcome", "estimate", "run as run_process", "run_in"),
        "stations": ("MAIN", "Choice", "add_stations", "desired_main", "inbox_of", "table_of_record"),
    },
)
