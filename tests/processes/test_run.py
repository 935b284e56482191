"""Running any process: once, only what is missing, under an identity of what decides the bytes."""

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from lunarcloud.engine import Cluster, Event, Note, Published, Session
from lunarcloud.errors import AwayError
from lunarcloud.lineage import RECORD, identity, open_root
from lunarcloud.maps import Run
from lunarcloud.moon import grid
from lunarcloud.processes import Outcome, checked, estimate, load_process, run_process
from lunarcloud.processes.map import _draw
from lunarcloud.processes.process import Made, Process
from lunarcloud.storage import Folder, Range, digest, folder
from lunarcloud.synthetic import write_tiles
from lunarcloud.testing.faulty_proxy import faulty_proxy
from lunarcloud.testing.make import NOWHERE, dry_run, make
from lunarcloud.testing.s3_server import S3, reconnect
from lunarcloud.testing.small_root import write_mosaic
from tests.toys import PROCESS

EQUATIONS = {"model": "qiu2025"}
# Shards of three levels, and around each pole.
STAGES = (8, 2, 1, 1, 1)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with a mosaic."""
    place = tmp_path_factory.mktemp("template")
    write_mosaic(folder(place), grid(1, 90))
    return place


@pytest.fixture
def root(template: Path, tmp_path: Path) -> str:
    """A copy of it."""
    return str(shutil.copytree(template, tmp_path / "root"))


pytestmark = pytest.mark.usefixtures("no_figures")


def test_what_is_there_is_found_without_a_cluster_and_nothing_is_written(root: str, cluster: Cluster) -> None:
    first = make("map", root, cluster, **EQUATIONS)
    before = folder(root).read_all()
    second = make("map", root, NOWHERE, **EQUATIONS)
    assert (second.record, second.shards_computed) == (first.record, None)
    assert first.shards_computed == sum(STAGES)
    assert folder(root).read_all() == before


def test_a_command_with_nothing_to_do_asks_the_store_for_each_thing_once(
    root: str, cluster: Cluster, s3_environment: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("map", root, cluster, **EQUATIONS)
    for key, data in folder(root).read_all().items():
        folder("s3://moon/asked").write(key, data)
    asked = Counter[str]()
    with faulty_proxy(s3_environment.endpoint) as proxy:
        proxy.plan = lambda method, path: asked.update([f"{method} {urlsplit(path).path}"])
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        reconnect()
        make("map", "s3://moon/asked", NOWHERE, **EQUATIONS)
    assert asked["GET /moon/asked/catalog.json"] == 1
    assert set(asked.values()) == {1}
    # The catalog, the mosaic's record and reference system, the run's record, the collection of all runs.
    assert len(asked) == 5, asked


@pytest.mark.usefixtures("hasty")
def test_whatever_is_missing_needs_a_cluster(root: str) -> None:
    with pytest.raises(AwayError, match=r"127\.0\.0\.1:9"):
        make("map", root, NOWHERE, **EQUATIONS)


def test_a_label_is_beside_the_identity(root: str, cluster: Cluster) -> None:
    first = make("map", root, cluster, label="paper", **EQUATIONS)
    second = make("map", root, NOWHERE, label="another", **EQUATIONS)
    assert second.record == first.record
    assert open_root(root).find("runs", "paper").ref == first.record.ref


def test_tiles_that_moved_are_the_same_source(tmp_path: Path, cluster: Cluster) -> None:
    write_tiles(tmp_path / "here", ppd=4, product_ids=["UI03N003"])
    first = make("ingest", tmp_path / "root", cluster, tiles=(str(tmp_path / "here"),), ppd=1)
    shutil.move(tmp_path / "here", tmp_path / "there")
    second = make("ingest", tmp_path / "root", NOWHERE, tiles=(str(tmp_path / "there"),), ppd=1)
    assert second.record == first.record
    assert [source.url for source in first.record.given.sources] == ["../here/ui03n003.img"]


def test_a_record_says_what_it_was_made_from_and_lists_every_object(root: str, cluster: Cluster) -> None:
    made = make("map", root, cluster, **EQUATIONS)
    record, mosaic = made.record, open_root(root).find("mosaics")
    assert record.given.parents["mosaic"] == mosaic.as_parent()
    assert record.given.parents["model"].ref.id == "qiu2025"
    assert record.ref.id == identity("map", record.algorithm, record.given)
    home = Path(made.place.url)
    names = (*made.record.card.maps, "quality")
    parts = (path for name in names for path in home.glob(f"maps.zarr/**/{name}/c/*/*"))
    shards = {str(path.relative_to(home)) for path in parts}
    ledger = set(made.place.keys("ledger"))
    assert set(made.place.keys()) == {*record.outputs, *shards, *ledger, RECORD}


def test_a_dry_run_tells_the_truth_before_in_between_and_after(root: str, cluster: Cluster) -> None:
    before = dry_run("map", root, **EQUATIONS)
    assert tuple(step.tasks for step in before) == STAGES
    assert (before[0].done, before[0].pixels) == (0, 180 * 360)
    made = make("map", root, cluster, **EQUATIONS)
    published = dry_run("map", root, **EQUATIONS)
    assert [(step.tasks, step.done) for step in published] == [(0, 1)]
    assert str(made.record.ref) in published[0].title
    open_root(root).remove(open_root(root).find("runs"))
    assert tuple(step.tasks for step in dry_run("map", root, **EQUATIONS)) == STAGES


def test_a_dry_run_reckons_with_the_threads_there_are(root: str, cluster: Cluster) -> None:
    process = load_process("map")
    inputs, home = checked(process.inputs, EQUATIONS), open_root(root)
    with Session(cluster) as session:
        threads = session.threads()
    one = sum(step.seconds for step in estimate(process, inputs, home, threads=1))
    all_of_them = sum(step.seconds for step in estimate(process, inputs, home, threads=threads))
    assert threads == 2
    assert all_of_them == pytest.approx(one / threads)


def test_a_stopped_run_goes_on_with_what_is_missing(root: str, cluster: Cluster) -> None:
    made = make("map", root, cluster, **EQUATIONS)
    open_root(root).folder.remove("catalog.json")
    made.place.remove(RECORD)
    made.place.remove("ledger/0/1-1.json")
    shutil.rmtree(Path(root, "mosaics"))
    write_mosaic(folder(root), grid(1, 90))
    again = make("map", root, cluster, **EQUATIONS)
    assert again.record.ref == made.record.ref
    assert again.record.ledgers == made.record.ledgers
    assert again.shards_computed == 1


def test_whoever_watches_is_told_of_every_stage_and_of_the_record(root: str, cluster: Cluster) -> None:
    process, told = load_process("map"), list[Event]()
    made = run_process(
        process, checked(process.inputs, EQUATIONS), open_root(root), cluster=cluster, watch=told.append
    )
    kinds = [type(event).__name__ for event in told if not isinstance(event, Note)]
    stages = (["Started", *["ShardDone"] * number, "StageDone"] for number in STAGES)
    assert kinds == [*chain.from_iterable(stages), "Published"]
    assert told[-1] == Published(made.record.ref.kind, made.record.ref.id, made.place.url)


@pytest.mark.usefixtures("sketch")
def test_a_late_twin_changes_nothing_that_is_published(
    root: str, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two commands find nothing and begin at once; the second ends when the first has published."""
    monkeypatch.setattr("lunarcloud.processes.map._draw", _draw)
    process, published = load_process("map"), list[dict[str, bytes]]()

    def late(material: Any, home: Folder, session: Session) -> Made[Any]:
        first = make("map", root, cluster, **EQUATIONS)
        # No shard is known to be done, as to one who looked before the first wrote any.
        (home / "ledger").remove_all()
        published.append(first.place.read_all())
        return process.make(material, home, session)

    twin = replace(process, make=late)
    second = run_process(twin, checked(process.inputs, EQUATIONS), open_root(root), cluster=cluster)
    after = second.place.read_all()
    assert {key for key in after if not key.startswith("ledger/")} == set(published[0])
    assert {key for key, data in published[0].items() if after[key] != data} == set()
    assert len(open_root(root).catalog().of(process.kind)) == 1


def _saying(word: str, before: Callable[[], object] = lambda: None) -> Process[Any, Any, Any]:
    """The toy, whose bytes are these, whatever it was given; others do something before it ends."""

    def make(material: Any, home: Folder, session: Session) -> Made[Any]:
        before()
        return PROCESS.make(material._replace(said=word), home, session)

    return replace(PROCESS, make=make)


def _toy(root: Path, process: Process[Any, Any, Any]) -> Outcome:
    return run_process(process, checked(PROCESS.inputs, {"word": "moon"}), open_root(root))


def test_a_late_twin_with_other_bytes_replaces_nothing_and_returns_what_is_published(tmp_path: Path) -> None:
    found = list[Outcome]()
    late = _saying("second", lambda: found.append(_toy(tmp_path, _saying("first"))))
    second = _toy(tmp_path, late)
    assert second.place.read("said.txt") == b"first"
    assert (second.record, second.latest) == (found[0].record, found[0].latest)
    assert second.record.outputs == {"said.txt": digest(b"first")}


def test_what_was_stopped_just_before_it_was_published_is_published_as_it_is(tmp_path: Path) -> None:
    first = _toy(tmp_path, _saying("first"))
    facts = open_root(tmp_path).find("toys").facts
    (tmp_path / "catalog.json").unlink()
    second = _toy(tmp_path, _saying("second"))
    assert second.place.read("said.txt") == b"first"
    assert second.record == first.record
    assert open_root(tmp_path).find("toys").facts == facts == {"said": "first"}


def test_marks_of_other_commands_are_no_part_of_a_record(
    root: str, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave_a_mark(run: Run, _: Session) -> dict[str, Range]:
        run.place.write(".seen-1234", b"")
        return {}

    monkeypatch.setattr("lunarcloud.processes.map._draw", leave_a_mark)
    made = make("map", root, cluster, **EQUATIONS)
    assert not [key for key in made.record.outputs if key.startswith(".")]
