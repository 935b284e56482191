"""Reprocess: what a new sample outdates is made again, in order, each once, and nothing else."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lunarcloud.archive.stations import shipped_stations
from lunarcloud.engine import Cluster
from lunarcloud.lineage import Root, open_root
from lunarcloud.moon import grid
from lunarcloud.processes.reprocess import Reprocessed
from lunarcloud.processes.stations import add_stations
from lunarcloud.storage import folder
from lunarcloud.testing.make import NOWHERE, act, make
from lunarcloud.testing.small_root import spectra, write_mosaic

#: A basalt that no mission has brought.
NEW = (
    "site,lat,lon,feo,tio2,r415,r750,r900,r950,r1000,feo_source\n"
    "Chang'E-9,5.5,-55.5,16.9,5.2,0.06,0.095,0.092,0.093,0.096,{source}\n"
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
        patch.setattr("lunarcloud.processes.map._draw", lambda run: None)
        patch.setattr("lunarcloud.figures.models.draw_fit", lambda *_: {})
        yield


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Path:
    place = tmp_path_factory.mktemp("template")
    _template(place, cluster)
    return place


@pytest.fixture
def root(template: Path, tmp_path: Path) -> Root:
    """A copy of it."""
    return open_root(shutil.copytree(template, tmp_path / "root"))


@pytest.fixture
def new(tmp_path: Path) -> str:
    """A table with one station more."""
    path = tmp_path / "change9.csv"
    path.write_text(NEW.format(source="made up"))
    return str(path)


class Made(NamedTuple):
    """What reprocess did, in the order of it: process and the label of what was made again."""

    process: str
    label: str


def _reprocess(root: Root, cluster: Cluster = NOWHERE, **inputs: Any) -> Reprocessed:
    found = act("reprocess", root.url, cluster, **inputs)
    assert isinstance(found, Reprocessed)
    return found


def _steps(root: Root, found: Reprocessed) -> list[Made]:
    labels = {str(entry.ref): entry.label for entry in root.catalog().records}
    return [Made(step.process, labels[step.old]) for step in found.steps]


def test_nothing_new_is_nothing_to_do(root: Root) -> None:
    before = root.catalog()
    assert _reprocess(root).steps == ()
    assert root.catalog() == before


def test_an_edited_citation_makes_no_model_and_no_run(root: Root, new: str, cluster: Cluster) -> None:
    add_stations(root, new)
    _reprocess(root, cluster)
    before = root.catalog()
    Path(new).write_text(NEW.format(source="a paper"))
    add_stations(root, new)
    assert _reprocess(root).steps == ()
    assert root.catalog() == before


def test_a_new_station_makes_model_run_and_every_finding_of_it_with_its_options(
    root: Root, new: str, cluster: Cluster
) -> None:
    before = root.catalog()
    add_stations(root, new)
    found = _reprocess(root, cluster)
    steps = _steps(root, found)
    assert sorted(steps) == sorted(
        [
            Made("fit", "all"),
            Made("map", ""),
            Made("reduce", "imbrium"),
            Made("reduce", ""),
            Made("fit", "without Apollo 17"),
        ]
    )
    order = [step.process for step in steps if step.label != "without Apollo 17"]
    assert order == ["fit", "map", "reduce", "reduce"]
    after = root.catalog()
    assert len(after.records) == len(before.records) + 1 + len(steps)
    assert after.main == before.main
    for step in found.steps:
        old, made = after.locate(step.old), after.locate(step.new)
        assert (made.series, made.label) == (old.series, old.label)
        assert after.is_head(made)
    assert after.find("statistics", "imbrium").ref != before.find("statistics", "imbrium").ref


def test_latest_stays_with_the_series_of_all_stations(root: Root, new: str, cluster: Cluster) -> None:
    add_stations(root, new)
    _reprocess(root, cluster)
    catalog = root.catalog()
    latest, without = catalog.find("models"), catalog.find("models", "without Apollo 17")
    assert latest.label == "all"
    assert latest.series != without.series
    assert int(latest.facts["stations"]) > int(without.facts["stations"])
    assert catalog.find("runs").parents["model"] == latest.as_parent()


def test_a_second_call_does_nothing(root: Root, new: str, cluster: Cluster) -> None:
    add_stations(root, new)
    _reprocess(root, cluster)
    before = folder(root.url).read_all()
    assert _reprocess(root, NOWHERE).steps == ()
    assert folder(root.url).read_all() == before


def test_a_dry_run_says_what_would_be_made_and_changes_nothing(
    root: Root, new: str, cluster: Cluster
) -> None:
    add_stations(root, new)
    before = folder(root.url).read_all()
    planned = _reprocess(root, NOWHERE, dry_run=True)
    assert folder(root.url).read_all() == before
    made = _reprocess(root, cluster)
    assert [step.old for step in planned.steps] == [step.old for step in made.steps]
    assert [step.changed for step in planned.steps] == [step.changed for step in made.steps]
    assert {step.new for step in planned.steps} == {""}


def test_a_station_taken_back_brings_the_old_heads_back_without_computing(
    root: Root, new: str, cluster: Cluster
) -> None:
    before = root.catalog()
    key = add_stations(root, new)
    _reprocess(root, cluster)
    root.folder.remove(key)
    back = _reprocess(root, NOWHERE)
    assert {step.shards_computed for step in back.steps} == {None}
    after = root.catalog()
    assert after.heads == before.heads
    assert _reprocess(root, NOWHERE).steps == ()


def test_a_pinned_head_stays_while_newer_ones_are_made(root: Root, new: str, cluster: Cluster) -> None:
    pinned = root.find("models")
    root.promote(pinned)
    add_stations(root, new)
    found = _reprocess(root, cluster)
    assert {step.process for step in found.steps} == {"fit"}
    assert root.find("models") == pinned
