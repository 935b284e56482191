"""A command run on its own, with every path that it and its child processes open or change written down."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

# Python imports the `sitecustomize` in it before anything else.
_HOOKS = Path(__file__).parent / "hooks"


class Traced(NamedTuple):
    """Where a command ran, what it printed, what it or its children opened or changed, all ids.

    What compiled libraries open by themselves, such as GDAL, Python does not see.
    """

    place: Path
    printed: str
    opened: set[Path]
    changed: set[Path]
    processes: set[int]


def traced(command: Sequence[str | Path], place: Path, variables: Mapping[str, str] | None = None) -> Traced:
    """Run a command of Python's in an empty folder and home, without the variables of whoever calls.

    Parameters
    ----------
    command : sequence of str or Path
        Program and arguments.
    place : Path
        Existing folder, in which ``work`` (where the command runs), ``home`` and ``scratch`` are made,
        ``hooks`` besides.
    variables : mapping of str to str, optional
        Variables that the command has besides.

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
    environment = {
        **(variables or {}),
        "PATH": os.defpath,
        "HOME": str(place / "home"),
        "TMPDIR": str(place / "scratch"),
        "PYTHONPATH": str(place / "hooks"),
        "OPENED_PATHS": str(log),
    }
    ended = subprocess.run(
        command, cwd=place / "work", env=environment, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise RuntimeError(f"{command[0]} ended with {ended.returncode}:\n{ended.stderr}")
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return Traced(
        place=place,
        printed=ended.stdout,
        opened={Path(path) for _, path, _ in lines},
        changed={Path(path) for _, path, changed in lines if changed},
        processes={process for process, _, _ in lines},
    )
