"""A Kubernetes cluster as tests reach it: kubectl, the pods of a job, and what is done to them."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

Seen = TypeVar("Seen")

_ENDED = ("Succeeded", "Failed")


class Kube(NamedTuple):
    """A cluster: the namespace of the tests, an image that its nodes have, this machine as pods see it."""

    namespace: str
    image: str
    store: str

    def ctl(self, *words: str, given: str | None = None) -> str:
        """What kubectl answers, in the namespace of the tests."""
        return run("kubectl", "-n", self.namespace, *words, given=given)

    def pods(self, job: str, kind: str) -> list[str]:
        """Names of a job's pods of a kind, ``runner`` or ``worker``, that run and are not ending."""
        return [_name(pod) for pod in self._pods(job) if _kind(pod) == kind and _runs(pod)]

    def left(self, job: str) -> list[str]:
        """Names of a job's pods that have not ended: those that wait, run, or are just ending."""
        return [_name(pod) for pod in self._pods(job) if pod["status"].get("phase") not in _ENDED]

    def _pods(self, job: str) -> list[dict[str, Any]]:
        answer = self.ctl("get", "pods", "-l", f"lunarcloud/job={job}", "-o", "json")
        return list(json.loads(answer)["items"])

    def job(self, job: str) -> str:
        """Name of the newest Job object of a job: the same work for another root has the same id."""
        newest = ("--sort-by=.metadata.creationTimestamp", "-o", "name")
        return self.ctl("get", "jobs", "-l", f"lunarcloud/job={job}", *newest).split()[-1].partition("/")[2]

    def node(self, pod: str) -> str:
        """Name of the node that a pod is on."""
        return self.ctl("get", "pod", pod, "-o", "jsonpath={.spec.nodeName}")

    def address(self, pod: str) -> str:
        """Address of a pod."""
        return self.ctl("get", "pod", pod, "-o", "jsonpath={.status.podIP}")

    @contextmanager
    def unplugged(self, node: str) -> Iterator[None]:
        """A node of the kit without its network, for the length of a ``with`` block, and until it is back."""
        link = f"lck8s-{node.removeprefix('node')}"
        run("ip", "link", "set", link, "down")
        try:
            yield
        finally:
            run("ip", "link", "set", link, "up")
            run("kubectl", "wait", "--for=condition=Ready", f"node/{node}", "--timeout=60s")

    @contextmanager
    def cut(self, pod: str, other: str) -> Iterator[None]:
        """Two pods of the kit that do not hear each other, for the length of a ``with`` block."""
        first, second = self.address(pod), self.address(other)
        # In the node's own network, through which all that its pods send and get must go.
        space = f"--net=/run/netns/lck8s{self.node(pod).removeprefix('node')}"
        ways = [("-s", first, "-d", second), ("-s", second, "-d", first)]
        for way in ways:
            run("nsenter", space, "iptables", "-I", "FORWARD", *way, "-j", "DROP")
        try:
            yield
        finally:
            for way in ways:
                run("nsenter", space, "iptables", "-D", "FORWARD", *way, "-j", "DROP")

    def kill(self, pod: str) -> None:
        """SIGKILL to the process of a pod's container, which only its node can send."""
        found = json.loads(self.ctl("get", "pod", pod, "-o", "json"))
        container = found["status"]["containerStatuses"][0]["containerID"].rpartition("/")[2]
        state = Path(os.environ["KUBECONFIG"]).parent
        socket = state / found["spec"]["nodeName"] / "containerd.sock"
        run("ctr", "--address", socket, "-n", "k8s.io", "tasks", "kill", "-s", "9", container)


def run(*words: str | Path, given: str | None = None) -> str:
    """What a program prints.

    Raises
    ------
    RuntimeError
        If it fails; with what it said.
    """
    ended = subprocess.run(words, input=given, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"{' '.join(map(str, words))}:\n{ended.stdout}{ended.stderr}")
    return ended.stdout


def eventually(look: Callable[[], Seen], seconds: float = 60.0) -> Seen:
    """What a look finds, as soon as it finds something.

    Raises
    ------
    TimeoutError
        If it finds nothing for so long.
    """
    end = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > end:
            raise TimeoutError(f"nothing after {seconds} s")
        time.sleep(0.2)
    return found


def _name(pod: dict[str, Any]) -> str:
    return str(pod["metadata"]["name"])


def _kind(pod: dict[str, Any]) -> str:
    return str(pod["spec"]["containers"][0]["name"])


def _runs(pod: dict[str, Any]) -> bool:
    return pod["status"].get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]
