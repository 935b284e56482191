"""What the tests of jobs share: a root to map, places, a toy process, a machine of its own."""

import os
import sys
from pathlib import Path

import pytest

from lunarcloud.lineage import Root, open_root
from lunarcloud.processes import ACTIONS, PROCESSES
from tests.places import add_place
from tests.toys import CHECK, LINE


@pytest.fixture(autouse=True)
def places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which no job ran yet, a toy process, and places that run jobs at once, near and far."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    monkeypatch.setitem(PROCESSES, "toy", LINE)
    monkeypatch.setitem(ACTIONS, "check-toy", CHECK)
    add_place(monkeypatch, "here")
    add_place(monkeypatch, "far", near=False)


@pytest.fixture
def root(tmp_path: Path) -> Root:
    """A root of its own, with nothing in it."""
    return open_root(tmp_path / "root")
