"""Submitted maps that tests disturb: slow, with a note of every computation that was begun."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias
from uuid import uuid4

import yaml

from lunarcloud.storage import folder
from lunarcloud.testing.kube import Kube, eventually

#: Changes the specification of a worker's pod.
Change: TypeAlias = Callable[[dict[str, Any]], None]

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
    """Names of a job's workers that have begun a shard, once they and the shards are so many.

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
        computed = begun(root)
        pods = {each.pod for each in computed}
        found = [pod for pod in kube.pods(job, "worker") if pod in pods]
        return found if len(found) >= workers and len(computed) >= shards else []

    return eventually(look, 90)


class Begun(NamedTuple):
    """A computation that was begun: of which shard (level-row-column), when, on which pod."""

    shard: str
    time_ns: int
    pod: str


def begun(root: str) -> list[Begun]:
    """All computations of shards that were begun, the first first."""
    notes = folder(f"{root}-notes").keys()
    parts = (key.split("-", 4) for key in notes)
    found = (Begun(f"{level}-{row}-{col}", int(time), pod) for level, row, col, time, pod in parts)
    return sorted(found, key=lambda each: each.time_ns)


def redone(root: str, *pods: str) -> int:
    """How many computations were begun again: all, or those that some pods had begun before."""
    found = begun(root)
    last = {each.shard: each for each in found}
    return sum(each != last[each.shard] and (not pods or each.pod in pods) for each in found)


def slow_release(
    kube: Kube,
    root: str,
    pause: float,
    change: Change = lambda spec: None,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """A release whose pods are slow and note what they compute beside a root; its name.

    Parameters
    ----------
    kube : Kube
        The cluster, with the chart.
    root : str
        Of the jobs.
    pause : float
        For each shard of full resolution, seconds.
    change : callable
        What to change in the specification of a worker's pod.
    variables : mapping of str to str
        Of all containers; see `lunarcloud.testing.slow_pods`.
    """
    release = f"slow-{uuid4().hex[:8]}"
    given = {"PYTHONPATH": "/slow", "NOTES": f"{root}-notes", "PAUSE": str(pause), **variables}
    code = {"sitecustomize.py": (Path(__file__).parent / "slow_pods.py").read_text()}
    texts = yaml.safe_load(kube.ctl("get", "configmap", _CHART, "-o", "yaml"))["data"]
    for name in ("job.yaml", "worker-cpu.yaml"):
        texts[name] = _slow(texts[name], release, given, change)
    for name, data in ((f"{release}-code", code), (f"{release}-templates", texts)):
        made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
        kube.ctl("apply", "-f", "-", given=yaml.safe_dump(made))
    return release


def _slow(template: str, release: str, given: Mapping[str, str], change: Change) -> str:
    made = yaml.safe_load(template)
    is_worker = made["kind"] == "Pod"
    spec = made["spec"] if is_worker else made["spec"]["template"]["spec"]
    container = spec["containers"][0]
    # Of two variables of one name the last one counts.
    container["env"].extend({"name": name, "value": text} for name, text in given.items())
    container.setdefault("volumeMounts", []).append({"name": "slow", "mountPath": "/slow", "readOnly": True})
    for volume in spec["volumes"]:
        # The runner reads these templates, not the chart's.
        if volume.get("configMap", {}).get("name") == _CHART:
            volume["configMap"]["name"] = f"{release}-templates"
    spec["volumes"].append({"name": "slow", "configMap": {"name": f"{release}-code"}})
    if is_worker:
        change(spec)
    return str(yaml.safe_dump(made))


def _answer(words: list[str], code: int) -> dict[str, Any]:
    ended = subprocess.run([_COMMAND, *words], capture_output=True, text=True, check=False)
    if ended.returncode != code:
        raise RuntimeError(f"{words} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}")
    return dict(json.loads(ended.stdout)) if ended.stdout else {"error": ended.stderr}
