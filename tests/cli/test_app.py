"""Bad input to the commands: exit code 2, a message in words, nothing half-written, never a traceback."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from lunarcloud import __version__
from lunarcloud.config import settings
from lunarcloud.moon import grid
from lunarcloud.processes import ACTIONS, PROCESSES
from lunarcloud.storage import folder
from lunarcloud.testing.fixtures import Command
from lunarcloud.testing.runs import write_run
from tests.web import served


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


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RETRIES", "many"),
        ("WORKERS", "0"),
        ("WORKERS", "99999999"),
        ("MEMORY_LIMIT", "lots"),
        ("MEMORY_LIMIT", "1"),
        ("MEMORY_LIMIT", "1e400 GB"),
        ("TIMEOUT_S", "inf"),
        ("PROVIDERS", "CUDA"),
        ("PROVIDERS", '["CUDA"]'),
        ("LOG_ABOUT", "{"),
        ("LOG", "loud"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_by_every_command(
    lunarcloud: Command, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"LUNARCLOUD_{name}", value)
    for words in (("list", "--root", "s3://bucket/r"), ("processes",), ("fetch", "nothing")):
        settings.cache_clear()
        assert f"LUNARCLOUD_{name}=" in _refused(lunarcloud, *words)


def test_a_setting_with_a_secret_does_not_say_it(
    lunarcloud: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUNARCLOUD_WEBHOOKS", '["https://ada:hunter2@example.org/x", 3]')
    assert "hunter2" not in _refused(lunarcloud, "processes")


@pytest.mark.parametrize("value", ["2 GiB", "3000MB", "0.5gib", "2147483648", "auto", "0"])
def test_a_memory_that_dask_reads_is_taken(
    lunarcloud: Command, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("LUNARCLOUD_MEMORY_LIMIT", value)
    assert lunarcloud("processes")[0] == 0


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("foo", "missing port"),
        ("", "missing port"),
        ("http://example.org:80", "http:// is none of tcp://"),
        ("tcp://127.0.0.1:99999", "from 1 to 65535"),
        ("tcp://127.0.0.1:abc", "no address"),
        ("tls://127.0.0.1:1", "certificates"),
        ("tcp://ada:hunter2@127.0.0.1:1", "no user"),
        ("ada:hunter2@127.0.0.1:1", "no user"),
    ],
)
def test_what_is_no_address_of_a_scheduler_is_refused_at_once(
    lunarcloud: Command, good_tile: bytes, tmp_path: Path, address: str, said: str
) -> None:
    (tmp_path / "good.img").write_bytes(good_tile)
    words = ("ingest", tmp_path / "good.img", "--root", tmp_path / "r", "--ppd", 1)
    message = _refused(lunarcloud, *words, "--scheduler", address)
    assert said in message
    assert "hunter2" not in message
    assert len(message.splitlines()) == 1


@pytest.mark.usefixtures("hasty")
def test_a_server_of_another_kind_is_no_scheduler(
    lunarcloud: Command, good_tile: bytes, tmp_path: Path
) -> None:
    (tmp_path / "good.img").write_bytes(good_tile)
    words = ("ingest", tmp_path / "good.img", "--root", tmp_path / "r", "--ppd", 1)
    with served(tmp_path) as url:
        code, _, err = lunarcloud(*words, "--scheduler", url.replace("http://", "tcp://"))
    assert code in (2, 75)
    assert "Dask scheduler" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ingest", "{tile}", "--ppd", 304, "--shard", 1, "--dry-run"), "5988556800 shards"),
        (("ingest", "{tile}", "--ppd", 1, "--shard", "1" + 400 * "0", "--dry-run"), "--shard"),
        (("gravity", "--taper", 1_000_000_000, "--dry-run"), "at most 150"),
        (("gravity", "--polar-limit", "1e-9", "--dry-run"), "--polar-limit"),
        (("fit", "--stations", "/dev/zero"), "a device"),
        (("gravity", "--gravity", "/dev/zero"), "a device"),
        (("run", "ingest", "--inputs", "/dev/zero"), "more than"),
        (("ingest", "s3:/bucket/tiles", "--ppd", 1), "is s3://bucket/tiles meant?"),
        (("ingest", "~nobody-here/x", "--ppd", 1), "no user 'nobody-here'"),
        (("ingest", "a[/red]b", "--ppd", 1), "a[/red]b"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_what_nothing_can_come_of_is_refused_before_anything_is_computed(
    lunarcloud: Command, good_tile: bytes, tmp_path: Path, words: tuple[object, ...], said: str
) -> None:
    (tmp_path / "good.img").write_bytes(good_tile)
    typed = [str(word).replace("{tile}", str(tmp_path / "good.img")) for word in words]
    assert said in _refused(lunarcloud, *typed, "--root", tmp_path / "r")
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("root", "said"),
    [("", "empty"), ("s3:/bucket", "is s3://bucket meant?"), ("~nobody-here", "no user 'nobody-here'")],
)
def test_a_root_that_can_be_none_is_refused(lunarcloud: Command, root: str, said: str) -> None:
    assert said in _refused(lunarcloud, "list", "--root", root)


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_a_report_that_could_not_be_written_is_refused_before_anything_is_computed(
    lunarcloud: Command, good_tile: bytes, tmp_path: Path, more: tuple[str, ...]
) -> None:
    (tmp_path / "good.img").write_bytes(good_tile)
    words = ("ingest", tmp_path / "good.img", "--root", tmp_path / "r", "--ppd", 1, *more)
    message = _refused(lunarcloud, *words, "--performance-report", tmp_path / "nowhere" / "x.html")
    assert "in a folder that is there" in message
    assert not list(tmp_path.glob("r/mosaics/*/ledger/*"))


@pytest.mark.parametrize(
    "encoding",
    [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}],
)
def test_a_terminal_without_letters_is_served(tmp_path: Path, encoding: dict[str, str]) -> None:
    root = tmp_path / "größe[/red]"
    write_run(folder(root), "ärmel", grid(1), {"feo_equation": 8.0})
    for words in (("list",), ("list", "--json"), ("map", "--model", "ü")):
        command = [sys.executable, "-c", "from lunarcloud.cli import main; main()", *words, "--root", root]
        done = subprocess.run(command, capture_output=True, env={**os.environ, **encoding}, check=False)
        assert done.returncode == (2 if "map" in words else 0), done.stderr
        assert b"Unicode" not in done.stderr
        if "--json" in words:
            assert "rmel" in json.loads(done.stdout)[0]["ref"]["id"]
