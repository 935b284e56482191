"""What the commands of the registry do: run a process or an action, say how it goes and what came of it."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import typer

from lunarcloud.cli.declared import command_of
from lunarcloud.cli.options import OF_ACTIONS, OF_PROCESSES, Common, parameters
from lunarcloud.cli.output import print_estimates, print_json, print_report, say
from lunarcloud.cli.watches import bar
from lunarcloud.engine import Session, logged, write_log
from lunarcloud.lineage import Ref, open_root
from lunarcloud.processes import (
    Action,
    Outcome,
    Process,
    checked,
    estimate,
    load_action,
    load_process,
    run_process,
)


def process_command(name: str) -> Callable[..., None]:
    """The command of a process, for typer."""
    found = load_process(name)
    return command_of(found.inputs, parameters(OF_PROCESSES), partial(make, found))


def action_command(name: str) -> Callable[..., None]:
    """The command of an action, for typer."""
    found = load_action(name)
    # One that has its own idea of a root needs none.
    defaults = {"root": None} if found.own_root else {}
    return command_of(found.inputs, parameters(OF_ACTIONS, **defaults), partial(act, found))


def make(process: Process[Any, Any, Any], values: dict[str, Any], options: Common) -> None:
    """Run a process, or on a dry run only estimate it, and print what comes of it.

    Parameters
    ----------
    process : Process
        Which.
    values : dict
        Its inputs as they were typed.
    options : Common
        Where and how.
    """
    inputs, root, cluster = checked(process.inputs, values), open_root(options.root), options.cluster()
    if options.dry_run:
        cluster.require_report()
        with Session(cluster) as session:
            estimates = estimate(process, inputs, root, threads=session.threads())
        return print_json(estimates) if options.as_json else print_estimates(estimates)
    write_log()
    with bar() as watch:
        outcome = run_process(
            process, inputs, root, cluster=cluster, watch=logged(watch), label=options.label
        )
    return print_json(document(outcome)) if options.as_json else _print(process, outcome)


def act(action: Action[Any, Any], values: dict[str, Any], options: Common) -> None:
    """Do what an action does, and print its result.

    Parameters
    ----------
    action : Action
        Which.
    values : dict
        Its inputs as they were typed.
    options : Common
        Where and how.
    """
    inputs = checked(action.inputs, values)
    root = open_root(options.root or (action.own_root(inputs) if action.own_root else ""))
    write_log()
    with bar() as watch:
        result = action.act(inputs, root, options.cluster(), logged(watch))
    print_json(result) if options.as_json else print_report(action.name, (), action.report(result))
    if code := action.exit_code(result):
        raise typer.Exit(code)


def document(outcome: Outcome) -> dict[str, Any]:
    """What a process made, for machines; ``shards_computed`` is null if it was there."""
    record, place, computed, _ = outcome
    return {"record": record, "url": place.url, "shards_computed": computed}


def opening(process: Process[Any, Any, Any], url: str) -> Iterator[tuple[str, str]]:
    """How a record is opened without lunarcloud, or where it is: names and values."""
    if not process.opens:
        yield "where", url
        return
    yield "open with", f'xarray.open_zarr("{url}/{process.opens}")'
    # A group says nothing of those beside it: the store of all of them is opened as a tree.
    store, _, group = process.opens.partition("/")
    if group:
        yield "all groups with", f'xarray.open_datatree("{url}/{store}")'


def _print(process: Process[Any, Any, Any], outcome: Outcome) -> None:
    record, place, computed, latest = outcome
    facts = [
        ("record", str(record.ref)),
        *([("label", record.label)] if record.label else []),
        *(("note", note) for note in record.given.notes),
        *opening(process, place.url),
        ("computed now", "nothing: it was there" if computed is None else f"{computed} shards"),
    ]
    print_report(process.name, facts, process.report(record, place))
    for note in _notes(latest, record.ref.id):
        say(f"  {note}")


def _notes(latest: Ref, made: str) -> Iterator[str]:
    """What to know of a record that is not what ``latest`` means."""
    if latest.id != made:
        yield (
            f"latest {latest.kind} is still {latest.id}; "
            f"`lunarcloud promote {made}` makes this one the latest"
        )
