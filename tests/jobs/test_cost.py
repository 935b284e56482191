"""What a job would take: shards, hours, workers, money, from this root's own pace where it is known."""

from typing import Any

import pytest

from lunarcloud import moon
from lunarcloud.engine import Cluster
from lunarcloud.jobs import Cost, Wanted, cost_of, in_time, prepare
from lunarcloud.lineage import Root, open_root
from lunarcloud.processes import load_process
from lunarcloud.storage import Ledger
from lunarcloud.testing.make import make
from lunarcloud.testing.s3_server import S3
from lunarcloud.testing.small_root import write_model, write_mosaic

# Pixels of the finest level, of the coarser ones, and of one level around each pole, in 18, 6 + 2 + 1, 1 + 1
# shards; and seconds that a thread takes for them.
FINEST, COARSER, POLES, SHARDS = 64_800, 16_200 + 4_050 + 450, 2 * 62**2, 29
LATER_S = COARSER / 4e6 + POLES / 0.3e6
NETWORKS_S, EQUATIONS_S = FINEST / 0.5e6 + LATER_S, FINEST / 8e6 + LATER_S


@pytest.fixture
def mapped(root: Root) -> Root:
    """A root with a mosaic of 18 shards and a model."""
    return _written(root)


def _written(root: Root) -> Root:
    write_mosaic(root.folder, moon.grid(1, 64))
    write_model(root.folder)
    return root


def _cost(root: Root, *, max_workers: int | None = None, deadline_s: float | None = None) -> Cost:
    wanted = Wanted(on="here", max_workers=max_workers, deadline_s=deadline_s)
    return cost_of(prepare("map", load_process("map").inputs(seed=0), root, wanted), root)


def test_the_benchmarks_tell_where_nothing_was_mapped(mapped: Root) -> None:
    cost = _cost(mapped)
    assert (cost.shards, cost.done, cost.pace_from) == (SHARDS, 0, "")
    assert cost.pixels == FINEST + COARSER + POLES
    assert cost.vcpu_hours == pytest.approx(NETWORKS_S / 3600)
    assert cost.compute_usd == pytest.approx(0.05 * cost.vcpu_hours)
    assert (cost.workers, cost.threads, cost.requests_usd) == (8, 4, 0.0)
    assert cost.seconds == pytest.approx(60.0 + NETWORKS_S / SHARDS)


def test_fewer_workers_take_longer(mapped: Root) -> None:
    assert _cost(mapped, max_workers=1).seconds == pytest.approx(60.0 + NETWORKS_S / 4)


def test_a_deadline_says_how_many_workers_it_takes(mapped: Root) -> None:
    assert _cost(mapped, deadline_s=61.0).workers == 1
    tight = _cost(mapped, deadline_s=60.001)
    assert (tight.workers, tight.workers_for_deadline) == (8, 41)
    # No worker runs before a minute is over.
    assert _cost(mapped, deadline_s=59.0).workers_for_deadline is None


def test_a_job_has_no_more_workers_than_its_deadline_takes(mapped: Root) -> None:
    def most(**wanted: Any) -> int | None:
        inputs = load_process("map").inputs(model="untrained")
        return in_time(prepare("map", inputs, mapped, Wanted(on="here", **wanted)), mapped).job.max_workers

    assert most(deadline_s=61.0) == 1
    assert most(deadline_s=60.001, max_workers=3) == 3
    assert most(max_workers=3) == 3
    assert most() is None


def test_what_was_mapped_here_tells_the_pace(mapped: Root, scheduler: str, no_figures: None) -> None:
    made = make("map", mapped.url, Cluster(scheduler=scheduler), seed=0).record
    for name in ("0", "1", "2", "3", "north/0", "south/0"):
        ledger = Ledger(mapped.place(made.ref) / f"ledger/{name}")
        for entry in ledger.entries().values():
            ledger.record(entry.model_copy(update={"seconds": 2.0}))
    # All shards took 2 s, by networks; with equations the finest level takes a sixteenth, by the benchmarks.
    inputs = load_process("map").inputs(model="qiu2025")
    cost = cost_of(prepare("map", inputs, mapped, Wanted(on="here")), mapped)
    assert cost.pace_from == str(made.ref)
    assert cost.vcpu_hours == pytest.approx(2.0 * SHARDS * EQUATIONS_S / NETWORKS_S / 3600)


def test_what_is_published_costs_nothing(mapped: Root, scheduler: str, no_figures: None) -> None:
    make("map", mapped.url, Cluster(scheduler=scheduler), seed=0)
    assert (_cost(mapped).published, _cost(mapped).shards, _cost(mapped).vcpu_hours) == (True, 0, 0.0)


def test_writes_to_a_store_have_a_price(s3_environment: S3) -> None:
    root = _written(open_root("s3://moon/cost"))
    assert _cost(root).requests_usd == pytest.approx(SHARDS * 16 * 0.005 / 1000)
