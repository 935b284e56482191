"""Bad input to the commands: exit code 2, a message in words, nothing half-written, never a traceback."""

from pathlib import Path

import pytest

from lunarcloud.processes import ACTIONS, PROCESSES
from lunarcloud.synthetic import write_tiles


@pytest.fixture(scope="module")
def good_tile(tmp_path_factory) -> bytes:
    """One valid PDS3 tile."""
    place = tmp_path_factory.mktemp("tile")
    write_tiles(place, ppd=4, product_ids=["UI03N003"])
    return (place / "ui03n003.img").read_bytes()


def _same_length(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data
    return data.replace(old, new.ljust(len(old)), 1)


BAD_TILES = {
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


def _refused(lunarcloud, *words: object) -> str:
    code, out, err = lunarcloud(*words)
    assert code == 2, (out, err)
    assert err.startswith("error:")
    assert "Traceback" not in err
    return str(err)


@pytest.mark.parametrize("defect", BAD_TILES)
def test_a_bad_tile_is_named_with_what_is_wrong(lunarcloud, good_tile, tmp_path, defect):
    damage, said = BAD_TILES[defect]
    (tmp_path / "bad.img").write_bytes(damage(good_tile))
    message = _refused(lunarcloud, "ingest", tmp_path / "bad.img", "--root", tmp_path / "r", "--ppd", 4)
    assert said in message
    assert "bad.img" in message
    assert not (tmp_path / "r").exists()


def test_an_empty_folder_is_refused(lunarcloud, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "empty" in _refused(lunarcloud, "ingest", tmp_path / "empty", "--root", tmp_path / "r", "--ppd", 4)
    assert not (tmp_path / "r").exists()


def test_a_url_that_does_not_answer_is_refused(lunarcloud, tmp_path):
    url = "http://127.0.0.1:1/tile.img"
    assert url in _refused(lunarcloud, "ingest", url, "--root", tmp_path / "r", "--ppd", 4)


def test_a_root_that_cannot_be_written_is_refused(lunarcloud, good_tile, tmp_path):
    (tmp_path / "good.img").write_bytes(good_tile)
    (tmp_path / "file").write_text("in the way")
    message = _refused(lunarcloud, "ingest", tmp_path / "good.img", "--root", tmp_path / "file", "--ppd", 4)
    assert str(tmp_path / "file") in message


@pytest.mark.parametrize("ppd", ["0", "-4"])
def test_an_impossible_resolution_is_refused(lunarcloud, tmp_path, ppd):
    assert "ppd" in _refused(lunarcloud, "ingest", tmp_path, "--root", tmp_path / "r", "--ppd", ppd)


def test_text_for_a_number_is_refused_by_the_command_line(lunarcloud, tmp_path):
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
        ("repair", "runs/latest"),
    ],
    ids=" ".join,
)
def test_commands_on_an_empty_root_say_what_is_missing(lunarcloud, tmp_path, words):
    assert "published" in _refused(lunarcloud, *words, "--root", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_root_lists_nothing(lunarcloud, tmp_path):
    code, out, _ = lunarcloud("list", "--root", tmp_path, "--json")
    assert (code, out.strip()) == (0, "[]")


@pytest.mark.parametrize("text", ["16", "a:b", ""])
def test_a_range_that_is_none_is_refused(lunarcloud, tmp_path, text):
    assert "LOW:HIGH" in _refused(lunarcloud, "provenance", "--root", tmp_path, "--feo", text)


def test_an_absent_scheduler_is_refused(lunarcloud, good_tile, tmp_path):
    (tmp_path / "good.img").write_bytes(good_tile)
    words = ("ingest", tmp_path / "good.img", "--root", tmp_path / "r", "--ppd", 1)
    assert "tcp://127.0.0.1:1" in _refused(lunarcloud, *words, "--scheduler", "tcp://127.0.0.1:1")


def test_help_names_every_command(lunarcloud):
    code, out, _ = lunarcloud("--help")
    assert code == 0
    assert all(command in out for command in (*PROCESSES, *ACTIONS, "list", "show", "promote", "remove"))


def test_messages_hold_no_path_of_the_package(lunarcloud, tmp_path):
    message = _refused(lunarcloud, "ingest", tmp_path / "nothing", "--root", tmp_path / "r", "--ppd", 4)
    assert str(Path(__file__).parents[2] / "lunarcloud") not in message
