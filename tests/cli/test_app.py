"""Bad input to the commands: exit code 2, a message in words, nothing half-written, never a traceback."""

from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from lunarcloud import __version__
from lunarcloud.config import settings
from lunarcloud.processes import ACTIONS, PROCESSES
from lunarcloud.testing.fixtures import Command


def _same_length(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data
    return data.replace(old, new.ljust(len(old)), 1)


BAD_TILES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "truncated": (lambda data: data[:-100], "bytes"),
    "no pointer": (lambda data: _same_length(data, b"^IMAGE ", b"^PICTUR"), "^IMAGE"),
    "unknown projection": (lambda data: _same_length(data, b'"SINUSOIDAL"', b'"ORTHOGRAPH"'), "ORTHOGRAPH"),
    "another body": (lambda data: _same_length(data, b'"MOON"', b'"MARS"'), "MARS"),
    "four bands": (
        lambda data: _same_length(
            data, b"BANDS                        = 5", b"BANDS                        = 4"
        ),
        "4",
    ),
    "text for a number": (
        lambda data: _same_length(
            data, b"MAP_RESOLUTION               = 4.0000000", b"MAP_RESOLUTION               = many"
        ),
        "many",
    ),
}


def _refused(lunarcloud: Command, *words: object) -> str:
    code, out, err = lunarcloud(*words)
    assert code == 2, (out, err)
    assert err.startswith("error:")
    assert "Traceback" not in err
    return str(err)


@pytest.mark.parametrize("defect", BAD_TILES)
def test_a_bad_tile_is_named_with_what_is_wrong(
    lunarcloud: Command, good_tile: bytes, tmp_path: Path, defect: str
) -> None:
    damage, said = BAD_TILES[defect]
    (tmp_path / "bad.img").write_bytes(damage(good_tile))
    message = _refused(lunarcloud, "ingest", tmp_path / "bad.img", "--root", tmp_path / "r", "--ppd", 4)
    assert said in message
    assert "bad.img" in message
    assert not (tmp_path / "r").exists()


def test_an_empty_folder_is_refused(lunarcloud: Command, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "empty" in _refused(lunarcloud, "ingest", tmp_path / "empty", "--root", tmp_path / "r", "--ppd", 4)
    assert not (tmp_path / "r").exists()


def test_a_url_that_does_not_answer_is_worth_another_try(lunarcloud: Command, tmp_path: Path) -> None:
    url = "http://127.0.0.1:1/tile.img"
    code, _, err = lunarcloud("ingest", url, "--root", tmp_path / "r", "--ppd", 4)
    assert (code, url in err, "Traceback" in err) == (75, True, False)


def test_a_root_that_cannot_be_written_is_refused(
    lunarcloud: Command, good_tile: bytes, tmp_path: Path
) -> None:
    (tmp_path / "good.img").write_bytes(good_tile)
    (tmp_path / "file").write_text("in the way")
    message = _refused(lunarcloud, "ingest", tmp_path / "good.img", "--root", tmp_path / "file", "--ppd", 4)
    assert str(tmp_path / "file") in message


@pytest.mark.parametrize("ppd", ["0", "-4"])
def test_an_impossible_resolution_is_refused(lunarcloud: Command, tmp_path: Path, ppd: str) -> None:
    assert "ppd" in _refused(lunarcloud, "ingest", tmp_path, "--root", tmp_path / "r", "--ppd", ppd)


def test_text_for_a_number_is_refused(lunarcloud: Command, tmp_path: Path) -> None:
    code, _, err = lunarcloud("ingest", tmp_path, "--root", tmp_path, "--ppd", "four")
    assert code == 2
    assert "--ppd" in err


@pytest.mark.parametrize(
    "words",
    [
        ("map",),
        ("map", "--model", "qiu2025"),
        ("reduce",),
        ("compare",),
        ("polar",),
        ("provenance", "--feo", "16:19.9"),
        ("show", "runs/latest"),
        ("verify", "runs/latest"),
    ],
    ids=" ".join,
)
def test_commands_on_an_empty_root_say_what_is_missing(
    lunarcloud: Command, tmp_path: Path, words: tuple[Any, ...]
) -> None:
    assert "published" in _refused(lunarcloud, *words, "--root", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_version_is_the_packages(lunarcloud: Command) -> None:
    assert lunarcloud("--version")[:2] == (0, f"lunarcloud {__version__}\n")
    assert version("lunarcloud") == __version__


@pytest.mark.parametrize("text", ["16", "a:b", ""])
def test_a_range_that_is_none_is_refused(lunarcloud: Command, tmp_path: Path, text: str) -> None:
    assert "--feo" in _refused(lunarcloud, "provenance", "--root", tmp_path, "--feo", text)


@pytest.mark.usefixtures("hasty")
def test_an_absent_scheduler_is_worth_another_try(
    lunarcloud: Command, good_tile: bytes, tmp_path: Path
) -> None:
    (tmp_path / "good.img").write_bytes(good_tile)
    words = ("ingest", tmp_path / "good.img", "--root", tmp_path / "r", "--ppd", 1)
    code, _, err = lunarcloud(*words, "--scheduler", "tcp://127.0.0.1:1")
    assert (code, "tcp://127.0.0.1:1" in err, "Traceback" in err) == (75, True, False)


def test_help_names_every_command(lunarcloud: Command) -> None:
    code, out, _ = lunarcloud("--help")
    others = ("stations", "list", "show", "promote", "remove", "prune", "run", "processes", "fetch")
    assert code == 0
    assert all(command in out for command in (*PROCESSES, *ACTIONS, *others))


def test_messages_hold_no_path_of_the_package(lunarcloud: Command, tmp_path: Path) -> None:
    message = _refused(lunarcloud, "ingest", tmp_path / "nothing", "--root", tmp_path / "r", "--ppd", 4)
    assert str(Path(__file__).parents[2] / "lunarcloud") not in message


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in a command."""

    def fail(*_: object) -> None:
        raise RuntimeError("the fault")

    monkeypatch.setattr("lunarcloud.cli.records.open_root", fail)


def test_a_fault_has_no_traceback_unless_it_is_asked_for(
    broken: None, lunarcloud: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, err = lunarcloud("list", "--root", "r")
    assert (code, "the fault" in err, "LUNARCLOUD_DEBUG" in err, "Traceback" in err) == (1, True, True, False)
    monkeypatch.setenv("LUNARCLOUD_DEBUG", "1")
    settings.cache_clear()
    assert "Traceback" in lunarcloud("list", "--root", "r")[2]


@pytest.fixture(autouse=True)
def fresh_settings() -> Iterator[None]:
    """Settings that the next test reads again."""
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_a_setting_that_cannot_be_used_is_named(lunarcloud: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUNARCLOUD_RETRIES", "many")
    assert "LUNARCLOUD_RETRIES='many'" in _refused(lunarcloud, "list", "--root", "s3://bucket/r")
