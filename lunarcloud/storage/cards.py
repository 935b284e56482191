"""Records: the JSON documents that say what lies beside them, checked as they are read."""

from typing import Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError

from lunarcloud.errors import StoreError
from lunarcloud.storage.folder import Folder

#: First field of every record of a store: what the record and all it describes are written by
#: (docs/store.md). Another number is a layout that this version cannot know, and it is refused.
Format: TypeAlias = Literal[1]

_Record = TypeVar("_Record", bound=BaseModel)


def read_card(place: Folder, key: str, kind: type[_Record]) -> _Record:
    """A card of a folder.

    Parameters
    ----------
    place : Folder
        The folder.
    key : str
        The card's file there.
    kind : type
        The card's class.

    Raises
    ------
    NotFoundError
        If there is none.
    StoreError
        If it is damaged or of another format.
    """
    return parse_record(place.read(key), kind, f"{place.url}/{key}")


def parse_record(data: bytes, kind: type[_Record], where: str, *, advice: str = "") -> _Record:
    """A record from its stored bytes.

    Parameters
    ----------
    data : bytes
        JSON.
    kind : type
        What it should be.
    where : str
        Its URL, for messages.
    advice : str
        What to do about a damaged one.

    Raises
    ------
    StoreError
        If it is of another format, which the message names, or damaged, naming the field.
    """
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        raise StoreError(f"{where} {_problem(error)}{advice}") from error


def _problem(error: ValidationError) -> str:
    problems = error.errors()
    # A record of another format may fail in many fields: that it is another one explains them all.
    for problem in problems:
        if problem["loc"] == ("format",):
            return (
                f"is of format {problem['input']!r}; this version of lunarcloud reads format 1: "
                "use the version that wrote it, or make it again under another root"
            )
    field = ".".join(map(str, problems[0]["loc"])) or "the whole"
    return f"is damaged: {field}: {problems[0]['msg']}"
