"""Pages of results as HTML: one look, tables; the same content gives the same bytes."""

from collections.abc import Iterable
from html import escape

from lunarcloud.processes.findings import shown
from lunarcloud.processes.process import Cell, Table

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem }
h1 { font-size: 1.6rem } h2 { font-size: 1.15rem; margin-top: 2.2rem }
h3 { font-size: 1rem; margin-bottom: .3rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; display: block; overflow-x: auto }
th, td { padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #d9dce1; text-align: left }
td { white-space: nowrap }
th.number, td.number { text-align: right }
.row { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 1rem; margin: 1rem 0 }
figure { margin: 1rem 0 } figcaption { font-size: .85rem; color: #555b66 } img { max-width: 100% }
.row figure { margin: 0 } .row img { width: 100% }
.note { color: #a40000; font-weight: bold }
.missing { background: #fdf3e1; border-left: 4px solid #d9892b; padding: .5rem .8rem }
@media print { section { break-inside: avoid-page } table { font-size: 8pt } }
"""


def html_page(title: str, parts: Iterable[str]) -> str:
    """A page of parts that are HTML already.

    Parameters
    ----------
    title : str
        Plain text; also its first heading.
    parts : iterable of str
        In their order.
    """
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
    body = "".join((f"<h1>{escape(title)}</h1>", *parts))
    named = f"<title>{escape(title)}</title>"
    return f'<!doctype html><html lang="en"><head>{head}{named}</head><body>{body}</body></html>\n'


def html_table(table: Table, *, headed: bool = True) -> str:
    """A table; numbers, typed ones too, stand to the right.

    Parameters
    ----------
    table : Table
        What it holds.
    headed : bool
        Whether its columns have names.
    """
    columns = zip(*table.rows, strict=True)
    numeric = [all(_is_number(cell) for cell in column) for column in columns] or [False] * len(table.columns)
    head = "".join(
        f"<th{_kind(right)}>{escape(name)}</th>" for name, right in zip(table.columns, numeric, strict=True)
    )
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in table.rows)
    return f"<table>{f'<tr>{head}</tr>' if headed else ''}{body}</table>"


def _cell(value: Cell) -> str:
    return f"<td{_kind(_is_number(value))}>{escape(shown(value))}</td>"


def _kind(number: bool) -> str:
    return ' class="number"' if number else ""


def _is_number(value: Cell) -> bool:
    """Whether it is a number, one as text, or nothing in the place of one."""
    if not isinstance(value, str):
        return True
    try:
        float(value.replace(",", "").replace("\N{MINUS SIGN}", "-") or "0")
    except ValueError:
        return False
    return True
