"""Names of the functions that `lunarcloud` has: of the registry, of what opens what is published, of jobs."""

from lunarcloud.processes import ACTIONS, PROCESSES

#: Process by function, where a room has the process's name: ``lunarcloud.gravity`` is the room.
RENAMED = {"reduce_gravity": "gravity"}
#: What opens, lists and shows what is published, submits jobs and finds them.
OPENERS = (
    "job",
    "open_gravity",
    "open_intervals",
    "open_maps",
    "open_mosaic",
    "record",
    "records",
    "submit",
    "view",
)


def verbs() -> dict[str, str]:
    """Process or action by the name of its function."""
    own = {name: name for name in (*PROCESSES, *ACTIONS) if name not in RENAMED.values()}
    return {**own, **{name: process for name, process in RENAMED.items() if process in PROCESSES}}
