"""Up to 16 worker pods on Kubernetes, from 0 to 0: ours beside the Dask operator's autoscaler, in one run.

    python -m benchmarks.autoscale_pods --image IMAGE --host ADDRESS --operator PYTHON [--workers 16]

The cluster is that of KUBECONFIG, whose nodes have the image (of this package, with this Python) and whose
pods reach this machine at the address, and it them. PYTHON is the interpreter of an environment with dask-
kubernetes: the operator's controller is run from it, with its CRDs, in a namespace that is made here and
deleted. Shards sleep, as in `autoscale`, and tell this machine that they began. Ours has its scheduler
here, the operator has it in a pod. The operator's tasks are all given to it at once, as its users do. Time
is from the first request to the last result, worker-seconds are those of pods that run, until none is left.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from unittest.mock import patch

import yaml
from distributed import Client, wait

from benchmarks._results import Row, report
from benchmarks.autoscale import WORKS
from lunarcloud.engine import Cluster, MemoryPlan, Pool, Session, quiet
from lunarcloud.kubernetes.place import Place
from lunarcloud.kubernetes.pods import PodSource
from lunarcloud.kubernetes.pools import PoolSettings
from lunarcloud.testing.kube import Kube, eventually, run

_NAMESPACE = "autoscale"
_LABEL = "autoscale/worker"
_REQUESTS = {"cpu": "50m", "memory": "128Mi"}
_EVERY_S = 0.2


@dataclass(frozen=True)
class Sleep:
    """A shard that takes its time; each start is told."""

    host: str
    port: int
    seconds: float

    def __call__(self, item: int) -> int:
        """Tell, and sleep."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as told:
            told.sendto(str(item).encode(), (self.host, self.port))
        time.sleep(self.seconds)
        return item


def ours(kube: Kube, workers: int, sleep: Sleep, shards: int) -> float:
    """Seconds of our pool of pods, which a pod that only waits owns."""
    once = {"restartPolicy": "Never"}
    spec = {**_spec("runner", kube.image, ["sleep", "86400"]), **once}
    _apply(kube, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "runner"}, "spec": spec})
    kube.ctl("wait", "--for=condition=Ready", "pod/runner", "--timeout=120s")
    uid = json.loads(kube.ctl("get", "pod", "runner", "-o", "json"))["metadata"]["uid"]
    metadata = {"labels": {_LABEL: "yes"}}
    worker = {**_spec("worker", kube.image, []), **once}
    template = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": worker}
    owner = Place(pod_name="runner", pod_uid=uid, pod_ip=kube.store)
    settings = PoolSettings(threads=1, memory="1Gi", maximum=workers)
    source = PodSource("autoscale", yaml.safe_dump(template), owner, settings)
    pool = Pool(source=source, host=kube.store, maximum=workers)
    # Workers are started by the image's Python.
    with patch.object(sys, "executable", "python"), Session(Cluster(pool=pool), quiet) as session:
        begun = time.perf_counter()
        for _ in session.spread("sleep", sleep, range(shards), pixels=lambda _: 1, memory=MemoryPlan(task=1)):
            pass
        took = time.perf_counter() - begun
        eventually(lambda: _running() == 0, 300)
    kube.ctl("delete", "pod", "runner", "--grace-period=0", "--force")
    return took


def operator(kube: Kube, workers: int, sleep: Sleep, shards: int) -> float:
    """Seconds of the operator's cluster, whose scheduler is there when the time begins."""
    name = f"sleepers-{shards}"  # one that is made again under its name is scaled no more
    for manifest in _dask_cluster(name, kube.image, workers):
        _apply(kube, manifest)
    address = eventually(lambda: _address(kube, name), 120)
    with Client(f"tcp://{address}:8786", timeout="120s") as client:
        begun = time.perf_counter()
        # No result is held on to: its worker would stay for it.
        wait(client.map(sleep, range(shards), pure=False))
        took = time.perf_counter() - begun
        eventually(lambda: _running() == 0, 600)
    kube.ctl("delete", "daskcluster", name, "--wait=true")
    return took


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, what in (
        ("image", "of this package"),
        ("host", "this machine's address as pods see it"),
        ("operator", "Python with dask-kubernetes"),
    ):
        arguments.add_argument(f"--{name}", required=True, help=what)
    arguments.add_argument("--workers", type=int, default=16)
    given = arguments.parse_args()
    os.environ["LUNARCLOUD_NAMESPACE"] = _NAMESPACE
    kube = Kube(_NAMESPACE, given.image, given.host)
    rows: list[dict[str, Any]] = []
    with _namespace(), _controller(given.operator):
        for shards, seconds in WORKS:
            for way in (ours, operator):
                found = _measured(partial(way, kube, given.workers), given.host, shards, seconds)
                rows.append({"shards": shards, "s a shard": seconds, "way": way.__name__, **found})
                print(rows[-1], flush=True)
    for one, other in zip(rows[::2], rows[1::2], strict=True):
        one["times as fast"] = round(other["s"] / one["s"], 1)
    report("pods, from 0 to 0", rows, of=__file__, packages=("dask", "distributed", "kubernetes"))


def _measured(way: Callable[[Sleep, int], float], host: str, shards: int, seconds: float) -> Row:
    with _told(host) as (port, told), _pods() as seen:
        took = way(Sleep(host, port, seconds), shards)
    worker_s = sum(seen) * _EVERY_S
    return {
        "s": round(took, 1),
        "workers at most": max(seen),
        "worker-s": round(worker_s),
        "computed again": len(told) - shards,
        "worker-s : work": round(worker_s / (shards * seconds), 2),
    }


@contextmanager
def _told(host: str) -> Iterator[tuple[int, list[bytes]]]:
    """A port of this machine, and what was told there."""
    told: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heard:
        heard.bind((host, 0))

        def listen() -> None:
            while word := heard.recv(32):
                if word == b"end":
                    return
                told.append(word)

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield heard.getsockname()[1], told
        heard.sendto(b"end", heard.getsockname())
        thread.join()


@contextmanager
def _pods() -> Iterator[list[int]]:
    """How many worker pods ran, looked at all the time."""
    seen, over = [0], threading.Event()

    def look() -> None:
        begun = time.monotonic()
        while not over.wait(max(0.0, begun + len(seen) * _EVERY_S - time.monotonic())):
            now = _running()
            # A slow answer stands for the looks that it took the time of.
            while begun + len(seen) * _EVERY_S <= time.monotonic():
                seen.append(now)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    yield seen
    over.set()
    thread.join()


def _running() -> int:
    query = f"/api/v1/namespaces/{_NAMESPACE}/pods?labelSelector={_LABEL}"
    pods = json.loads(run("kubectl", "get", "--raw", query))["items"]
    return sum(each["status"].get("phase") == "Running" for each in pods)


@contextmanager
def _namespace() -> Iterator[None]:
    run("kubectl", "create", "namespace", _NAMESPACE)
    try:
        yield
    finally:
        run("kubectl", "delete", "namespace", _NAMESPACE, "--wait=false")


@contextmanager
def _controller(python: str) -> Iterator[None]:
    """The operator's controller, as a process of this machine."""
    where = "import dask_kubernetes, pathlib; print(pathlib.Path(dask_kubernetes.__file__).parent)"
    home = run(python, "-c", where).strip()
    chart = f"{home}/operator/deployment/helm/dask-kubernetes-operator"
    run("kubectl", "apply", "--server-side", "-f", f"{chart}/crds")
    words = ("-m", "kopf", "run", "-n", _NAMESPACE, "-m", "dask_kubernetes.operator.controller")
    with subprocess.Popen([python, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as one:
        try:
            yield
        finally:
            one.kill()  # told to end, it waits for objects that are there no more


def _dask_cluster(name: str, image: str, workers: int) -> tuple[dict[str, Any], dict[str, Any]]:
    scheduler = _spec("scheduler", image, ["dask", "scheduler"])
    scheduler["containers"][0]["ports"] = [
        {"name": "tcp-comm", "containerPort": 8786, "protocol": "TCP"},
        {"name": "http-dashboard", "containerPort": 8787, "protocol": "TCP"},
    ]
    scheduler["containers"][0]["readinessProbe"] = {
        "httpGet": {"port": "http-dashboard", "path": "/health"},
        "periodSeconds": 1,
    }
    command = ["dask", "worker", "--name", "$(DASK_WORKER_NAME)", "--no-nanny", "--nthreads", "1"]
    ports = [
        {"name": name, "port": port, "targetPort": name, "protocol": "TCP"}
        for name, port in (("tcp-comm", 8786), ("http-dashboard", 8787))
    ]
    selector = {"dask.org/cluster-name": name, "dask.org/component": "scheduler"}
    service = {"type": "ClusterIP", "selector": selector, "ports": ports}
    worker = {
        "replicas": 0,
        "metadata": {"labels": {_LABEL: "yes"}},
        "spec": _spec("worker", image, command),
    }
    spec = {"scheduler": {"spec": scheduler, "service": service}, "worker": worker}
    group = {"apiVersion": "kubernetes.dask.org/v1"}
    return (
        {**group, "kind": "DaskCluster", "metadata": {"name": name}, "spec": spec},
        {
            **group,
            "kind": "DaskAutoscaler",
            "metadata": {"name": name},
            "spec": {"cluster": name, "minimum": 0, "maximum": workers},
        },
    )


def _spec(container: str, image: str, command: list[str]) -> dict[str, Any]:
    one = {"name": container, "image": image, "command": command, "resources": {"requests": _REQUESTS}}
    return {"containers": [one]}


def _address(kube: Kube, name: str) -> str:
    """Of the operator's scheduler, once it is ready; empty before."""
    try:
        ready = kube.ctl(
            "get", "endpoints", f"{name}-scheduler", "-o", "jsonpath={.subsets[*].addresses[*].ip}"
        )
        return ready and kube.ctl("get", "service", f"{name}-scheduler", "-o", "jsonpath={.spec.clusterIP}")
    except RuntimeError:
        return ""


def _apply(kube: Kube, manifest: dict[str, Any]) -> None:
    kube.ctl("apply", "-f", "-", given=yaml.safe_dump(manifest))


if __name__ == "__main__":
    main()
