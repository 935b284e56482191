"""Whatever happens to pods, nodes, API server and store, a map ends as if nothing had: by the row of a table.

The table of faults is in docs/kubernetes.md. Each map has 72 shards of a second on up to four workers.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lunarcloud.engine import Cluster
from lunarcloud.lineage import open_root
from lunarcloud.testing.kube import Kube, eventually, run
from lunarcloud.testing.make import act
from lunarcloud.testing.submitted import begun, redone, slow_release, submit, wait, working

PAUSE_S = 1.0
SHARDS = 72


@pytest.fixture(autouse=True)
def _slow(kube: Kube, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUNARCLOUD_RELEASE", slow_release(kube, root, PAUSE_S))


@pytest.fixture
def job(root: str) -> str:
    """A submitted map."""
    return str(submit(root)["job"])


def require_sound(root: str, undisturbed: str) -> None:
    """The published map is whole and has the bytes of an undisturbed one."""
    assert open_root(root).find("runs").digest == undisturbed
    assert not act("verify", root, Cluster(workers=1), record="runs/latest").damaged


def test_row_1_a_killed_worker_is_replaced(kube: Kube, root: str, job: str, undisturbed: str) -> None:
    kube.kill(working(kube, root, job)[0])
    wait(root, job)
    require_sound(root, undisturbed)
    assert redone(root) <= 1


def test_row_2_a_deleted_worker_finishes_its_shard(kube: Kube, root: str, job: str, undisturbed: str) -> None:
    kube.ctl("delete", "pod", "--wait=false", *working(kube, root, job)[:2])
    wait(root, job)
    require_sound(root, undisturbed)
    assert redone(root) == 0


def test_row_4_a_deleted_runner_is_followed_by_another(
    kube: Kube, root: str, job: str, undisturbed: str
) -> None:
    workers = working(kube, root, job)
    kube.ctl("delete", "pod", "--wait=false", *kube.pods(job, "runner"))
    eventually(lambda: not set(workers) & set(kube.pods(job, "worker")), 15)
    assert wait(root, job)["status"]["attempt"] == 2
    require_sound(root, undisturbed)
    assert redone(root) <= len(workers)


def test_row_5_a_killed_runner_is_followed_by_another(
    kube: Kube, root: str, job: str, undisturbed: str
) -> None:
    workers = working(kube, root, job)
    kube.kill(kube.pods(job, "runner")[0])
    eventually(lambda: not set(workers) & set(kube.pods(job, "worker")), 15)
    assert wait(root, job)["status"]["attempt"] == 2
    require_sound(root, undisturbed)
    assert redone(root) <= len(workers)


def test_row_6_a_drained_node_costs_what_its_runner_had_running(
    kube: Kube, root: str, job: str, undisturbed: str
) -> None:
    workers = working(kube, root, job)
    (runner,) = kube.pods(job, "runner")
    node = kube.ctl("get", "pod", runner, "-o", "jsonpath={.spec.nodeName}")
    try:
        run(
            "kubectl",
            "drain",
            node,
            "--ignore-daemonsets",
            "--delete-emptydir-data",
            "--force",
            "--timeout=150s",
        )
    finally:
        # As after its maintenance; where there is only one node, nothing would go on without it.
        run("kubectl", "uncordon", node)
    wait(root, job)
    require_sound(root, undisturbed)
    assert redone(root) <= len(workers)


def test_row_7_a_lost_nodes_shards_are_computed_elsewhere(
    kube: Kube, root: str, job: str, undisturbed: str
) -> None:
    lost = working(kube, root, job)[:2]
    kube.ctl("delete", "pod", "--force", "--grace-period=0", "--wait=false", *lost)
    wait(root, job)
    require_sound(root, undisturbed)
    assert redone(root) <= len(lost)


def test_row_8_the_api_server_may_be_away(kube: Kube, root: str, job: str, undisturbed: str) -> None:
    working(kube, root, job)
    server = int((Path(os.environ["KUBECONFIG"]).parent / "pid/kube-apiserver").read_text())
    os.kill(server, signal.SIGSTOP)
    try:
        before = sum(begun(root).values())
        time.sleep(20)
        assert sum(begun(root).values()) > before
    finally:
        os.kill(server, signal.SIGCONT)
    wait(root, job)
    require_sound(root, undisturbed)


def test_row_12_the_same_job_from_two_shells_is_one(kube: Kube, root: str, undisturbed: str) -> None:
    with ThreadPoolExecutor(2) as shells:
        first, second = shells.map(submit, [root, root])
    assert first["job"] == second["job"]
    wait(root, first["job"])
    require_sound(root, undisturbed)
    assert redone(root) == 0


def test_row_16_a_cancelled_job_publishes_nothing_and_resumes(
    kube: Kube, root: str, job: str, undisturbed: str
) -> None:
    working(kube, root, job, shards=20)
    run("lunarcloud", "jobs", "cancel", job, "--root", root)
    eventually(lambda: not kube.pods(job, "worker") and not kube.pods(job, "runner"), 30)
    assert not open_root(root).catalog().of("runs")
    assert submit(root)["job"] == job
    wait(root, job)
    require_sound(root, undisturbed)
    assert len(begun(root)) >= SHARDS
    assert redone(root) <= 4


def test_nobody_else_is_let_in_by_the_scheduler(kube: Kube, root: str, job: str) -> None:
    working(kube, root, job)
    (runner,) = kube.pods(job, "runner")
    address = kube.ctl("get", "pod", runner, "-o", "jsonpath={.status.podIP}")
    code = f"from distributed import Client; Client('tcp://{address}:8786', timeout=5)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode
    wait(root, job)
