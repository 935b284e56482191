"""What the fault tests do to a job's pods, and what they count."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml

from lunarcloud.storage import folder

from .conftest import NAMESPACE, Kube, run

Seen = TypeVar("Seen")

_SLOW = Path(__file__).parent / "slow" / "sitecustomize.py"


def eventually(look: Callable[[], Seen], seconds: float = 60.0) -> Seen:
    """What a look finds, as soon as it finds something."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"nothing after {seconds} s"
        time.sleep(0.2)
    return found


def submit(root: str, *words: str, code: int = 0) -> dict[str, Any]:
    """Submit the map of a root; what the command answers as JSON, with the exit code that it should have."""
    command = ["lunarcloud", "submit", "map", "--root", root, "--on", "kubernetes", "--json", *words]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == code, ended.stdout + ended.stderr
    return dict(json.loads(ended.stdout)) if ended.stdout else {"error": ended.stderr}


def wait(root: str, job: str, code: int = 0, seconds: float = 300.0) -> dict[str, Any]:
    """Wait for a job; its state in the end, with the exit code that it should have."""
    command = ["lunarcloud", "jobs", "wait", job, "--root", root, "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds)
    assert ended.returncode == code, ended.stdout + ended.stderr
    return dict(json.loads(ended.stdout))


def pods(kube: Kube, job: str, kind: str, phase: str = "Running") -> list[str]:
    """Names of a job's pods of a kind, ``runner`` or ``worker``, that are in a phase and not ending."""
    answer = json.loads(kube.ctl("get", "pods", "-l", f"lunarcloud/job={job}", "-o", "json"))
    return [
        pod["metadata"]["name"]
        for pod in answer["items"]
        if pod["spec"]["containers"][0]["name"] == kind
        and pod["status"].get("phase") == phase
        and "deletionTimestamp" not in pod["metadata"]
    ]


def working(kube: Kube, root: str, job: str, shards: int = 8, workers: int = 4) -> list[str]:
    """Workers of a job, once it has so many and computes."""

    def look() -> list[str]:
        found = pods(kube, job, "worker")
        return found if len(found) >= workers and sum(executions(root).values()) >= shards else []

    return eventually(look, 90)


def executions(root: str) -> Counter[str]:
    """How often each shard's computation was begun, by level, row and column."""
    keys = folder(f"{root}-notes").keys()
    return Counter(key.rpartition("-")[0] for key in keys)


def redone(root: str) -> int:
    """How many computations were begun again."""
    counts = executions(root)
    return sum(counts.values()) - len(counts)


def kill_container(kube: Kube, pod: str) -> None:
    """SIGKILL to the process of a pod's container, as no kubectl can send it."""
    found = json.loads(kube.ctl("get", "pod", pod, "-o", "json"))
    container = found["status"]["containerStatuses"][0]["containerID"].rpartition("/")[2]
    state = Path(os.environ["KUBECONFIG"]).parent
    socket = state / f"{found['spec']['nodeName']}/containerd.sock"
    run("ctr", "--address", socket, "-n", "k8s.io", "tasks", "kill", "-s", "9", container)


def slow_templates(kube: Kube, root: str, pause: float, patch: pytest.MonkeyPatch) -> None:
    """Have the pods of the jobs to come be slow, and note what they compute beside a root.

    Parameters
    ----------
    kube : Kube
        The cluster.
    root : str
        Of the jobs.
    pause : float
        For each shard of full resolution, seconds.
    patch : MonkeyPatch
        Chooses the slow templates until the end of the test.
    """
    release = f"slow-{root[-8:]}"
    code = {"sitecustomize.py": _SLOW.read_text()}
    chart = yaml.safe_load(kube.ctl("get", "configmap", "lunarcloud-templates", "-o", "yaml"))["data"]
    texts = {
        **chart,
        "job.yaml": _slow(chart["job.yaml"], release, root, pause),
        "worker-cpu.yaml": _slow(chart["worker-cpu.yaml"], release, root, pause),
    }
    for name, data in ((f"{release}-code", code), (f"{release}-templates", texts)):
        made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
        kube.ctl("apply", "-f", "-", given=yaml.safe_dump(made))
    patch.setenv("LUNARCLOUD_RELEASE", release)


def _slow(template: str, release: str, root: str, pause: float) -> str:
    made = yaml.safe_load(template)
    spec = made["spec"]["template"]["spec"] if made["kind"] == "Job" else made["spec"]
    container = spec["containers"][0]
    variables = {"PYTHONPATH": "/slow", "NOTES": f"{root}-notes", "PAUSE": str(pause)}
    container.setdefault("env", []).extend(
        {"name": name, "value": value} for name, value in variables.items()
    )
    container.setdefault("volumeMounts", []).append({"name": "slow", "mountPath": "/slow", "readOnly": True})
    spec.setdefault("volumes", []).append({"name": "slow", "configMap": {"name": f"{release}-code"}})
    for volume in spec["volumes"]:
        # The runner's own view of the templates must be the slow ones too.
        if volume.get("configMap", {}).get("name") == "lunarcloud-templates":
            volume["configMap"]["name"] = f"{release}-templates"
    return yaml.safe_dump(made)


def namespace_events(kube: Kube) -> str:
    """For whoever looks at a failed test."""
    return run("kubectl", "-n", NAMESPACE, "get", "events,pods,jobs", "-o", "wide")
