"""The rows of the table of faults that take minutes: `make test-cluster FAULTS=all`."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from lunarcloud.testing.faulty_proxy import faulty_proxy, random_plan
from lunarcloud.testing.kube import Kube, eventually, run
from lunarcloud.testing.s3_server import S3
from lunarcloud.testing.submitted import begun, redone, wait, working
from tests.cluster.conftest import Sent, Sound

pytestmark = pytest.mark.long


def test_row_3_a_worker_out_of_memory_is_replaced(root: str, sent: Sent, require_sound: Sound) -> None:
    wait(root, sent(0.5, HUNGRY="once"))
    require_sound(root)
    assert 1 <= redone(root) <= 2


def test_row_3_a_shard_that_never_fits_fails_and_names_the_setting(kube: Kube, root: str, sent: Sent) -> None:
    job = sent(0.5, HUNGRY="always")
    ended = wait(root, job, code=1)
    assert ended["state"] == "failed"
    assert ended["status"]["attempt"] == 1
    assert "limits.memory" in ended["status"]["error"]
    eventually(lambda: not kube.left(job), 150)


def test_row_5_a_killed_runner_is_followed_by_another(
    kube: Kube, root: str, sent: Sent, require_sound: Sound
) -> None:
    job = sent(0.5)
    workers = working(kube, root, job)
    kube.kill(kube.pods(job, "runner")[0])
    eventually(lambda: not set(workers) & set(kube.pods(job, "worker")), 30)
    assert wait(root, job)["status"]["attempt"] == 2
    require_sound(root)
    assert redone(root) <= len(workers)


def test_row_6_a_drained_node_costs_what_its_runner_had_running(
    kube: Kube, root: str, sent: Sent, require_sound: Sound
) -> None:
    job = sent(0.5)
    workers = working(kube, root, job)
    node = kube.node(kube.pods(job, "runner")[0])
    drain = ("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=150s")
    try:
        run("kubectl", *drain)
    finally:
        run("kubectl", "uncordon", node)
    wait(root, job)
    require_sound(root)
    assert redone(root) <= len(workers)


def test_row_7_a_node_that_falls_silent_costs_what_its_workers_had_running(
    kube: Kube, root: str, sent: Sent, require_sound: Sound
) -> None:
    # On the kit's first node is the API server as well: the runner goes there, the other one is lost.
    run("kubectl", "cordon", "node2")
    job = sent(2.0)
    eventually(lambda: kube.pods(job, "runner"))
    run("kubectl", "uncordon", "node2")
    lost = [worker for worker in working(kube, root, job) if kube.node(worker) == "node2"]
    assert lost, "no worker came to the second node"
    with kube.unplugged("node2"):
        wait(root, job)
    require_sound(root)
    assert redone(root) <= len(lost)


def test_row_8_the_api_server_may_be_away_for_a_minute(
    kube: Kube, root: str, sent: Sent, require_sound: Sound
) -> None:
    job = sent(4.0)
    working(kube, root, job, shards=4)
    server = int((Path(os.environ["KUBECONFIG"]).parent / "pid/kube-apiserver").read_text())
    os.kill(server, signal.SIGSTOP)
    try:
        before = len(begun(root))
        time.sleep(60)
        assert len(begun(root)) > before + 20
    finally:
        os.kill(server, signal.SIGCONT)
    wait(root, job)
    require_sound(root)
    assert redone(root) == 0


@pytest.mark.parametrize(("patience", "cut_s"), [("30s", 30.0), ("11s", 60.0)])
def test_row_9_a_worker_that_is_cut_off_is_replaced_and_may_write_late(
    kube: Kube, root: str, sent: Sent, require_sound: Sound, patience: str, cut_s: float
) -> None:
    job = sent(3.0, DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP=patience)
    cut_off = working(kube, root, job)[0]
    with kube.cut(cut_off, kube.pods(job, "runner")[0]):
        time.sleep(cut_s)
    wait(root, job)
    require_sound(root)
    assert redone(root) <= 2


def test_row_10_a_store_that_fails_is_asked_again(
    kube: Kube, root: str, store: S3, sent: Sent, require_sound: Sound
) -> None:
    with faulty_proxy(store.endpoint, silence_s=20.0, host=kube.store) as proxy:
        job = sent(0.5, AWS_ENDPOINT_URL=proxy.endpoint, LUNARCLOUD_TIMEOUT_S="5")
        working(kube, root, job)
        proxy.plan = random_plan(1, 0.05)
        wait(root, job)
        assert sum(proxy.done.values()) - proxy.done["none"] > 10
    require_sound(root)


def test_row_11_a_quota_for_two_workers_is_used(
    kube: Kube, root: str, sent: Sent, require_sound: Sound
) -> None:
    with _quota(kube, pods=3):
        job = sent(0.5)
        working(kube, root, job, workers=2)
        assert len(kube.pods(job, "worker")) == 2
        wait(root, job)
    require_sound(root)


def test_row_11_workers_that_cannot_start_are_explained(kube: Kube, root: str, sent: Sent) -> None:
    def nowhere(spec: dict[str, Any]) -> None:
        spec["nodeSelector"] = {"moon": "dark-side"}

    def nothing(spec: dict[str, Any]) -> None:
        spec["containers"][0]["image"] = "localhost/nothing:1"

    assert "nodes are available" in _refusal(root, sent(0.5, nowhere, LUNARCLOUD_WORKER_WAIT_S="15"))
    assert "localhost/nothing:1" in _refusal(root, sent(0.5, nothing, LUNARCLOUD_WORKER_WAIT_S="15"))
    # Room for the runner alone.
    with _quota(kube, pods=1):
        assert "exceeded quota" in _refusal(root, sent(0.5, LUNARCLOUD_WORKER_WAIT_S="15"))


def test_row_15_workers_come_and_go_three_times_and_nothing_is_done_twice(
    kube: Kube, root: str, sent: Sent, require_sound: Sound
) -> None:
    job = sent(1.0, BETWEEN="12")
    seen: list[int] = []
    with ThreadPoolExecutor(1) as waiting:
        ended = waiting.submit(wait, root, job)
        while not ended.done():
            seen.append(len(kube.pods(job, "worker")))
            time.sleep(0.5)
        ended.result()
    require_sound(root)
    assert redone(root) == 0
    assert max(seen) == 4
    came = sum(before == 0 < now for before, now in zip([0, *seen], seen, strict=False))
    assert came >= 3


def test_row_16_workers_of_an_upgraded_chart_are_refused(kube: Kube, root: str, sent: Sent) -> None:
    job = sent(0.5)
    working(kube, root, job, shards=20)
    run("lunarcloud", "jobs", "cancel", job, "--root", root)
    eventually(lambda: _state(root, job) == "cancelled", 30)
    other = '["CPUExecutionProvider", "AzureExecutionProvider"]'
    assert sent(0.5, LUNARCLOUD_PROVIDERS=other) == job
    assert "was begun with provider CPUExecutionProvider" in wait(root, job, code=2)["status"]["error"]


@contextmanager
def _quota(kube: Kube, pods: int) -> Iterator[None]:
    made = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"}}
    kube.ctl("apply", "-f", "-", given=yaml.safe_dump({**made, "spec": {"hard": {"pods": str(pods)}}}))
    try:
        yield
    finally:
        kube.ctl("delete", "resourcequota", "few")


def _seen(root: str, job: str) -> dict[str, Any]:
    return dict(json.loads(run("lunarcloud", "jobs", "show", job, "--root", root, "--json")))


def _state(root: str, job: str) -> str:
    return str(_seen(root, job)["state"])


def _refusal(root: str, job: str) -> str:
    """Why a job that is tried again and again did not run the first time; it is cancelled then."""
    error = eventually(lambda: _seen(root, job)["status"]["error"], 60)
    run("lunarcloud", "jobs", "cancel", job, "--root", root)
    eventually(lambda: _state(root, job) == "cancelled", 60)
    return str(error)
