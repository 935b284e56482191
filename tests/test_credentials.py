"""A secret in a URL is in no output of a command, whether it succeeds or fails, and in no file it leaves."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lunarcloud.archive.shipped import DATA
from lunarcloud.config import settings
from lunarcloud.synthetic import write_tiles
from lunarcloud.testing.fixtures import Command
from tests.web import served

SECRET = "hunter2"  # noqa: S105 - it opens nothing
SIGNED = f"X-Amz-Expires=60&X-Amz-Signature={SECRET}"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of one tile, one damaged tile and a table of stations; it lets in whoever asks."""
    place = tmp_path_factory.mktemp("web")
    write_tiles(place, ppd=1, product_ids=["UI03N003"])
    (place / "bad.img").write_bytes((place / "ui03n003.img").read_bytes()[:-9])
    (place / "stations.csv").write_bytes((DATA / "stations.csv").read_bytes())
    (place / "bad.csv").write_text("site,lat,lon\nhere,100,0\n")
    with served(place) as url:
        yield url


@pytest.fixture(params=["off", "text", "json"])
def log(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every way to log, with the places of errors."""
    monkeypatch.setenv("LUNARCLOUD_LOG", request.param)
    monkeypatch.setenv("LUNARCLOUD_DEBUG", "1")
    monkeypatch.setenv("LUNARCLOUD_RETRIES", "0")
    settings.cache_clear()
    yield
    settings.cache_clear()


def _held(root: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file())


# Exit codes, and words in which NAME@ stands for the signed URL of a file.
COMMANDS = (
    (0, "ingest ui03n003.img@ bad.img@ --ppd 1 --scheduler DASK"),
    (0, "ingest ui03n003.img@ --ppd 1 --json --scheduler DASK"),
    (0, "stations add stations.csv@ --name mine --scheduler DASK"),
    (0, "list --json"),
    (0, "show mosaics"),
    (0, "show stations --json"),
    (2, "ingest bad.img@ --ppd 1"),
    (2, "ingest nothing.img@ --ppd 1"),
    (75, f"ingest http://ada:{SECRET}@127.0.0.1:1/x.img?{SIGNED} --ppd 1"),
    (2, "stations add bad.csv@ --name mine"),
    (2, "fit --stations nothing.csv@"),
    (2, "gravity --gravity bad.csv@"),
    (2, "reduce --maria bad.csv@"),
    (2, "submit ingest ui03n003.img@ --ppd 1 --on local"),
    (2, 'run ingest --events json --inputs {"tiles":["bad.img@"],"ppd":1}'),
    (2, f"ingest ui03n003.img@ --ppd 2 --scheduler tcp://ada:{SECRET}@127.0.0.1:1"),
)


@pytest.mark.usefixtures("log")
def test_a_secret_is_neither_said_nor_kept(
    web: str, lunarcloud: Command, scheduler: str, tmp_path: Path
) -> None:
    signed = f"{web.replace('://', f'://ada:{SECRET}@')}/"
    for wanted, typed in COMMANDS:
        words = re.sub(
            r"([a-z0-9]+\.(?:img|csv))@", rf"{signed}\1?{SIGNED}", typed.replace("DASK", scheduler)
        )
        code, out, err = lunarcloud(*words.split(), "--root", tmp_path / "r")
        assert code == wanted, (typed, out, err)
        assert SECRET not in out + err, typed
    assert SECRET.encode() not in _held(tmp_path)


def test_a_root_with_a_password_is_read_without_saying_it(web: str, lunarcloud: Command) -> None:
    root = f"{web.replace('://', f'://ada:{SECRET}@')}/root"
    for words in (("list",), ("list", "--json"), ("show", "mosaics"), ("map", "--model", "qiu2025")):
        code, out, err = lunarcloud(*words, "--root", root)
        assert code in (0, 2), err
        assert SECRET not in out + err
