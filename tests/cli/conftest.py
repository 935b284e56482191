"""What the tests of commands share: a toy process in the registry, and records of it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lunarcloud.processes import ACTIONS, PROCESSES
from lunarcloud.synthetic import write_tiles
from lunarcloud.testing.fixtures import Command
from tests.toys import CHECK, LINE


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal in which nothing is wrapped."""
    monkeypatch.setenv("COLUMNS", "250")


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process and an action more."""
    monkeypatch.setitem(PROCESSES, "toy", LINE)
    monkeypatch.setitem(ACTIONS, "check-toy", CHECK)


@pytest.fixture
def say(toys: None, lunarcloud: Command, tmp_path: Path) -> Callable[..., str]:
    """Make a toy record under the root of the test: its id."""

    def said(*words: object) -> str:
        code, out, err = lunarcloud("toy", *words, "--root", tmp_path, "--json")
        assert code == 0, err
        return str(json.loads(out)["record"]["ref"]["id"])

    return said


@pytest.fixture(scope="session")
def good_tile(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """One valid PDS3 tile."""
    place = tmp_path_factory.mktemp("tile")
    write_tiles(place, ppd=4, product_ids=["UI03N003"])
    return (place / "ui03n003.img").read_bytes()
