"""Documents: every code block of the README, CONTRIBUTING and docs/ runs, as a reader would run it.

A ``python`` block is executed, the blocks of a document one after the other in one namespace. Of a ``shell``
block, ``lunarcloud`` lines run, ``dask`` lines start processes, a target of ``make`` must exist, and what is
exported must be something that is read. A listing is ``text``; there are no other languages.
"""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import pytest
from markdown_it import MarkdownIt

from lunarcloud.archive.stations import StationTable, shipped_stations
from lunarcloud.config import Settings
from lunarcloud.engine import Cluster, connect
from lunarcloud.engine import cluster as engine_cluster
from lunarcloud.moon import grid
from lunarcloud.quantities import OXIDES
from lunarcloud.storage import folder
from lunarcloud.synthetic import write_tiles
from lunarcloud.testing.fixtures import Command
from lunarcloud.testing.make import make
from lunarcloud.testing.s3_server import HOST, S3, reconnect
from lunarcloud.testing.small_root import write_model, write_mosaic

REPOSITORY = Path(__file__).parents[1]
DOCUMENTS = (REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted(REPOSITORY.glob("docs/*.md")))
_TARGET = re.compile(r"(?m)^([a-z][\w-]*):")
_START_S = 60
_NEW_SAMPLE = (
    "site,lat,lon,feo,tio2,al2o3,mgo,cao,r415,r750,r900,r950,r1000\n"
    "new sample,17.0,58.5,16.0,1.5,12.5,9.0,11.0,0.072,0.121,0.124,0.125,0.129\n"
)

Start: TypeAlias = Callable[[list[str], Mapping[str, str]], None]


class Block(NamedTuple):
    """A fenced block: its language, its text, and the line where the text begins."""

    language: str
    text: str
    line: int


@dataclass(frozen=True)
class Reader:
    """Where a reader sits, and what the test puts in the place of what a document says."""

    place: Path
    instead: Mapping[str, str]

    def text(self, said: str) -> str:
        for words, meant in self.instead.items():
            said = said.replace(words, meant)
        return said


def blocks(path: Path) -> list[Block]:
    tokens = MarkdownIt().parse(path.read_text(encoding="utf-8"))
    fences = [token for token in tokens if token.type == "fence"]
    return [Block(token.info, token.content, (token.map or [0])[0] + 1) for token in fences]


@pytest.fixture(scope="module")
def on_s3(s3: S3) -> Iterator[S3]:
    """The environment of a reader who may write to the bucket ``moon``."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3.environment.items():
            patch.setenv(name, value)
        reconnect()
        yield s3


@pytest.fixture(scope="module")
def shared(on_s3: S3) -> Iterator[str]:
    """The address of one cluster that stands for the local ones of all commands: each would take seconds."""
    with connect(Cluster(workers=2)) as client:
        yield str(client.scheduler_info()["address"])


@pytest.fixture(scope="module")
def prepared(shared: str, sketches: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """``demo`` as `make demo` leaves it but small, the same in the bucket, and tiles for the archive's."""
    place = tmp_path_factory.mktemp("reader")
    write_tiles(place / "demo" / "tiles", ppd=2)
    root = folder(place / "demo" / "root")
    write_mosaic(root, grid(2))
    write_model(root)
    few = _few_stations()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lunarcloud.processes.stations.shipped_stations", lambda: few)
        # Pictures take longest, and no document opens one.
        patch.setattr("lunarcloud.processes.map._draw", lambda *_: {})
        run = make("map", root.url, Cluster(scheduler=shared)).record.ref.id
        copy = folder("s3://moon/demo")
        for key, data in root.read_all().items():
            copy.write(key, data)
        yield Reader(
            place,
            {
                "<run>": run,
                "/data/clementine": str(place / "demo" / "tiles"),
                "--ppd 304": "--ppd 2",
                "--ppd 4": "--ppd 2",
                "--ppd 8": "--ppd 1",
                "8786": str(_free_port()),
                # As many as an ensemble takes.
                "lunarcloud fit": "lunarcloud fit --seeds 2",
            },
        )


@pytest.fixture
def reader(prepared: Reader, tmp_path: Path) -> Reader:
    """A reader of one document, who finds ``demo`` as it was prepared."""
    shutil.copytree(prepared.place / "demo" / "root", tmp_path / "demo" / "root")
    (tmp_path / "demo" / "tiles").symlink_to(prepared.place / "demo" / "tiles")
    (tmp_path / "new_sample.csv").write_text(_NEW_SAMPLE)
    return Reader(tmp_path, prepared.instead)


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a program of the environment in the background; it ends with the test."""
    running: list[subprocess.Popen[bytes]] = []

    def started(words: list[str], environment: Mapping[str, str]) -> None:
        program = str(Path(sys.executable).with_name(words[0]))
        running.append(subprocess.Popen([program, *words[1:]], env={**os.environ, **environment}))
        if "--port" in words:
            _wait_for(int(words[words.index("--port") + 1]))

    yield started
    for process in reversed(running):
        process.terminate()
        process.wait(20)


def test_every_block_says_its_language_and_none_is_merely_indented() -> None:
    parser = MarkdownIt()
    for path in DOCUMENTS:
        kinds = {token.type for token in parser.parse(path.read_text(encoding="utf-8"))}
        assert "code_block" not in kinds, path
        assert {block.language for block in blocks(path)} <= {"python", "shell", "text"}, path


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_document_does_what_it_says(
    path: Path,
    reader: Reader,
    shared: str,
    start: Start,
    lunarcloud: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(reader.place)
    monkeypatch.setattr(engine_cluster, "_local", lambda *pool: engine_cluster._remote(shared))
    namespace: dict[str, Any] = {"__name__": path.stem}
    for block in blocks(path):
        text = reader.text(block.text)
        if block.language == "python":
            exec(compile("\n" * block.line + text, str(path), "exec"), namespace)  # noqa: S102 - the point of it
        elif block.language == "shell":
            for line in text.replace("\\\n", " ").splitlines():
                _run(shlex.split(line, comments=True), start, lunarcloud)


def _few_stations() -> StationTable:
    """Every third of the stations that know everything: leaving each out in turn takes long with all."""
    table = shipped_stations()
    whole = [each.site for each in table.stations if each.reflectance and len(each.oxides) == len(OXIDES)]
    return table.without({each.site for each in table.stations} - set(whole[::3]))


def _run(words: list[str], start: Start, lunarcloud: Command) -> None:
    given = [word for word in words if re.fullmatch(r"[A-Z_]+=.*", word)]
    program, *arguments = [word for word in words if word not in given]
    if program == "lunarcloud":
        code, out, error = lunarcloud(*arguments)
        assert code == 0, f"{shlex.join(words)}\n{out}{error}"
    elif program == "dask":
        start([program, *arguments], dict(word.split("=", 1) for word in given))
    elif program == "make":
        assert set(arguments) <= set(_TARGET.findall((REPOSITORY / "Makefile").read_text(encoding="utf-8")))
    else:
        assert program == "export", f"{program}: a line that this test cannot run; make the block a text"
        assert {word.split("=")[0] for word in given} <= _read_variables()


def _read_variables() -> set[str]:
    ours = {f"LUNARCLOUD_{name.upper()}" for name in Settings.model_fields}
    return ours | set(S3("").environment)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end:
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        time.sleep(0.1)
    raise TimeoutError(f"nothing listens on {port} after {_START_S} s")
