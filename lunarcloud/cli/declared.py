"""Commands made from the inputs of processes and actions: every option is declared once, there."""

import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeAlias, get_args

import typer
from pydantic.fields import FieldInfo
from rich.markup import escape

from lunarcloud.cli.options import Common
from lunarcloud.processes import (
    ARGUMENT,
    FILE,
    PARENT,
    Inputs,
    choices,
    described,
    inner_type,
    marks,
    option_name,
    shape_of,
)

#: What a command does with the values that were typed and the common options.
Body: TypeAlias = Callable[[dict[str, Any], Common], None]

_METAVARS = {int: "INTEGER", float: "NUMBER"}


def command_of(model: type[Inputs], common: Sequence[inspect.Parameter], body: Body) -> Callable[..., None]:
    """A function whose signature typer reads.

    Values stay text, lists of text and booleans: the model alone says what is allowed, and so that its own
    defaults count, what was not typed is not passed on.

    Parameters
    ----------
    model : type
        Inputs.
    common : sequence of Parameter
        Common options that the command has; inputs of the same name go before them.
    body : callable
        What to do.
    """
    fields = model.model_fields
    own = [_parameter(name, field) for name, field in fields.items()]
    shared = [each for each in common if each.name not in fields]

    def command(**typed: Any) -> None:
        options = Common(**{each.name: typed[each.name] for each in shared})
        body({name: typed[name] for name in fields if typed[name] not in (None, [])}, options)

    signature = inspect.Signature([*own, *shared])
    command.__signature__ = signature  # type: ignore[attr-defined]  # what typer reads
    command.__annotations__ = {each.name: each.annotation for each in signature.parameters.values()}
    return command


def default_text(field: FieldInfo) -> str:
    """The default of an input as it would be typed; empty where there is nothing to say."""
    value = None if field.is_required() else field.get_default(call_default_factory=True)
    if value is None or value is False or value in ((), {}, ""):
        return ""
    if isinstance(value, tuple):
        return (":" if shape_of(field) == "range" else ", ").join(map(_plain, value))
    return _plain(value)


def metavar(field: FieldInfo) -> str:
    """What stands for the value of an option in its help."""
    shape = shape_of(field)
    if shape == "named":
        return _named(field)
    fixed = {"range": "LOW:HIGH", "choice": "|".join(choices(field))}
    if shape in fixed:
        return fixed[shape]
    if marks(field).get(PARENT):
        return "ID"
    if marks(field).get(FILE):
        return "FILE"
    return next((text for kind, text in _METAVARS.items() if kind in _kinds(field)), "TEXT")


def _named(field: FieldInfo) -> str:
    """Values by name: a range of each, or a number."""
    _, value = get_args(inner_type(field.annotation))
    return "NAME=NUMBER" if inner_type(value) is float else "NAME=LOW:HIGH"


def _kinds(field: FieldInfo) -> tuple[Any, ...]:
    return (field.annotation, *getattr(field.annotation, "__args__", ()))


def _parameter(name: str, field: FieldInfo) -> inspect.Parameter:
    kind, shape = inspect.Parameter.KEYWORD_ONLY, shape_of(field)
    value: Any = bool if shape == "flag" else list[str] if shape in ("many", "named") else str
    if marks(field).get(ARGUMENT) and field.is_required():
        return inspect.Parameter(name, kind, annotation=Annotated[value, _declared(name, field)])
    annotation = Annotated[value | None, _declared(name, field)]
    return inspect.Parameter(name, kind, default=None, annotation=annotation)


def _declared(name: str, field: FieldInfo) -> Any:
    shape, typed = shape_of(field), option_name(name, field)
    if marks(field).get(ARGUMENT):
        return typer.Argument(metavar=typed, help=_help(field))
    if shape == "flag":
        on = f"{typed}/--no-{typed.removeprefix('--')}" if field.get_default() else typed
        return typer.Option(on, help=_help(field))
    return typer.Option(typed, metavar=metavar(field), help=_help(field))


def _help(field: FieldInfo) -> str:
    """Sentence; unit; range; default."""
    default = default_text(field)
    notes = [
        described(field),
        "may be repeated" if shape_of(field) in ("many", "named") and not marks(field).get(ARGUMENT) else "",
        "required" if field.is_required() and not marks(field).get(ARGUMENT) else "",
        f"default {default}" if default else "",
    ]
    return escape("; ".join(note for note in notes if note) + ".")


def _plain(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)
