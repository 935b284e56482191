"""Overviews against slow loops over the pixels they cover, on grids of awkward shard edges."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lunarcloud import open_maps
from lunarcloud.errors import NotFoundError
from lunarcloud.maps import FILL, QUALITY, RunCard, finish_maps, flags, levels_of, load_run
from lunarcloud.maps import overviews as module
from lunarcloud.maps.overviews import OverviewShard, any_flag, block_means
from lunarcloud.moon import Grid, grid
from lunarcloud.storage import folder
from lunarcloud.testing.runs import MakeRun
from lunarcloud.testing.small_root import write_shard

CODES = st.one_of(st.just(FILL), st.integers(0, FILL - 1))
FACTORS = st.sampled_from([2, 3, 5])


@given(factor=FACTORS, data=st.data(), top=st.integers(0, 340))
def test_a_mean_is_weighted_by_area_over_the_valid_pixels(factor: int, data: st.DataObject, top: int) -> None:
    codes = data.draw(arrays(np.uint16, (4 * factor, 3 * factor), elements=CODES))
    areas = grid(2).pixel_area_m2()[top : top + 4 * factor]
    found = block_means(codes, areas, factor, fill=FILL)
    for row in range(4):
        for col in range(3):
            block = slice(factor * row, factor * (row + 1)), slice(factor * col, factor * (col + 1))
            assert abs(int(found[row, col]) - _mean(codes[block], areas[block[0]])) <= 0.5 + 1e-6


def _mean(codes: npt.NDArray[np.uint16], areas: npt.NDArray[np.float64]) -> float:
    total = weight = 0.0
    for row, area in zip(codes, areas, strict=True):
        for code in row:
            if code != FILL:
                total += area * float(code)
                weight += area
    return total / weight if weight else FILL


@pytest.mark.parametrize("at_once", [1, 7 * 3 * 12])
def test_means_have_the_same_bits_however_many_are_made_at_once(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = np.random.default_rng(3).integers(0, FILL + 1, (30, 12)).astype(np.uint16)
    areas = grid(1).pixel_area_m2()[:30]
    whole = block_means(codes, areas, 3, fill=FILL)
    monkeypatch.setattr(module, "_AT_ONCE", at_once)
    assert np.array_equal(block_means(codes, areas, 3, fill=FILL), whole)


@given(factor=FACTORS, data=st.data())
def test_an_overview_has_the_flags_of_any_of_its_pixels(factor: int, data: st.DataObject) -> None:
    flags = data.draw(arrays(np.uint8, (2 * factor, 2 * factor), elements=st.integers(0, 31)))
    found = any_flag(flags, factor)
    for row in range(2):
        for col in range(2):
            block = flags[factor * row : factor * (row + 1), factor * col : factor * (col + 1)]
            assert found[row, col] == np.bitwise_or.reduce(block.ravel())


@pytest.mark.parametrize(
    ("ppd", "edge", "factor"), [(2, 101, 2), (2, 512, 2), (6, 1024, 2), (2, 101, 3), (1, 32, 5)]
)
def test_shards_of_an_overview_are_the_overview_of_the_whole(
    ppd: int, edge: int, factor: int, tmp_path: Path
) -> None:
    fine = grid(ppd, edge)
    run = load_run(folder(tmp_path), RunCard(ppd=ppd, shard_edge=edge, maps=("omat",), flags=flags()))
    random = np.random.default_rng(ppd)
    omat = random.integers(0, 5000, fine.shape).astype(np.uint16)
    omat[random.random(fine.shape) < 0.2] = FILL
    quality = random.integers(0, 4096, fine.shape).astype(np.uint16)
    for shard in fine.shards():
        window = fine.window(shard).slices
        write_shard(run.group(), shard, {"omat": omat[window], QUALITY: quality[window]})
    coarse = Grid(n_rows=fine.n_rows // factor, n_cols=fine.n_cols // factor, shard_edge=edge)
    made = OverviewShard(run.group(), coarse)
    whole = block_means(omat, fine.pixel_area_m2(), factor, fill=FILL)
    for shard in coarse.shards():
        arrays = made(shard).arrays
        assert np.array_equal(arrays["omat"], whole[coarse.window(shard).slices])
        assert np.array_equal(arrays[QUALITY], any_flag(quality, factor)[coarse.window(shard).slices])


@pytest.mark.parametrize(
    ("ppd", "edge", "expected"),
    [(1, 256, 2), (4, 101, 5), (8, 256, 5), (64, 2048, 5), (304, 2048, 7), (1, 1024, 1), (8, 8192, 2)],
)
def test_levels_halve_while_rows_are_even_and_more_than_a_shard_or_many_columns_are_left(
    ppd: int, edge: int, expected: int, tmp_path: Path
) -> None:
    run = load_run(folder(tmp_path), RunCard(ppd=ppd, shard_edge=edge, maps=(), flags=flags()))
    assert run.levels == expected
    assert run.level_grid(expected - 1).shape == (180 * ppd >> expected - 1, 360 * ppd >> expected - 1)


@pytest.mark.parametrize(
    ("ppd", "rows"),
    [
        (25, [4500, 2250, 1125, 375]),
        (50, [9000, 4500, 2250, 1125, 375]),
        (75, [13500, 6750, 3375, 1125, 375]),
        (100, [18000, 9000, 4500, 2250, 1125, 375]),
        (303, [54540, 27270, 13635, 4545, 1515, 505]),
        (307, [55260, 27630, 13815, 4605, 1535, 307]),
    ],
)
def test_odd_rows_go_on_by_thirds_and_fifths(ppd: int, rows: list[int]) -> None:
    assert [level.n_rows for level in levels_of(grid(ppd))] == rows


@given(ppd=st.integers(1, 1000))
def test_levels_of_every_resolution_end_in_one_shard_of_2048_columns_at_most(ppd: int) -> None:
    levels = levels_of(grid(ppd))
    assert levels[-1].n_cols <= 2048
    assert levels[-1].shard_shape == (1, 1)
    for finer, coarser in pairwise(levels):
        factor = next(each for each in (2, 3, 5) if finer.n_rows % each == 0)
        assert coarser.shape == (finer.n_rows // factor, finer.n_cols // factor)
        assert coarser.shard_edge == finer.shard_edge


def test_levels_by_thirds_are_means_of_the_one_before_and_lie_where_they_say(make_run: MakeRun) -> None:
    random = np.random.default_rng(1)
    on = grid(3, 256)
    feo = np.where(random.random(on.shape) < 0.3, np.nan, random.uniform(0.0, 25.0, on.shape))
    run = make_run(on, {"feo_cnn": feo}, flagged={"missing_input": random.random(on.shape) < 0.02})
    tree = xr.open_datatree(run.store.url, engine="zarr", mask_and_scale=False)
    layout = tree.attrs["multiscales"]["layout"]
    assert [each["transform"]["scale"] for each in layout] == [[step, step] for step in (1, 2, 2, 3)]
    levels = [tree[each["asset"]].to_dataset().load() for each in layout]
    for (finer, coarser), factor in zip(pairwise(levels), (2, 2, 3), strict=True):
        rows, cols = coarser["feo_cnn"].shape
        feo, quality, lat, lon = (
            finer[name].values.reshape(shape)
            for name, shape in (
                ("feo_cnn", (rows, factor, cols, factor)),
                ("quality", (rows, factor, cols, factor)),
                ("lat", (rows, factor, 1, 1)),
                ("lon", (cols, factor)),
            )
        )
        # The area of a row of pixels on a sphere goes as the cosine of its middle.
        weight = np.cos(np.radians(lat)) * (feo != FILL)
        total, weights = (feo * weight).sum(axis=(1, 3)), weight.sum(axis=(1, 3))
        means = np.divide(total, weights, out=np.full_like(total, FILL), where=weights > 0)
        np.testing.assert_allclose(coarser["feo_cnn"], means, rtol=0, atol=0.5 + 1e-6)
        assert np.array_equal(coarser["quality"], np.bitwise_or.reduce(quality, axis=(1, 3)))
        np.testing.assert_allclose(coarser["lat"], lat.mean(axis=1).ravel(), atol=1e-9)
        np.testing.assert_allclose(coarser["lon"], lon.mean(axis=1), atol=1e-9)
    assert open_maps(Path(run.place.url).parents[1], level=3).sizes == {"lat": 45, "lon": 90}


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
