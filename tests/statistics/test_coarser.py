"""Runs on a coarser grid: means by exact area, whatever the grids, and nothing counted that is left out."""

import numpy as np
import numpy.typing as npt
import pytest

from lunarcloud.maps import QUALITY
from lunarcloud.moon import FloatArray, Grid, grid
from lunarcloud.statistics import Pair, compare_maps, source_of, whole_moon
from lunarcloud.statistics.coarser import CoarserSource, aligned
from lunarcloud.statistics.source import MISSING, Source
from lunarcloud.testing.runs import MakeRun

pytestmark = pytest.mark.usefixtures("coarse_cells")


def whole(source: Source, name: str) -> npt.NDArray[np.uint16]:
    """All shards of a map."""
    found = np.zeros(source.grid.shape, np.uint16)
    for shard in source.grid.shards():
        found[source.grid.window(shard).slices] = source.read(name, shard)
    return found


def by_loop(codes: npt.NDArray[np.uint16], fine: Grid, coarse: Grid, row: int, col: int) -> float:
    """One pixel, its area shared out to the fine ones by their edges, written out."""
    top, bottom = (90.0 - (row + each) / coarse.ppd for each in (0, 1))
    west, east = ((col + each) / coarse.ppd - 180.0 for each in (0, 1))
    area = weighted = total = 0.0
    for i in range(fine.n_rows):
        high, low = min(top, 90.0 - i / fine.ppd), max(bottom, 90.0 - (i + 1) / fine.ppd)
        if high <= low:
            continue
        height = np.sin(np.radians(high)) - np.sin(np.radians(low))
        for j in range(int((west + 180.0) * fine.ppd), min(int((east + 180.0) * fine.ppd) + 1, fine.n_cols)):
            left, right = max(west, j / fine.ppd - 180.0), min(east, (j + 1) / fine.ppd - 180.0)
            part = height * max(0.0, right - left)
            total += part
            if codes[i, j] != MISSING:
                area, weighted = area + part, weighted + part * codes[i, j]
    return round(weighted / area) if area >= 0.5 * total else MISSING


@pytest.fixture(scope="module")
def values() -> FloatArray:
    """FeO at five pixels a degree, with a gap."""
    made = np.random.default_rng(1).uniform(1.0, 20.0, grid(5).shape)
    made[100:200, 300:500] = np.nan
    return made


@pytest.mark.parametrize(("ppd", "edge"), [(1, 90), (2, 200), (3, 97), (4, 720)])
def test_a_mean_is_that_of_the_pixels_by_their_areas(
    make_run: MakeRun, values: FloatArray, ppd: int, edge: int
) -> None:
    fine, coarse = grid(5, 130), grid(ppd, edge)
    run = make_run(fine, {"feo_cnn": values})
    found = whole(CoarserSource(run.group(), onto=coarse), "feo_cnn")
    codes = whole(source_of(run), "feo_cnn")
    # Inside the gap, across its edges, at both poles and both sides of the seam.
    places = [(0, 0), (180 * ppd - 1, 360 * ppd - 1)]
    places += [(int(at / 5 * ppd), int(to / 5 * ppd)) for at in (99, 150, 199) for to in (299, 400, 499)]
    for row, col in places:
        assert found[row, col] == by_loop(codes, fine, coarse, row, col)
    assert (found == MISSING).any()


def test_shards_of_any_size_give_the_same(make_run: MakeRun, values: FloatArray) -> None:
    run = make_run(grid(5, 333), {"feo_cnn": values})
    one, other = (whole(CoarserSource(run.group(), onto=grid(2, edge)), "feo_cnn") for edge in (50, 720))
    assert np.array_equal(one, other)


def test_what_is_left_out_is_not_in_the_mean_and_the_rest_is_not_left_out(make_run: MakeRun) -> None:
    clipped = np.zeros(grid(4).shape, bool)
    clipped[::4, :] = True
    run = make_run(grid(4), {"feo_cnn": np.where(clipped, 30.0, 8.0)}, flagged={"feo_cnn_clipped": clipped})
    source = CoarserSource(run.group(), ("clipped",), onto=grid(1))
    codes = whole(source, "feo_cnn")
    assert np.allclose(source.coding("feo_cnn").values(codes), 8.0)
    shard = next(iter(grid(1).shards()))
    quality = source.stored(QUALITY, shard)
    assert (quality != 0).all()
    assert not (source.marks("feo_cnn", source.stored("feo_cnn", shard), quality) & source.excluded).any()


def test_flags_are_those_of_every_pixel_in_it(make_run: MakeRun) -> None:
    unlike = np.zeros(grid(5).shape, bool)
    unlike[452, 902] = True
    run = make_run(grid(5), {"feo_cnn": 8.0}, flagged={"extrapolated_beyond_stations": unlike})
    coarse = CoarserSource(run.group(), onto=grid(2))
    found = np.zeros(grid(2).shape, int)
    for shard in grid(2).shards():
        found[grid(2).window(shard).slices] = coarse.stored(QUALITY, shard)
    # 452 of five pixels a degree is 180.8 to 181.2 of two; 902 is 360.8 to 361.2: four hold some of it.
    assert {tuple(at) for at in np.argwhere(found)} == {(180, 360), (180, 361), (181, 360), (181, 361)}


def test_the_coarser_of_two_stays_and_equal_ones_are_as_they_are(make_run: MakeRun) -> None:
    fine, coarse = (source_of(make_run(grid(ppd), {"feo_cnn": 8.0})) for ppd in (3, 2))
    first, second = aligned(fine, coarse)
    assert (first.grid, second) == (coarse.grid, coarse)
    assert aligned(coarse, fine)[0] is coarse
    assert aligned(fine, fine) == (fine, fine)


def test_a_run_compared_with_itself_on_two_grids_differs_by_nothing_in_the_mean(
    make_run: MakeRun,
) -> None:
    lat = np.broadcast_to(grid(6).lat()[:, None], grid(6).shape)
    smooth = 10.0 + 5.0 * np.sin(np.radians(2.0 * lat))
    fine = source_of(make_run(grid(6), {"feo_cnn": smooth}))
    lat = np.broadcast_to(grid(4).lat()[:, None], grid(4).shape)
    coarse = source_of(make_run(grid(4), {"feo_cnn": 10.0 + 5.0 * np.sin(np.radians(2.0 * lat))}))
    found = compare_maps(*aligned(fine, coarse), (Pair("feo_cnn", "feo_cnn", "feo_cnn"),), (whole_moon(),))
    assert abs(float(found["mean_difference"].squeeze())) < 1e-4
    assert float(found["rmse"].squeeze()) < 2e-3  # two steps


def test_chance_is_averaged_like_its_map(make_run: MakeRun) -> None:
    """Pixels share their networks, so the chance of a mean is the mean of chances."""
    run = make_run(grid(3), {"feo_cnn": 8.0, "feo_cnn_chance": 0.25})
    source = CoarserSource(run.group(), networks=20, onto=grid(2))
    assert source.has_chance("feo_cnn")
    shard = next(iter(grid(2).shards()))
    chance = source.chance("feo_cnn", shard)
    assert chance.shape == grid(2).window(shard).shape
    np.testing.assert_allclose(chance, 0.25, atol=1e-3)
