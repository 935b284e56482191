"""``lunarcloud run`` and ``lunarcloud processes``: any process or action, for machines."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal, TextIO, TypeAlias

import typer

from lunarcloud.cli.options import AsJson, Common, Label, Root, Scheduler, Workers
from lunarcloud.cli.output import print_facts, print_json, print_table
from lunarcloud.errors import InputError
from lunarcloud.processes import ACTIONS, PROCESSES
from lunarcloud.redaction import without_url_secrets

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of a process or action: see processes.")]
Given = Annotated[
    str,
    typer.Option(
        "--inputs",
        metavar="FILE|JSON|-",
        help="Inputs by name as JSON: a file, the text itself, or - for standard input. "
        "A record.json makes the same record again.",
    ),
]
# Many times a record, which can be given as well.
_MOST_CHARACTERS = 1 << 24

Events: TypeAlias = Literal["bar", "json"]
HowTold = Annotated[
    Events,
    typer.Option(
        "--events",
        help="bar: as other commands; json: one line an event on standard output, the result last.",
    ),
]


def run(
    name: Name,
    root: Root,
    inputs: Given = "{}",
    events: HowTold = "bar",
    label: Label = "",
    scheduler: Scheduler = None,
    workers: Workers = None,
) -> None:
    """Run any process or action on inputs given as JSON."""
    from lunarcloud.cli import work
    from lunarcloud.processes import load_action, load_process

    options = Common(root=root, label=label, scheduler=scheduler, workers=workers)
    if events == "json":
        _told(name, inputs, options)
    elif name in ACTIONS:
        work.act(load_action(name), _values(name, inputs, options), options)
    else:
        work.make(load_process(name), _values(name, inputs, options), options)


def processes(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Only this one, with its inputs.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what can be run; of one, its inputs: with --json as a JSON schema."""
    if name is not None:
        return _print_inputs(name, as_json=as_json)
    lines = [
        {"name": each, "type": kind, "summary": line.summary}
        for kind, found in (("process", PROCESSES), ("action", ACTIONS))
        for each, line in found.items()
    ]
    if as_json:
        return print_json(lines)
    return print_facts("what can be run", ((line["name"], line["summary"]) for line in lines))


def _told(name: str, inputs: str, options: Common) -> None:
    """Run, told as JSON lines; a failure is the last line too."""
    from lunarcloud.cli.watches import json_lines
    from lunarcloud.engine import Failed, logged, write_log

    write_log()
    watch = logged(json_lines(sys.stdout))
    try:
        result, code = _outcome(name, _values(name, inputs, options), options, watch)
    except BaseException as error:
        watch(Failed(str(error) or type(error).__name__))
        raise
    print_line({"event": "result", **result})
    if code:
        raise typer.Exit(code)


def _outcome(name: str, values: dict[str, Any], options: Common, watch: Any) -> tuple[dict[str, Any], int]:
    """What came of it, with the exit code."""
    from lunarcloud.lineage import open_root
    from lunarcloud.processes import checked, field_name, load_action, load_process, run_process

    root, cluster = open_root(options.root), options.cluster()
    if name in ACTIONS:
        action = load_action(name)
        result = action.act(checked(action.inputs, values, field_name), root, cluster, watch)
        return {"result": result}, action.exit_code(result)
    process = load_process(name)
    inputs = checked(process.inputs, values, field_name)
    made = run_process(process, inputs, root, cluster=cluster, watch=watch, label=options.label)
    ref = made.record.ref
    return {"kind": ref.kind, "id": ref.id, "url": made.place.url, "shards_computed": made.shards_computed}, 0


def print_line(document: dict[str, Any]) -> None:
    """Print a JSON document on one line."""
    from pydantic import TypeAdapter

    sys.stdout.write(without_url_secrets(TypeAdapter(Any).dump_json(document).decode()) + "\n")
    sys.stdout.flush()


def _values(name: str, inputs: str, options: Common) -> dict[str, Any]:
    """Inputs by name from text, a file, standard input, or a record."""
    text, where = _text(inputs)
    try:
        found = json.loads(text)
    except ValueError as error:
        raise InputError(f"--inputs {where}: no JSON: {error}") from error
    if not isinstance(found, dict):
        raise InputError(f"--inputs {where}: a JSON object of inputs by name is wanted")
    return _of_record(name, found, where, options) if {"process", "given"} <= found.keys() else found


def _of_record(name: str, record: dict[str, Any], where: str, options: Common) -> dict[str, Any]:
    """The inputs of a record, to make it again."""
    from lunarcloud.lineage import Given as RecordGiven
    from lunarcloud.lineage import open_root
    from lunarcloud.processes import load_process, replayed

    if record["process"] != name:
        raise InputError(f"--inputs {where}: a record of {record['process']!r}, not of {name!r}")
    given = RecordGiven.model_validate(record["given"])
    return replayed(load_process(name).inputs, given, open_root(options.root))


def _text(inputs: str) -> tuple[str, str]:
    """Inputs as text, and where they come from."""
    if inputs.lstrip().startswith(("{", "[")):
        return inputs, repr(inputs)
    try:
        if inputs == "-":
            return _bounded(sys.stdin), "on standard input"
        with Path(inputs).open(encoding="utf-8") as file:
            return _bounded(file), inputs
    except (OSError, ValueError) as error:
        raise InputError(f"--inputs {inputs}: neither JSON nor a file that can be read: {error}") from error


def _bounded(stream: TextIO) -> str:
    """What a stream holds, which may be one without an end."""
    text = stream.read(_MOST_CHARACTERS + 1)
    if len(text) > _MOST_CHARACTERS:
        raise ValueError(f"more than {_MOST_CHARACTERS} characters")
    return text


def _print_inputs(name: str, *, as_json: bool) -> None:
    from lunarcloud.cli.declared import default_text
    from lunarcloud.processes import described, load_action, load_process, option_name

    line = {**PROCESSES, **ACTIONS}.get(name)
    found = load_action(name) if name in ACTIONS else load_process(name)
    if as_json:
        schema = found.inputs.model_json_schema()
        return print_json({"name": name, "summary": line.summary if line else "", "inputs": schema})
    rows = [
        (
            each,
            option_name(each, field),
            "required" if field.is_required() else default_text(field),
            described(field),
        )
        for each, field in found.inputs.model_fields.items()
    ]
    return print_table(line.summary if line else name, ("input", "typed", "default", "what"), rows)
