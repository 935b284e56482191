"""The page and the files beside it: pictures, PDF for print, tables as CSV, what they were made from."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from html import escape
from importlib.metadata import version
from typing import TYPE_CHECKING

from lunarcloud.errors import NotFoundError
from lunarcloud.processes import Table, html_page, html_table
from lunarcloud.publication.materials import Held, Materials, held
from lunarcloud.publication.numbers import CITATION
from lunarcloud.storage import Folder, digest

if TYPE_CHECKING:  # slow to import, and a page that is there already needs none
    from lunarcloud.engine import Session
    from lunarcloud.publication.parts import Part

PAGE, _KEY = "paper.html", "paper.json"
# Raised when the same records would give another page.
_LAYOUT = 1
_TITLE = "The paper's figures and tables, and ours"


def key_of(materials: Materials) -> str:
    """What decides a page: the same key, the same bytes.

    Parameters
    ----------
    materials : Materials
        What it is made of.
    """
    what = {
        name: each if isinstance(each, str) else [str(each.record.ref), each.record.digest]
        for name, each in materials.items()
    }
    return digest(json.dumps([version("lunarcloud"), _LAYOUT, what]).encode())


def is_there(home: Folder, key: str) -> bool:
    """Whether a folder holds the whole page of a key, every file as it was written."""
    try:
        found = json.loads(home.read(_KEY))
        files = found["files"].items() if found["key"] == key else ()
        return bool(files) and all(digest(home.read(name)) == was for name, was in files)
    except (NotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return False


def write_page(home: Folder, parts: Sequence[Part], materials: Materials, session: Session) -> None:
    """Write a page with all files beside it, the key last.

    Parameters
    ----------
    home : Folder
        Where.
    parts : sequence of Part
        In their order.
    materials : Materials
        What they are made of.
    session : Session
        Who watches.
    """
    from lunarcloud.engine import Note
    from lunarcloud.figures import save_figure, save_vector

    (run,) = held(materials, "run") or ()
    home = home.saying({"note": "; ".join(run.record.given.notes)} if run.record.given.notes else {})
    names = [PAGE]
    for part in parts:
        for name, drawn in part.figures.items():
            session.tell(Note(f"figure {name}"))
            figure = drawn.draw()
            save_figure(figure, home, f"figures/{name}.png")
            save_vector(figure, home, f"figures/{name}.pdf")
            names += [f"figures/{name}.png", f"figures/{name}.pdf"]
        for name, table in zip(_table_names(part), part.tables.values(), strict=True):
            home.write(name, _csv(table).encode())
            names.append(name)
    home.write(PAGE, page(parts, materials).encode())
    files = {name: digest(home.read(name)) for name in names}
    home.write(_KEY, json.dumps({"key": key_of(materials), "files": files}, indent=1).encode())


def page(parts: Sequence[Part], materials: Materials) -> str:
    """The page.

    Parameters
    ----------
    parts : sequence of Part
        In their order; pictures are named by their place beside it.
    materials : Materials
        What they are made of.
    """
    (run,) = held(materials, "run") or ()
    notes = (f'<p class="note">{escape(note)}</p>' for note in run.record.given.notes)
    contents = "".join(
        f'<li><a href="#{part.key}">{escape(part.where)} · {escape(part.title)}</a>{_state(part)}</li>'
        for part in parts
    )
    intro = (
        f"{CITATION}. Its text and figures are not reproduced: its numbers stand beside what this run gives; "
        "a difference is here minus paper. Where its numbering is not known here, a part is named by its "
        "subject."
    )
    return html_page(
        _TITLE,
        (
            f"<p>{escape(intro)}</p>",
            *notes,
            f"<h2>Contents</h2><ol>{contents}</ol>",
            f"<h2>Made from</h2>{html_table(_made_from(materials))}",
            *map(_section, parts),
        ),
    )


def _state(part: Part) -> str:
    """What there is of a part, where that is not all."""
    if not part.missing:
        return ""
    return ": in part" if part.figures or part.tables else ": missing"


def _made_from(materials: Materials) -> Table:
    rows = [
        (name, str(each.record.ref), f"{each.record.process}, algorithm {each.record.algorithm}")
        for name, each in materials.items()
        if isinstance(each, Held)
    ]
    return Table(columns=("for", "record", "by"), rows=tuple(rows))


def _section(part: Part) -> str:
    missing = f'<p class="missing">Missing here: {escape(part.missing)}</p>' if part.missing else ""
    remarks = "".join(f"<p>{escape(remark)}</p>" for remark in part.remarks)
    figures = "".join(_figure(name, drawn.caption) for name, drawn in part.figures.items())
    tables = "".join(
        f'<h3>{escape(title)}</h3>{html_table(table)}<p><a href="{name}">CSV</a></p>'
        for name, (title, table) in zip(_table_names(part), part.tables.items(), strict=True)
    )
    heading = f"<h2>{escape(part.where)} · {escape(part.title)}</h2>"
    return f'<section id="{part.key}">{heading}{missing}{figures}{tables}{remarks}</section>'


def _figure(name: str, caption: str) -> str:
    text = escape(caption)
    image = f'<img alt="{text}" src="figures/{name}.png">'
    return f'<figure>{image}<figcaption>{text} <a href="figures/{name}.pdf">PDF</a></figcaption></figure>'


def _table_names(part: Part) -> Iterator[str]:
    """Files of its tables, in their order."""
    for number in range(1, len(part.tables) + 1):
        yield f"tables/{part.key}-{number}.csv"


def _csv(table: Table) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows((table.columns, *table.rows))
    return text.getvalue()
