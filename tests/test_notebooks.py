"""The notebooks run from the first cell to the last, in any order on one root, and are kept with outputs."""

import ast
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from lunarcloud.engine import Cluster
from lunarcloud.lineage import open_root
from lunarcloud.moon import grid
from lunarcloud.storage import folder
from lunarcloud.synthetic import write_tiles
from lunarcloud.synthetic.gravity import write_gravity
from lunarcloud.testing.make import make
from lunarcloud.testing.runs import MakeRun
from tools.notebooks import NOTEBOOKS, tidied

PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
#: How much a notebook may weigh in the repository.
MOST_BYTES = 1_500_000
# Before the first cell: what takes longest, and what no cell looks at.
SKETCHES = """
import lunarcloud.processes.map
from lunarcloud.testing.fixtures import sketching
lunarcloud.processes.map._draw = lambda *_: {}
sketched = sketching()
sketched.__enter__()
"""
#: Paths of a machine, times, warnings, traces, names of objects in memory.
NOISE = re.compile(
    r"/(?:home|root|tmp|Users|work|var|opt)/|[A-Z]:\\|\d\d:\d\d:\d\d|Warning\b|Traceback| at 0x[0-9a-f]+"
)


@pytest.fixture(scope="module")
def demo(
    truth_root: str, make_run: MakeRun, tmp_path_factory: pytest.TempPathFactory, scheduler: str
) -> Path:
    """A small one: the synthetic Moon's tiles, its maps, gravity; ``latest`` is a run of equations alone."""
    place = tmp_path_factory.mktemp("demo")
    shutil.copytree(truth_root, place / "root")
    write_tiles(place / "tiles", ppd=2)
    files = write_gravity(place, lmax=30)
    make(
        "gravity",
        place / "root",
        Cluster(scheduler=scheduler),
        gravity=str(files.gravity),
        topography=str(files.topography),
        ppd=1,
        degrees=(5, 30),
        gradient_degrees=(5, 30),
    )
    make_run(grid(4), {"feo_equation": 8.0, "tio2_equation": 1.0}, folder(place / "root"), "plain")
    root = open_root(place / "root")
    root.promote(root.find("runs", "plain"))
    return place


def run(name: str, demo: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, int]:
    """Execute a notebook; the outputs of its cells as text, and how many are pictures."""
    monkeypatch.setenv("LUNARCLOUD_ROOT", str(demo / "root"))
    monkeypatch.setenv("LUNARCLOUD_TILES", str(demo / "tiles"))
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(SKETCHES))
    NotebookClient(notebook, timeout=240, kernel_name="python3").execute(cwd=str(NOTEBOOKS))
    outputs = [output for cell in tidied(notebook, demo).cells for output in cell.get("outputs", [])]
    assert not NOISE.search(str([output for output in outputs if "image/png" not in output.get("data", {})]))
    return str(outputs), sum("image/png" in output.get("data", {}) for output in outputs)


@pytest.mark.long
@pytest.mark.parametrize("order", [(1, 2, 3, 0)], ids=["2-3-4-1"])
def test_they_run_in_any_order_on_one_root(
    order: tuple[int, ...], demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where ``latest`` has equations alone, too: the last one first, and not as they are numbered."""
    found = {path.stem: run(path.stem, demo, monkeypatch) for path in (PATHS[index] for index in order)}
    assert {name: pictures for name, (_, pictures) in found.items()} == {path.stem: 2 for path in PATHS}
    words = {
        "01": ("tio2_equation",),
        "02": ("non-maria", "report.html", "(0, True)"),
        "03": ("Zeeman", "mGal"),
        "04": ("layout COG", "steps apart, at most: 0", "Tycho"),
    }
    for name, (text, _) in found.items():
        assert all(word in text for word in words[name[:2]]), name


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_each_is_kept_with_the_outputs_of_all_cells_that_show_something(path: Path) -> None:
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            assert cell.execution_count is None
            assert bool(cell.outputs) == _shows(cell.source), cell.source


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_what_is_kept_is_small_and_says_nothing_of_the_machine(path: Path) -> None:
    assert path.stat().st_size < MOST_BYTES
    cells = nbformat.read(path, as_version=4).cells
    for output in (output for cell in cells for output in cell.get("outputs", [])):
        assert output.output_type != "error"
        assert output.get("name") != "stderr"
        texts = [text for form, text in output.get("data", {}).items() if form.startswith("text/")]
        assert not NOISE.search("".join((*texts, output.get("text", "")))), output


def _shows(source: str) -> bool:
    """Whether a cell draws, prints, or ends in an expression."""
    python = "\n".join(line for line in source.splitlines() if not line.startswith("%"))
    return isinstance(ast.parse(python).body[-1], ast.Expr) or "print(" in python
