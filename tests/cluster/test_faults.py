"""Whatever happens to pods, a map ends as if nothing had: by the row of a table.

The table is in docs/kubernetes.md. Each map has 72 shards of half a second or more on up to four workers. The
rows that take longer are in `test_rare_faults`.
"""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from lunarcloud.lineage import open_root
from lunarcloud.testing.kube import Kube, eventually, run
from lunarcloud.testing.submitted import begun, redone, submit, wait, working
from tests.cluster.conftest import Sent, Sound

SHARDS = 72


def test_rows_1_2_7_lost_workers_cost_what_they_had_running(
    kube: Kube, root: str, sent: Sent, require_sound: Sound
) -> None:
    job = sent(1.0)
    killed, deleted, *gone = working(kube, root, job)
    kube.kill(killed)
    kube.ctl("delete", "pod", "--wait=false", deleted)
    kube.ctl("delete", "pod", "--force", "--grace-period=0", "--wait=false", *gone)
    wait(root, job)
    require_sound(root)
    assert redone(root, deleted) == 0
    assert redone(root, killed) <= 1
    assert redone(root) <= 1 + len(gone)


def test_row_4_a_deleted_runner_is_followed_by_another(
    kube: Kube, root: str, sent: Sent, require_sound: Sound
) -> None:
    job = sent(0.5)
    workers = working(kube, root, job)
    kube.ctl("delete", "pod", "--wait=false", *kube.pods(job, "runner"))
    eventually(lambda: not set(workers) & set(kube.pods(job, "worker")), 15)
    assert wait(root, job)["status"]["attempt"] == 2
    require_sound(root)
    assert redone(root) <= len(workers)


def test_row_12_the_same_job_from_two_shells_is_one_and_lets_nobody_else_in(
    kube: Kube, root: str, sent: Sent, require_sound: Sound
) -> None:
    sent.prepare(0.5)
    with ThreadPoolExecutor(2) as shells:
        first, second = shells.map(submit, [root, root])
    job = first["job"]
    assert second["job"] == job
    working(kube, root, job)
    assert not _is_let_in(kube, kube.pods(job, "runner")[0])
    wait(root, job)
    require_sound(root)
    assert redone(root) == 0


def test_row_16_a_cancelled_job_publishes_nothing_and_resumes(
    kube: Kube, root: str, sent: Sent, require_sound: Sound
) -> None:
    job = sent(0.5)
    workers = working(kube, root, job, shards=SHARDS // 3)
    run("lunarcloud", "jobs", "cancel", job, "--root", root)
    eventually(partial(_are_gone, kube, job), 30)
    assert not open_root(root).catalog().of("runs")
    assert submit(root)["job"] == job
    wait(root, job)
    require_sound(root)
    assert len(begun(root)) >= SHARDS
    assert redone(root) <= len(workers)


def _are_gone(kube: Kube, job: str) -> bool:
    return not kube.pods(job, "worker") and not kube.pods(job, "runner")


def _is_let_in(kube: Kube, runner: str) -> bool:
    """Whether the scheduler of a runner's pod lets in a client that has no certificate of the job."""
    code = f"from distributed import Client; Client('tcp://{kube.address(runner)}:8786', timeout=5)"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
