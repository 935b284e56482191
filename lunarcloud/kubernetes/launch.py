"""The launcher of ``--on kubernetes``: a Job object for each submitted job, its workers as pods beside it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from lunarcloud.engine import Cluster, Pool
from lunarcloud.errors import AwayError, InputError, NotFoundError
from lunarcloud.jobs import Capacity, Job, Launcher
from lunarcloud.kubernetes import calls
from lunarcloud.kubernetes.manifests import LABEL, job_object, object_name
from lunarcloud.kubernetes.place import place
from lunarcloud.kubernetes.pods import PodSource
from lunarcloud.kubernetes.pools import pool_of
from lunarcloud.kubernetes.reasons import gone, stuck

# How long a finished Job may take to go away: the pods' grace and something.
_TRIES, _PAUSE_S = 150, 1.0


def _check(job: Job, root: str) -> None:
    job_object(_job_template(_templates()), job, root)
    _capacity(job.pool)


def _capacity(pool: str) -> Capacity:
    found, _ = pool_of(_templates(), pool)
    return Capacity(found.threads, found.maximum, found.price_vcpu_hour, found.start_seconds)


def _start(job: Job, root: str) -> str:
    name = object_name(job)
    there = calls.find_job(name)
    if there is not None and (_ended(there) or _ending(there)):
        _make_way(name)
    made = job_object(_job_template(_templates()), job, root)
    calls.create_job(made)
    return f"Job {name} in namespace {place().namespace}"


def _make_way(name: str) -> None:
    """Have a finished Job of a name, which another of the same work needs, go away."""
    calls.delete_job(name)
    for _ in range(_TRIES):
        if calls.find_job(name) is None:
            return
        time.sleep(_PAUSE_S)
    raise AwayError(f"Job {name}, which has ended, does not go away; submit again later, or delete it")


def _alive(job: Job) -> bool | None:
    try:
        there = calls.find_job(object_name(job))
    except (InputError, NotFoundError):
        return None
    return there is not None and not _ended(there)


def _trouble(job: Job) -> str:
    found, _ = calls.pods(f"{LABEL}={job.id},batch.kubernetes.io/job-name={object_name(job)}")
    for pod in found:
        if why := stuck(pod) or gone(pod):
            return f"pod {pod['metadata']['name']}: {why}"
        if pod.get("status", {}).get("phase") == "Pending" and (
            said := calls.warnings_of(pod["metadata"]["name"])
        ):
            return f"pod {pod['metadata']['name']}: {said[-1]}"
    said = calls.warnings_of(object_name(job))
    return f"Job {object_name(job)}: {said[-1]}" if said and not found else ""


def _cluster(job: Job) -> Cluster:
    here = place()
    if not here.pod_ip:
        raise InputError(
            f"job {job.id} was submitted to run on Kubernetes: a pod of the chart's runs it, nothing else can"
        )
    templates = {file.name: file.read_text() for file in here.templates.glob("*.yaml")}
    settings, template = pool_of(templates, job.pool)
    memory = settings.memory_bytes()
    source = PodSource(job.id, template, here, threads=settings.threads, memory=memory)
    maximum = min(settings.maximum, job.max_workers or settings.maximum)
    pool = Pool(
        source=source,
        host=here.pod_ip,
        minimum=min(settings.minimum, maximum),
        maximum=maximum,
        threads=settings.threads,
    )
    return Cluster(pool=pool)


def _templates() -> dict[str, str]:
    try:
        return calls.read_templates(place().config_map)
    except NotFoundError as error:
        raise InputError(
            f"{error}; is the chart installed in that namespace, under the release {place().release!r}? "
            "LUNARCLOUD_NAMESPACE and LUNARCLOUD_RELEASE name others"
        ) from error


def _job_template(templates: Mapping[str, str]) -> str:
    if "job.yaml" not in templates:
        raise InputError(f"ConfigMap {place().config_map} has no job.yaml; install the chart anew")
    return templates["job.yaml"]


def _ended(job: Mapping[str, Any]) -> bool:
    conditions = job.get("status", {}).get("conditions") or ()
    return any(each["type"] in ("Complete", "Failed") and each["status"] == "True" for each in conditions)


def _ending(job: Mapping[str, Any]) -> bool:
    return "deletionTimestamp" in job["metadata"]


LAUNCHER = Launcher(
    check=_check, capacity=_capacity, start=_start, alive=_alive, trouble=_trouble, cluster=_cluster
)
