"""Fixtures for pytest: a Dask cluster of processes, an S3 server, the command line as a function."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from distributed import Client

from lunarcloud.cli.app import run
from lunarcloud.engine import Cluster, connect
from lunarcloud.errors import MissingPackageError
from lunarcloud.models import student
from lunarcloud.storage import Folder, digest
from lunarcloud.testing.few_cells import few_cells
from lunarcloud.testing.s3_server import S3, reconnect, s3_server

try:
    import pytest
except ImportError as error:
    raise MissingPackageError("fixtures need pytest: pip install 'lunarcloud[testing]'") from error

#: A command of lunarcloud: its words in, its exit code, standard output and error out.
Command: TypeAlias = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session")
def client() -> Iterator[Client]:
    """A cluster of two processes, shared by tests that do not harm it."""
    with connect(Cluster(workers=2)) as found:
        yield found


@pytest.fixture(scope="session")
def scheduler(client: Client) -> str:
    """The address of the shared cluster, for commands."""
    return str(client.scheduler_info()["address"])


@pytest.fixture(scope="session")
def cluster(scheduler: str) -> Cluster:
    """The shared cluster, for processes."""
    return Cluster(scheduler=scheduler)


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    """A real S3 server with the bucket ``moon``."""
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def s3_environment(s3: S3, monkeypatch: pytest.MonkeyPatch) -> S3:
    """The environment of somebody who may write to the server."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    reconnect()
    return s3


@contextmanager
def sketching() -> Iterator[None]:
    """Origins searched a tenth as finely, few seeds and lessons, figures drawn but not rendered."""
    with pytest.MonkeyPatch.context() as patch, few_lessons():
        patch.setattr("lunarcloud.models.origins.PER_UNIT", 100)
        patch.setattr("lunarcloud.processes.fit._SPREAD_SEEDS", 1)
        patch.setattr("lunarcloud.figures.save_figure", _sketch)
        patch.setattr("lunarcloud.reprocessing.page._small", lambda data, width: data)
        yield


@contextmanager
def few_lessons() -> Iterator[None]:
    """Students taught a sixth as long: what they are is the same, but for how well they answer."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MEANS", "HALF_WIDTHS"):
            lessons = getattr(student, name)
            patch.setattr(student, name, lessons.model_copy(update={"epochs": lessons.epochs // 6}))
        yield


@pytest.fixture
def coarse_cells() -> Iterator[None]:
    """For a test that counts cells in this process, whatever their size."""
    with few_cells():
        yield


@pytest.fixture(scope="module")
def coarse_cells_on_workers(client: Client) -> Iterator[None]:
    """For the tests of a module that count cells on the shared cluster."""
    with few_cells(client):
        yield


def _sketch(figure: Any, place: Folder, name: str) -> str:
    """In the place of a picture, the digest of what is in it: the same figure gives the same bytes."""
    shown = [image.get_array().tobytes() for axes in figure.axes for image in axes.images]
    lines = [line.get_xydata().tobytes() for axes in figure.axes for line in axes.lines]
    words = [text.get_text().encode() for axes in figure.axes for text in (*axes.texts, axes.title)]
    place.write(name, b"\x89PNG" + digest(b"".join((*shown, *lines, *words))).encode())
    return f"{place.url}/{name}"


@pytest.fixture(scope="module")
def sketches() -> Iterator[None]:
    """For the tests of a module that look neither at an equation's accuracy nor at a picture."""
    with sketching():
        yield


@pytest.fixture
def sketch() -> Iterator[None]:
    """The same for one test."""
    with sketching():
        yield


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs without pictures of their maps, which take longer than all the rest."""
    monkeypatch.setattr("lunarcloud.processes.map._draw", lambda *_: {})


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scheduler is away if it does not answer within a tenth of a second."""
    monkeypatch.setattr("lunarcloud.engine.cluster._CONNECT_S", 0.1)


@pytest.fixture
def lunarcloud(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Run a command as the terminal would, its output into a file, which takes lines of any length."""
    monkeypatch.delenv("COLUMNS", raising=False)

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["lunarcloud", *map(str, words)])
        capfd.readouterr()
        try:
            code = run()
        except SystemExit as end:
            code = int(end.code or 0)
        printed = capfd.readouterr()
        return code, printed.out, printed.err

    return call
