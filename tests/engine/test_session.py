"""Sessions: each missing shard computed once, the same bytes everywhere, what is shared sent once, events."""

import os
import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock
from uuid import uuid4

import numpy as np
import pytest
from distributed import Client, LocalCluster, Scheduler, SpecCluster, Worker, get_worker
from distributed.comm.core import CommClosedError

from lunarcloud.engine import (
    Cluster,
    Event,
    MemoryPlan,
    Once,
    Product,
    Session,
    ShardDone,
    ShardFunction,
    StageDone,
    Started,
    Work,
)
from lunarcloud.engine.held import call
from lunarcloud.engine.plugin import held
from lunarcloud.engine.shards import able, require_alike
from lunarcloud.engine.waits import hearing
from lunarcloud.errors import AwayError, ComputeError, InputError, StoreError
from lunarcloud.moon import Shard
from lunarcloud.storage import folder

Make = Callable[..., Work]
Contents = Callable[[Work], dict[str, bytes]]


@pytest.fixture(scope="module")
def reference(
    scheduler: str, tmp_path_factory: pytest.TempPathFactory, make_work: Make, contents: Contents
) -> dict[str, bytes]:
    """The bytes as the shared cluster makes them."""
    work = make_work(tmp_path_factory.mktemp("reference"))
    with Session(Cluster(scheduler=scheduler)) as session:
        session.compute(work)
    return contents(work)


@dataclass(frozen=True)
class _Together:
    """A shard function that waits for another worker process to have begun a shard too."""

    function: ShardFunction
    log: Path

    def __call__(self, shard: Shard) -> Product:
        with self.log.open("a") as log:
            log.write(f"{os.getpid()}\n")
        while len(set(self.log.read_text().split())) < 2:
            time.sleep(0.05)
        return self.function(shard)


def test_the_bytes_are_the_same_with_workers_that_join_and_the_work_goes_to_them_too(
    reference: dict[str, bytes], make_work: Make, contents: Contents, tmp_path: Path
) -> None:
    work = make_work(tmp_path)
    work = replace(work, function=_Together(work.function, tmp_path / "log"))
    with (
        LocalCluster(
            n_workers=0,
            threads_per_worker=1,
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
        ) as cluster,
        Session(Cluster(scheduler=cluster.scheduler_address)) as session,
    ):
        cluster.adapt(minimum=0, maximum=3, interval="200ms", wait_count=50, target_duration="50ms")
        assert session.compute(work) == 18
    assert contents(work) == reference
    assert len({entry.worker for entry in work.group.ledger.entries().values()}) > 1
    assert work.group.missing() == []


def test_what_is_there_is_left_alone(scheduler: str, make_work: Make, tmp_path: Path) -> None:
    work = make_work(tmp_path)
    with Session(Cluster(scheduler=scheduler)) as session:
        session.compute(work)
        before = work.group.ledger.entries()
        work.group.ledger.forget(Shard(1, 2))
        assert session.compute(work) == 1
        assert session.compute(work) == 0
    after = work.group.ledger.entries()
    assert {shard for shard in before if before[shard] != after[shard]} == {Shard(1, 2)}


def test_nothing_is_started_where_nothing_is_missing(scheduler: str, make_work: Make, tmp_path: Path) -> None:
    work = make_work(tmp_path)
    with Session(Cluster(scheduler=scheduler)) as session:
        session.compute(work)
    seen: list[Event] = []
    with Session(Cluster(scheduler="tcp://127.0.0.1:9"), seen.append) as session:
        assert session.compute(work) == 0
        assert list(session.spread("none", str, [], pixels=int, memory=MemoryPlan(task=1))) == []
    assert seen == []


def test_a_task_carries_its_shard_alone_and_is_named_after_it(
    scheduler: str, make_work: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = make_work(tmp_path, ballast=bytes(2**20))
    assert len(pickle.dumps(work.function)) > 2**20
    sent: dict[str, int] = {}
    submit = Client.map

    def watched(client: Client, function: Any, items: list[Any], *, key: list[str], **options: Any) -> Any:
        sizes = (len(pickle.dumps((name, function, item))) for name, item in zip(key, items, strict=True))
        sent.update(zip(key, sizes, strict=True))
        return submit(client, function, items, key=key, **options)

    monkeypatch.setattr(Client, "map", watched)
    with Session(Cluster(scheduler=scheduler)) as session:
        session.compute(work)
    tasks = {key: size for key, size in sent.items() if key.startswith("codes-")}
    assert {tuple(map(int, key.split("-")[1:3])) for key in tasks} == set(work.group.layout.raster.shards())
    assert max(sent.values()) <= 2000


def _threads(client: Client) -> None:
    with Session(Cluster(scheduler="tcp://nowhere:8786")) as session:
        session._connected = client
        session.threads()


@pytest.mark.parametrize(
    ("asked", "ask"),
    [
        ("ncores", _threads),
        ("scheduler_info", lambda client: able(client, {})),
        ("run", lambda client: require_alike(client, {}, {})),
        ("register_plugin", lambda client: held(client, "toy", hex).__enter__()),
        ("forward_logging", lambda client: hearing(client).__enter__()),
    ],
)
def test_a_scheduler_that_is_lost_between_two_stages_is_away(
    asked: str, ask: Callable[[Client], object]
) -> None:
    client = MagicMock()
    getattr(client, asked).side_effect = CommClosedError("in <TCP>: Stream is closed")
    with pytest.raises(AwayError, match=r"was lost \(in <TCP>.*run the same command again"):
        ask(client)


def _address(_: int) -> str:
    return str(get_worker().address)


def test_workers_hold_nothing_of_a_command_that_has_ended(client: Client, scheduler: str) -> None:
    with Session(Cluster(scheduler=scheduler)) as session:
        done = list(
            session.spread("pass", _address, range(20), pixels=lambda _: 1, memory=MemoryPlan(task=1))
        )
    assert len(done) == 20
    assert {len(names) for names in client.run(_held_names).values()} == {0}
    with pytest.raises(ComputeError, match="taken back"):
        call("pass", 1)


def _held_names() -> list[str]:
    from lunarcloud.engine import held

    return list(held._held)


def _built() -> str:
    return uuid4().hex


class _Use:
    """Says what its process has built."""

    def __init__(self) -> None:
        self.built = Once(_built)

    def __call__(self, _: int) -> tuple[str, str]:
        return _address(0), self.built()


def test_what_cannot_be_pickled_is_built_once_a_process(scheduler: str) -> None:
    with Session(Cluster(scheduler=scheduler)) as session:
        results = session.spread("use", _Use(), range(40), pixels=lambda _: 1, memory=MemoryPlan(task=1))
        found = {result for _, result in results}
    assert len({worker for worker, _ in found}) == len(found) == len({built for _, built in found})


def test_each_shard_is_an_event_and_their_pixels_are_all(
    scheduler: str, make_work: Make, tmp_path: Path
) -> None:
    seen: list[Event] = []
    with Session(Cluster(scheduler=scheduler), seen.append) as session:
        session.compute(make_work(tmp_path))
    first, *shards, last = seen
    assert first == Started("codes", 18, 180 * 360)
    assert sum(event.pixels for event in shards if isinstance(event, ShardDone)) == 180 * 360
    assert {event.shard for event in shards if isinstance(event, ShardDone)} == {
        Shard(row, col) for row in range(3) for col in range(6)
    }
    assert last == StageDone("codes")


def test_a_plan_that_fits_no_worker_is_refused_before_anything_runs(
    scheduler: str, make_work: Make, tmp_path: Path
) -> None:
    work = make_work(tmp_path, memory=64 * 2**30)
    with (
        Session(Cluster(scheduler=scheduler)) as session,
        pytest.raises(InputError, match=r"LUNARCLOUD_MEMORY_LIMIT to \d+ MiB"),
    ):
        session.compute(work)
    assert folder(tmp_path).keys() == []


def test_workers_that_do_not_see_the_root_are_refused_in_words(scheduler: str, make_work: Make) -> None:
    work = make_work(folder("memory://unseen"))
    with (
        Session(Cluster(scheduler=scheduler)) as session,
        pytest.raises(InputError, match=r"worker .* does not see .* memory://unseen.*s3://"),
    ):
        session.compute(work)
    assert work.group.place.keys() == []


def test_items_are_refused_by_workers_that_do_not_see_what_they_read(scheduler: str) -> None:
    run = folder("memory://unseen/runs/1")
    run.write("record.json", b"{}")
    with (
        Session(Cluster(scheduler=scheduler)) as session,
        pytest.raises(InputError, match=r"worker .* does not see .* memory://unseen/runs/1.*s3://"),
    ):
        list(session.spread("hex", hex, [1], pixels=int, memory=MemoryPlan(task=1), place=run))


@pytest.mark.parametrize("finished", [True, False])
def test_what_workers_must_see_is_the_record_or_a_mark_that_does_not_stay(
    scheduler: str, tmp_path: Path, finished: bool
) -> None:
    run = folder(tmp_path)
    if finished:
        run.write("record.json", b"{}")
        tmp_path.chmod(0o500)
    with Session(Cluster(scheduler=scheduler)) as session:
        done = session.spread("hex", hex, [7], pixels=int, memory=MemoryPlan(task=1), place=run)
        assert dict(done) == {7: "0x7"}
    tmp_path.chmod(0o700)
    assert run.keys() == ["record.json"] * finished


def test_no_mark_stays_behind_and_what_decides_bytes_is_pinned(
    scheduler: str, make_work: Make, tmp_path: Path
) -> None:
    with Session(Cluster(scheduler=scheduler)) as session:
        session.compute(make_work(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["g.zarr", "ledger", "plan.json"]


def test_a_resume_with_other_versions_is_refused_in_words(
    scheduler: str, make_work: Make, tmp_path: Path
) -> None:
    work = make_work(tmp_path)
    folder(tmp_path).write("plan.json", b'{"numpy": "1.0", "architecture": "s390x"}')
    with (
        Session(Cluster(scheduler=scheduler)) as session,
        pytest.raises(InputError, match=r"architecture s390x \(now .*numpy 1\.0 \(now "),
    ):
        session.compute(work)
    assert work.group.missing() == list(work.group.layout.raster.shards())


def test_a_damaged_pin_is_named(scheduler: str, make_work: Make, tmp_path: Path) -> None:
    folder(tmp_path).write("plan.json", b"{")
    with (
        Session(Cluster(scheduler=scheduler)) as session,
        pytest.raises(StoreError, match=r"plan\.json.*damaged"),
    ):
        session.compute(make_work(tmp_path))


def test_tasks_go_to_the_workers_that_have_what_they_need(make_work: Make, tmp_path: Path) -> None:
    work = replace(make_work(tmp_path), needs={"GPU": 1})
    workers = {
        name: {"cls": Worker, "options": {"nthreads": 1, "resources": resources}}
        for name, resources in {"plain": {}, "with a card": {"GPU": 1}}.items()
    }
    scheduler = {"cls": Scheduler, "options": {"port": 0, "dashboard_address": "127.0.0.1:0"}}
    with (
        SpecCluster(workers=workers, scheduler=scheduler) as cluster,
        Session(Cluster(scheduler=cluster.scheduler_address)) as session,
    ):
        session.compute(work)
        chosen = cluster.workers["with a card"].address
    assert {entry.worker for entry in work.group.ledger.entries().values()} == {chosen}


def test_threads_are_the_schedulers_or_those_that_local_workers_would_have(
    scheduler: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lunarcloud.engine.cluster.usable_cores", lambda: 7)
    with (
        Session(Cluster(scheduler=scheduler)) as remote,
        Session() as local,
        Session(Cluster(workers=3)) as own,
    ):
        found = remote.threads(), local.threads(), own.threads()
    assert found == (sum(client.ncores().values()), 7, 3)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_the_items_does_not_matter_to_the_results(scheduler: str, seed: int) -> None:
    items = np.random.default_rng(seed).permutation(300).tolist()
    with Session(Cluster(scheduler=scheduler)) as session:
        found = dict(session.spread("hex", hex, items, pixels=lambda _: 1, memory=MemoryPlan(task=1)))
    assert found == {item: hex(item) for item in items}
