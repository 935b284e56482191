"""Writes ``lunarcloud/__init__.pyi``: the functions made from the registry, for type checkers and editors.

Run ``python -m lunarcloud.api_stub`` after a change of inputs.
"""

import builtins
import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from inspect import Parameter
from pathlib import Path
from textwrap import indent
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from lunarcloud import api
from lunarcloud.names import OPENERS, verbs

PLACE = Path(__file__).with_name("__init__.pyi")

_HEAD = '''"""Functions of `lunarcloud`, written from the registry by ``python -m lunarcloud.api_stub``."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal

{imports}

__version__: str
'''


def stub() -> str:
    """The text of the stub."""
    imports: set[str] = {"from lunarcloud.engine import Watch"}
    functions = [_function(getattr(api, name), imports) for name in verbs()]
    opened = ", ".join(f"{name} as {name}" for name in OPENERS)
    imports.add(f"from lunarcloud.api import {opened}")
    return "\n\n".join([_HEAD.format(imports="\n".join(sorted(imports))), *functions]) + "\n"


def main() -> None:
    """Write the stub."""
    PLACE.write_text(stub(), encoding="utf-8")


def _function(function: Callable[..., Any], imports: set[str]) -> str:
    signature = inspect.signature(function)
    lines, keyword_only = [], False
    for parameter in signature.parameters.values():
        if parameter.kind is Parameter.KEYWORD_ONLY and not keyword_only:
            keyword_only = True
            lines.append("*")
        lines.append(_parameter(parameter, imports))
    body = "".join(f"    {line},\n" for line in lines)
    returned = _text(signature.return_annotation, imports)
    documented = indent(f'"""{inspect.getdoc(function)}\n"""', "    ", lambda line: bool(line.strip()))
    return f"def {function.__name__}(\n{body}) -> {returned}:\n{documented}"


def _parameter(parameter: Parameter, imports: set[str]) -> str:
    text = "Watch | None" if parameter.name == "watch" else _text(parameter.annotation, imports)
    default = "" if parameter.default is Parameter.empty else f" = {parameter.default!r}"
    return f"{parameter.name}: {text}{default}"


def _text(annotation: Any, imports: set[str]) -> str:
    """A type as source, and what it needs imported."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation in (None, NoneType):
        return "None"
    if origin in (Union, UnionType):
        return " | ".join(_text(each, imports) for each in arguments)
    if origin is Literal:
        return f"Literal[{', '.join(map(repr, arguments))}]"
    if origin is not None:
        names = {os.PathLike: "os.PathLike", Mapping: "Mapping", Sequence: "Sequence"}
        inner = ", ".join(_text(each, imports) for each in arguments)
        return f"{names.get(origin, origin.__name__)}[{inner}]"
    if annotation is Any or hasattr(builtins, annotation.__name__):
        return str(annotation.__name__)
    imports.add(f"from {_home(annotation)} import {annotation.__name__}")
    return str(annotation.__name__)


def _home(kind: type) -> str:
    """The outermost package that has a class."""
    parts = kind.__module__.split(".")
    homes = (".".join(parts[:length]) for length in range(1, len(parts) + 1))
    found = (home for home in homes if getattr(import_module(home), kind.__name__, None) is kind)
    return next(found, kind.__module__)


if __name__ == "__main__":
    main()
