"""Documents: what is damaged or of another format is said by name."""

from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict

from lunarcloud.errors import NotFoundError, StoreError
from lunarcloud.storage import Folder, read_document


class _Card(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[2] = 2
    ppd: int


def test_a_document_is_read_back(place: Folder) -> None:
    place.write("card.json", _Card(ppd=4).model_dump_json().encode())
    assert read_document(place, "card.json", _Card) == _Card(ppd=4)


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        (b'{"ppd": "four"}', r"card\.json is damaged: ppd: "),
        (b'{"ppd": 4, "colour": "red"}', r"damaged: colour: "),
        (b"not json", r"damaged: the whole: "),
        (b"", r"damaged: the whole: "),
        (b'{"format": 1, "ppd_of_old": 4}', r"card\.json is of format 1; .* reads format 2"),
    ],
)
def test_what_is_wrong_with_a_document_is_said(place: Folder, stored: bytes, said: str) -> None:
    place.write("card.json", stored)
    with pytest.raises(StoreError, match=said):
        read_document(place, "card.json", _Card)


def test_a_document_that_is_not_there_is_not_found(place: Folder) -> None:
    with pytest.raises(NotFoundError, match=r"card\.json"):
        read_document(place, "card.json", _Card)
