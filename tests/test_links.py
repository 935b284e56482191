"""Links and lists of the documents: they resolve, a stranger's questions are near, nothing is left out."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from lunarcloud.cli.app import app
from lunarcloud.cli.lazy import LazyGroup
from lunarcloud.config import Settings

REPOSITORY = Path(__file__).parents[1]
README = REPOSITORY / "README.md"
PAGES = (*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md"), REPOSITORY / "benchmarks" / "README.md")

#: A stranger's questions: words of the link's text, or of a heading, and what the answer must say there.
QUESTIONS = {
    "FeO equation": "theta = -arctan( (R950/R750 - y0) / (R750 - x0) )",
    "add an oxide": "one row of `OXIDES`",
    "worker dies": "computes them from the",
    "shard's format": "sharding_indexed",
    "sample arrives": "lunarcloud stations add",
    "result from S3": 'xarray.open_zarr("s3://',
}


class Link(NamedTuple):
    """A link of a page: its text, the file, and the anchor, empty without one."""

    text: str
    path: Path
    anchor: str


def _tokens(path: Path) -> list[Token]:
    return MarkdownIt().enable("table").parse(path.read_text(encoding="utf-8"))


def links(path: Path) -> Iterator[Link]:
    """The links and pictures of a page that lead to files of the repository."""
    for token in _tokens(path):
        children = token.children or []
        for index, child in enumerate(children):
            target = str(child.attrs.get("href") or child.attrs.get("src") or "")
            if target and ":" not in target:
                file, _, anchor = target.partition("#")
                yield Link(
                    children[index + 1].content if child.tag == "a" else "", path.parent / file, anchor
                )


def sections(path: Path) -> dict[str, str]:
    """The text below each heading of a page, up to the next of its rank or above, by anchor."""
    lines = path.read_text(encoding="utf-8").splitlines()
    tokens = _tokens(path)
    heads = [
        (int(token.tag[1]), (token.map or [0])[0], tokens[index + 1].content)
        for index, token in enumerate(tokens)
        if token.type == "heading_open"
    ]
    found = {}
    for index, (rank, line, title) in enumerate(heads):
        end = next((below for lower, below, _ in heads[index + 1 :] if lower <= rank), len(lines))
        found[re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", title.lower()))] = "\n".join(lines[line:end])
    return found


def _names(command: Any) -> list[str]:
    """Names of the commands in a group, built or not; none where it is no group."""
    return list(command.list_commands(None)) if hasattr(command, "list_commands") else []


def table_of(heading: str, page: Path) -> set[str]:
    """What stands in code in the first column of the tables below a heading."""
    return set(re.findall(r"(?m)^\| `([^`]+)` \|", sections(page)[heading]))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        target = link.path if link.path != page.parent else page
        assert target.exists(), f"{page.name}: {link.path}"
        if link.anchor:
            assert link.anchor in sections(target if target.is_file() else page), f"{page.name}: {link}"


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_strangers_question_is_answered_in_one_click_from_the_readme(question: str) -> None:
    (link,) = [link for link in links(README) if question in link.text]
    assert QUESTIONS[question] in sections(link.path)[link.anchor]


def test_every_page_of_docs_is_two_clicks_from_the_readme_at_most() -> None:
    first = {link.path.resolve() for link in links(README) if link.path.suffix == ".md"}
    second = {link.path.resolve() for page in first for link in links(page)}
    assert {page.resolve() for page in REPOSITORY.glob("docs/*.md")} <= first | second


def test_the_readme_is_short_and_lists_exactly_the_commands_there_are() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, LazyGroup)
    alone: list[tuple[str, ...]] = [()]
    # Submitted is what the table has already.
    whole = {"submit"}
    commands = {
        " ".join(("lunarcloud", name, *inner))
        for name in _names(group)
        for inner in (
            [(each,) for each in _names(group.get_command(None, name)) if name not in whole] or alone
        )
    }
    assert table_of("commands", README) == commands
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 200


def test_every_setting_is_explained() -> None:
    settings = {f"LUNARCLOUD_{name.upper()}" for name in Settings.model_fields}
    assert table_of("settings", REPOSITORY / "docs" / "commands.md") == settings


def test_the_citation_names_this_version_and_the_paper() -> None:
    from lunarcloud import __version__

    citation = _citation()
    assert citation["version"] == __version__
    assert [each["doi"] for each in citation["references"] if "doi" in each] == ["10.1038/s43247-025-02914-w"]


def test_the_citation_is_of_its_formats_fields() -> None:
    """As the schema of the Citation File Format 1.2.0 has them; authors are persons or entities."""
    citation = _citation()
    assert citation["cff-version"] == "1.2.0"
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation.keys() <= {
        *("cff-version", "message", "title", "abstract", "type", "version", "license", "authors"),
        *("keywords", "references", "doi", "date-released", "repository-code", "preferred-citation"),
    }
    for work in (citation, *citation["references"]):
        assert work["type"] in {"software", "article", "data"}
        assert work["title"]
        for author in work["authors"]:
            assert author.keys() in ({"name"}, {"family-names"}, {"family-names", "given-names"})
        for identifier in work.get("identifiers", ()):
            assert {"type", "value"} <= identifier.keys() <= {"type", "value", "description"}
            assert identifier["type"] in {"doi", "url", "swh", "other"}
    assert all(isinstance(word, str) for word in citation["keywords"])


def _citation() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))
    return loaded


def test_the_changelog_has_this_version() -> None:
    from lunarcloud import __version__

    assert __version__ in sections(REPOSITORY / "CHANGELOG.md").get(__version__.replace(".", ""), "")
