"""The tree of what a record was made from: its parents, theirs, and the files that were read."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from lunarcloud.cli.output import say
from lunarcloud.lineage import Catalog, Entry, Parent, Ref, Root, Source

# More sources than these are only counted: a mosaic has 996.
_SHOWN = 10


class _AnyCard(BaseModel):
    """A card that only its process can read."""

    model_config = ConfigDict(extra="allow")


class _Branch(NamedTuple):
    line: str
    branches: "list[_Branch]"


def print_tree(root: Root, catalog: Catalog, entry: Entry, *, everything: bool) -> None:
    """Print what a record was made from, down to the files that were read and their digests.

    Parameters
    ----------
    root, catalog : Root, Catalog
        Where it is published.
    entry : Entry
        The record.
    everything : bool
        Every source, however many.
    """
    known = {each.ref: each for each in catalog.records}
    whole = _grown(root, known, "", entry.as_parent(), everything=everything, shown=set())
    say("made from", "bold")
    for line in _lines(whole.branches):
        say(f"  {line}")


def _grown(
    root: Root, known: Mapping[Ref, Entry], role: str, parent: Parent, *, everything: bool, shown: set[Ref]
) -> _Branch:
    entry = known.get(parent.ref)
    label = f" ({entry.label})" if entry and entry.label else ""
    line = f"{role}: {parent.ref}{label}  content {parent.digest}"
    if entry is None:
        return _Branch(f"{line}  (not under this root)", [])
    if parent.ref in shown:
        return _Branch(f"{line}  (see above)", [])
    shown.add(parent.ref)
    parents = [
        _grown(root, known, each, entry.parents[each], everything=everything, shown=shown)
        for each in sorted(entry.parents)
    ]
    sources = root.record(entry, _AnyCard).given.sources
    return _Branch(line, [*parents, *(_Branch(text, []) for text in _texts(sources, everything=everything))])


def _texts(sources: tuple[Source, ...], *, everything: bool) -> Iterator[str]:
    if len(sources) > _SHOWN and not everything:
        yield f"{len(sources)} files; --all shows them"
        return
    for source in sources:
        yield f"file {source.url}  content {source.digest}"


def _lines(branches: list[_Branch], indent: str = "") -> Iterator[str]:
    """Lines of any length: rich's tree would cut them at the terminal's edge."""
    for number, branch in enumerate(branches, start=1):
        last = number == len(branches)
        yield f"{indent}{'└── ' if last else '├── '}{branch.line}"
        yield from _lines(branch.branches, indent + ("    " if last else "│   "))
