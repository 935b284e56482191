"""How things are under a root, as Prometheus reads it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import get_args

from lunarcloud.errors import MissingPackageError
from lunarcloud.jobs import Known, State, all_seen
from lunarcloud.lineage import Root
from lunarcloud.reprocessing.clock import Clock
from lunarcloud.reprocessing.status import status_with


@dataclass(slots=True)
class Health:
    """How whoever watches a root gets on.

    Attributes
    ----------
    succeeded : float
        When a look last ended well, seconds since 1970; 0 if none did yet.
    failures : int
        Looks that failed since.
    known : dict
        Jobs that have ended, so that no scrape reads all that ever were.
    """

    succeeded: float = 0.0
    failures: int = 0
    known: Known = field(default_factory=dict)


def metrics_text(root: Root, health: Health, clock: Clock) -> tuple[bytes, str]:
    """Gauges ``lunarcloud_*`` and their content type.

    Parameters
    ----------
    root : Root
        Which.
    health : Health
        Of whoever watches it.
    clock : Clock
        What time it is.

    Raises
    ------
    MissingPackageError
        If prometheus_client is not installed.
    """
    try:
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
    except ImportError as error:
        raise MissingPackageError("metrics need prometheus_client: pip install 'lunarcloud[k8s]'") from error
    registry = CollectorRegistry()

    def gauge(name: str, what: str, value: float) -> None:
        Gauge(f"lunarcloud_{name}", what, registry=registry).set(value)

    seen = all_seen(root, health.known)
    found = status_with(root, clock.now(), seen)
    gauge(
        "staleness_seconds",
        "age of the oldest accepted sample that the latest model does not know",
        found.staleness_s,
    )
    gauge("samples_rejected", "tables of the inbox that are refused", len(found.rejected))
    gauge("records_due", "records to be made again", len(found.due))
    gauge("last_success_timestamp_seconds", "when a look at the root last ended well", health.succeeded)
    gauge("reprocess_failures", "looks that failed since", health.failures)
    running = [each.status for each in seen if each.state == "running"]
    gauge("shards_done", "shards computed of the running stages", sum(each.done for each in running))
    gauge("shards_total", "shards of the running stages", sum(each.total for each in running))
    states, count = (
        Gauge("lunarcloud_jobs", "jobs by state", ["state"], registry=registry),
        Counter(each.state for each in seen),
    )
    for state in get_args(State):
        states.labels(state).set(count[state])
    return generate_latest(registry), CONTENT_TYPE_LATEST
