"""All commands in one application, and what becomes of their errors.

Commands of the registry are built when they are called, so that ``--help`` and a finished command answer at
once.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated

import typer
from rich.console import Console

from lunarcloud import __version__
from lunarcloud.cli import jobs, machines, records, stations, submit
from lunarcloud.cli.fetch import fetch
from lunarcloud.cli.lazy import Lazy, LazyGroup
from lunarcloud.cli.signals import Stopped, stoppable
from lunarcloud.cli.view import view
from lunarcloud.config import settings
from lunarcloud.errors import LunarcloudError
from lunarcloud.processes import ACTIONS, PROCESSES
from lunarcloud.redaction import without_secrets


class _Commands(LazyGroup):
    """Every process and action is a command; stations have a group of their own."""

    def lazy(self) -> Mapping[str, Lazy]:
        made = {
            name: Lazy(line.summary, "Compute", partial(_process, name)) for name, line in PROCESSES.items()
        }
        done = {name: Lazy(line.summary, "Compute", partial(_action, name)) for name, line in ACTIONS.items()}
        return {**made, **done}


app = typer.Typer(
    name="lunarcloud",
    cls=_Commands,
    help="Cloud-native mapping of the Moon's composition.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(stations.app, name="stations", rich_help_panel="Compute")
records.add_to(app)
app.command("view", rich_help_panel="Records")(view)
app.add_typer(submit.app, name="submit", rich_help_panel="Jobs")
app.add_typer(jobs.app, name="jobs", rich_help_panel="Jobs")
app.command("fetch", rich_help_panel="Others")(fetch)
app.command("processes", rich_help_panel="Others")(machines.processes)
app.command("run", rich_help_panel="Others")(machines.run)


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
    # A setting that cannot be used is refused by every command, not by the one that first needs it.
    settings()


def run() -> int:
    """Run a command; its exit code: 0 done, 1 failed, 2 bad input, 75 worth another try, 130, 143 stopped."""
    try:
        with stoppable():
            app(prog_name="lunarcloud")
    except LunarcloudError as error:
        _complain(str(error))
        return error.exit_code
    except Stopped as stopped:
        sys.stderr.write("stopped; run the same command again: it goes on where it stopped\n")
        stopped.leave()
    except Exception as error:  # noqa: BLE001 - nobody at a terminal can use a traceback
        _complain(
            f"{type(error).__name__}: {error} (a fault of lunarcloud, not of what was typed: "
            "LUNARCLOUD_DEBUG=1 shows where)"
        )
        return LunarcloudError.exit_code
    return 0


def _complain(text: str) -> None:
    """Say what was wrong; for those who look for a fault, also where."""
    if _debugging():
        sys.stderr.write(without_secrets(traceback.format_exc()))
    message = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)
    message.print("error:", style="bold red", end=" ")
    message.print(without_secrets(text), markup=False)


def _debugging() -> bool:
    try:
        return settings().debug
    except LunarcloudError:
        return False  # it is the settings that are wrong


def _process(name: str) -> Callable[..., None]:
    # Loads the engine and the process, which other commands do not need.
    from lunarcloud.cli.work import process_command

    return process_command(name)


def _action(name: str) -> Callable[..., None]:
    from lunarcloud.cli.work import action_command

    return action_command(name)
