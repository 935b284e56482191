"""Whatever happens to pods, a map ends as if nothing had: by the row of a table.

The table is in docs/kubernetes.md. Each map has 72 shards of half a second or more on up to four workers. The
rows that take longer are in `test_rare_faults`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from lunarcloud.lineage import open_root
from lunarcloud.testing.kube import Kube, eventually, run
from lunarcloud.testing.submitted import begun, redone, submit, wait, working
from tests.cluster.conftest import Sent, Sound

SHARDS = 72  # of full resolution; there are 41 more


def test_rows_1_2_4_7_lost_workers_and_a_lost_runner_cost_what_was_running(
    kube: Kube, root: str, sent: Sent, require_sound: Sound
) -> None:
    job = sent(1.0)
    killed, deleted, *gone = working(kube, root, job)
    kube.kill(killed)
    kube.ctl("delete", "pod", "--wait=false", deleted)
    kube.ctl("delete", "pod", "--force", "--grace-period=0", "--wait=false", *gone)
    workers = working(kube, root, job, shards=SHARDS // 3)
    kube.ctl("delete", "pod", "--wait=false", *kube.pods(job, "runner"))
    eventually(lambda: not set(workers) & set(kube.pods(job, "worker")), 15)
    assert wait(root, job)["status"]["attempt"] == 2
    require_sound(root)
    assert redone(root, deleted) == 0
    assert redone(root, killed) <= 1
    assert redone(root) <= 1 + len(gone) + len(workers)
    told = kube.ctl("events", "--for", f"job/{kube.job(job)}")
    assert all(reason in told for reason in ("Started", "Retried", "Done"))


def test_rows_12_16_two_shells_have_one_job_that_publishes_nothing_if_cancelled_and_resumes(
    kube: Kube, root: str, sent: Sent, require_sound: Sound, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent.prepare(1.0)
    with ThreadPoolExecutor(2) as shells:
        first, second = shells.map(submit, [root, root])
    job = first["job"]
    assert second["job"] == job
    working(kube, root, job)
    assert not _is_let_in(kube, kube.pods(job, "runner")[0])
    workers = working(kube, root, job, shards=SHARDS // 3)
    of_worker = [line for line in _said(kube.ctl("logs", workers[0])) if line.get("event") == "computed"]
    assert redone(root) == 0
    with monkeypatch.context() as patch:
        # Whoever sees the root needs no cluster.
        patch.setenv("KUBECONFIG", "/nowhere")
        assert job in run("lunarcloud", "jobs", "list", "--root", root, "--json")
        assert "running" in run("lunarcloud", "jobs", "show", job, "--root", root)
        run("lunarcloud", "jobs", "cancel", job, "--root", root)
    eventually(lambda: not kube.left(job), 30)
    of_job = _said(run("lunarcloud", "jobs", "logs", job, "--root", root))
    for said in (of_job, of_worker):
        assert all((line["job"], line["root"], line["attempt"]) == (job, root, 1) for line in said)
        assert any("shard" in line for line in said)
    assert not open_root(root).catalog().of("runs")
    assert submit(root)["job"] == job
    wait(root, job)
    require_sound(root)
    assert len(begun(root)) >= SHARDS
    assert redone(root) <= len(workers)


def _said(log: str) -> list[dict[str, object]]:
    """The lines of a log that are for programs."""
    return [json.loads(line) for line in log.splitlines() if line.startswith("{")]


def _is_let_in(kube: Kube, runner: str) -> bool:
    """Whether the scheduler of a runner's pod lets in a client that has no certificate of the job."""
    code = f"from distributed import Client; Client('tcp://{kube.address(runner)}:8786', timeout=5)"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
