"""Executes the notebooks on a demonstration and keeps their outputs, for ``make notebooks``.

    python -m tools.notebooks DEMO

``DEMO`` is a folder that `lunarcloud demo` left. Outputs are kept as a reader wants them and as the same data
give them again: no counts of execution, nothing that was only said on the way, no path of this machine,
pictures no wider than a page.
"""

import base64
import os
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from PIL import Image

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
#: Pixels across: a journal's page, 7.2 inches, at 110 dots an inch.
MOST_PIXELS = 800
_PICTURE = "image/png"
# Other HTML, such as xarray's, has ids that no two executions share; all of it comes as text besides.
_TABLE = 'class="dataframe"'


def executed(path: Path, demo: Path) -> NotebookNode:
    """A notebook after all its cells have run on a demonstration, in a process of its own.

    Parameters
    ----------
    path : Path
        The notebook.
    demo : Path
        The folder with ``root`` and ``tiles``.
    """
    where = {f"LUNARCLOUD_{name.upper()}": str(demo.absolute() / name) for name in ("root", "tiles")}
    notebook: NotebookNode = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=600, kernel_name="python3")
    client.execute(cwd=str(NOTEBOOKS), env={**os.environ, **where})
    return notebook


def tidied(notebook: NotebookNode, demo: Path) -> NotebookNode:
    """The notebook with its outputs as they are kept.

    Parameters
    ----------
    notebook : NotebookNode
        Executed.
    demo : Path
        Whose place on this machine becomes ``../demo``.
    """
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.execution_count = None
            cell.outputs = [_kept(each, demo) for each in cell.outputs if each.get("name") != "stderr"]
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def _kept(output: NotebookNode, demo: Path) -> NotebookNode:
    if "execution_count" in output:
        output.execution_count = None
    if "text" in output:
        output.text = _placed(output.text, demo)
    if "data" in output:
        output.metadata = {}
        output.data = _data(output.data, demo)
    return output


def _data(data: dict[str, Any], demo: Path) -> dict[str, Any]:
    if _PICTURE in data:
        return {_PICTURE: _small(data[_PICTURE])}
    texts = {form: _placed(data[form], demo) for form in ("text/html", "text/plain") if form in data}
    return {form: text for form, text in texts.items() if form != "text/html" or _TABLE in text}


def _placed(text: str, demo: Path) -> str:
    return text.replace(str(demo.absolute()), "../demo")


def _small(encoded: str) -> str:
    """A picture no wider than a page, without what wrote it, in base64."""
    picture = Image.open(BytesIO(base64.b64decode(encoded))).convert("RGB")
    picture.thumbnail((MOST_PIXELS, 10 * MOST_PIXELS))
    held = BytesIO()
    picture.save(held, format="png", optimize=True)
    return base64.b64encode(held.getvalue()).decode()


def main(demo: str) -> None:
    """Execute every notebook and put its outputs into it; nothing is written where a cell fails."""
    found = {
        path: tidied(executed(path, Path(demo)), Path(demo)) for path in sorted(NOTEBOOKS.glob("*.ipynb"))
    }
    for path, notebook in found.items():
        nbformat.write(notebook, path)


if __name__ == "__main__":
    main(*sys.argv[1:])
