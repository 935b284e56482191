"""Reprocess: what a new sample outdates is made again, in order, each once, and nothing else."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lunarcloud.archive.stations import shipped_stations
from lunarcloud.config import settings
from lunarcloud.engine import Cluster
from lunarcloud.lineage import Catalog, Root, open_root
from lunarcloud.models import Card
from lunarcloud.moon import grid
from lunarcloud.processes import checked, run_process
from lunarcloud.processes.stations import add_stations
from lunarcloud.reprocessing.action import Reprocessed
from lunarcloud.reprocessing.clock import SYSTEM
from lunarcloud.storage import folder
from lunarcloud.testing.make import NOWHERE, act, make
from lunarcloud.testing.small_root import spectra, write_mosaic
from tests.reprocessing import world
from tests.reprocessing.world import WORLD

pytestmark = pytest.mark.usefixtures("sketches", "coarse_cells_on_workers")

#: A basalt that no mission has brought.
NEW = (
    "site,lat,lon,feo,tio2,r415,r750,r900,r950,r1000,feo_source\n"
    "Chang'E-9,5.5,-55.5,{feo},5.2,0.06,0.095,0.092,0.093,0.096,{source}\n"
)
FIT: dict[str, Any] = {"equations_only": True, "reflectance": "table"}
WITHOUT = ("Apollo 17",)


def _template(place: Path, cluster: Cluster) -> None:
    """A mosaic; a model with all stations, its run and two findings of it; a model without a mission."""
    write_mosaic(folder(place), grid(2, 360), spectra)
    make("fit", place, **FIT, label="all")
    make("map", place, cluster)
    make("reduce", place, cluster, sampling="pixels", regions=("Mare Imbrium",), label="imbrium")
    make("reduce", place, cluster, sampling="pixels", regions=("Mare Crisium",))
    make("fit", place, **FIT, without=WITHOUT, label="without Apollo 17")
    make("map", place, cluster, model="qiu2025")


@pytest.fixture(scope="module", autouse=True)
def _quick() -> Iterator[None]:
    """Every third of the shipped stations, and no pictures: nothing here depends on either."""
    shipped = shipped_stations()
    few = replace(shipped, stations=shipped.stations[::3])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lunarcloud.processes.stations.shipped_stations", lambda: few)
        patch.setattr("lunarcloud.processes.map._draw", lambda *_: {})
        patch.setattr("lunarcloud.figures.models.draw_fit", lambda *_: {})
        yield


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Path:
    place = tmp_path_factory.mktemp("template")
    _template(place, cluster)
    return place


class Grown(NamedTuple):
    """A root in which a station was added and everything made again: what it was, where, what was done."""

    before: Catalog
    place: Path
    found: Reprocessed


@pytest.fixture(scope="module")
def grown(template: Path, tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Grown:
    place = Path(shutil.copytree(template, tmp_path_factory.mktemp("grown") / "root"))
    root = open_root(place)
    before = root.catalog()
    add_stations(root, _table(place.parent))
    return Grown(before, place, _reprocess(root, cluster))


@pytest.fixture
def root(grown: Grown, tmp_path: Path) -> Root:
    """A copy of the grown root."""
    return open_root(shutil.copytree(grown.place, tmp_path / "root"))


def _table(place: Path, feo: float = 16.9, source: str = "made up") -> str:
    """A table with one station more."""
    path = place / "change9.csv"
    path.write_text(NEW.format(feo=feo, source=source))
    return str(path)


class Made(NamedTuple):
    """What was made again: process and label."""

    process: str
    label: str


ALL_OF_IT = (
    Made("fit", "all"),
    Made("map", ""),
    Made("reduce", "imbrium"),
    Made("reduce", ""),
    Made("fit", "without Apollo 17"),
)


def _reprocess(root: Root, cluster: Cluster = NOWHERE, **inputs: Any) -> Reprocessed:
    found = act("reprocess", root.url, cluster, now=True, **inputs)
    assert isinstance(found, Reprocessed)
    return found


def _steps(catalog: Catalog, found: Reprocessed) -> list[Made]:
    labels = {str(entry.ref): entry.label for entry in catalog.records}
    return [Made(step.process, labels[step.old]) for step in found.steps]


def test_nothing_new_is_nothing_to_do(template: Path) -> None:
    before = folder(template).read_all()
    assert _reprocess(open_root(template)).steps == ()
    assert folder(template).read_all() == before


def test_a_new_station_makes_model_run_and_every_finding_of_it_once_and_in_order(grown: Grown) -> None:
    steps = _steps(grown.before, grown.found)
    assert sorted(steps) == sorted(ALL_OF_IT)
    order = [step.process for step in steps if step.label != "without Apollo 17"]
    assert order == ["fit", "map", "reduce", "reduce"]
    # One record each, the table, and the comparison of the new run with the one before.
    assert len(open_root(grown.place).catalog().records) == len(grown.before.records) + len(steps) + 2


def test_what_is_made_again_has_its_own_options_and_is_the_head_of_its_series(grown: Grown) -> None:
    after = open_root(grown.place).catalog()
    for step in grown.found.steps:
        old, new = after.locate(step.old), after.locate(step.new)
        assert (new.series, new.label) == (old.series, old.label)
        assert after.is_head(new)
    assert after.find("statistics", "imbrium").ref != grown.before.find("statistics", "imbrium").ref
    assert after.main.items() > grown.before.main.items()


def test_latest_stays_with_the_series_of_all_stations(grown: Grown) -> None:
    catalog = open_root(grown.place).catalog()
    latest, without = catalog.find("models"), catalog.find("models", "without Apollo 17")
    assert latest.label == "all"
    assert latest.series != without.series
    assert int(latest.facts["stations"]) > int(without.facts["stations"])
    assert catalog.find("runs").parents["model"] == latest.as_parent()


def test_a_report_tells_what_has_changed_and_needs_nothing_beside_it(grown: Grown) -> None:
    (url,) = grown.found.reports
    page, place = Path(url).read_text(), Path(url).parent
    told = json.loads((place / "report.json").read_text())
    assert set(told["moved"]) == {"stations", "models", "runs"}
    assert told["tables"]["stations"]["rows"] == [["Chang'E-9", "new", 5.5, -55.5, "feo 16.9, tio2 5.2"]]
    coefficients = told["tables"]["coefficients"]["rows"]
    assert any(before != after for _, before, after in coefficients)
    units = {row[1] for row in told["tables"]["means by unit, wt%"]["rows"]}
    assert {"global", "maria", "non-maria"} <= units
    # Each map before, after, and their difference, in the page itself.
    assert page.count('src="data:image/png;base64,') >= 3
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert "Chang&#x27;E-9" in page
    assert "| Chang'E-9 | new |" in (place / "report.md").read_text()


def test_a_second_call_does_nothing(root: Root) -> None:
    before = folder(root.url).read_all()
    assert _reprocess(root).steps == ()
    assert folder(root.url).read_all() == before


def test_an_edited_citation_makes_no_model_and_no_run(root: Root, tmp_path: Path) -> None:
    before = root.catalog()
    add_stations(root, _table(tmp_path, source="a paper"))
    assert _reprocess(root).steps == ()
    assert root.catalog() == before


def test_a_dry_run_says_what_would_be_made_and_changes_nothing(
    template: Path, grown: Grown, tmp_path: Path
) -> None:
    root = open_root(shutil.copytree(template, tmp_path / "root"))
    add_stations(root, _table(tmp_path))
    before = folder(root.url).read_all()
    planned = _reprocess(root, dry_run=True)
    assert folder(root.url).read_all() == before
    assert [(step.old, step.changed) for step in planned.steps] == [
        (step.old, step.changed) for step in grown.found.steps
    ]
    assert {step.new for step in planned.steps} == {""}


def test_a_station_taken_back_brings_the_old_heads_back_without_computing(root: Root, grown: Grown) -> None:
    root.folder.remove("inbox/change9.csv")
    back = _reprocess(root)
    assert {step.shards_computed for step in back.steps} == {None}
    assert root.catalog().heads.items() >= grown.before.heads.items()
    assert _reprocess(root).steps == ()


def test_a_promoted_head_is_made_again_and_stays_until_it_is_let_go(
    root: Root, tmp_path: Path, cluster: Cluster
) -> None:
    head = root.find("models")
    root.promote(head)
    add_stations(root, _table(tmp_path, feo=17.5))
    assert {step.process for step in _reprocess(root, cluster).steps} == {"fit"}
    assert root.find("models") == head
    root.unpin(head)
    assert root.find("models").ref != head.ref
    assert [step.process for step in _reprocess(root, cluster).steps] == ["map", "reduce", "reduce"]


def test_a_new_station_without_reflectance_takes_the_mosaics_though_none_needed_it_before(
    template: Path, tmp_path: Path
) -> None:
    root = open_root(shutil.copytree(template, tmp_path / "root"))
    make("fit", root.url, **{**FIT, "reflectance": "mixed"}, without=("Chang'E-6",), label="own")
    cut = _table(tmp_path)
    Path(cut).write_text("site,lat,lon,feo,tio2\nChang'E-9,5.5,-55.5,16.9,5.2\n")
    add_stations(root, cut)
    steps = {step.old: step.new for step in _reprocess(root).steps}
    found = root.catalog().find("models", "own")
    assert str(found.ref) in steps.values()
    used = {use.site: use.reflectance for use in root.record(found, Card).card.used}
    assert (used["Chang'E-9"], used["Apollo 11"]) == ("mosaic", "table")
    assert _reprocess(root).steps == ()


def test_a_rollback_holds_while_newer_models_are_made(
    root: Root, grown: Grown, tmp_path: Path, cluster: Cluster
) -> None:
    old = grown.before.find("models")
    root.promote(old)
    # The run and the findings of the old model are there.
    assert {step.shards_computed for step in _reprocess(root).steps} == {None}
    assert root.find("runs") == grown.before.find("runs")
    add_stations(root, _table(tmp_path, feo=17.5))
    assert {step.process for step in _reprocess(root, cluster).steps} == {"fit"}
    assert root.find("models") == old


def test_one_who_watches_looks_again_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    WORLD.reset()
    looks: list[str] = []

    def sleep(seconds: float) -> None:
        looks.append(world.FAILS)
        monkeypatch.setattr(world, "FAILS", "")
        if len(looks) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("lunarcloud.reprocessing.action.SYSTEM", SYSTEM._replace(sleep=sleep))
    monkeypatch.setattr("lunarcloud.reprocessing.action._LOOK_S", 0.0)
    with world.living():
        monkeypatch.delenv("LUNARCLOUD_WEBHOOKS")
        settings.cache_clear()
        root = world.world_root()
        for process in world.CHAIN:
            run_process(process, checked(process.inputs, {}), root)
        before = root.catalog().heads
        (root.folder / "inbox").write("a.csv", NEW.format(feo=16.9, source="").encode())
        monkeypatch.setattr(world, "FAILS", "the pixels are too small")
        with pytest.raises(KeyboardInterrupt):
            act("reprocess", world.URL, forever=True, now=True)
        assert looks == ["the pixels are too small", ""]
        after = root.catalog().heads
        assert all(after[series] != head for series, head in before.items())
