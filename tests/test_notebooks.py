"""The notebooks run from the first cell to the last, and are kept without their outputs."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from lunarcloud.engine import Cluster
from lunarcloud.synthetic import write_tiles
from lunarcloud.synthetic.gravity import write_gravity
from lunarcloud.testing.make import make

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
# Before the first cell: what takes longest, and what no cell looks at.
SKETCHES = """
import lunarcloud.processes.map
from lunarcloud.testing.fixtures import sketching
lunarcloud.processes.map._draw = lambda *_: None
sketched = sketching()
sketched.__enter__()
"""


@pytest.fixture(scope="module")
def gravity_root(truth_root: str, tmp_path_factory: pytest.TempPathFactory, scheduler: str) -> str:
    """The root of the synthetic Moon's maps, with a small gravity reduction beside them."""
    files = write_gravity(tmp_path_factory.mktemp("gravity"), lmax=30)
    make(
        "gravity",
        truth_root,
        Cluster(scheduler=scheduler),
        gravity=str(files.gravity),
        topography=str(files.topography),
        ppd=1,
        degrees=(5, 30),
        gradient_degrees=(5, 30),
    )
    return truth_root


def run(name: str, root: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, int]:
    """Execute a notebook; the outputs of its cells as text, and how many are pictures."""
    monkeypatch.setenv("LUNARCLOUD_ROOT", root)
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(SKETCHES))
    NotebookClient(notebook, timeout=240, kernel_name="python3").execute(cwd=str(NOTEBOOKS))
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    return str(outputs), len(pictures)


@pytest.mark.long
def test_opening_results_needs_xarray_alone(truth_root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, pictures = run("01_open_results", truth_root, monkeypatch)
    assert pictures == 2
    assert "tio2_equation" in text


@pytest.mark.long
def test_what_a_new_sample_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tiles(tmp_path / "tiles", ppd=2)
    monkeypatch.setenv("LUNARCLOUD_TILES", str(tmp_path / "tiles"))
    text, pictures = run("02_what_a_new_sample_changes", str(tmp_path / "root"), monkeypatch)
    assert pictures == 2
    assert "non-maria" in text
    assert "report.html" in text
    assert "(0, True)" in text


@pytest.mark.long
def test_the_south_pole(gravity_root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, pictures = run("03_south_pole", gravity_root, monkeypatch)
    assert pictures == 2
    assert "Zeeman" in text
    assert "mGal" in text


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebooks_are_kept_without_outputs(path: Path) -> None:
    for cell in nbformat.read(path, as_version=4).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
