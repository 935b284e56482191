"""Documents: the JSON objects that say what lies beside them, checked as they are read."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from lunarcloud.errors import StoreError
from lunarcloud.storage.folder import Folder

#: What is known of a record, in its folder: `lineage` says what is in it.
RECORD = "record.json"

_Model = TypeVar("_Model", bound=BaseModel)
_FORMAT = ("format",)


def read_document(place: Folder, key: str, model: type[_Model]) -> _Model:
    """A document of a folder.

    Parameters
    ----------
    place : Folder
        Where it is.
    key : str
        Which object of the folder.
    model : type of BaseModel
        What it must be; a field ``format`` tells formats apart.

    Raises
    ------
    NotFoundError
        If there is none.
    StoreError
        If it is of another format, or damaged, naming the field.
    """
    return parse_document(place.read(key), f"{place.url}/{key}", model)


def parse_document(data: bytes, url: str, model: type[_Model]) -> _Model:
    """A document that was read already.

    Parameters
    ----------
    data : bytes
        Its JSON.
    url : str
        Where it was, for the message.
    model : type of BaseModel
        As in `read_document`.

    Raises
    ------
    StoreError
        As `read_document`.
    """
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        raise StoreError(f"{url} {problem_of(error)}") from error


def problem_of(error: ValidationError) -> str:
    """What is wrong with a document, in words that follow its name: another format, or a damaged field."""
    found = error.errors()
    for each in found:
        # Of another format, other fields are wrong too: only this one says why.
        if each["loc"] == _FORMAT:
            allowed = each.get("ctx", {}).get("expected", "another")
            return f"is of format {each['input']!r}; this version of lunarcloud reads format {allowed}"
    field = ".".join(map(str, found[0]["loc"])) or "the whole"
    return f"is damaged: {field}: {found[0]['msg']}"
