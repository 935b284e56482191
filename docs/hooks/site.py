"""What the site shows besides this folder: the repository's pages, the notebooks, the API reference by room.

All pages are written to be read in the repository. Here their links to its other files become links to the
pages that show these: a module to its place in the API reference, a notebook to its rendering.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from nbconvert import MarkdownExporter

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "lunarcloud"
#: Files of the repository that are pages or pictures of the site, by their path there.
SHOWN = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "benchmarks/README.md": "benchmarks.md",
    "notebooks/images/oxides.png": "notebooks/images/oxides.png",
}
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is not in this folder."""
    for source, target in SHOWN.items():
        files.append(File.generated(config, target, abs_src_path=str(ROOT / source)))
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        # The key is in the names of its pictures, which lie beside the pages of all notebooks.
        text, found = MarkdownExporter().from_filename(str(notebook), {"unique_key": notebook.stem})
        files.append(File.generated(config, f"notebooks/{notebook.stem}.md", content=text))
        for name, picture in found["outputs"].items():
            files.append(File.generated(config, f"notebooks/{name}", content=picture))
    for room, modules in _rooms():
        sections = "\n\n".join(f"::: {module}" for module in modules)
        files.append(File.generated(config, f"api/{room}.md", content=f"# {room}\n\n{sections}\n"))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links to files of the repository at the pages that show them; others become plain text."""
    here = page.file.src_uri
    origin = next((source for source, target in SHOWN.items() if target == here), f"docs/{here}")

    def pointed(match: re.Match[str]) -> str:
        mark, text, link = match.groups()
        path, hash_, anchor = link.partition("#")
        if not path or ":" in path:
            return match[0]
        target = _shown_at(posixpath.normpath(posixpath.join(posixpath.dirname(origin), path)))
        if target is None:
            return text
        return f"{mark}[{text}]({posixpath.relpath(target, posixpath.dirname(here) or '.')}{hash_}{anchor})"

    return _LINK.sub(pointed, markdown) if not here.startswith(("api/", "notebooks/")) else markdown


def _shown_at(path: str) -> str | None:
    """Where the site shows a file of the repository, if it does."""
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    if path.startswith("notebooks/") and path.endswith(".ipynb"):
        return f"{path.removesuffix('.ipynb')}.md"
    if path.startswith("lunarcloud/") and path.endswith(".py"):
        parts = path.removesuffix(".py").split("/")
        return f"api/{parts[1] if len(parts) > 2 else 'lunarcloud'}.md#{'.'.join(parts)}"
    return SHOWN.get(path)


def _rooms() -> Iterator[tuple[str, list[str]]]:
    """Every room with its modules; what lies beside the rooms comes as ``lunarcloud``."""
    yield "lunarcloud", [f"lunarcloud.{path.stem}" for path in _modules(PACKAGE)]
    for room in sorted(path.parent for path in PACKAGE.glob("*/__init__.py")):
        yield room.name, [f"lunarcloud.{room.name}.{path.stem}" for path in _modules(room)]


def _modules(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("*.py")) if not path.stem.startswith("__")]
