"""Workers as pods, against a Kubernetes that is a dict."""

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from lunarcloud.engine import Credentials
from lunarcloud.errors import AwayError
from lunarcloud.kubernetes import calls
from lunarcloud.kubernetes.manifests import worker_pod
from lunarcloud.kubernetes.place import Place
from lunarcloud.kubernetes.pods import PodSource
from lunarcloud.kubernetes.pools import PoolSettings

JOB = "map-1"
OWNER = Place(namespace="moon", pod_name="lc-map-1-x", pod_uid="uid", pod_ip="10.0.0.7")
TEMPLATE = "{kind: Pod, spec: {containers: [{name: worker}]}}"


class Kubernetes:
    """Pods and secrets by name, and whether anybody watches."""

    def __init__(self) -> None:
        self.pods: dict[str, Any] = {}
        self.secrets: dict[str, Any] = {}
        self.watched = threading.Semaphore(0)
        self.over = threading.Event()

    def create(self, objects: dict[str, Any]) -> Callable[[Mapping[str, Any]], bool]:
        """As `calls.create_pod`."""
        return lambda made: objects.setdefault(made["metadata"]["name"], made) is made

    def changes(self, _selector: str, _version: str, _seconds: int) -> Iterator[calls.Change]:
        """As `calls.changes`: nothing happens."""
        self.watched.release()
        self.over.wait(0.05)
        return iter(())


@pytest.fixture
def kubernetes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kubernetes]:
    """What `calls` reaches."""
    made = Kubernetes()
    monkeypatch.setattr(calls, "create_pod", made.create(made.pods))
    monkeypatch.setattr(calls, "create_secret", made.create(made.secrets))
    monkeypatch.setattr(calls, "delete_pod", lambda name: made.pods.pop(name, None))
    monkeypatch.setattr(calls, "delete_secret", lambda name: made.secrets.pop(name, None))
    monkeypatch.setattr(calls, "pods", lambda _selector: (list(made.pods.values()), "1"))
    monkeypatch.setattr(calls, "changes", made.changes)
    yield made
    made.over.set()


@pytest.fixture
def source(kubernetes: Kubernetes) -> Iterator[PodSource]:
    """A job's workers, not open yet."""
    made = PodSource(JOB, TEMPLATE, OWNER, PoolSettings(threads=1, memory="1Gi", maximum=2))
    yield made
    made.close()


def opened(source: PodSource) -> list[str]:
    """Open a source; whom it says to be lost comes into the list."""
    lost: list[str] = []
    source.open(
        "tls://10.0.0.7:8786", Credentials("ca", "certificate", "key"), lambda name, _: lost.append(name)
    )
    return lost


def test_a_source_that_was_closed_starts_workers_when_it_is_opened_again(
    source: PodSource, kubernetes: Kubernetes
) -> None:
    opened(source)
    source.start("w1")
    source.close()
    opened(source)
    source.start("w2")
    assert list(kubernetes.pods) == ["lc-map-1-x-w2"]
    assert kubernetes.watched.acquire(timeout=10)


def test_certificates_of_an_opening_before_are_not_used_where_they_stayed(
    source: PodSource, kubernetes: Kubernetes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "delete_secret", lambda _name: None)
    opened(source)
    source.close()
    opened(source)
    source.start("w2")
    _, new = kubernetes.secrets
    volume = kubernetes.pods["lc-map-1-x-w2"]["spec"]["volumes"][0]
    assert volume["secret"]["secretName"] == new


def test_pods_are_watched_on_after_what_nobody_thought_of(
    source: PodSource, kubernetes: Kubernetes, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([ValueError("odd")])

    def changes(*arguments: Any) -> Iterator[calls.Change]:
        for error in answers:
            raise error
        return kubernetes.changes(*arguments)

    monkeypatch.setattr(calls, "changes", changes)
    monkeypatch.setattr("lunarcloud.kubernetes.pods._PAUSE_S", 0.01)
    opened(source)
    assert kubernetes.watched.acquire(timeout=10)


def test_a_pod_whose_creation_was_not_answered_is_deleted_in_the_end(
    source: PodSource, kubernetes: Kubernetes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unanswered(made: Mapping[str, Any]) -> bool:
        kubernetes.pods[made["metadata"]["name"]] = made
        raise AwayError("no reply")

    monkeypatch.setattr(calls, "create_pod", unanswered)
    opened(source)
    with pytest.raises(AwayError):
        source.start("w1")
    source.close()
    assert kubernetes.pods == {}


@pytest.mark.parametrize(("phase", "stays"), [("Running", True), ("Failed", False), ("absent", False)])
def test_what_a_killed_runner_left_is_deleted_by_the_next_and_what_is_of_a_living_one_stays(
    source: PodSource, kubernetes: Kubernetes, phase: str, stays: bool
) -> None:
    other = OWNER.model_copy(update={"pod_name": "lc-map-1-y", "pod_uid": "other"})
    if phase != "absent":
        owned = [{"kind": "Job", "name": "lc-map-1", "uid": "job"}]
        about = {"name": "lc-map-1-y", "uid": "other", "ownerReferences": owned}
        kubernetes.pods["lc-map-1-y"] = {"metadata": about, "status": {"phase": phase}}
    kubernetes.pods["left"] = worker_pod(TEMPLATE, "left", JOB, other, "left-tls", [])
    kubernetes.secrets["left-tls"] = {}
    opened(source)
    assert ("left" in kubernetes.pods, "left-tls" in kubernetes.secrets) == (stays, stays)
    assert ("lc-map-1-y" in kubernetes.pods) == (phase != "absent")
