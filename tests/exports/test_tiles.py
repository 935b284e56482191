"""Tiles of whole maps lie in the order of GDAL's mark, with the pixels of all levels."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio

from lunarcloud.engine import quiet
from lunarcloud.exports.cog import Wanted, write_cog
from lunarcloud.exports.layers import Layer
from lunarcloud.exports.rasters import Stored
from lunarcloud.exports.tallies import Tally
from lunarcloud.exports.tiles import put_tiles
from lunarcloud.maps import Run
from lunarcloud.moon import Window, grid
from lunarcloud.storage import folder
from lunarcloud.testing.runs import MakeRun, truth_maps


@pytest.fixture(scope="module")
def large(make_run: MakeRun, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A map in shards of 2 x 2 tiles; those at the right and at the bottom are cut off within a tile."""
    on = grid(6, 1024)
    maps = {"feo_cnn": truth_maps(on)["feo_cnn"]}
    return make_run(on, maps, folder(tmp_path_factory.mktemp("root")), "large")


@pytest.fixture(scope="module")
def image(large: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its COG."""
    target = tmp_path_factory.mktemp("cogs")
    stored = [Stored(large.store / str(number)) for number in range(large.levels)]
    write_cog(folder(target), "map.tif", Layer(stored, "feo_cnn"), Wanted(), quiet)
    return target / "map.tif"


def places(image: Path, overview: int | None) -> list[tuple[int, int]]:
    """Where the tiles of an image begin and how long they are, row by row, as GDAL finds them."""
    level = {} if overview is None else {"overview_level": overview}
    with rasterio.open(image, **level) as opened:
        down, across = (-(-pixels // 512) for pixels in opened.shape)
    with rasterio.open(image) as opened:

        def number(what: str, col: int, row: int) -> int:
            return int(opened.get_tag_item(f"BLOCK_{what}_{col}_{row}", "TIFF", bidx=1, ovr=overview))

        return [
            (number("OFFSET", col, row), number("SIZE", col, row))
            for row in range(down)
            for col in range(across)
        ]


def test_every_level_has_its_pixels(large: Run, image: Path) -> None:
    for number in range(large.levels):
        level = {"overview_level": number - 1} if number else {}
        with rasterio.open(image, **level) as opened:
            np.testing.assert_array_equal(opened.read(1), large.open(number)["feo_cnn"].values)


def test_a_row_of_tiles_is_read_at_a_time_so_that_none_waits_for_another(
    large: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Window] = []

    def read(stored: Stored, name: str, window: Window) -> npt.NDArray[Any]:
        asked.append(window)
        return np.zeros((1, *window.shape), np.uint16)

    monkeypatch.setattr(Stored, "read", read)
    stored = Stored(large.store / "0")
    with (tmp_path / "tiles").open("wb") as file:
        put_tiles(file, stored, "feo_cnn", lambda codes: Tally(), quiet)
    assert {each.row_start % 512 for each in asked} == {0}
    assert max(each.shape[0] for each in asked) == 512
    assert sum(each.shape[0] * each.shape[1] for each in asked) == large.grid.n_rows * large.grid.n_cols


def test_tiles_follow_each_other_from_the_coarsest_level_to_the_finest(large: Run, image: Path) -> None:
    levels = [*reversed(range(large.levels - 1)), None]
    found = [place for overview in levels for place in places(image, overview)]
    ends = [start + size for start, size in found]
    # Between two tiles there are four bytes of the one's end and four of the other's size.
    assert [start for start, _ in found[1:]] == [end + 8 for end in ends[:-1]]
    assert ends[-1] + 4 == image.stat().st_size


def test_a_tile_has_its_size_before_it_and_its_end_behind_it(image: Path) -> None:
    data = image.read_bytes()
    for start, size in places(image, None):
        assert int.from_bytes(data[start - 4 : start], "little") == size
        assert data[start + size - 4 : start + size] == data[start + size : start + size + 4]
