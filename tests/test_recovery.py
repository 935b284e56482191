"""Whatever dies, fails or runs twice: the same bytes in the end, nothing half-seen on the way."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import fsspec
import pytest
from lunarcloud.jobs.map import MapInputs, map_oxides

from lunarcloud.config import settings
from lunarcloud.engine import Cluster, connect
from lunarcloud.errors import ComputeError, NotFoundError, StoreError
from lunarcloud.maps import find_run
from lunarcloud.maps.store import run_ledger, run_place
from lunarcloud.moon import grid
from lunarcloud.storage import folder, open_dataset, read_catalog, read_shard
from lunarcloud.testing.faulty_proxy import FAULTS, faulty_proxy, random_plan
from lunarcloud.testing.s3_server import S3
from lunarcloud.testing.slow_shards import full_disk_plan, watched_plan
from lunarcloud.testing.small_root import write_model, write_mosaic

GRID = grid(1, 64)
SHARDS = 18


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with a mosaic of 18 shards and a model, nothing mapped."""
    place = tmp_path_factory.mktemp("template")
    write_mosaic(folder(place), GRID)
    write_model(folder(place))
    return place


@pytest.fixture(scope="module", autouse=True)
def _no_figures() -> Iterator[None]:
    """Pictures of ten maps take longer than all that is tested here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lunarcloud.jobs.map._draw", lambda run: None)
        yield


@pytest.fixture(scope="module")
def undisturbed(template: Path, scheduler: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Id and digest of the run as it is when nothing happens."""
    root = shutil.copytree(template, tmp_path_factory.mktemp("quiet") / "root")
    run = map_oxides(MapInputs(root=str(root)), Cluster(scheduler=scheduler)).run
    return run, find_run(folder(root), run).card.digest


@pytest.fixture
def root(template: Path, tmp_path: Path) -> str:
    """A root of its own, nothing mapped."""
    return str(shutil.copytree(template, tmp_path / "root"))


def _entries(root: str, run: str) -> int:
    return len(run_ledger(run_place(folder(root), run), 0).entries())


def _wait_for_entries(root: str, run: str, number: int) -> None:
    end = time.monotonic() + 60
    while _entries(root, run) < number:
        assert time.monotonic() < end, "the run does not get on"
        time.sleep(0.02)


def _require_whole(root: str, run: str, digest: str) -> None:
    """The card says the digest, and the stored shards are those that the ledger says."""
    found = find_run(folder(root), run)
    assert found.card.digest == digest
    entries = found.ledger().entries()
    assert len(entries) == SHARDS
    for shard, entry in entries.items():
        for name, expected in entry.outputs.items():
            read_shard(found.group(), found.layout(), name, shard, expected)


@contextmanager
def _reader(root: str, run: str) -> Iterator[tuple[list[tuple[bool, bool]], list[bool]]]:
    """Somebody who looks at the run all the time; yields what they saw that was not whole."""
    wrong, seen, stop = [], [], threading.Event()

    def look() -> None:
        while not stop.wait(0.05):
            published = bool(read_catalog(folder(root)).of("run"))
            try:
                open_dataset(run_place(folder(root), run) / "maps.zarr")
                visible = True
            except NotFoundError:
                visible = False
            seen.append(visible)
            if (published or visible) and (_entries(root, run) < SHARDS or not visible):
                wrong.append((published, visible))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield wrong, seen
    finally:
        stop.set()
        thread.join()


def test_a_killed_worker_costs_one_shard_and_no_reader_sees_a_part(
    root: str, undisturbed: tuple[str, str], scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, digest = undisturbed
    log = tmp_path / "calls"
    monkeypatch.setattr("lunarcloud.jobs.map.plan_maps", watched_plan(log, 0.1))
    with (
        connect(Cluster(workers=2)) as own,
        _reader(root, run) as (wrong, seen),
        ThreadPoolExecutor(1) as pool,
    ):
        victim = next(iter(own.run(os.getpid).values()))
        cluster = Cluster(scheduler=str(own.scheduler_info()["address"]))
        job = pool.submit(map_oxides, MapInputs(root=root), cluster)
        _wait_for_entries(root, run, 4)
        os.kill(victim, signal.SIGKILL)
        assert job.result(120).shards_computed == SHARDS
    assert len(log.read_text().splitlines()) <= SHARDS + 1
    assert wrong == []
    assert not seen[0]
    _require_whole(root, run, digest)


_CLUSTER = """
import sys
from lunarcloud.engine import Cluster, connect
if __name__ == "__main__":
    with connect(Cluster(workers=2)) as client:
        print(client.scheduler.address, flush=True)
        sys.stdin.read()
"""


def test_a_run_goes_on_where_a_killed_scheduler_left_it(
    root: str, undisturbed: tuple[str, str], scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, digest = undisturbed
    script = tmp_path / "cluster.py"
    script.write_text(_CLUSTER)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    monkeypatch.setattr("lunarcloud.jobs.map.plan_maps", watched_plan(tmp_path / "calls", 0.2))
    with (
        subprocess.Popen(
            [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        ) as process,
        ThreadPoolExecutor(1) as pool,
    ):
        assert process.stdout
        address = process.stdout.readline().decode().strip()
        job = pool.submit(map_oxides, MapInputs(root=root), Cluster(scheduler=address))
        _wait_for_entries(root, run, 4)
        process.kill()
        with pytest.raises(ComputeError, match="run the same command again"):
            job.result(120)
    assert read_catalog(folder(root)).of("run") == []
    with pytest.raises(NotFoundError):
        open_dataset(run_place(folder(root), run) / "maps.zarr")
    before = _entries(root, run)
    monkeypatch.undo()
    again = map_oxides(MapInputs(root=root), Cluster(scheduler=scheduler))
    assert again.shards_computed == SHARDS - before < SHARDS
    _require_whole(root, run, digest)


_COMMAND = """
import lunarcloud.jobs.map
lunarcloud.jobs.map._draw = lambda run: None
from lunarcloud.cli import main
main()
"""


def test_the_same_command_twice_at_once_makes_one_run(
    root: str, undisturbed: tuple[str, str], scheduler: str
) -> None:
    run, digest = undisturbed
    words = [sys.executable, "-c", _COMMAND]
    words += ["map", "--root", root, "--scheduler", scheduler, "--json"]
    both = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    answers = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], answers
    assert [json.loads(out)["run"] for out, _ in answers] == [run, run]
    assert len(read_catalog(folder(root)).of("run")) == 1
    _require_whole(root, run, digest)


def test_a_full_disk_is_said_and_the_run_goes_on_when_there_is_room(
    root: str, undisturbed: tuple[str, str], scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, digest = undisturbed
    flag = tmp_path / "full"
    flag.touch()
    monkeypatch.setattr("lunarcloud.jobs.map.plan_maps", full_disk_plan(flag))
    with pytest.raises(StoreError, match="No space left on device"):
        map_oxides(MapInputs(root=root), Cluster(scheduler=scheduler))
    assert read_catalog(folder(root)).of("run") == []
    flag.unlink()
    assert map_oxides(MapInputs(root=root), Cluster(scheduler=scheduler)).shards_computed > 0
    _require_whole(root, run, digest)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Short time-outs and pauses, for this process and the workers it starts."""
    for name, value in {"TIMEOUT_S": "0.4", "BACKOFF_S": "0.05"}.items():
        monkeypatch.setenv(f"LUNARCLOUD_{name}", value)
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


def test_a_store_that_fails_in_every_way_changes_nothing(
    s3_environment: S3, undisturbed: tuple[str, str], impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, digest = undisturbed
    root = "s3://moon/faults"
    write_mosaic(folder(root), GRID)
    write_model(folder(root))
    with faulty_proxy(s3_environment.endpoint, silence_s=0.6) as faults:
        monkeypatch.setenv("AWS_ENDPOINT_URL", faults.endpoint)
        fsspec.filesystem("s3").clear_instance_cache()
        faults.plan = random_plan(11, 0.08)
        made = map_oxides(MapInputs(root=root), Cluster(workers=2))
    assert made.run == run
    assert made.shards_computed == SHARDS
    assert all(faults.done[kind] > 0 for kind in FAULTS)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_environment.endpoint)
    fsspec.filesystem("s3").clear_instance_cache()
    _require_whole(root, run, digest)


def test_a_store_that_stays_silent_ends_the_command_in_words(
    s3_environment: S3, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUNARCLOUD_RETRIES", "1")
    settings.cache_clear()
    with faulty_proxy(s3_environment.endpoint, silence_s=0.6) as faults:
        faults.plan = lambda method, path: "silent"
        monkeypatch.setenv("AWS_ENDPOINT_URL", faults.endpoint)
        fsspec.filesystem("s3").clear_instance_cache()
        with pytest.raises(StoreError, match=r"s3://moon/silent/catalog\.json"):
            map_oxides(MapInputs(root="s3://moon/silent"), Cluster())
