"""A small archive: tiles in the archive's format and folders, served badly where a test wants it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lunarcloud.archive import shelves
from lunarcloud.config import settings
from lunarcloud.synthetic import write_tiles
from lunarcloud.testing.bad_archive import BadArchive, bad_archive
from tests.fetching.small_archive import TILES, Usage


@pytest.fixture(autouse=True)
def room(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk with room for tiles of full size, whatever this machine has: those of the tests are small."""
    monkeypatch.setattr("lunarcloud.fetching.plan.shutil.disk_usage", lambda path: Usage(10**12))


@pytest.fixture(autouse=True)
def hasty_retries(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pauses between tries are short."""
    monkeypatch.setenv("LUNARCLOUD_BACKOFF_S", "0.001")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve tiles as the archive has them: in its volumes, and as PDS4 in its bundle."""
    folder, flat = tmp_path_factory.mktemp("archive"), tmp_path_factory.mktemp("flat")
    write_tiles(flat, ppd=4, product_ids=TILES)
    write_tiles(flat, ppd=2, issue="pds4", product_ids=TILES[:2])
    for shelf in shelves():
        for path in (shelf.pds3_path, f"{shelf.pds4_path}.xml", f"{shelf.pds4_path}.tif"):
            found = flat / Path(path).name
            if found.exists():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.move(found, folder / path)
    return folder


@pytest.fixture
def archive(published: Path) -> Iterator[BadArchive]:
    """A server of them, which behaves until a test gives it another plan."""
    with bad_archive(published) as server:
        yield server
