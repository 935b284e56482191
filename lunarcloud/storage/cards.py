"""Cards: the JSON documents that say what lies beside them, checked as they are read."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from lunarcloud.errors import StoreError
from lunarcloud.storage.folder import Folder

_Card = TypeVar("_Card", bound=BaseModel)


def read_card(place: Folder, key: str, kind: type[_Card]) -> _Card:
    """A card of a folder.

    Raises
    ------
    NotFoundError
        If there is none.
    StoreError
        If it is damaged or was written by another version, naming the field.
    """
    try:
        return kind.model_validate_json(place.read(key))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the whole"
        raise StoreError(f"{place.url}/{key} is damaged: {field}: {first['msg']}") from error
