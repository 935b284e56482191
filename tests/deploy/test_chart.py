"""The chart: valid for each Kubernetes it is made for, closed by default, refusing what it does not know."""

import json
import shlex
from collections.abc import Iterator
from typing import Any

import kubernetes_validate
import pytest
import yaml

from lunarcloud import __version__
from lunarcloud.kubernetes.pools import pool_of
from tests.deploy.conftest import CHART, FULL, PLAIN, REPROCESS, Helm, Rendered, made_by_jobs


def _pods(objects: dict[tuple[str, str], Any]) -> Iterator[Any]:
    """Specifications of all pods that are ever made."""
    for each in (*objects.values(), *made_by_jobs(objects)):
        if each["kind"] == "Pod":
            yield each["spec"]
        if each["kind"] in ("Job", "Deployment"):
            yield each["spec"]["template"]["spec"]
        if each["kind"] == "CronJob":
            yield each["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def test_helm_finds_no_fault(helm: Helm) -> None:
    code, out, error = helm("lint", "--strict", CHART)
    assert code == 0, out + error


@pytest.mark.parametrize("values", [PLAIN, FULL, REPROCESS], ids=["plain", "full", "reprocess"])
@pytest.mark.parametrize("kubernetes", ["1.31", "1.32", "1.33", "1.34"])
def test_everything_is_valid_for_each_kubernetes(
    rendered: Rendered, kubernetes: str, values: tuple[str, ...]
) -> None:
    objects = rendered(*values, kubernetes=kubernetes)
    for each in (*objects.values(), *made_by_jobs(objects)):
        kubernetes_validate.validate(each, kubernetes, strict=True)


def test_an_older_kubernetes_is_refused(helm: Helm) -> None:
    code, _, error = helm("template", "lunarcloud", CHART, "--kube-version", "1.30")
    assert code != 0
    assert "incompatible with Kubernetes" in error


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("root=/x", "root"),
        ("root=file:///x", "root"),
        ("root=memory://x", "root"),
        ("pools.cpu.maxmum=3", "maxmum"),
        ("pools.cpu.maximum=0", "maximum"),
        ("pools.gpu.threads=2", "resources is required"),
        ("s3.secretKey=x", "secretKey"),
        ("s3.endpoint=10.0.0.1", "endpoint"),
        ("env.AWS_SECRET_ACCESS_KEY=x", "env"),
        ("image.digest=1", "digest"),
        ("nothing=1", "nothing"),
        ("reprocess.enabled=true", "reprocess needs root"),
        ("reprocess.schedule=often", "schedule"),
        ("reprocess.webhooks[0]=mail", "webhooks"),
    ],
)
def test_values_that_cannot_be_are_refused_by_name(helm: Helm, value: str, named: str) -> None:
    code, _, error = helm("template", "lunarcloud", CHART, "--set", value)
    assert code != 0
    assert named in error


@pytest.mark.parametrize("values", [PLAIN, FULL], ids=["plain", "full"])
def test_an_installation_holds_no_secret_and_opens_no_port(
    rendered: Rendered, values: tuple[str, ...]
) -> None:
    objects = rendered(*values)
    assert not {kind for kind, _ in objects} & {"Secret", "Service", "Ingress", "Deployment"}
    containers = [each for pod in _pods(objects) for each in pod["containers"]]
    assert containers
    assert all("ports" not in each for each in containers)
    assert all("hostNetwork" not in pod for pod in _pods(objects))
    ingress = [
        rule
        for (kind, _), each in objects.items()
        if kind == "NetworkPolicy"
        for rule in each["spec"].get("ingress", ())
    ]
    assert [list(source) for rule in ingress for source in rule["from"]] == [["podSelector"]]


def test_every_pod_is_restricted(rendered: Rendered) -> None:
    pods = list(_pods(rendered(*FULL, *REPROCESS)))
    assert len(pods) == 6  # the job's, two pools', the doctor's, and two that reprocess
    for pod in pods:
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"]  # noqa: S108 - in the pod
        assert {"name": "tmp", "emptyDir": {}} in pod["volumes"]


def test_a_job_ends_on_bad_input_and_is_not_charged_for_evictions(rendered: Rendered) -> None:
    job = next(each for each in made_by_jobs(rendered()) if each["kind"] == "Job")["spec"]
    failing, ignoring = job["podFailurePolicy"]["rules"]
    assert failing == {
        "action": "FailJob",
        "onExitCodes": {"containerName": "runner", "operator": "In", "values": [2]},
    }
    assert ignoring["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]
    assert (job["backoffLimit"], job["podReplacementPolicy"]) == (6, "Failed")
    assert job["activeDeadlineSeconds"] == job["ttlSecondsAfterFinished"] == 604800


def test_workers_have_no_token_and_time_to_drain(rendered: Rendered) -> None:
    for worker in (each for each in made_by_jobs(rendered(*FULL)) if each["kind"] == "Pod"):
        assert worker["spec"]["automountServiceAccountToken"] is False
        assert worker["spec"]["terminationGracePeriodSeconds"] == 120
        assert worker["spec"]["serviceAccountName"] == "lunarcloud-worker"
        assert worker["metadata"]["annotations"]["karpenter.sh/do-not-disrupt"] == "true"


def test_pools_say_what_their_workers_are(rendered: Rendered) -> None:
    objects = rendered(*FULL)
    templates = objects["ConfigMap", "lunarcloud-templates"]["data"]
    assert yaml.safe_load(templates["pools.yaml"])["gpu"] == {
        "threads": 2,
        "memory": "16Gi",
        "resources": {"GPU": 1},
        "minimum": 0,
        "maximum": 3,
        "price_vcpu_hour": 0.5,
        "start_seconds": 120,
    }
    (worker,) = yaml.safe_load(templates["worker-gpu.yaml"])["spec"]["containers"]
    assert {"name": "LUNARCLOUD_TIMEOUT_S", "value": "20"} in worker["env"]
    assert worker["envFrom"] == [{"secretRef": {"name": "store"}}]


@pytest.mark.parametrize("name", ["64", "on", "null"])
def test_a_pool_may_have_a_name_that_yaml_takes_for_something_else(rendered: Rendered, name: str) -> None:
    pool = {"threads": 1, "minimum": 0, "maximum": 1, "startSeconds": 1, "resources.limits.memory": "1Gi"}
    values = [f"pools.{name}.{key}={value}" for key, value in pool.items()]
    templates = rendered(*values)["ConfigMap", "lunarcloud-templates"]["data"]
    assert pool_of(templates, name)[0].maximum == 1
    assert pool_of(templates, "cpu")[0].maximum == 16


def test_a_store_of_ones_own_is_reached_at_its_port_and_credentials_of_machines_are_not(
    rendered: Rendered,
) -> None:
    egress = rendered("s3.endpoint=http://store:8333")["NetworkPolicy", "lunarcloud-work"]["spec"]["egress"]
    blocks = [
        (each["ipBlock"], rule["ports"])
        for rule in egress
        for each in rule.get("to", ())
        if "ipBlock" in each
    ]
    (everywhere, ports), (pod_identity, _) = blocks
    assert everywhere == {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}
    assert [each["port"] for each in ports] == [443, 8333]
    assert pod_identity == {"cidr": "169.254.170.23/32"}


def test_submitters_are_bound_to_their_role(rendered: Rendered) -> None:
    bound = rendered(*FULL)["RoleBinding", "lunarcloud-submitter"]
    assert [each["name"] for each in bound["subjects"]] == ["lunarcloud-submitter", "selene"]


def test_metrics_bring_a_monitor_alerts_and_one_way_in(rendered: Rendered) -> None:
    objects = rendered("metrics.enabled=true")
    assert {"PodMonitor", "PrometheusRule"} <= {kind for kind, _ in objects}
    (way_in,) = objects["NetworkPolicy", "lunarcloud-runner"]["spec"]["ingress"]
    assert way_in["ports"] == [{"port": 8787, "protocol": "TCP"}]
    assert way_in["from"][0]["namespaceSelector"]["matchLabels"] == {
        "kubernetes.io/metadata.name": "monitoring"
    }


def test_reprocessing_is_off_unless_asked_for(rendered: Rendered) -> None:
    assert not {kind for kind, _ in rendered(*FULL)} & {"CronJob", "Deployment", "Service"}


def test_one_reprocesses_at_a_time_and_waits_for_who_is_at_it(rendered: Rendered) -> None:
    cron = rendered(*REPROCESS)["CronJob", "lunarcloud-reprocess"]["spec"]
    assert (cron["schedule"], cron["concurrencyPolicy"]) == ("*/10 * * * *", "Forbid")
    job = cron["jobTemplate"]["spec"]
    assert job["podFailurePolicy"]["rules"][0] == {
        "action": "Ignore",
        "onExitCodes": {"containerName": "reprocess", "operator": "In", "values": [75]},
    }
    (container,) = job["template"]["spec"]["containers"]
    assert shlex.join(container["args"]) == (
        "reprocess --root s3://moon/clementine --on kubernetes --pool cpu --tolerance 0.1"
    )
    variables = {each["name"]: each.get("value") for each in container["env"]}
    assert variables["LUNARCLOUD_SETTLE_S"] == "60"
    assert json.loads(variables["LUNARCLOUD_WEBHOOKS"]) == ["https://example.org/hook"]
    assert variables["LUNARCLOUD_WEBHOOK_SECRET"] is None  # from the secret


def test_who_reprocesses_may_what_a_submitter_may(rendered: Rendered) -> None:
    objects = rendered(*REPROCESS)
    bound = {
        each["roleRef"]["name"]
        for (kind, _), each in objects.items()
        if kind == "RoleBinding" and "lunarcloud-reprocess" in {one["name"] for one in each["subjects"]}
    }
    assert bound == {"lunarcloud-submitter"}
    assert objects["ServiceAccount", "lunarcloud-reprocess"]["automountServiceAccountToken"] is True


def test_a_poke_comes_in_at_one_port_from_who_is_named(rendered: Rendered) -> None:
    objects = rendered(*REPROCESS)
    (way_in,) = objects["NetworkPolicy", "lunarcloud-poke"]["spec"]["ingress"]
    assert way_in == {
        "from": [{"namespaceSelector": {"matchLabels": {"store": "minio"}}}],
        "ports": [{"port": 8080, "protocol": "TCP"}],
    }
    watcher = objects["Deployment", "lunarcloud-reprocess"]["spec"]["template"]
    (container,) = watcher["spec"]["containers"]
    assert container["args"][-3:] == ["--watch", "--listen", "8080"]
    assert (
        objects["Service", "lunarcloud-reprocess"]["spec"]["selector"].items()
        <= watcher["metadata"]["labels"].items()
    )


def test_staleness_and_failures_alert(rendered: Rendered) -> None:
    groups = rendered(*REPROCESS, "metrics.enabled=true")["PrometheusRule", "lunarcloud"]["spec"]["groups"]
    alerts = {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}
    assert alerts["LunarcloudStale"] == 'max(lunarcloud_staleness_seconds{namespace="moon"}) > 7200'
    failed = alerts["LunarcloudReprocessFailed"]
    assert ">= 3" in failed
    # Else it would go on for ever: failed Jobs stay.
    assert (
        'kube_cronjob_status_last_successful_time{namespace="moon",cronjob="lunarcloud-reprocess"}' in failed
    )


def test_another_release_has_its_own_names(rendered: Rendered) -> None:
    objects = rendered(*FULL, release="luna")
    assert all(name.startswith("luna-") or name == "luna" for _, name in objects)
    made = list(made_by_jobs(objects, release="luna"))
    pods = [each["spec"].get("template", each)["spec"] for each in made]
    assert {pod["serviceAccountName"] for pod in pods} == {"luna-runner", "luna-worker"}


def test_a_release_may_be_a_number(rendered: Rendered) -> None:
    objects = rendered(*FULL, "reprocess.enabled=true", release="64")
    for each in objects.values():
        kubernetes_validate.validate(each, "1.34", strict=True)
        assert each["metadata"]["labels"]["app.kubernetes.io/instance"] == "64"


@pytest.mark.parametrize(
    ("release", "values", "said"),
    [
        ("l" * 43, (), "53 characters, and 52 are allowed"),
        ("64", ("reprocess.listen.enabled=true",), "64-reprocess is no name of a Service"),
        ("moon.maps", ("reprocess.listen.enabled=true",), "moon.maps-reprocess is no name of a Service"),
    ],
)
def test_a_release_whose_name_kubernetes_would_refuse_is_refused(
    helm: Helm, release: str, values: tuple[str, ...], said: str
) -> None:
    words = [f"--set={value}" for value in ("root=s3://moon/maps", "reprocess.enabled=true", *values)]
    code, _, error = helm("template", release, CHART, *words)
    assert code != 0
    assert said in error


def test_chart_and_package_have_one_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)
