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
from typing import IO, NamedTuple, cast

import pytest

from lunarcloud.config import settings
from lunarcloud.engine import Cluster, connect
from lunarcloud.errors import AwayError, NotFoundError, StoreError
from lunarcloud.lineage import open_root
from lunarcloud.maps import load_run, plan_maps
from lunarcloud.maps.store import Run
from lunarcloud.moon import grid
from lunarcloud.processes import mosaic_of, run_of
from lunarcloud.processes.records import model_of
from lunarcloud.storage import folder
from lunarcloud.testing.faulty_proxy import FAULTS, Fault, faulty_proxy, random_plan
from lunarcloud.testing.make import make
from lunarcloud.testing.s3_server import S3, reconnect
from lunarcloud.testing.slow_shards import full_disk_works, watched_works
from lunarcloud.testing.small_root import write_model, write_mosaic

pytestmark = pytest.mark.long

GRID = grid(1, 64)
# Of full resolution, and with those of three levels, of both poles and of the half-widths.
SHARDS, ALL = 18, 18 + 6 + 2 + 1 + 2 + 2


class Whole(NamedTuple):
    """A run as it is when nothing happens: its id and its digest."""

    id: str
    digest: str


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
        patch.setattr("lunarcloud.processes.map._draw", lambda *_: {})
        yield


@pytest.fixture(scope="module")
def undisturbed(template: Path, scheduler: str, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """The run as it is when nothing happens."""
    root = shutil.copytree(template, tmp_path_factory.mktemp("quiet") / "root")
    record = make("map", root, Cluster(scheduler=scheduler)).record
    return Whole(record.ref.id, record.digest)


@pytest.fixture
def root(template: Path, tmp_path: Path) -> str:
    """A root of its own, nothing mapped."""
    return str(shutil.copytree(template, tmp_path / "root"))


def _planned(root: str, run_id: str) -> Run:
    """The run that there is or will be, published or not."""
    home = open_root(root)
    plan = plan_maps(mosaic_of(home, home.find("mosaics")), model_of(home, "latest").model)
    return load_run(home.folder / f"runs/{run_id}", plan.card)


def _runs(root: str) -> list[str]:
    return [entry.ref.id for entry in open_root(root).catalog().of("runs")]


def _wait_for_shards(run: Run, number: int) -> None:
    end = time.monotonic() + 60
    while len(run.group().ledger.done()) < number:
        assert time.monotonic() < end, "the run does not get on"
        time.sleep(0.02)


def _require_whole(root: str, whole: Whole) -> None:
    """The catalog says the digest, and the stored shards are those that the ledger says."""
    home = open_root(root)
    entry = home.find("runs", whole.id)
    assert entry.digest == whole.digest
    group = run_of(home, entry).group()
    assert len(group.ledger.done()) == SHARDS
    assert run_of(home, entry).intervals().missing() == []
    assert [problem for shard in group.layout.raster.shards() for problem in group.verify(shard)] == []


class Seen(NamedTuple):
    """What a reader saw: whether there was anything, each time; and what was not whole."""

    visible: list[bool]
    wrong: list[tuple[bool, bool]]


@contextmanager
def _reader(root: str, run: Run) -> Iterator[Seen]:
    """Somebody who looks at the run all the time."""
    seen, stop = Seen([], []), threading.Event()

    def look() -> None:
        while not stop.wait(0.05):
            published = bool(_runs(root))
            try:
                run.open()
                visible = True
            except NotFoundError:
                visible = False
            seen.visible.append(visible)
            if (published or visible) and (run.group().missing() or not visible):
                seen.wrong.append((published, visible))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def test_a_killed_worker_costs_one_shard_and_no_reader_sees_a_part(
    root: str, undisturbed: Whole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, run = tmp_path / "calls", _planned(root, undisturbed.id)
    monkeypatch.setattr("lunarcloud.processes.map.map_works", watched_works(log, 0.1))
    with (
        connect(Cluster(workers=2)) as own,
        _reader(root, run) as seen,
        ThreadPoolExecutor(1) as pool,
    ):
        victim = next(iter(own.run(os.getpid).values()))
        made = pool.submit(make, "map", root, Cluster(scheduler=str(own.scheduler_info()["address"])))
        _wait_for_shards(run, 4)
        os.kill(victim, signal.SIGKILL)
        assert made.result(120).shards_computed == ALL
    # A process has two threads, each with a shard.
    assert len(log.read_text().splitlines()) <= ALL + settings().threads
    assert seen.wrong == []
    assert not seen.visible[0]
    _require_whole(root, undisturbed)


_CLUSTER = """
import sys
from lunarcloud.engine import Cluster, connect
if __name__ == "__main__":
    with connect(Cluster(workers=2)) as client:
        print(client.scheduler.address, flush=True)
        sys.stdin.read()
"""


def test_a_run_goes_on_where_a_killed_scheduler_left_it(
    root: str, undisturbed: Whole, scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, script = _planned(root, undisturbed.id), tmp_path / "cluster.py"
    script.write_text(_CLUSTER)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    monkeypatch.setattr("lunarcloud.processes.map.map_works", watched_works(tmp_path / "calls", 0.2))
    with (
        subprocess.Popen(
            [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        ) as process,
        ThreadPoolExecutor(1) as pool,
    ):
        address = cast("IO[bytes]", process.stdout).readline().decode().strip()
        made = pool.submit(make, "map", root, Cluster(scheduler=address))
        _wait_for_shards(run, 4)
        process.kill()
        with pytest.raises(AwayError, match="run the same command again"):
            made.result(120)
    assert _runs(root) == []
    with pytest.raises(NotFoundError):
        run.open()
    missing = sum(len(group.missing()) for group in run.groups.values())
    monkeypatch.undo()
    again = make("map", root, Cluster(scheduler=scheduler))
    assert again.shards_computed == missing < ALL
    _require_whole(root, undisturbed)


_COMMAND = """
import importlib
importlib.import_module("lunarcloud.processes.map")._draw = lambda *_: {}
from lunarcloud.cli import main
main()
"""


def test_the_same_command_twice_at_once_makes_one_run(root: str, undisturbed: Whole, scheduler: str) -> None:
    words = [sys.executable, "-c", _COMMAND]
    words += ["map", "--root", root, "--scheduler", scheduler, "--json"]
    both = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    answers = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], answers
    assert {json.loads(out)["record"]["ref"]["id"] for out, _ in answers} == {undisturbed.id}
    assert _runs(root) == [undisturbed.id]
    _require_whole(root, undisturbed)


def test_a_full_disk_is_said_and_the_run_goes_on_when_there_is_room(
    root: str, undisturbed: Whole, scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flag = tmp_path / "full"
    flag.touch()
    monkeypatch.setattr("lunarcloud.processes.map.map_works", full_disk_works(flag))
    with pytest.raises(StoreError, match="No space left on device"):
        make("map", root, Cluster(scheduler=scheduler))
    assert _runs(root) == []
    flag.unlink()
    assert make("map", root, Cluster(scheduler=scheduler)).shards_computed
    _require_whole(root, undisturbed)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Short time-outs and pauses, for this process and the workers it starts."""
    for name, value in {"TIMEOUT_S": "0.4", "BACKOFF_S": "0.05"}.items():
        monkeypatch.setenv(f"LUNARCLOUD_{name}", value)
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.mark.usefixtures("impatient")
def test_a_store_that_fails_in_every_way_changes_nothing(
    s3_environment: S3, undisturbed: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = "s3://moon/faults"
    write_mosaic(folder(root), GRID)
    write_model(folder(root))
    with faulty_proxy(s3_environment.endpoint, silence_s=0.6) as faults:
        monkeypatch.setenv("AWS_ENDPOINT_URL", faults.endpoint)
        reconnect()
        faults.plan = random_plan(11, 0.08)
        made = make("map", root, Cluster(workers=2))
    assert made.record.ref.id == undisturbed.id
    assert made.shards_computed == ALL
    assert all(faults.done[kind] > 0 for kind in FAULTS)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_environment.endpoint)
    reconnect()
    _require_whole(root, undisturbed)


@pytest.mark.usefixtures("impatient")
def test_a_store_that_was_there_is_waited_for(
    s3_environment: S3, undisturbed: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, away = "s3://moon/away", threading.Event()
    write_mosaic(folder(root), GRID)
    write_model(folder(root))
    for name, value in {"PATIENCE_S": "60", "RETRIES": "3"}.items():
        monkeypatch.setenv(f"LUNARCLOUD_{name}", value)
    settings.cache_clear()
    with faulty_proxy(s3_environment.endpoint) as faults:
        monkeypatch.setenv("AWS_ENDPOINT_URL", faults.endpoint)
        reconnect()
        # Three times as long as all tries without patience, from the first entry of the ledger on.
        back = threading.Timer(3.0, away.set)

        def plan(method: str, path: str) -> Fault | None:
            if not back.is_alive() and not away.is_set() and method == "PUT" and "ledger" in path:
                back.start()
            return "busy" if back.is_alive() else None

        faults.plan = plan
        assert make("map", root, Cluster(workers=1)).record.digest == undisturbed.digest
    assert away.is_set()


@pytest.mark.usefixtures("impatient")
def test_a_store_that_stays_silent_ends_the_command_in_words(
    s3_environment: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUNARCLOUD_RETRIES", "1")
    settings.cache_clear()
    with faulty_proxy(s3_environment.endpoint, silence_s=0.6) as faults:
        faults.plan = lambda method, path: "silent"
        monkeypatch.setenv("AWS_ENDPOINT_URL", faults.endpoint)
        reconnect()
        with pytest.raises(StoreError, match=r"s3://moon/silent/catalog\.json"):
            make("map", "s3://moon/silent")
