"""All commands in one application, and what becomes of their errors.

Commands import their job when they run, so that ``--help`` and a finished command answer at once.
"""

import sys
from typing import Annotated

import typer
from rich.console import Console

from lunarcloud import __version__
from lunarcloud.cli import demo, findings, fit, gravity, ingest, maps, runs
from lunarcloud.errors import LunarcloudError

app = typer.Typer(
    name="lunarcloud",
    help="Cloud-native mapping of the Moon's composition.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.command)
app.command("ingest")(ingest.command)
app.command("fit")(fit.command)
app.command("map")(maps.command)
app.command("reduce")(findings.reduce)
app.command("compare")(findings.compare)
app.command("polar")(findings.polar)
app.command("provenance")(findings.provenance)
app.command("gravity")(gravity.command)
app.command("fetch")(gravity.fetch)
app.add_typer(runs.app, name="runs")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lunarcloud {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop."),
    ] = False,
) -> None:
    """Cloud-native mapping of the Moon's composition."""


def run() -> int:
    """Run a command; its exit code."""
    try:
        app()
    except LunarcloudError as error:
        message = Console(stderr=True, highlight=False, soft_wrap=True)
        message.print("error:", style="bold red", end=" ")
        message.print(str(error), markup=False)
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("stopped; run the same command again: it goes on where it stopped\n")
        return 130
    return 0
