"""The gate: a run is kept whose new model moves nothing by more than allowed; that is measured once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lunarcloud.engine import Cluster
from lunarcloud.lineage import Root, open_root
from lunarcloud.moon import grid
from lunarcloud.reprocessing.action import Reprocessed
from lunarcloud.storage import folder
from lunarcloud.testing.make import act, make
from lunarcloud.testing.small_root import spectra, write_mosaic

pytestmark = [pytest.mark.usefixtures("sketches"), pytest.mark.long]

#: The soil of Apollo 11 once more, as if another sample of it had been measured a little richer in iron.
ALIKE = (
    b"site,lat,lon,feo,tio2,r415,r750,r900,r950,r1000\n"
    b"Apollo 11 again,.73,23.5,15.9,7.5,.0607,.0918,.0957,.0971,.0996\n"
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Iterator[Path]:
    """A root with a model of equations and its run."""
    place = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lunarcloud.processes.map._draw", lambda *_: {})
        write_mosaic(folder(place), grid(2, 360), spectra)
        make("fit", place, equations_only=True, reflectance="table")
        make("map", place, cluster)
        yield place


@pytest.fixture
def root(template: Path, tmp_path: Path) -> Root:
    """A copy of it in which a sample has arrived that changes next to nothing."""
    found = open_root(shutil.copytree(template, tmp_path / "root"))
    (found.folder / "inbox").write("alike.csv", ALIKE)
    return found


def _reprocess(root: Root, cluster: Cluster, tolerance: float, **given: bool) -> Reprocessed:
    found = act("reprocess", root.url, cluster, now=True, tolerance=tolerance, **given)
    assert isinstance(found, Reprocessed)
    return found


def test_a_run_is_kept_whose_new_model_moves_nothing(root: Root, cluster: Cluster) -> None:
    before = root.catalog()
    fit, kept = _reprocess(root, cluster, tolerance=5.0).steps
    assert (fit.process, kept.process, kept.new) == ("fit", "map", "")
    assert kept.kept
    assert all(0.0 < moved < 5.0 for moved in kept.kept.values())
    assert root.find("models").ref != before.find("models").ref
    assert root.find("runs").ref == before.find("runs").ref
    # The answer is known: the next look has nothing to do, and writes nothing.
    stored = root.folder.read_all()
    assert _reprocess(root, cluster, tolerance=5.0).steps == ()
    assert root.folder.read_all() == stored


def test_a_run_is_made_again_whose_new_model_moves_more(root: Root, cluster: Cluster) -> None:
    steps = _reprocess(root, cluster, tolerance=1e-6).steps
    assert [step.process for step in steps] == ["fit", "map"]
    assert {step.kept is None for step in steps} == {True}


def test_what_was_kept_is_due_when_less_is_tolerated(root: Root, cluster: Cluster) -> None:
    _reprocess(root, cluster, tolerance=5.0)
    due = _reprocess(root, cluster, tolerance=0.0, dry_run=True).steps
    assert [step.process for step in due] == ["map"]
