"""Labels and tiles for the tests of this room: the reference tiles, and small synthetic ones."""

from pathlib import Path

import pytest

from lunarcloud.archive import Tile, find_tiles
from lunarcloud.synthetic import DEFECTS, write_tiles


@pytest.fixture(scope="session")
def lp_tiles(lp_archive: str) -> dict[str, Tile]:
    return {tile.product_id: tile for tile in find_tiles(lp_archive).tiles}


@pytest.fixture(scope="session")
def pds3_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pds3")
    write_tiles(folder, ppd=8, product_ids=_SOME, defects=DEFECTS)
    return folder


@pytest.fixture(scope="session")
def pds4_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pds4")
    write_tiles(folder, ppd=8, product_ids=_SOME, defects=DEFECTS, issue="pds4")
    return folder


@pytest.fixture
def one_tile(pds3_folder: Path) -> bytes:
    """A whole valid .IMG file, to be damaged."""
    return (pds3_folder / "ui03n003.img").read_bytes()


# Both poles, both sides of 0/360 and of 180, and each kind of defect.
_SOME = (
    "UI03N003",
    "UI03N357",
    "UI03S177",
    "UI03S183",
    "UI10N045",
    "UI10N051",
    "UI17S099",
    "UI31S291",
    "UI59N202",
    "UI59S022",
    "UI87N030",
    "UI87N330",
    "UI87S150",
)
