"""A command run on its own, with every path that it and its child processes open or change written down."""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

# Python imports the `sitecustomize` in it before anything else.
_HOOKS = Path(__file__).parent / "hooks"


class Traced(NamedTuple):
    """What a command printed, paths that it or a child process opened or changed, ids of these processes.

    What compiled libraries open by themselves, such as GDAL, Python does not see.
    """

    printed: str
    opened: set[Path]
    changed: set[Path]
    processes: set[int]


def traced(command: Sequence[str | Path], place: Path) -> Traced:
    """Run a command of Python's in an empty folder and home, without the variables of whoever calls.

    Parameters
    ----------
    command : sequence of str or Path
        Program and arguments.
    place : Path
        Existing folder, where ``work`` (where the command runs), ``home``, ``scratch``, ``hooks`` are made.

    Raises
    ------
    RuntimeError
        If the command fails; with what it said.
    """
    for name in ("home", "scratch", "work"):
        (place / name).mkdir()
    # A copy, so that nothing of this package is on the path of the command.
    shutil.copytree(_HOOKS, place / "hooks")
    log = place / "opened.jsonl"
    variables = {
        "PATH": os.defpath,
        "HOME": str(place / "home"),
        "TMPDIR": str(place / "scratch"),
        "PYTHONPATH": str(place / "hooks"),
        "OPENED_PATHS": str(log),
    }
    ended = subprocess.run(
        command, cwd=place / "work", env=variables, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise RuntimeError(f"{command[0]} ended with {ended.returncode}:\n{ended.stderr}")
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return Traced(
        printed=ended.stdout,
        opened={Path(path) for _, path, _ in lines},
        changed={Path(path) for _, path, changed in lines if changed},
        processes={process for process, _, _ in lines},
    )
