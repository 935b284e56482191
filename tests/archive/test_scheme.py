"""The tiling of the Moon, and where the archive keeps its tiles."""

import math

from lunarcloud.archive.scheme import cells, shelves
from lunarcloud.synthetic import frames


def test_the_tiles_cover_the_moon_once() -> None:
    area = sum(
        (cell.east - cell.west) * (math.sin(math.radians(cell.north)) - math.sin(math.radians(cell.south)))
        for cell in cells()
    )
    assert math.isclose(area, 720.0)


def test_every_tile_is_on_one_of_the_archives_volumes() -> None:
    assert [shelf.product_id for shelf in shelves()] == [cell.product_id for cell in cells()]
    assert {shelf.volume for shelf in shelves()} == {f"cl_{number}" for number in range(4001, 4079)}


def test_the_bytes_of_a_tile_are_those_of_its_pixels_at_full_resolution() -> None:
    assert [shelf.n_bytes for shelf in shelves()] == [10 * frame.lines * frame.samples for frame in frames()]


def test_paths_are_those_of_both_issues() -> None:
    shelf = next(shelf for shelf in shelves() if shelf.product_id == "UI87S330")
    assert shelf.pds3_path == "cl_4078/data/ui87s330.img"
    assert shelf.pds4_path == "data/uvvis/87s/300/uvvis_87s_330e"
