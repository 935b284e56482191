"""How many cores may be used: a container's share, by the quotas of its cgroup and those above it."""

from pathlib import Path

import pytest

from lunarcloud.config import settings
from lunarcloud.engine import Cluster, usable_cores


@pytest.fixture(autouse=True)
def _many_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host of 64 cores."""
    monkeypatch.setattr("lunarcloud.engine.cores._process_cores", lambda: 64)


def _cgroups(top: Path, own: str, files: dict[str, str]) -> tuple[Path, Path]:
    for name, text in files.items():
        path = top / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (top / "own").write_text(own)
    return top / "cgroup", top / "own"


@pytest.mark.parametrize(
    ("own", "files", "cores"),
    [
        ("0::/\n", {"cpu.max": "400000 100000\n"}, 4),
        ("0::/\n", {"cpu.max": "max 100000\n"}, 64),
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 2),
        ("0::/\n", {"cpu.max": "10000 100000\n"}, 1),
        ("0::/pods/one\n", {"pods/cpu.max": "300000 100000", "pods/one/cpu.max": "max 100000"}, 3),
        ("0::/pods/one\n", {"pods/cpu.max": "800000 100000", "pods/one/cpu.max": "200000 100000"}, 2),
        ("0::/not/mounted\n", {"cpu.max": "500000 100000"}, 5),
        ("0::/\n", {}, 64),
    ],
    ids=["quota", "none", "part", "less than one", "above", "the smallest", "own namespace", "no cgroup"],
)
def test_version_2(tmp_path: Path, own: str, files: dict[str, str], cores: int) -> None:
    assert usable_cores(*_cgroups(tmp_path, own, files)) == cores


@pytest.mark.parametrize(("quota", "cores"), [("600000", 6), ("-1", 64)])
def test_version_1(tmp_path: Path, quota: str, cores: int) -> None:
    files = {
        "cpu,cpuacct/docker/a/cpu.cfs_quota_us": quota,
        "cpu,cpuacct/docker/a/cpu.cfs_period_us": "100000",
    }
    own = "9:memory:/docker/a\n3:cpu,cpuacct:/docker/a\n1:name=systemd:/docker/a\n0::/\n"
    assert usable_cores(*_cgroups(tmp_path, own, files)) == cores


def test_a_system_without_cgroups_has_its_own_cores(tmp_path: Path) -> None:
    assert usable_cores(tmp_path / "none", tmp_path / "neither") == 64


@pytest.mark.parametrize(
    ("workers", "threads", "pool"),
    [(None, None, (6, 1)), (None, "4", (1, 4)), (None, "8", (1, 8)), ("3", "2", (3, 2))],
)
def test_a_local_cluster_is_as_large_as_the_cores_unless_the_settings_say_otherwise(
    monkeypatch: pytest.MonkeyPatch, workers: str | None, threads: str | None, pool: tuple[int, int]
) -> None:
    monkeypatch.setattr("lunarcloud.engine.cluster.usable_cores", lambda: 6)
    for name, value in {"WORKERS": workers, "THREADS": threads}.items():
        if value:
            monkeypatch.setenv(f"LUNARCLOUD_{name}", value)
        else:
            monkeypatch.delenv(f"LUNARCLOUD_{name}", raising=False)
    settings.cache_clear()
    assert Cluster().own() == pool
    assert Cluster(workers=5).own() == (5, pool[1])
    settings.cache_clear()
