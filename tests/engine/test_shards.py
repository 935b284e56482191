"""Shards of a group: each computed once, in any order, by any number of workers, with the same bytes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from distributed import Client, LocalCluster

from lunarcloud.engine import Group, MemoryPlan, compute, remaining
from lunarcloud.errors import InputError, StoreError
from lunarcloud.moon import Shard
from lunarcloud.storage import folder


@pytest.fixture(scope="module")
def reference(
    client: Client,
    tmp_path_factory: pytest.TempPathFactory,
    make_group: Callable[..., Group],
    contents: Callable[[Group], dict[str, bytes]],
) -> dict[str, bytes]:
    group = make_group(tmp_path_factory.mktemp("reference"))
    compute(group, remaining(group), client)
    return contents(group)


def test_the_bytes_are_the_same_in_any_order_and_with_workers_that_join(
    reference: dict[str, bytes],
    make_group: Callable[..., Group],
    contents: Callable[[Group], dict[str, bytes]],
    tmp_path: Path,
) -> None:
    group = make_group(tmp_path, pause=0.1)
    shards = remaining(group)
    np.random.default_rng(3).shuffle(shards)
    with (
        LocalCluster(
            n_workers=0,
            threads_per_worker=1,
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
        ) as cluster,
        Client(cluster) as own,
    ):
        cluster.adapt(minimum=0, maximum=3, interval="200ms", wait_count=50, target_duration="50ms")
        compute(group, shards, own)
    entries = group.ledger.entries().values()
    assert contents(group) == reference
    assert len({entry.worker for entry in entries}) > 1
    assert remaining(group) == []


def test_a_finished_shard_is_left_alone(
    client: Client, make_group: Callable[..., Group], tmp_path: Path
) -> None:
    group = make_group(tmp_path)
    first, *others = remaining(group)
    compute(group, [first], client)
    noted = group.ledger.entry(first)
    assert remaining(group) == others
    compute(group, [first, first, *others, first], client)
    assert group.ledger.entry(first) == noted


def test_a_plan_that_fits_no_worker_is_refused_before_anything_runs(
    client: Client, make_group: Callable[..., Group], tmp_path: Path
) -> None:
    group = make_group(tmp_path, memory=64 * 2**30)
    with pytest.raises(InputError, match=r"LUNARCLOUD_MEMORY_LIMIT to \d+ MiB"):
        compute(group, remaining(group), client)
    assert group.place.keys() == []


def test_the_memory_that_a_refusal_asks_for_is_enough() -> None:
    plan, limit = MemoryPlan(task=300 * 2**20, process=50 * 2**20), 500 * 2**20
    with pytest.raises(InputError, match="2 threads need 900 MiB") as refused:
        plan.require("w", 2, limit)
    asked = int(str(refused.value).split("LUNARCLOUD_MEMORY_LIMIT to ")[1].split()[0])
    plan.require("w", 2, asked * 2**20)
    plan.require("w", 2, 0)


def test_a_damaged_entry_of_the_ledger_is_named(make_group: Callable[..., Group], tmp_path: Path) -> None:
    group = make_group(tmp_path)
    (folder(tmp_path) / "ledger").write("0-1.json", b"{}")
    with pytest.raises(StoreError, match=r"0-1\.json.*damaged"):
        remaining(group)
    with pytest.raises(StoreError, match="damaged"):
        group.ledger.entry(Shard(0, 1))
