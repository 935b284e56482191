"""What a job would take: shards, hours, workers, money, from this root's own pace where it is known."""


import pytest

from lunarcloud import moon
from lunarcloud.jobs import Cost, Wanted, cost_of, prepare
from lunarcloud.lineage import Root
from lunarcloud.processes import load_process
from lunarcloud.testing.small_root import write_model, write_mosaic


@pytest.fixture
def mapped(root: Root) -> Root:
    """A root with a mosaic of 18 shards and a model."""
    write_mosaic(root.folder, moon.grid(1, 64))
    write_model(root.folder)
    return root


def _cost(root: Root, *, max_workers: int | None = None, deadline_s: float | None = None) -> Cost:
    wanted = Wanted(on="here", max_workers=max_workers, deadline_s=deadline_s)
    return cost_of(prepare("map", load_process("map").inputs(), root, wanted), root)


def test_the_benchmarks_tell_where_nothing_was_mapped(mapped: Root) -> None:
    cost = _cost(mapped)
    assert (cost.shards, cost.done, cost.pixels, cost.pace_from) == (18, 0, 64_800, "")
    assert cost.vcpu_hours == pytest.approx(64_800 / 0.5e6 / 3600)
    assert cost.compute_usd == pytest.approx(0.05 * cost.vcpu_hours)
    assert (cost.workers, cost.threads, cost.requests_usd) == (5, 4, 0.0)
    assert cost.seconds == pytest.approx(60.0 + 0.1296 / 18)
