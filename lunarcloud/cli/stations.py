"""``lunarcloud stations add``, ``list`` and ``show``: ground truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from lunarcloud.cli.lazy import Lazy, LazyGroup
from lunarcloud.cli.options import AsJson, Root
from lunarcloud.cli.records import Older, list_records, show

_KIND = "stations"

TableName = Annotated[
    str, typer.Argument(metavar="[NAME]", help="Id of a table, its beginning, its label, or latest.")
]


class _Commands(LazyGroup):
    def lazy(self) -> Mapping[str, Lazy]:
        summary = "Add a table of ground truth (oxides in wt%) to the main one, or under a name of its own."
        return {"add": Lazy(summary, "Compute", _add)}


app = typer.Typer(
    cls=_Commands,
    help="Ground truth: add a table, list tables, show one.",
    no_args_is_help=True,
    rich_help_panel="Compute",
)


@app.command("list", rich_help_panel="Records")
def list_tables(root: Root, older: Older = False, as_json: AsJson = False) -> None:
    """List the tables of ground truth that are published."""
    list_records(root, _KIND, older, as_json)


@app.command("show", rich_help_panel="Records")
def show_table(root: Root, name: TableName = "latest", as_json: AsJson = False) -> None:
    """Show a table of ground truth: sites, coordinates in degrees, oxides in wt%."""
    show(root, f"{_KIND}/{name}", as_json=as_json)


def _add() -> Callable[..., None]:
    """The command that publishes a table."""
    from lunarcloud.cli.declared import command_of
    from lunarcloud.cli.options import OF_PROCESSES, Common, parameters
    from lunarcloud.cli.work import make
    from lunarcloud.lineage import open_root
    from lunarcloud.processes import add_stations, load_process

    process = load_process(_KIND)

    def add(values: dict[str, object], options: Common) -> None:
        # Without a name of its own a table goes into the inbox, and the main table is published with it.
        if "table" in values and "name" not in values:
            if options.dry_run:  # nothing may be written, so the table is looked at alone
                values["name"] = Path(str(values["table"])).stem
            else:
                add_stations(open_root(options.root), str(values.pop("table")))
        make(process, values, options)

    return command_of(process.inputs, parameters(OF_PROCESSES), add)
