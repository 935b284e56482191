"""What is said about an input, for command line, docstrings and stubs alike: shape, unit, range."""

from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from lunarcloud.processes.inputs import UNIT, marks

#: One value, yes or no, one of some words, several values, ``LOW:HIGH``, or values by name.
Shape: TypeAlias = Literal["one", "flag", "choice", "many", "range", "named"]

# pydantic's constraints by their attribute, in words.
_LIMITS = {"gt": "above {}", "ge": "at least {}", "lt": "below {}", "le": "at most {}"}


def inner_type(annotation: Any) -> Any:
    """A type without its ``| None`` and its annotations."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return inner_type(get_args(annotation)[0])
    if origin in (Union, UnionType):
        rest = [each for each in get_args(annotation) if each is not NoneType]
        return inner_type(rest[0]) if len(rest) == 1 else annotation
    return annotation


def shape_of(field: FieldInfo) -> Shape:
    """How values of an input are written."""
    core = inner_type(field.annotation)
    origin, arguments = get_origin(core), get_args(core)
    if core is bool:
        return "flag"
    if origin is Literal:
        return "choice"
    if origin is tuple:
        return "many" if arguments[-1] is Ellipsis else "range"
    return "named" if origin in (dict, Mapping) else "one"


def choices(field: FieldInfo) -> tuple[str, ...]:
    """The words that an input may be; none where it is not a choice."""
    return tuple(map(str, get_args(inner_type(field.annotation)))) if shape_of(field) == "choice" else ()


def detail(field: FieldInfo) -> str:
    """What goes after the description of an input: its unit and its range; may be empty."""
    limits = [
        text.format(_number(bound))
        for constraint in field.metadata
        for name, text in _LIMITS.items()
        if (bound := getattr(constraint, name, None)) is not None
    ]
    return "; ".join(part for part in (marks(field).get(UNIT, ""), ", ".join(limits)) if part)


def described(field: FieldInfo) -> str:
    """An input in one sentence: ``Description; unit; range``."""
    text = field.description or ""
    parts = [text[:1].upper() + text[1:].rstrip("."), detail(field)]
    return "; ".join(part for part in parts if part)


def _number(bound: Any) -> str:
    return f"{bound:.10g}" if isinstance(bound, float) else str(bound)
