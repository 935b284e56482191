"""Submitted maps that tests disturb: slow, with a note of every computation that was begun."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from lunarcloud.storage import folder
from lunarcloud.testing.kube import Kube, eventually

_COMMAND = str(Path(sys.executable).with_name("lunarcloud"))
_CHART = "lunarcloud-templates"


def submit(root: str, *words: str, code: int = 0) -> dict[str, Any]:
    """Submit the map of a root to Kubernetes; what the command answers.

    Parameters
    ----------
    root : str
        Whose latest mosaic and model are mapped.
    *words
        More options.
    code : int
        The exit code that is wanted.

    Raises
    ------
    RuntimeError
        If it is another.
    """
    return _answer(["submit", "map", "--root", root, "--on", "kubernetes", "--json", *words], code)


def wait(root: str, job: str, code: int = 0) -> dict[str, Any]:
    """Wait for a job; how it is in the end.

    Parameters
    ----------
    root : str
        Of the job.
    job : str
        Its id.
    code : int
        The exit code that is wanted.

    Raises
    ------
    RuntimeError
        If it is another.
    """
    return _answer(["jobs", "wait", job, "--root", root, "--json"], code)


def working(kube: Kube, root: str, job: str, shards: int = 8, workers: int = 4) -> list[str]:
    """Names of a job's workers, once there are so many and so many shards were begun.

    Parameters
    ----------
    kube : Kube
        The cluster.
    root, job : str
        The job.
    shards, workers : int
        How many.
    """

    def look() -> list[str]:
        found = kube.pods(job, "worker")
        return found if len(found) >= workers and sum(begun(root).values()) >= shards else []

    return eventually(look, 90)


def begun(root: str) -> Counter[str]:
    """How often each shard's computation was begun, by level, row and column."""
    notes = folder(f"{root}-notes").keys()
    return Counter(key.rpartition("-")[0] for key in notes)


def redone(root: str) -> int:
    """How many computations were begun again."""
    counts = begun(root)
    return sum(counts.values()) - len(counts)


def slow_release(kube: Kube, root: str, pause: float) -> str:
    """A release whose pods are slow and note what they compute beside a root; its name.

    Parameters
    ----------
    kube : Kube
        The cluster, with the chart.
    root : str
        Of the jobs.
    pause : float
        For each shard of full resolution, seconds.
    """
    release = f"slow-{root[-8:]}"
    code = {"sitecustomize.py": (Path(__file__).parent / "slow_pods.py").read_text()}
    texts = yaml.safe_load(kube.ctl("get", "configmap", _CHART, "-o", "yaml"))["data"]
    for name in ("job.yaml", "worker-cpu.yaml"):
        texts[name] = _slow(texts[name], release, root, pause)
    for name, data in ((f"{release}-code", code), (f"{release}-templates", texts)):
        made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
        kube.ctl("apply", "-f", "-", given=yaml.safe_dump(made))
    return release


def _slow(template: str, release: str, root: str, pause: float) -> str:
    made = yaml.safe_load(template)
    spec = made["spec"]["template"]["spec"] if made["kind"] == "Job" else made["spec"]
    container = spec["containers"][0]
    variables = {"PYTHONPATH": "/slow", "NOTES": f"{root}-notes", "PAUSE": str(pause)}
    container.setdefault("env", []).extend({"name": key, "value": text} for key, text in variables.items())
    container.setdefault("volumeMounts", []).append({"name": "slow", "mountPath": "/slow", "readOnly": True})
    for volume in spec["volumes"]:
        # The runner reads these templates, not the chart's.
        if volume.get("configMap", {}).get("name") == _CHART:
            volume["configMap"]["name"] = f"{release}-templates"
    spec["volumes"].append({"name": "slow", "configMap": {"name": f"{release}-code"}})
    return str(yaml.safe_dump(made))


def _answer(words: list[str], code: int) -> dict[str, Any]:
    ended = subprocess.run([_COMMAND, *words], capture_output=True, text=True, check=False)
    if ended.returncode != code:
        raise RuntimeError(f"{words} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}")
    return dict(json.loads(ended.stdout)) if ended.stdout else {"error": ended.stderr}
