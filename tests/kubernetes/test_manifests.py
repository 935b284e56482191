"""What is sent to Kubernetes: the chart's templates with a job's names, labels, owner and command."""

from base64 import b64decode
from datetime import UTC, datetime

import pytest

from lunarcloud.engine import Credentials
from lunarcloud.errors import InputError
from lunarcloud.jobs import Job
from lunarcloud.kubernetes.manifests import LABEL, event, job_object, object_name, secret, worker_pod
from lunarcloud.kubernetes.place import Place

JOB = Job(id="map-0123456789abcdef", process="map", inputs={}, on="kubernetes", submitted=datetime.now(UTC))
OWNER = Place(namespace="moon", pod_name="lc-map-0123456789abcdef-x7z2q", pod_uid="uid", pod_ip="10.0.0.7")
JOB_TEMPLATE = """
apiVersion: batch/v1
kind: Job
metadata: {labels: {team: moon}}
spec: {template: {spec: {containers: [{name: runner, image: "moon:1"}]}}}
"""
POD_TEMPLATE = """
apiVersion: v1
kind: Pod
spec: {containers: [{name: other}, {name: worker, image: "moon:1"}]}
"""


def test_a_job_runs_its_record_and_can_be_found_by_its_label() -> None:
    made = job_object(JOB_TEMPLATE, JOB, "s3://b/moon")
    assert made["metadata"] == {"name": object_name(JOB), "labels": {"team": "moon", LABEL: JOB.id}}
    pod = made["spec"]["template"]
    assert pod["metadata"]["labels"][LABEL] == JOB.id
    assert pod["spec"]["containers"][0]["args"] == ["jobs", "run", JOB.id, "--root", "s3://b/moon"]


def test_a_worker_belongs_to_its_runner_and_gets_the_certificates() -> None:
    made = worker_pod(POD_TEMPLATE, "w1", JOB.id, OWNER, "tls", ["dask", "worker"])
    assert made["metadata"]["ownerReferences"][0]["uid"] == "uid"
    container = made["spec"]["containers"][1]
    assert container["command"] == ["dask", "worker"]
    assert [each["name"] for each in container["env"]] == ["LUNARCLOUD_LOG_ABOUT"]
    assert made["spec"]["volumes"] == [{"name": "credentials", "secret": {"secretName": "tls"}}]
    assert container["volumeMounts"][0]["readOnly"]


def test_an_event_is_about_the_job_that_made_the_pod() -> None:
    here = OWNER.model_copy(update={"job_uid": "7"})
    made = event(JOB, "Failed", "no memory", here, datetime(2026, 1, 2, tzinfo=UTC))
    assert made["involvedObject"]["name"] == object_name(JOB)
    assert (made["involvedObject"]["uid"], made["type"], made["message"]) == ("7", "Warning", "no memory")
    assert made["metadata"]["name"] == f"{OWNER.pod_name}.failed"


def test_a_secret_holds_the_certificates() -> None:
    made = secret("tls", JOB.id, OWNER, Credentials("authority", "certificate", "key"))
    assert sorted(b64decode(text).decode() for text in made["data"].values()) == [
        "authority",
        "certificate",
        "key",
    ]


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("kind: [", "no YAML"),
        ("kind: Pod", "kind Job"),
        ("kind: Job\nspec: {template: {spec: {containers: []}}}", "no container 'runner'"),
    ],
)
def test_a_damaged_template_is_refused(template: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        job_object(template, JOB, "s3://b/moon")
