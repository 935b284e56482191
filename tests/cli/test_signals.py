"""A command that is told to stop: at once, with the signal's exit code, nothing half-visible, no orphans."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lunarcloud.errors import NotFoundError
from lunarcloud.storage import folder, open_dataset

SCRIPT = Path(__file__).with_name("stoppable_command.py")


def _wait(true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def _busy(place: Path) -> set[int]:
    """The worker processes, once all but the slow shards are done and those are being computed."""
    log = place / "log"
    _wait(lambda: log.exists() and len(log.read_text().splitlines()) == 8, "the command does not get on")
    return {int(line) for line in log.read_text().splitlines()}


def _ended(process: int) -> bool:
    """Whether a process is no more, or only waits to be buried."""
    status = Path(f"/proc/{process}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize(
    ("number", "to_all"),
    [(signal.SIGTERM, False), (signal.SIGINT, False), (signal.SIGINT, True)],
    ids=["SIGTERM", "SIGINT", "SIGINT to the workers too, as a terminal sends it"],
)
def test_a_stopped_command_ends_within_five_seconds(tmp_path: Path, number: int, to_all: bool) -> None:
    with subprocess.Popen(
        [sys.executable, SCRIPT, str(tmp_path)], stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        workers = _busy(tmp_path)
        (os.killpg if to_all else os.kill)(process.pid, number)
        # The limit that is promised to whoever sends the signal, not a measurement.
        _, said = process.communicate(timeout=5)
    assert process.returncode == 128 + number
    assert b"Traceback" not in said
    _wait(lambda: all(map(_ended, workers)), "a worker outlives its command")
    with pytest.raises(NotFoundError):
        open_dataset(folder(tmp_path) / "codes.zarr")
    assert len(list((tmp_path / "ledger").iterdir())) == 6
