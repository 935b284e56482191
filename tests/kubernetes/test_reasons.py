"""Why pods are gone or do not start, in the words of a person."""

from datetime import UTC, datetime
from typing import Any

import pytest

from lunarcloud.kubernetes.reasons import gone, stuck

NOW = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
UNSCHEDULABLE = "0/2 nodes are available: 2 Insufficient cpu."


def pod(
    phase: str, *, ready: str = "True", since: str = "00:00:00", deleting: bool = False, **state: Any
) -> dict[str, Any]:
    metadata = {"name": "w1", **({"deletionTimestamp": "2026-01-01T00:00:00Z"} if deleting else {})}
    status = {
        "phase": phase,
        "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": f"2026-01-01T{since}Z"}],
        "containerStatuses": [{"name": "worker", "state": state}],
    }
    return {"metadata": metadata, "spec": {"nodeName": "node2"}, "status": status}


@pytest.mark.parametrize(
    ("terminated", "said"),
    [
        ({"reason": "OOMKilled", "exitCode": 137}, "limits.memory"),
        ({"reason": "Error", "exitCode": 137}, "killed (exit code 137)"),
        ({"reason": "Error", "exitCode": 1, "message": "no disk"}, "exit code 1): no disk"),
    ],
)
def test_an_ended_container_says_how(terminated: dict[str, Any], said: str) -> None:
    assert said in gone(pod("Failed", terminated=terminated), NOW)


def test_an_evicted_pod_says_why() -> None:
    evicted = {
        "metadata": {"name": "w1"},
        "status": {"phase": "Failed", "reason": "Evicted", "message": "disk"},
    }
    assert gone(evicted, NOW) == "Evicted: disk"


def test_a_running_pod_is_not_gone() -> None:
    assert gone(pod("Running", running={}), NOW) == ""


def test_a_pod_on_a_silent_node_is_gone() -> None:
    assert gone(pod("Running", ready="False", running={}), NOW) == "node node2 does not answer"


def test_a_node_that_was_not_heard_for_a_moment_keeps_its_pods() -> None:
    assert gone(pod("Running", ready="False", since="00:00:40", running={}), NOW) == ""


def test_a_pod_that_drains_is_not_gone_yet() -> None:
    assert gone(pod("Running", ready="False", deleting=True, running={}), NOW) == ""


def test_a_pod_without_a_node_says_why() -> None:
    status = {
        "phase": "Pending",
        "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": UNSCHEDULABLE}
        ],
    }
    assert stuck({"metadata": {"name": "w1"}, "status": status}) == f"Unschedulable: {UNSCHEDULABLE}"


def test_a_missing_image_is_named() -> None:
    waiting = {"reason": "ErrImagePull", "message": "moon:9: not found"}
    assert stuck(pod("Pending", waiting=waiting)) == "ErrImagePull: moon:9: not found"


def test_a_container_in_the_making_is_not_stuck() -> None:
    assert stuck(pod("Pending", waiting={"reason": "ContainerCreating"})) == ""
