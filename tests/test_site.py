"""The documentation's site: it builds strictly, offline, and loads nothing from another host."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
#: Elements whose source a browser loads by itself, and the attribute that names it.
LOADED = {
    "script": "src", "img": "src", "source": "src", "iframe": "src", "video": "src", "audio": "src",
    "embed": "src", "object": "data", "link": "href", "use": "href", "image": "href",
}  # fmt: skip
#: Links of the head that are only said, not loaded.
SAID = {"canonical", "prev", "next", "license", "author"}
_ELSEWHERE = re.compile(r"^\s*(?:[a-z]+:)?//", re.IGNORECASE)
_STYLE = re.compile(r"""(?:url\(\s*|@import\s+)["']?\s*((?:https?:)?//[^"')\s]+)""")


class Loaded(HTMLParser):
    """What a page loads from elsewhere."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = _STYLE.findall(text)
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        source = given.get(LOADED.get(tag, ""))
        if source and _ELSEWHERE.match(source) and not (tag == "link" and given.get("rel") in SAID):
            self.found.append(source)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(place)]
    built = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return place


@pytest.mark.long
def test_no_page_loads_anything_from_another_host(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        assert Loaded(page.read_text(encoding="utf-8")).found == [], page


@pytest.mark.long
def test_no_style_loads_anything_from_another_host(site: Path) -> None:
    for sheet in site.rglob("*.css"):
        assert _STYLE.findall(sheet.read_text(encoding="utf-8")) == [], sheet


@pytest.mark.long
def test_the_site_holds_the_reference_the_notebooks_and_the_search(site: Path) -> None:
    assert 'id="lunarcloud.models.equations.feo"' in (site / "api/models.html").read_text(encoding="utf-8")
    assert "What a new sample changes" in (site / "search/search_index.json").read_text(encoding="utf-8")
    assert (site / "notebooks/03_south_pole.html").exists()


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="//fonts.example/css">',
        "<style>@import 'https://example/x.css'</style>",
    ],
)
def test_what_would_be_loaded_is_seen(text: str) -> None:
    assert Loaded(text).found
