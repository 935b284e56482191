"""The ledger of a folder: what came is known again without a look into it."""

import hashlib
import json
from pathlib import Path
from typing import NoReturn

import pytest

from lunarcloud.fetching.ledger import LEDGER
from lunarcloud.testing.bad_archive import BadArchive
from tests.fetching.small_archive import content, fetched, originals, planned


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can look into files that are there."""

    def refuse(*args: object) -> NoReturn:
        raise AssertionError("read")

    for name in ("read_ranges", "read_file", "file_digest"):
        monkeypatch.setattr(f"lunarcloud.fetching.plan.{name}", refuse)


def test_it_says_of_each_file_where_it_came_from_and_what_it_is(archive: BadArchive, tmp_path: Path) -> None:
    fetched(archive, tmp_path)
    lines = [json.loads(line) for line in (tmp_path / LEDGER).read_text().splitlines()]
    there = content(tmp_path)
    assert {line["name"]: line["digest"] for line in lines} == {
        name: hashlib.sha256(data).hexdigest() for name, data in there.items()
    }
    assert {line["size"] for line in lines} == {len(data) for data in there.values()}
    assert all(line["url"].startswith(archive.url) and line["tag"] for line in lines)


@pytest.mark.parametrize("place", ["disk", "memory://ledger/tiles"])
def test_what_came_is_not_read_again(
    archive: BadArchive, tmp_path: Path, request: pytest.FixtureRequest, place: str
) -> None:
    to = str(tmp_path) if place == "disk" else place
    fetched(archive, to)
    asked = len(archive.asked)
    request.getfixturevalue("blind")
    again = fetched(archive, to)
    assert (again.came, len(again.files), len(archive.asked) - asked) == (0, 12, 0)


def test_a_file_of_another_length_than_the_ledgers_is_looked_at(archive: BadArchive, tmp_path: Path) -> None:
    fetched(archive, tmp_path)
    (tmp_path / "ui10n357.img").write_bytes(b"")
    assert [piece.name for piece in planned(archive, tmp_path).pieces] == ["UI10N357"]


@pytest.mark.parametrize("damage", [b"", b"{}\n\xff\n", b'{"name": "ui03n003.img", "size": 12'])
def test_without_a_ledger_that_can_be_read_labels_say_what_is_there(
    archive: BadArchive, published: Path, tmp_path: Path, damage: bytes
) -> None:
    fetched(archive, tmp_path)
    (tmp_path / LEDGER).write_bytes(damage)
    (tmp_path / "ui10n357.img").unlink()
    assert fetched(archive, tmp_path).came == 1
    assert content(tmp_path) == originals(published)


def test_what_a_killed_command_left_of_writing_it_goes_with_the_next_file(
    archive: BadArchive, tmp_path: Path
) -> None:
    half = tmp_path / f"{LEDGER}.half.partial"
    half.write_bytes(b"{")
    fetched(archive, tmp_path)
    assert not half.exists()
