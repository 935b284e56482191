"""The doctor: a store that work can rely on is found well, and what is wrong with another is named."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from s3fs import S3FileSystem

from lunarcloud.config import settings
from lunarcloud.engine import Cluster
from lunarcloud.processes.doctor import Diagnosis
from lunarcloud.storage import folder
from lunarcloud.storage.backends import LocalFolder, MemoryFolder
from lunarcloud.testing.fixtures import Command
from lunarcloud.testing.make import act
from lunarcloud.testing.s3_server import S3, reconnect


def _found(root: object, cluster: Cluster) -> Diagnosis:
    found = act("doctor", str(root), cluster)
    assert isinstance(found, Diagnosis)
    return found


def _states(found: Diagnosis) -> dict[str, str]:
    return {each.what: each.state for each in found.checks}


def _said(found: Diagnosis, what: str) -> str:
    return next(each.said for each in found.checks if each.what == what)


def test_a_folder_is_well_and_left_empty(tmp_path: Path, cluster: Cluster) -> None:
    found = _found(tmp_path, cluster)
    assert set(_states(found).values()) == {"ok"}
    assert list(tmp_path.iterdir()) == []
    assert found.versions["lunarcloud"]


def test_a_bucket_is_well_and_left_empty(s3_environment: S3) -> None:
    root = f"s3://moon/{uuid4().hex}"
    found = _found(root, Cluster(workers=1))
    assert set(_states(found).values()) == {"ok"}
    assert folder(root).keys() == []


def test_memory_is_not_seen_by_workers(cluster: Cluster) -> None:
    found = _found(f"memory://{uuid4().hex}", cluster)
    assert _states(found).pop("workers see the root") == "failed"
    assert "does not see what the command wrote" in _said(found, "workers see the root")
    assert [each.state for each in found.checks].count("failed") == 1


def test_a_store_that_ignores_conditions_is_named(
    s3_environment: S3, monkeypatch: pytest.MonkeyPatch, cluster: Cluster
) -> None:
    call = S3FileSystem._call_s3

    async def careless(self: S3FileSystem, method: str, *args: Any, **kwargs: Any) -> Any:
        for name in ("IfMatch", "IfNoneMatch"):
            kwargs.pop(name, None)
        return await call(self, method, *args, **kwargs)

    monkeypatch.setattr(S3FileSystem, "_call_s3", careless)
    found = _found(f"s3://moon/{uuid4().hex}", cluster)
    states = _states(found)
    assert (states["create if absent"], states["compare and swap"]) == ("failed", "failed")
    assert "(If-None-Match): results of commands that run at once" in _said(found, "create if absent")
    assert "(If-Match): results of commands that run at once" in _said(found, "compare and swap")


def test_two_writers_of_a_store_without_locks_are_told_apart(
    monkeypatch: pytest.MonkeyPatch, cluster: Cluster
) -> None:
    monkeypatch.setattr(MemoryFolder, "_update", MemoryFolder._rewrite)
    found = _found(f"memory://{uuid4().hex}", cluster)
    states = _states(found)
    assert (states["create if absent"], states["compare and swap"]) == ("ok", "failed")


def test_who_may_only_read_is_told_so_once(
    s3: S3, s3_environment: S3, monkeypatch: pytest.MonkeyPatch, lunarcloud: Command
) -> None:
    for name, value in s3.account("reader").items():
        monkeypatch.setenv(name, value)
    reconnect()
    code, out, _ = lunarcloud("doctor", "--root", "s3://moon/doctor", "--json")
    states = {each["what"]: each["state"] for each in json.loads(out)["checks"]}
    assert (code, states.pop("list"), states.pop("write")) == (2, "ok", "failed")
    assert set(states.values()) == {"not tried"}
    assert "check AWS_ACCESS_KEY_ID" in out


def test_a_store_that_is_away_is_worth_another_try(
    s3_environment: S3, monkeypatch: pytest.MonkeyPatch, lunarcloud: Command
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("LUNARCLOUD_RETRIES", "0")
    settings.cache_clear()
    reconnect()
    code, out, _ = lunarcloud("doctor", "--root", "s3://moon/doctor")
    settings.cache_clear()
    assert code == 75
    assert "failed: s3://moon/doctor" in out
    assert "not tried: since 'list' failed" in out


def test_no_cluster_is_worth_another_try(tmp_path: Path, lunarcloud: Command) -> None:
    code, out, _ = lunarcloud("doctor", "--root", tmp_path, "--scheduler", "tcp://127.0.0.1:9")
    assert code == 75
    assert "no Dask scheduler answers" in out


@pytest.mark.parametrize("apart", [timedelta(minutes=-5), timedelta(minutes=5)])
def test_a_clock_that_is_wrong_is_said(
    tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch, apart: timedelta
) -> None:
    monkeypatch.setattr(LocalFolder, "_modified", lambda *_: datetime.now(UTC) + apart)
    found = _found(tmp_path, cluster)
    assert _states(found)["clock"] == "failed"
    assert "s apart, more than 30 s" in _said(found, "clock")


def test_a_store_without_a_clock_is_no_fault(
    tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalFolder, "_modified", lambda *_: None)
    assert _states(_found(tmp_path, cluster))["clock"] == "not known"


def test_workers_of_other_software_are_named(
    tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lunarcloud.processes.doctor.facts", lambda: {"numpy": "0.0.1"})
    said = _said(_found(tmp_path, cluster), "workers see the root")
    assert "workers differ from this command in" in said
    assert "numpy 0.0.1 (now " in said
