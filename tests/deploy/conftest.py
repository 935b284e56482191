"""The chart rendered by helm, in a few ways in which people install it."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml

CHART = Path(__file__).parents[2] / "deploy/helm/lunarcloud"

#: Values of installations: as it comes, with all that it can have, reprocessing.
PLAIN: tuple[str, ...] = ()
FULL = (
    "root=s3://moon/clementine",
    "s3.endpoint=http://10.0.0.1:8333",
    "s3.region=eu-1",
    "s3.existingSecret=store",
    "image.digest=sha256:" + "0" * 64,
    "image.pullSecrets={registry}",
    "runner.labels.kueue\\.x-k8s\\.io/queue-name=moon",
    "runner.nodeSelector.disk=fast",
    "runner.tolerations[0].operator=Exists",
    "pools.gpu.threads=2",
    "pools.gpu.minimum=0",
    "pools.gpu.maximum=3",
    "pools.gpu.startSeconds=120",
    "pools.gpu.priceVcpuHour=0.5",
    "pools.gpu.image.tag=1-gpu",
    "pools.gpu.env.LUNARCLOUD_TIMEOUT_S=20",
    "pools.gpu.resources.limits.memory=16Gi",
    "pools.gpu.resources.limits.nvidia\\.com/gpu=1",
    "pools.gpu.tolerations[0].key=gpu",
    "submitters[0].kind=User",
    "submitters[0].name=selene",
    "submitters[0].apiGroup=rbac.authorization.k8s.io",
    "resourceQuota.enabled=true",
    "labels.team=maps",
)
REPROCESS = (
    "root=s3://moon/clementine",
    "reprocess.enabled=true",
    "reprocess.tolerance=0.1",
    "reprocess.webhooks[0]=https://example.org/hook",
    "reprocess.webhookSecret=hooks",
    "reprocess.listen.enabled=true",
    "reprocess.listen.from[0].namespaceSelector.matchLabels.store=minio",
)

#: helm with a command's words; its exit code, output and error text.
Helm: TypeAlias = Callable[..., tuple[int, str, str]]
#: Kubernetes' objects by kind and name, from values as `--set` takes them.
Rendered: TypeAlias = Callable[..., dict[tuple[str, str], dict[str, Any]]]


def made_by_jobs(objects: dict[tuple[str, str], Any], release: str = "lunarcloud") -> Iterator[Any]:
    """The templates of jobs and workers, named and commanded as the program does it."""
    for file, text in objects["ConfigMap", f"{release}-templates"]["data"].items():
        if file != "pools.yaml":
            made = yaml.safe_load(text)
            made["metadata"]["name"] = "lc-map-1"
            yield made


@pytest.fixture
def helm(tmp_path: Path) -> Helm:
    """helm, with all that it keeps in a folder of its own."""
    # An environment need not be activated: its programs lie beside its interpreter.
    program = shutil.which("helm", path=str(Path(sys.executable).parent))
    assert program is not None

    def call(*words: object) -> tuple[int, str, str]:
        done = subprocess.run(
            [program, *map(str, words)], env={"HOME": str(tmp_path)}, capture_output=True, text=True
        )
        return done.returncode, done.stdout, done.stderr

    return call


@pytest.fixture
def rendered(helm: Helm) -> Rendered:
    """What an installation into the namespace `moon` makes."""

    def call(
        *values: str, release: str = "lunarcloud", kubernetes: str = "1.34"
    ) -> dict[tuple[str, str], Any]:
        words = [word for value in values for word in ("--set", value)]
        code, out, error = helm(
            "template", release, CHART, "--namespace", "moon", "--kube-version", kubernetes, *words
        )
        assert code == 0, error
        objects = [each for each in yaml.safe_load_all(out) if each]
        return {(each["kind"], each["metadata"]["name"]): each for each in objects}

    return call
