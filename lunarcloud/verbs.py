"""Functions made from the registry: signatures, types and docstrings come from the inputs' declarations."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache, reduce
from inspect import Parameter
from operator import or_
from textwrap import fill
from types import GenericAlias, NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic.fields import FieldInfo

from lunarcloud.engine import Cluster, quiet
from lunarcloud.errors import InputError
from lunarcloud.lineage import open_root
from lunarcloud.processes import (
    ACTIONS,
    ARGUMENT,
    FILE,
    PLACE,
    PROCESSES,
    Action,
    Inputs,
    Line,
    Process,
    checked,
    described,
    field_name,
    load_action,
    load_process,
    marks,
    run_process,
    shape_of,
)

_WIDTH = 100
_PATH = str | os.PathLike[str]


def verb(name: str, called: str) -> Callable[..., Any]:
    """The function of a process or action.

    Parameters
    ----------
    name : str
        Of the process or action.
    called : str
        Name of the function.
    """
    line = PROCESSES.get(name) or ACTIONS[name]
    return _made(name, called, line)


def checked_inputs(name: str, given: Mapping[str, Any]) -> Inputs:
    """Inputs of a process or action as its function takes them, checked.

    Raises
    ------
    InputError
        Naming each input, its value, and what is allowed.
    """
    model: type[Inputs] = (load_action(name) if name in ACTIONS else load_process(name)).inputs
    fields = model.model_fields
    values = {each: _plain(value, fields[each]) if each in fields else value for each, value in given.items()}
    return checked(model, values, field_name)


@cache
def _made(name: str, called: str, line: Line) -> Callable[..., Any]:
    function = _action_verb(load_action(name)) if name in ACTIONS else _process_verb(load_process(name))
    function.__name__ = function.__qualname__ = called
    function.__module__ = "lunarcloud"
    signature = inspect.signature(function)
    hints = {each.name: each.annotation for each in signature.parameters.values()}
    function.__annotations__ = {**hints, "return": signature.return_annotation}
    model = load_action(name).inputs if name in ACTIONS else load_process(name).inputs
    function.__doc__ = _docstring(line.summary, model, signature)
    return function


def _process_verb(process: Process[Any, Any, Any]) -> Callable[..., Any]:
    label = Parameter("label", Parameter.KEYWORD_ONLY, default="", annotation=str)
    signature = _signature(process.inputs, [label], _opened_as(process))

    def function(*arguments: Any, **keywords: Any) -> Any:
        values, common = _bound(process.inputs, signature, arguments, keywords)
        inputs = checked(process.inputs, values, field_name)
        made = run_process(process, inputs, open_root(_root(common)), **common)
        return process.open(made.record, made.place)

    function.__signature__ = signature  # type: ignore[attr-defined]
    return function


def _action_verb(action: Action[Any, Any]) -> Callable[..., Any]:
    own_root = action.own_root
    signature = _signature(action.inputs, [], action.result, root_wanted=own_root is None)

    def function(*arguments: Any, **keywords: Any) -> Any:
        values, common = _bound(action.inputs, signature, arguments, keywords)
        inputs = checked(action.inputs, values, field_name)
        root = open_root(_root(common) if own_root is None else common.get("root") or own_root(inputs))
        return action.act(inputs, root, common.get("cluster") or Cluster(), common.get("watch") or quiet)

    function.__signature__ = signature  # type: ignore[attr-defined]
    return function


def _signature(
    model: type[Inputs], own: Sequence[Parameter], returned: Any, *, root_wanted: bool = True
) -> inspect.Signature:
    """Arguments first, then the root and the other inputs by keyword, then where and how."""
    fields = model.model_fields
    parameters = {name: _parameter(name, field) for name, field in fields.items()}
    first = [each for each in parameters.values() if each.kind is Parameter.POSITIONAL_OR_KEYWORD]
    rest = [each for each in parameters.values() if each.kind is Parameter.KEYWORD_ONLY]
    root = Parameter("root", Parameter.KEYWORD_ONLY, annotation=_PATH)
    if not root_wanted:
        root = root.replace(default=None, annotation=_PATH | None)
    how = [
        Parameter("cluster", Parameter.KEYWORD_ONLY, default=None, annotation=Cluster | None),
        Parameter("watch", Parameter.KEYWORD_ONLY, default=None, annotation=Callable[..., None] | None),
    ]
    return inspect.Signature([*first, root, *rest, *own, *how], return_annotation=returned)


def _parameter(name: str, field: FieldInfo) -> Parameter:
    kind = Parameter.POSITIONAL_OR_KEYWORD if marks(field).get(ARGUMENT) else Parameter.KEYWORD_ONLY
    default = Parameter.empty if field.is_required() else field.get_default(call_default_factory=True)
    is_path = bool(marks(field).get(FILE) or marks(field).get(PLACE))
    return Parameter(name, kind, default=default, annotation=_accepted(field.annotation, is_path=is_path))


def _accepted(annotation: Any, *, is_path: bool) -> Any:
    """What callers may give where a model declares a type: sequences for tuples, paths for names of files."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _accepted(arguments[0], is_path=is_path)
    if origin in (Union, UnionType):
        return reduce(or_, (_accepted(each, is_path=is_path) for each in arguments))
    if origin is tuple and arguments[-1] is Ellipsis:
        each = _accepted(arguments[0], is_path=is_path)
        several: Any = GenericAlias(Sequence, (each,))
        return each | several if is_path else several
    if origin is tuple:
        pair: Any = GenericAlias(tuple, tuple(_accepted(each, is_path=False) for each in arguments))
        return pair | str
    if origin in (dict, Mapping):
        return GenericAlias(Mapping, (arguments[0], _accepted(arguments[1], is_path=is_path)))
    return _PATH if annotation is str and is_path else annotation


def _opened_as(process: Process[Any, Any, Any]) -> Any:
    """The type that opening a record gives: as its function says, a dataset where one is in the store."""
    if process.opens:
        from xarray import Dataset

        return Dataset
    return get_type_hints(process.open).get("return", Any)


def _bound(
    model: type[Inputs], signature: inspect.Signature, arguments: tuple[Any, ...], keywords: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What was given, as inputs and the rest; what was not given is in neither, so that defaults count."""
    try:
        given = signature.bind_partial(*arguments, **keywords).arguments
    except TypeError as error:
        raise InputError(f"{error}; there are {', '.join(signature.parameters)}") from error
    fields = model.model_fields
    values = {name: _plain(value, fields[name]) for name, value in given.items() if name in fields}
    common = {name: value for name, value in given.items() if name not in fields and value is not None}
    return values, common


def _plain(value: Any, field: FieldInfo) -> Any:
    """A value as the model takes it: paths as text, a single one of several as several."""
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if shape_of(field) != "many":
        return value
    several = (value,) if isinstance(value, str) else value
    return tuple(os.fspath(each) if isinstance(each, os.PathLike) else each for each in several)


def _root(common: dict[str, Any]) -> Any:
    """The root out of what is no input."""
    if "root" not in common:
        raise InputError("root must be given: the folder or URL under which everything lives")
    return common.pop("root")


def _docstring(summary: str, model: type[Inputs], signature: inspect.Signature) -> str:
    """In numpydoc, units included."""
    common = {
        "root": "Folder or URL (s3://bucket/prefix) under which everything lives.",
        "label": "What to call the record.",
        "cluster": "Where to compute; local processes without one.",
        "watch": "Told of every event.",
    }
    lines = [summary, "", "Parameters", "----------"]
    for name, parameter in signature.parameters.items():
        field = model.model_fields.get(name)
        lines.append(f"{name} : {_type_text(parameter)}")
        text = common[name] if field is None else f"{described(field)}."
        lines.append(fill(text, _WIDTH, initial_indent="    ", subsequent_indent="    "))
    returned = _name(signature.return_annotation)
    lines += ["", "Returns", "-------", returned, "", "Raises", "------", "LunarcloudError"]
    lines.append("    `InputError` before anything is computed; `StoreError`, `ComputeError` afterwards.")
    return "\n".join(lines)


def _type_text(parameter: Parameter) -> str:
    """``float, default 65.0``, as numpydoc writes types."""
    text = _name(parameter.annotation)
    if parameter.default is Parameter.empty:
        return text
    if parameter.default is None:
        return f"{text.removesuffix(' or None')}, optional"
    return f"{text}, default {parameter.default!r}"


def _name(annotation: Any) -> str:
    """A type in words."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is NoneType:
        return "None"
    if origin in (Union, UnionType):
        return " or ".join(map(_name, arguments))
    if origin is Literal:
        return "{" + ", ".join(map(repr, arguments)) + "}"
    if origin is tuple:
        return f"({', '.join(map(_name, arguments))})"
    if origin in (os.PathLike, Callable):
        return "path" if origin is os.PathLike else "callable"
    if origin is Sequence:
        return f"sequence of {_name(arguments[0])}"
    if origin is Mapping:
        return f"mapping of {_name(arguments[0])} to {_name(arguments[1])}"
    return str(getattr(annotation, "__name__", annotation))
