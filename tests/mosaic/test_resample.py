"""Every pixel of a mosaic is the one that the label's equations name, and overlaps follow one rule."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from lunarcloud.archive import Tile, Wanted, find_tiles, instrument
from lunarcloud.archive.bands import BandRow
from lunarcloud.archive.reading import read_rows
from lunarcloud.archive.tiles import MISSING
from lunarcloud.moon import grid
from lunarcloud.mosaic.resample import UNCOVERED, resample, touches
from lunarcloud.synthetic import DEFECTS, write_tiles
from tests.archive.cube_files import cube_of, write_array

# Both poles, both sides of 0/360 and of the antimeridian, a tile whose label says EASTERNMOST > 360.
CORNERS = ("UI87N030", "UI87N330", "UI87S150", "UI03N003", "UI03N357", "UI03S177", "UI03S183", "UI59N352")


@pytest.fixture(scope="module")
def corner_tiles(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ...]:
    folder = tmp_path_factory.mktemp("corners")
    write_tiles(folder, ppd=7, product_ids=CORNERS, defects=DEFECTS)
    return find_tiles(str(folder)).tiles


def _dn_by_equations(tile: Tile, image: npt.NDArray[np.int16], *, lat: float, lon: float) -> list[int] | None:
    """One position, the equations of the archive's documents written out; None outside the tile."""
    east = (lon - tile.center_longitude + 180.0) % 360.0 - 180.0
    line = int(tile.line_projection_offset - lat * tile.map_resolution)
    sample = int(tile.sample_projection_offset + east * tile.map_resolution * math.cos(math.radians(lat)))
    if not (1 <= line <= tile.lines and 1 <= sample <= tile.samples):
        return None
    return [int(value) for value in image[:, line - 1, sample - 1]]


@pytest.mark.parametrize("name", CORNERS)
def test_each_pixel_holds_the_number_that_the_equations_name(
    corner_tiles: tuple[Any, ...], name: str
) -> None:
    (tile,) = [tile for tile in corner_tiles if tile.product_id == name]
    image = read_rows(tile, row_start=0, row_stop=tile.lines, col_start=0, col_stop=tile.samples)
    g = grid(5)
    dn, _ = resample(g, g.whole, [tile])
    random = np.random.default_rng(1)
    covered = np.argwhere(dn[1] != MISSING)
    for row, col in covered[random.integers(0, len(covered), 300)]:
        expected = _dn_by_equations(tile, image, lat=g.lat()[row], lon=g.lon()[col])
        found = dn[:, row, col].tolist()
        assert expected is not None
        assert all(f in (e, MISSING) for f, e in zip(found, expected, strict=True))


@pytest.mark.parametrize("name", CORNERS)
def test_no_pixel_that_the_equations_name_is_left_out(corner_tiles: tuple[Any, ...], name: str) -> None:
    (tile,) = [tile for tile in corner_tiles if tile.product_id == name]
    image = read_rows(tile, row_start=0, row_stop=tile.lines, col_start=0, col_stop=tile.samples)
    g = grid(2)
    dn, counts = resample(g, g.whole, [tile])
    named = 0
    for row, lat in enumerate(g.lat()):
        for col, lon in enumerate(g.lon()):
            expected = _dn_by_equations(tile, image, lat=lat, lon=lon)
            named += expected is not None
            if expected is not None and min(expected) >= 0:
                assert dn[:, row, col].tolist() == expected
    assert counts[UNCOVERED] == g.n_rows * g.n_cols - named


def test_windows_of_any_shape_agree_with_the_whole(corner_tiles: tuple[Any, ...]) -> None:
    whole, _ = resample(grid(6), grid(6).whole, corner_tiles)
    for edge in (7, 211, 2160):
        g = grid(6, edge) if edge > 7 else grid(6, 307)
        for shard in g.shards():
            window = g.window(shard)
            near = [tile for tile in corner_tiles if touches(g, window, tile)]
            part, _ = resample(g, window, near)
            assert np.array_equal(part, whole[(slice(None), *window.slices)])


def test_the_order_of_tiles_does_not_matter(corner_tiles: tuple[Any, ...]) -> None:
    g = grid(4)
    forwards, counted = resample(g, g.whole, corner_tiles)
    backwards, recounted = resample(g, g.whole, corner_tiles[::-1])
    assert np.array_equal(forwards, backwards)
    assert counted == recounted


def test_a_cube_of_hundreds_of_bands_is_painted(tmp_path: Path) -> None:
    """M3's target mode has 260."""
    bands = tuple(BandRow(number=at, wavelength_nm=400.0 + 10.0 * at) for at in range(1, 261))
    data = np.full((260, 180, 360), 0.2, dtype=np.float32)
    write_array(tmp_path / "m3.tif", data, "IAU_2015:30100", 1.0, (-180.0, 90.0))
    cube = cube_of(tmp_path / "m3.tif", Wanted(instrument("other"), bands))
    dn, counts = resample(grid(1), grid(1).whole, (cube,), cube.camera)
    assert (dn == MISSING).sum() == 0
    assert UNCOVERED not in counts


def test_overlaps_take_the_spectrum_with_most_bands_then_the_first_name(tmp_path: Path) -> None:
    """Two copies of one place: the second in name wins only where the first lost a band."""
    write_tiles(tmp_path, ppd=4, product_ids=["UI03N003"], noise=0)
    (tile,) = find_tiles(str(tmp_path)).tiles
    size = 2 * tile.lines * tile.samples
    data = bytearray((tmp_path / "ui03n003.img").read_bytes())
    damaged = data[:]
    half = size // 4
    damaged[tile.data_offset : tile.data_offset + 2 * half] = b"\x80\x00" * half
    brighter = bytearray(data)
    for band in range(5):
        start = tile.data_offset + band * size
        values = np.frombuffer(bytes(data[start : start + size]), ">i2") + 1
        brighter[start : start + size] = values.astype(">i2").tobytes()
    (tmp_path / "ui03n003.img").write_bytes(damaged)
    (tmp_path / "other.img").write_bytes(brighter.replace(b'"UI03N003"', b'"UI03N009"'))
    first, second = find_tiles(str(tmp_path)).tiles
    g = grid(4)
    whole, _ = resample(g, g.whole, [first, second])
    alone_first, _ = resample(g, g.whole, [first])
    alone_second, _ = resample(g, g.whole, [second])
    lost = (alone_first[0] == MISSING) & (alone_second[0] != MISSING)
    both = (alone_first != MISSING).all(axis=0)
    assert lost.any()
    assert both.any()
    assert np.array_equal(whole[:, lost], alone_second[:, lost])
    assert np.array_equal(whole[:, both], alone_first[:, both])
