"""``lunarcloud runs list``, ``show`` and ``verify``."""

from typing import Annotated

import typer
from rich.table import Table

from lunarcloud.cli.options import AsJson, Root, Scheduler, Workers
from lunarcloud.cli.output import console, print_facts, print_json

app = typer.Typer(help="What is published under a root.", no_args_is_help=True)

RunName = Annotated[str, typer.Argument(metavar="ID", help="Id of a run, its beginning, or latest.")]


@app.command("list")
def list_all(root: Root, as_json: AsJson = False) -> None:
    """List everything published: mosaics, models, runs, gravity products."""
    from lunarcloud.jobs.runs import list_published

    published = list_published(root)
    if as_json:
        return print_json(published)
    table = Table(title=f"published under {root}", title_justify="left")
    for column in ("kind", "id", "made from", "published", "path"):
        table.add_column(column)
    for entry in published:
        made_from = ", ".join(f"{kind} {name}" for kind, name in entry.inputs.items())
        table.add_row(entry.kind, entry.id, made_from, f"{entry.published:%Y-%m-%d %H:%M} UTC", entry.path)
    return console.print(table)


@app.command("show")
def show(root: Root, run: RunName = "latest", as_json: AsJson = False) -> None:
    """Show where the maps of a run come from."""
    from lunarcloud.jobs.runs import show_run

    card = show_run(root, run)
    if as_json:
        return print_json(card)
    return print_facts(f"run {card.id}", card.model_dump().items())


@app.command("verify")
def verify(
    root: Root,
    run: RunName = "latest",
    as_json: AsJson = False,
    scheduler: Scheduler = None,
    workers: Workers = None,
) -> None:
    """Read every shard of a run again and compare digests; exit code 1 if one is damaged."""
    from lunarcloud.engine import Cluster
    from lunarcloud.jobs.runs import verify_run

    found = verify_run(root, run, Cluster(scheduler=scheduler, workers=workers))
    if as_json:
        print_json(found)
    else:
        console.print(f"run {found.run}: {found.shards} shards read, {len(found.damaged)} objects damaged")
        for problem in found.damaged:
            console.print(f"  {problem}", markup=False, highlight=False)
    if found.damaged:
        raise typer.Exit(1)
