"""Overviews against slow loops over the pixels they cover, on grids of awkward shard edges."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lunarcloud.errors import NotFoundError
from lunarcloud.maps import FILL, QUALITY, RunCard, finish_maps, flags, load_run
from lunarcloud.maps.overviews import OverviewShard, any_flag, halved
from lunarcloud.moon import grid
from lunarcloud.storage import folder
from lunarcloud.testing.small_root import write_shard

CODES = st.one_of(st.just(FILL), st.integers(0, FILL - 1))


@given(codes=arrays(np.uint16, (8, 6), elements=CODES), top=st.integers(0, 352))
def test_a_mean_is_weighted_by_area_over_the_valid_pixels(codes: npt.NDArray[np.uint16], top: int) -> None:
    areas = grid(2).pixel_area_m2()[top : top + 8]
    found = halved(codes, areas, fill=FILL)
    for row in range(4):
        for col in range(3):
            assert abs(int(found[row, col]) - _mean(codes, areas, row, col)) <= 0.5 + 1e-6


def _mean(codes: npt.NDArray[np.uint16], areas: npt.NDArray[np.float64], row: int, col: int) -> float:
    total = weight = 0.0
    for fine_row in (2 * row, 2 * row + 1):
        for fine_col in (2 * col, 2 * col + 1):
            if codes[fine_row, fine_col] != FILL:
                total += areas[fine_row] * float(codes[fine_row, fine_col])
                weight += areas[fine_row]
    return total / weight if weight else FILL


@given(flags=arrays(np.uint8, (4, 4), elements=st.integers(0, 31)))
def test_an_overview_has_the_flags_of_any_of_its_pixels(flags: npt.NDArray[np.uint8]) -> None:
    found = any_flag(flags)
    for row in range(2):
        for col in range(2):
            block = flags[2 * row : 2 * row + 2, 2 * col : 2 * col + 2]
            assert found[row, col] == np.bitwise_or.reduce(block.ravel())


@pytest.mark.parametrize(("ppd", "edge"), [(2, 101), (2, 512), (6, 1024)])
def test_shards_of_an_overview_are_the_overview_of_the_whole(ppd: int, edge: int, tmp_path: Path) -> None:
    fine = grid(ppd, edge)
    run = load_run(folder(tmp_path), RunCard(ppd=ppd, shard_edge=edge, maps=("omat",), flags=flags()))
    random = np.random.default_rng(ppd)
    omat = random.integers(0, 5000, fine.shape).astype(np.uint16)
    omat[random.random(fine.shape) < 0.2] = FILL
    quality = random.integers(0, 4096, fine.shape).astype(np.uint16)
    for shard in fine.shards():
        window = fine.window(shard).slices
        write_shard(run.group(), shard, {"omat": omat[window], QUALITY: quality[window]})
    coarse = run.level_grid(1)
    made = OverviewShard(run.group(), coarse)
    whole = halved(omat, fine.pixel_area_m2(), fill=FILL)
    for shard in coarse.shards():
        arrays = made(shard).arrays
        assert np.array_equal(arrays["omat"], whole[coarse.window(shard).slices])
        assert np.array_equal(arrays[QUALITY], any_flag(quality)[coarse.window(shard).slices])


@pytest.mark.parametrize(
    ("ppd", "edge", "expected"),
    [(1, 256, 2), (3, 64, 3), (4, 101, 5), (8, 256, 5), (304, 2048, 7), (1, 1024, 1), (8, 8192, 2)],
)
def test_levels_halve_while_rows_are_even_and_more_than_a_shard_or_many_columns_are_left(
    ppd: int, edge: int, expected: int, tmp_path: Path
) -> None:
    run = load_run(
        folder(tmp_path), RunCard(ppd=ppd, shard_edge=grid(ppd, edge).shard_edge, maps=(), flags=flags())
    )
    assert run.levels == expected
    assert run.level_grid(expected - 1).shape == (180 * ppd >> expected - 1, 360 * ppd >> expected - 1)


def test_every_level_opens_by_itself_and_all_of_them_as_a_tree(tmp_path: Path) -> None:
    run = load_run(folder(tmp_path), RunCard(ppd=4, shard_edge=101, maps=("omat",), flags=flags()))
    for level in range(run.levels):
        for shard in run.group(level).missing():
            shape = run.level_grid(level).window(shard).shape
            codes = np.full(shape, 1000 + level, dtype=np.uint16)
            write_shard(run.group(level), shard, {"omat": codes, QUALITY: np.zeros(shape, dtype=np.uint16)})
    with pytest.raises(NotFoundError):
        run.open()
    finish_maps(run, {"title": "Lunar oxide maps"})
    tree = xr.open_datatree(run.store.url, engine="zarr")
    assert [tree[str(level)].sizes["lat"] for level in range(run.levels)] == [720, 360, 180, 90, 45]
    assert [each["asset"] for each in tree["north"].attrs["multiscales"]["layout"]] == ["0", "1", "2"]
    assert [each.sizes["x"] for each in tree["south"].children.values()] == [246, 124, 62]
    assert set(xr.open_datatree(f"{run.store.url}/north", engine="zarr").children) == {"0", "1", "2"}
    assert [each["asset"] for each in tree.attrs["multiscales"]["layout"]] == ["0", "1", "2", "3", "4"]
    assert xr.open_zarr(run.store.url).attrs["title"] == "Lunar oxide maps"
    for level in range(run.levels):
        plain = xr.open_zarr(f"{run.store.url}/{level}")
        assert plain.attrs["title"] == "Lunar oxide maps"
        opened = run.open(level)
        assert opened.attrs.items() <= plain.attrs.items()
        # Plain xarray decodes to double precision, which tells the last digits of the step apart.
        xr.testing.assert_allclose(opened, plain, rtol=1e-6)
        assert float(plain["omat"][0, 0]) == pytest.approx((1000 + level) * 1e-4)
    with pytest.raises(NotFoundError, match="levels 0 to 4, not 5"):
        run.open(5)


def test_every_flag_is_a_bit_of_its_own() -> None:
    bits = list(flags().values())
    assert len(set(bits)) == len(bits)
    assert all(bit.bit_count() == 1 for bit in bits)
