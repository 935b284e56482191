"""Action paper: every figure and table in order, or said to be missing; once; from any root."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lunarcloud.archive import shipped_stations
from lunarcloud.engine import Cluster
from lunarcloud.errors import NotFoundError
from lunarcloud.lineage import open_root
from lunarcloud.moon import grid
from lunarcloud.publication.action import Paper
from lunarcloud.storage import folder
from lunarcloud.testing.make import NOWHERE, act, make
from lunarcloud.testing.small_root import write_mosaic

pytestmark = pytest.mark.long

ORDER = [
    *("fig1", "table1", "fig2", "fig3", "fig4", "fig5", "provenance", "gravity"),
    *("stations", "fit", "residuals"),
    *(f"prospector-{oxide}" for oxide in ("feo", "tio2", "al2o3", "mgo", "cao")),
    *("omat", "previous"),
]


@pytest.fixture(scope="module")
def sketched(sketches: None) -> Iterator[None]:
    """Figures are drawn as ever, and not rendered."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lunarcloud.figures.save_vector", lambda _, place, name: place.write(name, b"%PDF"))
        yield


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("out")


@pytest.fixture(scope="module")
def found(truth_root: str, out: Path, cluster: Cluster, sketched: None) -> Paper:
    """The page of a run with every map, whose model was not fitted under its root."""
    return act("paper", truth_root, cluster, out=str(out), run="true")  # type: ignore[no-any-return]


def sections(page: str) -> dict[str, str]:
    """The page's sections by their name, in its order."""
    parts = re.findall(r'<section id="([^"]+)">(.*?)</section>', page, re.DOTALL)
    return dict(parts)


def test_every_part_stands_in_order_with_what_is_missing_of_it(found: Paper, out: Path) -> None:
    assert found.written
    page = (out / "paper.html").read_text()
    parts = sections(page)
    assert list(parts) == ORDER
    for key, part in parts.items():
        assert "<figure>" in part or "<table>" in part or "Missing here" in part, key
    assert "no gravity under this root" in parts["gravity"]
    assert "was not fitted under this root" in parts["fit"]
    assert "<figure>" in parts["fig5"]
    assert str(out) not in page


def test_all_that_the_page_names_is_beside_it(found: Paper, out: Path) -> None:
    named = re.findall(r'(?:src|href)="([^"#]+)"', (out / "paper.html").read_text())
    assert len(named) > 30
    assert all((out / name).is_file() for name in named)


def test_numbers_stand_beside_the_paper_s(found: Paper, out: Path) -> None:
    means = (out / "tables" / "table1-1.csv").read_text().splitlines()
    assert means[0].startswith("map,unit,global: paper,here,diff.,maria: paper")
    paper, here, difference = map(float, means[1].split(",")[3:6])
    assert means[1].startswith('"FeO, equation",wt%,8.23') or paper == 8.23
    assert here - paper == pytest.approx(difference, abs=0.011)


def test_a_second_call_does_nothing(found: Paper, truth_root: str, out: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    again = act("paper", truth_root, NOWHERE, out=str(out), run="true")
    assert not again.written
    assert (again.page, again.records) == (found.page, found.records)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


def test_a_damaged_file_is_written_again_as_it_was(found: Paper, truth_root: str, out: Path) -> None:
    page = (out / "paper.html").read_bytes()
    (out / "paper.html").write_text("half of it")
    assert act("paper", truth_root, NOWHERE, out=str(out), run="true").written
    assert (out / "paper.html").read_bytes() == page


@pytest.fixture(scope="module")
def stations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine of the shipped stations, and Chang'E-6 with a reflectance, which the shipped table has not."""
    lines = shipped_stations().dump().decode().splitlines()
    header = lines[0].split(",")
    known = [line for line in lines[1:] if line.split(",")[header.index("r415")]]
    spectrum = {"r415": 0.055, "r750": 0.1, "r900": 0.103, "r950": 0.107, "r1000": 0.11}
    new = {"site": "Chang'E-6", "lat": -41.6385, "lon": -153.9852, "feo": 17, "tio2": 2.7, **spectrum}
    row = ",".join(str(new.get(name, "")) for name in header)
    path = tmp_path_factory.mktemp("stations") / "nine.csv"
    path.write_text("\n".join([lines[0], *known[::5], row]))
    return path


def test_equations_alone_are_shown_with_what_the_new_mission_changes(
    stations: Path, cluster: Cluster, no_figures: None, tmp_path: Path, sketched: None
) -> None:
    root = tmp_path / "root"
    write_mosaic(folder(root), grid(1))
    make("fit", root, cluster, stations=str(stations), reflectance="table", equations_only=True)
    make("map", root, cluster)
    found = act("paper", root, cluster, out=str(tmp_path / "out"))
    parts = sections((tmp_path / "out" / "paper.html").read_text())
    assert list(parts) == ORDER
    assert "not mapped by this run" in parts["fig1"]
    assert "has no map" in parts["fig5"]
    assert "Missing here" in parts["prospector-mgo"]
    assert "new: Chang&#x27;E-6" in parts["residuals"]
    assert "with minus without" in parts["previous"]
    assert found.records["previous"] != found.records["run"]
    # What is made for the page moves nobody's latest.
    assert str(open_root(root).find("runs").ref) == found.records["run"]


def test_a_root_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="runs 'latest'"):
        act("paper", tmp_path / "root", out=str(tmp_path / "out"))
