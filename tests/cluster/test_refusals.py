"""What cannot work is refused in a sentence, with exit code 2, before a pod is made where it can be known."""

from __future__ import annotations

import subprocess

import pytest

from lunarcloud.testing.kube import Kube, eventually, run
from lunarcloud.testing.submitted import submit
from tests.cluster.conftest import CHART


@pytest.mark.parametrize(
    ("words", "variables", "said"),
    [
        ("map --pool gpu", {}, "there is no such pool; there are cpu"),
        ("demo", {}, "run `lunarcloud demo` here"),
        ("map", {"LUNARCLOUD_RELEASE": "other"}, "is the chart installed in that namespace"),
        ("map", {"LUNARCLOUD_NAMESPACE": "nowhere"}, "is the chart installed in that namespace"),
        ("map", {"KUBECONFIG": "/nowhere"}, "set KUBECONFIG"),
        ("map", {"AWS_SECRET_ACCESS_KEY": "wrong"}, "s3://"),
        ("map", {"AWS_ENDPOINT_URL": "http://10.200.0.1:9", "LUNARCLOUD_RETRIES": "0"}, "10.200.0.1:9"),
    ],
)
def test_what_cannot_work_is_refused_before_a_pod_is_made(
    kube: Kube,
    unmapped: str,
    monkeypatch: pytest.MonkeyPatch,
    words: str,
    variables: dict[str, str],
    said: str,
) -> None:
    before = run("kubectl", "-n", kube.namespace, "get", "jobs", "-o", "name")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    command = ["lunarcloud", "submit", *words.split(), "--root", unmapped, "--on", "kubernetes"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    monkeypatch.undo()
    assert run("kubectl", "-n", kube.namespace, "get", "jobs", "-o", "name") == before


def test_a_secret_that_is_missing_is_named(
    kube: Kube, unmapped: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository, _, tag = kube.image.rpartition(":")
    values = f"image.repository={repository},image.tag={tag},s3.existingSecret=absent"
    run("helm", "install", "keyless", CHART, "-n", kube.namespace, "--set", values)
    monkeypatch.setenv("LUNARCLOUD_RELEASE", "keyless")
    job = submit(unmapped)["job"]
    said = 'secret "absent" not found'
    eventually(lambda: said in run("lunarcloud", "jobs", "show", job, "--root", unmapped))
    kube.ctl("delete", "job", kube.job(job))
    run("helm", "uninstall", "keyless", "-n", kube.namespace)
