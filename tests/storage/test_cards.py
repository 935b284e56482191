"""Records: read back whole, damage said by field, another format said as such."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from lunarcloud.errors import StoreError
from lunarcloud.gravity.card import GravityCard
from lunarcloud.jobs.findings import Finding
from lunarcloud.maps import RunCard
from lunarcloud.models import Card
from lunarcloud.moon import Shard
from lunarcloud.mosaic import MosaicCard
from lunarcloud.storage import (
    Catalog,
    Entry,
    Folder,
    Ledger,
    Published,
    folder,
    publish,
    read_card,
    read_catalog,
)

RECORDS = (Catalog, Entry, MosaicCard, Card, RunCard, GravityCard, Finding)
_ENTRY = Entry(shard=Shard(0, 0), outputs={"omat": "empty"}, seconds=0.0, worker="here")


@pytest.fixture
def root(tmp_path: Path) -> Folder:
    return folder(tmp_path)


def _rewritten(place: Folder, key: str, **changes: Any) -> None:
    place.write(key, json.dumps(json.loads(place.read(key)) | changes).encode())


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_every_record_says_its_format_before_anything_else(kind: type[BaseModel]) -> None:
    name, field = next(iter(kind.model_fields.items()))
    assert (name, field.default) == ("format", 1)


def test_a_record_of_another_format_is_refused_by_that_and_not_by_its_fields(root: Folder) -> None:
    root.write("card.json", b'{"format": 2, "place": "elsewhere"}')
    with pytest.raises(StoreError, match=r"card\.json is of format 2; .* reads format 1"):
        read_card(root, "card.json", MosaicCard)


def test_a_catalog_of_another_format_is_refused_and_not_rewritten(root: Folder) -> None:
    publish(root, Published(kind="run", id="a", path="runs/a"))
    _rewritten(root, "catalog.json", format=7)
    with pytest.raises(StoreError, match=r"catalog\.json is of format 7"):
        read_catalog(root)
    with pytest.raises(StoreError, match="format 7"):
        publish(root, Published(kind="run", id="b", path="runs/b"))
    assert json.loads(root.read("catalog.json"))["format"] == 7


def test_a_ledger_entry_of_another_format_is_refused(root: Folder) -> None:
    Ledger(root).record(_ENTRY)
    _rewritten(root, "0-0.json", format="2")
    with pytest.raises(StoreError, match=r"0-0\.json is of format '2'"):
        Ledger(root).entry(Shard(0, 0))


def test_a_damaged_ledger_entry_says_what_to_do(root: Folder) -> None:
    root.write("0-0.json", b"{}")
    with pytest.raises(StoreError, match=r"damaged: shard: .* remove it and run the command again"):
        Ledger(root).entry(Shard(0, 0))


def test_a_record_without_a_format_is_of_the_first(root: Folder) -> None:
    root.write("catalog.json", b'{"entries": []}')
    assert read_catalog(root).format == 1
