"""The launcher of ``--on kubernetes``: a Job object for each submitted job, its workers as pods beside it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from lunarcloud.engine import Cluster, Pool
from lunarcloud.errors import InputError, LunarcloudError, NotFoundError
from lunarcloud.jobs import Capacity, Job, Launcher
from lunarcloud.kubernetes import calls
from lunarcloud.kubernetes.manifests import LABEL, event, job_object, object_name
from lunarcloud.kubernetes.place import place
from lunarcloud.kubernetes.pods import PodSource
from lunarcloud.kubernetes.pools import pool_of
from lunarcloud.kubernetes.reasons import gone, stuck


def _check(job: Job, root: str) -> None:
    templates = _templates()
    job_object(_job_template(templates), job, root)
    pool_of(templates, job.pool)


def _capacity(pool: str) -> Capacity:
    found, _ = pool_of(_templates(), pool)
    return Capacity(found.threads, found.maximum, found.price_vcpu_hour, found.start_seconds)


def _start(job: Job, root: str) -> str:
    made = job_object(_job_template(_templates()), job, root)
    calls.create_job(made)
    return f"Job {made['metadata']['name']} in namespace {place().namespace}"


def _alive(job: Job) -> bool | None:
    try:
        there = calls.find_job(object_name(job))
    except LunarcloudError:
        return None
    return there is not None and not _ended(there)


def _trouble(job: Job) -> str:
    name = object_name(job)
    try:
        found, _ = calls.pods(f"{LABEL}={job.id},batch.kubernetes.io/job-name={name}")
    except LunarcloudError:
        return ""
    for pod in found:
        if why := stuck(pod) or gone(pod, datetime.now(UTC)) or calls.last_warning(pod["metadata"]["name"]):
            return f"pod {pod['metadata']['name']}: {why}"
    # Without a pod, such as where a quota or Pod Security refuses it, the Job itself is told so.
    return "" if found else calls.last_warning(name)


def _cluster(job: Job) -> Cluster:
    here = place()
    if not here.pod_ip:
        raise InputError(
            f"job {job.id} was submitted to run on Kubernetes: a pod of the chart's runs it, nothing else can"
        )
    templates = {file.name: file.read_text() for file in here.templates.glob("*.yaml")}
    settings, template = pool_of(templates, job.pool)
    maximum = min(settings.maximum, job.max_workers or settings.maximum)
    pool = Pool(
        source=PodSource(job.id, template, here, settings),
        host=here.pod_ip,
        minimum=min(settings.minimum, maximum),
        maximum=maximum,
        threads=settings.threads,
    )
    return Cluster(pool=pool)


def _tell(job: Job, reason: str, message: str) -> None:
    # Kubernetes may be away: the job's status and log say it, too.
    with suppress(LunarcloudError):
        calls.create_event(event(job, reason, message, place(), datetime.now(UTC)))


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


LAUNCHER = Launcher(
    check=_check,
    capacity=_capacity,
    start=_start,
    alive=_alive,
    trouble=_trouble,
    cluster=_cluster,
    tell=_tell,
)
