"""A Kubernetes cluster with the chart in a restricted namespace, an S3 server, roots with something to map.

`make test-cluster KIT=FOLDER` brings a cluster up by the scripts ``up``, ``build-image`` and ``down`` of that
folder, and takes it down at the end; any other is used as KUBECONFIG says: `make test-cluster IMAGE=NAME
STORE=ADDRESS`, with an image that its nodes can pull and this machine's address as pods see it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

import pytest
import yaml

from lunarcloud.engine import Cluster
from lunarcloud.lineage import open_root
from lunarcloud.moon import grid
from lunarcloud.storage import folder
from lunarcloud.testing.kube import Kube, run
from lunarcloud.testing.make import act, make
from lunarcloud.testing.s3_server import S3, s3_server
from lunarcloud.testing.small_root import write_model, write_mosaic
from lunarcloud.testing.submitted import Change, slow_release, submit

#: Requires that the published map of a root is as it should be.
Sound: TypeAlias = Callable[[str], None]

REPOSITORY = Path(__file__).parents[2]
CHART = REPOSITORY / "deploy/helm/lunarcloud"
NAMESPACE = "moon"
GRID = grid(2, 64)  # 72 shards


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which cluster."""
    parser.addoption("--kit", type=Path, help="folder with the scripts up and build-image")
    parser.addoption(
        "--image", default="localhost/lunarcloud:test", help="image that the nodes have or can pull"
    )
    parser.addoption("--store", default="10.200.0.1", help="address of this machine as pods see it")


@pytest.fixture(scope="session")
def kube(request: pytest.FixtureRequest) -> Iterator[Kube]:
    """The cluster, with the image in its nodes."""
    kit, image = request.config.getoption("--kit"), request.config.getoption("--image")
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        # helm and lunarcloud lie beside the interpreter of this environment.
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        if kit is not None:
            stack.enter_context(_kit(kit, image, patch))
        patch.setenv("LUNARCLOUD_NAMESPACE", NAMESPACE)
        yield Kube(NAMESPACE, image, request.config.getoption("--store"))


@contextmanager
def _kit(kit: Path, image: str, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cluster of two nodes on this machine, with the image of these sources; taken down in any case."""
    patch.setenv("NODES", "2")
    try:
        for each in run(kit / "up").rpartition("export ")[2].split():
            name, _, value = each.partition("=")
            patch.setenv(name, value.replace("$PATH", os.environ["PATH"]))
        run(kit / "build-image", image, REPOSITORY, "-f", REPOSITORY / "deploy/docker/Dockerfile")
        yield
    finally:
        run(kit / "down")


@pytest.fixture(scope="session")
def store(kube: Kube, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    """An S3 server that pods and this machine reach at the same address."""
    with (
        s3_server(tmp_path_factory.mktemp("s3"), kube.store) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in server.environment.items():
            patch.setenv(name, value)
        yield server


@pytest.fixture(scope="session")
def chart(kube: Kube, store: S3) -> Iterator[str]:
    """The chart, installed by helm into a namespace that enforces Pod Security `restricted`; its name."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}
    run("kubectl", "apply", "-f", "-", given=yaml.safe_dump(namespace))
    keys = {name: value for name, value in store.environment.items() if "KEY" in name}
    kube.ctl("apply", "-f", "-", given=yaml.safe_dump(secret("s3", keys)))
    repository, _, tag = kube.image.rpartition(":")
    values = {
        "root": "s3://moon/root",
        "image": {"repository": repository, "tag": tag},
        "s3": {"endpoint": store.endpoint, "region": "us-east-1", "existingSecret": "s3"},
        "pools": {
            "cpu": {
                "threads": 1,
                "maximum": 4,
                "resources": {
                    "requests": {"cpu": "100m", "memory": "256Mi"},
                    "limits": {"cpu": "1", "memory": "1Gi"},
                },
            }
        },
        "runner": {
            "resources": {
                "requests": {"cpu": "100m", "memory": "256Mi"},
                "limits": {"memory": "2Gi"},
            }
        },
    }
    install = ("helm", "upgrade", "--install", "lunarcloud", CHART, "-n", NAMESPACE, "--wait")
    run(*install, "-f", "-", given=yaml.safe_dump(values))
    yield "lunarcloud"
    run("helm", "uninstall", "lunarcloud", "-n", NAMESPACE)
    run("kubectl", "delete", "namespace", NAMESPACE, "--wait=false")


@pytest.fixture(scope="session")
def submitter(kube: Kube, chart: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Path of a kubeconfig of somebody who may submit, and nothing else."""
    path = tmp_path_factory.mktemp("submitter") / "kubeconfig"
    found = yaml.safe_load(run("kubectl", "config", "view", "--raw", "--minify"))
    found["users"][0]["user"] = {"token": kube.ctl("create", "token", f"{chart}-submitter").strip()}
    path.write_text(yaml.safe_dump(found))
    return str(path)


def secret(name: str, values: dict[str, str]) -> dict[str, object]:
    """A secret of the namespace."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": values}


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Digest of the map as this machine makes it without Kubernetes and without S3."""
    root = str(tmp_path_factory.mktemp("local"))
    write_mosaic(folder(root), GRID)
    write_model(folder(root))
    return make("map", root, Cluster(workers=1)).record.digest


class Sent:
    """Submits the map of a root to pods that are slow."""

    def __init__(self, kube: Kube, root: str, patch: pytest.MonkeyPatch) -> None:
        self._kube, self._root, self._patch = kube, root, patch

    def __call__(self, pause: float, change: Change = lambda spec: None, **variables: str) -> str:
        """Submit it; the job's id. What is given is as `slow_release` takes it."""
        self.prepare(pause, change, **variables)
        return str(submit(self._root)["job"])

    def prepare(self, pause: float, change: Change = lambda spec: None, **variables: str) -> None:
        """Have whoever submits next have slow pods."""
        release = slow_release(self._kube, self._root, pause, change, variables)
        self._patch.setenv("LUNARCLOUD_RELEASE", release)


@pytest.fixture
def sent(kube: Kube, root: str, monkeypatch: pytest.MonkeyPatch) -> Sent:
    """Submits the map of the root."""
    return Sent(kube, root, monkeypatch)


@pytest.fixture
def require_sound(undisturbed: str) -> Sound:
    """Fails unless the published map of a root is whole and has the bytes of an undisturbed one."""

    def require(root: str) -> None:
        assert open_root(root).find("runs").digest == undisturbed
        assert not act("verify", root, Cluster(workers=1), record="runs/latest").damaged

    return require


@pytest.fixture
def root(chart: str) -> str:
    """A root of its own in the bucket, with a mosaic of 72 shards and a model, nothing mapped."""
    return _prepared_root()


@pytest.fixture(scope="session")
def unmapped(chart: str) -> str:
    """Such a root for tests that map nothing."""
    return _prepared_root()


def _prepared_root() -> str:
    url = f"s3://moon/{uuid4().hex[:8]}"
    write_mosaic(folder(url), GRID)
    write_model(folder(url))
    return url
