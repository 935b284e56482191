"""What is sent to Kubernetes: the chart's templates; names, labels, owner, command, log are ours."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import datetime
from typing import Any

import yaml

from lunarcloud.engine import CA_FILE, CERTIFICATE_FILE, KEY_FILE, Credentials, worker_environment
from lunarcloud.errors import InputError
from lunarcloud.jobs import Job
from lunarcloud.kubernetes.place import Place
from lunarcloud.storage import digest

#: Label of a job's object, of its pod, and of its workers' pods.
LABEL = "lunarcloud/job"
#: Where a worker's pod has its certificates.
CREDENTIALS_FOLDER = "/credentials"
_RUNNER, _WORKER = "runner", "worker"
_VOLUME = "credentials"
_DIGITS = 6


def object_name(job: Job) -> str:
    """Name of a job's objects: one submission has one, whoever makes them, so that they exist once.

    Another root's job of the same work, or the same job submitted again, was submitted at another time.
    """
    return f"lc-{job.id}-{digest(job.submitted.isoformat().encode())[:_DIGITS]}"


def job_object(template: str, job: Job, root: str) -> dict[str, Any]:
    """The Job whose pod runs a submitted job.

    Parameters
    ----------
    template : str
        The chart's Job, YAML.
    job : Job
        What was submitted.
    root : str
        URL that pods see.
    """
    made = _loaded(template, "job.yaml", "Job")
    _name(made, object_name(job), job.id)
    # An address of the pods' own: the Job's pods carry the label too.
    pod = made["spec"]["template"]
    pod.setdefault("metadata", {}).setdefault("labels", {})[LABEL] = job.id
    _container(pod, _RUNNER, "job.yaml")["args"] = ["jobs", "run", job.id, "--root", root]
    return made


def worker_pod(
    template: str, name: str, job_id: str, owner: Place, secret: str, command: Sequence[str]
) -> dict[str, Any]:
    """The pod of a worker; it ends with the pod that owns it.

    Parameters
    ----------
    template : str
        The chart's pod, YAML.
    name : str
        Of the pod.
    job_id : str
        Whose worker it is.
    owner : Place
        The runner's pod.
    secret : str
        Name of the one with the worker's certificates.
    command : sequence of str
        What it runs.
    """
    made = _loaded(template, "the pool's template", "Pod")
    _name(made, name, job_id)
    made["metadata"]["ownerReferences"] = [_owner(owner)]
    made["spec"].setdefault("volumes", []).append({"name": _VOLUME, "secret": {"secretName": secret}})
    container = _container(made, _WORKER, "the pool's template")
    container["command"] = list(command)
    variables = ({"name": key, "value": text} for key, text in worker_environment().items())
    container.setdefault("env", []).extend(variables)
    mount = {"name": _VOLUME, "mountPath": CREDENTIALS_FOLDER, "readOnly": True}
    container.setdefault("volumeMounts", []).append(mount)
    return made


def secret(name: str, job_id: str, owner: Place, credentials: Credentials) -> dict[str, Any]:
    """The secret with the certificates of a job's workers.

    Parameters
    ----------
    name : str
        Of the secret.
    job_id : str
        Whose it is.
    owner : Place
        The runner's pod, with which it goes.
    credentials : Credentials
        PEM text.
    """
    made: dict[str, Any] = {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": {}}
    _name(made, name, job_id)
    made["metadata"]["ownerReferences"] = [_owner(owner)]
    files = zip((CA_FILE, CERTIFICATE_FILE, KEY_FILE), credentials, strict=True)
    made["data"] = {name: b64encode(text.encode()).decode() for name, text in files}
    return made


def secrets_of(pod: Mapping[str, Any]) -> list[str]:
    """Names of the secrets with a worker's certificates: one, where `worker_pod` made it.

    Parameters
    ----------
    pod : mapping
        The worker's, as Kubernetes tells it.
    """
    volumes = pod.get("spec", {}).get("volumes") or ()
    return [each["secret"]["secretName"] for each in volumes if each["name"] == _VOLUME and "secret" in each]


def event(job: Job, reason: str, message: str, here: Place, now: datetime) -> dict[str, Any]:
    """What happened to a job, for whoever asks Kubernetes about its Job.

    Parameters
    ----------
    job : Job
        Which.
    reason : str
        In a word.
    message : str
        In a sentence.
    here : Place
        The runner's pod.
    now : datetime
        When, UTC.
    """
    name, time = object_name(job), now.strftime("%Y-%m-%dT%H:%M:%SZ")
    about = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": here.job_uid}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{here.pod_name}.{reason.lower()}"},
        "involvedObject": {**about, "namespace": here.namespace},
        "reason": reason,
        "message": message,
        "type": "Warning" if reason == "Failed" else "Normal",
        "source": {"component": "lunarcloud"},
        "firstTimestamp": time,
        "lastTimestamp": time,
        "count": 1,
    }


def _loaded(template: str, where: str, kind: str) -> dict[str, Any]:
    try:
        found = yaml.safe_load(template)
    except yaml.YAMLError as error:
        raise InputError(f"the chart's {where} is no YAML: {error}") from error
    if not isinstance(found, dict) or found.get("kind") != kind:
        raise InputError(f"the chart's {where} must be one object of kind {kind}")
    return deepcopy(found)


def _name(made: dict[str, Any], name: str, job_id: str) -> None:
    metadata = made.setdefault("metadata", {})
    metadata.pop("generateName", None)
    metadata["name"] = name
    metadata.setdefault("labels", {})[LABEL] = job_id


def _container(pod: Mapping[str, Any], name: str, where: str) -> dict[str, Any]:
    containers: list[dict[str, Any]] = pod["spec"]["containers"]
    found = next((each for each in containers if each["name"] == name), None)
    if found is None:
        raise InputError(f"the chart's {where} has no container {name!r}")
    return found


def _owner(owner: Place) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "name": owner.pod_name, "uid": owner.pod_uid}
