"""Status: heads, staleness, what is due, who works, in lines that a person reads."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from lunarcloud.archive.stations import shipped_stations
from lunarcloud.lineage import Root, open_root
from lunarcloud.reprocessing.status import status_of
from lunarcloud.testing.fixtures import Command
from lunarcloud.testing.make import make

pytestmark = pytest.mark.usefixtures("sketches")

SEVEN = b"site,lat,lon,feo,r415,r750,r900,r950,r1000\nChang'E-7,-88,5,9.9,.06,.095,.092,.093,.096\n"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with a model."""
    place = tmp_path_factory.mktemp("template")
    make("fit", place, equations_only=True, reflectance="table", label="equations")
    return place


@pytest.fixture
def root(template: Path, tmp_path: Path) -> Root:
    """A copy of it."""
    return open_root(shutil.copytree(template, tmp_path / "root"))


def _arrive(root: Root, name: str, data: bytes = SEVEN) -> None:
    (root.folder / "inbox").write(name, data)


def test_a_root_whose_model_knows_all_samples_is_not_stale(root: Root) -> None:
    found = status_of(root, root.find("models").published)
    assert (found.staleness_s, found.waiting, found.due, found.worker, found.report) == (0.0, (), (), "", "")
    assert found.heads["models"].label == "equations"


def test_staleness_is_the_age_of_the_oldest_sample_that_the_model_does_not_know(root: Root) -> None:
    _arrive(root, "a.csv")
    arrived = (root.folder / "inbox").modified("a.csv")
    assert arrived is not None
    found = status_of(root, arrived + timedelta(hours=2))
    assert found.staleness_s == pytest.approx(7200.0)
    assert (found.waiting, found.due) == (("a.csv",), (str(root.find("models").ref),))
    # Refused tables are no samples.
    _arrive(root, "b.csv", b"")
    assert list(status_of(root, arrived).rejected) == ["b.csv"]


def test_no_sample_waits_for_a_model_of_another_table(root: Root, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_bytes(shipped_stations().without(["Luna 16"]).dump())
    other = make("fit", root.url, equations_only=True, reflectance="table", stations=str(path)).record.ref
    root.promote(root.find("models", other.id))
    _arrive(root, "a.csv")
    assert status_of(root, root.find("models").published).waiting == ()


def test_a_published_table_is_not_enough_the_model_must_know_it(root: Root) -> None:
    _arrive(root, "a.csv")
    make("stations", root.url)
    assert status_of(root, root.find("models").published).waiting == ("a.csv",)
    make("fit", root.url, equations_only=True, reflectance="table", label="equations")
    assert status_of(root, root.find("models").published).waiting == ()


def test_a_withdrawal_waits_until_the_model_forgets_the_site(root: Root) -> None:
    _arrive(root, "a.csv", b"# withdraw: Apollo 16\n")
    assert status_of(root, root.find("models").published).waiting == ("a.csv",)
    make("stations", root.url)
    make("fit", root.url, equations_only=True, reflectance="table", label="equations")
    assert status_of(root, root.find("models").published).waiting == ()


def test_a_person_reads_it_in_ten_lines_and_a_machine_as_json(root: Root, lunarcloud: Command) -> None:
    _arrive(root, "a.csv")
    code, out, _ = lunarcloud("status", "--root", root.url)
    assert (code, len(out.splitlines()) <= 10) == (0, True)
    assert "a.csv" in next(each for each in out.splitlines() if "stale" in each)
    found = json.loads(lunarcloud("status", "--root", root.url, "--json")[1])
    assert found["waiting"] == ["a.csv"]
    assert found["staleness_s"] >= 0
