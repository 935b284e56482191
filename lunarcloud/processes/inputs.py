"""How a process declares its inputs: each option once, with name, unit, range, help and default.

The command line, the Python verbs and the JSON schema are made from these declarations.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeAlias, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    PlainSerializer,
    ValidationError,
)
from pydantic.fields import FieldInfo

from lunarcloud.errors import InputError
from lunarcloud.lineage import Given, Parent, Root, Source
from lunarcloud.ranges import split_range
from lunarcloud.redaction import without_credentials
from lunarcloud.storage import local_path

InputsT = TypeVar("InputsT", bound="Inputs")

#: Marks of a field: the kind of record it names; that it does not decide the bytes; that it is a file, whose
#: name and content do, but not where it lies; that it is given by position on the command line; its unit; its
#: name on the command line where that is another.
PARENT, PLACE, FILE, ARGUMENT, UNIT, OPTION = "parent", "place", "file", "argument", "unit", "option"


class Inputs(BaseModel):
    """Base of the inputs of every process and action."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def parent(kind: str, description: str, default: str | None = "latest", **marks: Any) -> Any:
    """An input that names a record of a kind: an id, an unmistakable beginning of it, a label, or latest.

    Parameters
    ----------
    kind : str
        Kind of the record.
    description : str
        For people.
    default : str, optional
        Without one, nothing.
    **marks
        Other marks of the field.
    """
    return Field(default=default, description=description, json_schema_extra={PARENT: kind, **marks})


def option(default: Any, description: str, *, unit: str = "", limits: Any = None, **marks: Any) -> Any:
    """An input that decides the bytes of the result.

    Parameters
    ----------
    default : object
        ``...`` where it must be given.
    description : str
        For people; one sentence without its unit.
    unit : str
        Its unit.
    limits : mapping, optional
        pydantic's constraints: ``{"ge": 1, "le": 1000}``.
    **marks
        Other marks of the field.
    """
    return _marked(default, description, {**({UNIT: unit} if unit else {}), **marks}, limits)


def _marked(default: Any, description: str, found: dict[str, Any], limits: Any) -> Any:
    return Field(default, description=description, json_schema_extra=found, **(limits or {}))


def place(default: Any, description: str, **marks: Any) -> Any:
    """An input that only says where something is read, or how strictly: not in the identity.

    Parameters
    ----------
    default : object
        ``...`` where it must be given.
    description : str
        For people.
    **marks
        Other marks of the field.
    """
    limits = {"min_length": 1} if default is ... else None
    return _marked(default, description, {PLACE: True, **marks}, limits)


def file(default: Any, description: str, **marks: Any) -> Any:
    """An input that names a file: its name and content are in the identity, not where it lies.

    Parameters
    ----------
    default : object
        ``...`` where it must be given, None where there may be none.
    description : str
        For people.
    **marks
        Other marks of the field.
    """
    limits = {"min_length": 1} if default is ... else None
    return _marked(default, description, {FILE: True, **marks}, limits)


def _written(value: tuple[float, float]) -> list[float]:
    return list(value)


#: Lowest and highest value; ``LOW:HIGH`` on the command line.
Bounds: TypeAlias = Annotated[
    tuple[FiniteFloat, FiniteFloat], BeforeValidator(split_range(float, "16:19.9")), PlainSerializer(_written)
]


def by_name(form: str, example: str) -> BeforeValidator:
    """What makes values by name of ``NAME=VALUE`` words, before pydantic looks at them.

    Parameters
    ----------
    form, example : str
        How one is written, in general and for example, for whoever wrote something else.
    """

    def split(value: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            return value
        if wrong := [word for word in value if "=" not in str(word)]:
            raise ValueError(f"{wrong[0]!r}: write {form}, such as {example}")
        return dict(str(word).split("=", 1) for word in value)

    return BeforeValidator(split)


def marks(field: FieldInfo) -> Mapping[str, Any]:
    """The marks of a field of an `Inputs` model."""
    extra = field.json_schema_extra
    return extra if isinstance(extra, dict) else {}


def option_name(name: str, field: FieldInfo) -> str:
    """What a person types for a field: ``--feo-above``, or its name where it is given by position."""
    found = marks(field)
    if found.get(ARGUMENT):
        return name.upper()
    return f"--{found.get(OPTION, name).replace('_', '-')}"


def field_name(name: str, field: FieldInfo) -> str:
    """What a program gives for a field: its name."""
    return name


def checked(
    model: type[InputsT], values: Mapping[str, Any], typed_as: Callable[[str, FieldInfo], str] = option_name
) -> InputsT:
    """Inputs of a process, checked.

    Parameters
    ----------
    model : type
        Of the process.
    values : mapping
        By the names of its fields; what is not given has its default.
    typed_as : callable
        From a field to the name by which it was given: `option_name` or `field_name`.

    Raises
    ------
    InputError
        Naming each input as it was typed, its value, and what is allowed.
    """
    try:
        return model(**values)
    except ValidationError as error:
        problems = [_problem(model, problem, typed_as) for problem in error.errors()]
        raise InputError("; ".join(problems)) from error


def _problem(model: type[Inputs], problem: Any, typed_as: Callable[[str, FieldInfo], str]) -> str:
    name = str(problem["loc"][0]) if problem["loc"] else "inputs"
    message = str(problem["msg"]).removeprefix("Value error, ")
    if name not in model.model_fields:
        if problem["type"] != "extra_forbidden":
            return message
        return f"{name}: there is no such input; there are {', '.join(model.model_fields)}"
    typed = typed_as(name, model.model_fields[name])
    if problem["type"] == "missing":
        return f"{typed} must be given: {model.model_fields[name].description}"
    return f"{typed} {problem['input']!r}: {message}"


def given_of(
    inputs: Inputs,
    root: Root,
    parents: Mapping[str, Parent],
    sources: tuple[Source, ...] = (),
    notes: tuple[str, ...] = (),
) -> Given:
    """What a process was given: inputs sorted into own ones, places and parents.

    Parameters
    ----------
    inputs : Inputs
        Checked.
    root : Root
        Local places are stored relative to it, where they lie beside it.
    parents : mapping of str to Parent
        By the name of the input that chose them.
    sources : tuple of Source
        Files that were read.
    notes : tuple of str
        What these files say that nobody may overlook; what the parents' files say is added.
    """
    fields = type(inputs).model_fields
    values = inputs.model_dump(mode="json")
    own, places = {}, {}
    for name, value in values.items():
        found = marks(fields[name])
        if found.get(PLACE) or (found.get(FILE) and value is not None):
            places[name] = _stored(value, root)
        if not found.get(PLACE) and not found.get(PARENT):
            own[name] = _file_name(value) if found.get(FILE) else value
    return Given(
        inputs=own,
        places=places,
        parents=dict(parents),
        sources=sources,
        notes=_notes(root, parents, notes),
    )


def replayed(model: type[Inputs], given: Given, root: Root) -> dict[str, Any]:
    """The inputs that make the same record again.

    Parameters
    ----------
    model : type
        Of the process.
    given : Given
        What the record was made from.
    root : Root
        Places are seen from here.
    """
    places = {name: _seen(value, root) for name, value in given.places.items()}
    # A parent that there was not must not be one that was published since.
    absent = {name: None for name, field in model.model_fields.items() if marks(field).get(PARENT)}
    parents = {role: each.ref.id for role, each in given.parents.items()}
    return {**given.inputs, **places, **absent, **parents}


def _notes(root: Root, parents: Mapping[str, Parent], own: tuple[str, ...]) -> tuple[str, ...]:
    """Own notes and those of the parents, each once."""
    entries = (root.get(parent.ref) for parent in parents.values())
    inherited = (note for entry in entries if entry for note in entry.notes)
    return tuple(sorted({*own, *inherited}))


def _stored(value: Any, root: Root) -> Any:
    """A place as records hold it; a name of something shipped stays one."""
    if isinstance(value, list):
        return [_stored(each, root) for each in value]
    if not isinstance(value, str):
        return value
    is_path = "/" in value or "*" in value or local_path(value).exists()
    return root.relative(value) if is_path else value


def _seen(value: Any, root: Root) -> Any:
    if isinstance(value, list):
        return [_seen(each, root) for each in value]
    return root.absolute(value) if isinstance(value, str) else value


def _file_name(value: str | None) -> str | None:
    return None if value is None else without_credentials(value).rstrip("/").rpartition("/")[2]
