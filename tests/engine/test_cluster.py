"""Local clusters leave nothing behind."""

import tempfile
from pathlib import Path

import pytest

from lunarcloud.engine import Cluster, MemoryPlan, Session


def test_nothing_stays_in_the_temporary_folder_or_where_the_command_ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("scratch", "here"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.chdir(tmp_path / "here")
    with Session(Cluster(workers=1)) as session:
        found = list(session.spread("hex", hex, [1], pixels=lambda _: 1, memory=MemoryPlan(task=1)))
        assert len(list(tmp_path.rglob("dask-scratch-space"))) == 1
    assert found == [(1, hex(1))]
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "here", tmp_path / "scratch"]
