"""A report as documents: JSON for machines, Markdown, and one HTML page that needs nothing beside it."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from html import escape
from io import BytesIO

from lunarcloud.errors import NotFoundError
from lunarcloud.lineage import Root
from lunarcloud.processes import Table, html_page, html_table, markdown
from lunarcloud.reprocessing.change import REPORT, Change, place_of
from lunarcloud.reprocessing.report import Picture, Told

# Columns of all pictures of a row.
_WIDTH = 1350


def write_report(root: Root, change: Change, told: Told) -> str:
    """Write a report beside its change in three forms; the URL of its page.

    Parameters
    ----------
    root : Root
        Where.
    change : Change
        Of what.
    told : Told
        What is to be told.
    """
    place = place_of(root, change.id)
    documents = {
        "html": page(told, _drawn(root, told)),
        "md": text(told),
        # The last, since whoever looks for reports looks for this one.
        "json": document(change, told),
    }
    for ending, content in documents.items():
        place.write(f"{REPORT}.{ending}", content.encode())
    return f"{place.url}/{REPORT}.html"


def document(change: Change, told: Told) -> str:
    """The report for machines: the change, and its facts, tables and remarks."""
    content = {
        **change.model_dump(mode="json"),
        "title": told.title,
        "tables": {name: table.model_dump(mode="json") for name, table in told.tables.items()},
        "remarks": list(told.remarks),
    }
    return json.dumps(content, indent=1)


def text(told: Told) -> str:
    """The report in Markdown; pictures are named by their places under the root."""
    parts = [f"# {told.title}", "\n".join(f"- {name}: {value}" for name, value in told.facts.items())]
    parts += [f"## {name}\n\n{markdown(table)}" for name, table in told.tables.items()]
    parts += told.remarks
    for row in told.rows:
        parts.append(" ".join(f"![{each.caption}](../../{each.place}/{each.key})" for each in row))
    return "\n\n".join(parts) + "\n"


def page(told: Told, drawn: dict[Picture, bytes]) -> str:
    """The report as a page.

    Parameters
    ----------
    told : Told
        What is to be told.
    drawn : dict of Picture to bytes
        PNG of each picture that there is.
    """
    facts = Table(columns=("", ""), rows=tuple(told.facts.items()))
    parts = [
        html_table(facts, headed=False),
        *(f"<p>{escape(remark)}</p>" for remark in told.remarks),
        *(_row(row, drawn) for row in told.rows),
        *(f"<h2>{escape(name)}</h2>{html_table(table)}" for name, table in told.tables.items()),
    ]
    return html_page(told.title, parts)


def _drawn(root: Root, told: Told) -> dict[Picture, bytes]:
    found = {}
    for row in told.rows:
        for picture in row:
            try:
                data = (root.folder / picture.place).read(picture.key)
            except NotFoundError:
                continue  # a run of an earlier version may have no picture of it
            found[picture] = _small(data, _WIDTH // len(row))
    return found


def _small(data: bytes, width: int) -> bytes:
    """A picture of so many columns at most: a page of the originals has 50 MB."""
    # Slow to import, and a root without news draws nothing.
    from PIL import Image

    picture, small = Image.open(BytesIO(data)), BytesIO()
    if picture.width <= width:
        return data
    picture.thumbnail((width, picture.height))
    picture.save(small, format="PNG")
    return small.getvalue()


def _row(row: Iterable[Picture], drawn: dict[Picture, bytes]) -> str:
    figures = [_figure(each, drawn[each]) for each in row if each in drawn]
    return f'<div class="row">{"".join(figures)}</div>' if figures else ""


def _figure(picture: Picture, data: bytes) -> str:
    """A picture in the page itself."""
    source = f"data:image/png;base64,{b64encode(data).decode()}"
    caption = escape(picture.caption)
    return f'<figure><img alt="{caption}" src="{source}"><figcaption>{caption}</figcaption></figure>'
