"""Levels around the poles against shapely's areas, PROJ's positions and a mean over all pixels at once."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import shapely
from pyproj import Transformer

from lunarcloud.maps import FILL, QUALITY, Run, RunCard, flags, load_run
from lunarcloud.maps import poles as module
from lunarcloud.maps.poles import PolarShard, any_flags, covering, means, shared_out
from lunarcloud.maps.store import POLES
from lunarcloud.moon import (
    GEOGRAPHIC,
    FloatArray,
    Grid,
    PolarGrid,
    Pole,
    Positions,
    Window,
    grid,
    kilometres,
    lunar_crs,
    polar_grid,
)
from lunarcloud.storage import folder
from lunarcloud.testing.small_root import write_shard

# Points of an outline along a parallel, in the place of the arc.
_FINE = 16


def polar(on: Grid, pole: Pole) -> PolarGrid:
    return polar_grid(pole, limit=60.0, pixel_m=1000.0 * kilometres(1.0) / on.ppd, shard_edge=512)


def smooth(where: Positions) -> FloatArray:
    lat, lon = np.radians(where.lat), np.radians(where.lon)
    return np.asarray(30_000 + 8000 * np.cos(lat) ** 2 * np.sin(2 * lon + 0.3) + 9000 * np.sin(lat))


def whole_map(on: Grid, codes: npt.NDArray[np.uint16], raster: PolarGrid) -> npt.NDArray[np.uint16]:
    """The map around a pole from all pixels of the Moon at once."""
    shares = shared_out(on, on.whole, raster, raster.whole)
    return means([(shares, codes)], raster.n_rows * raster.n_cols).reshape(raster.shape)


@pytest.mark.parametrize("pole", POLES)
def test_a_pixel_is_the_mean_of_what_proj_says_lies_there(pole: Pole) -> None:
    on = grid(4)
    lat, lon = np.meshgrid(on.lat(), on.lon(), indexing="ij")
    codes = np.rint(smooth(Positions(lat, lon))).astype(np.uint16)
    raster = polar(on, pole)
    # Pixels of one value each, 50 codes from the next at most, laid over each other at any angle: a tenth.
    np.testing.assert_allclose(whole_map(on, codes, raster), smooth(raster.positions()), atol=6.0)


@pytest.mark.parametrize("pole", POLES)
def test_every_pixel_is_shared_out_by_its_area_in_the_plane(pole: Pole) -> None:
    on = grid(1)
    raster = polar(on, pole)
    window = Window(row_start=25, row_stop=33, col_start=22, col_stop=34)
    held = Window(row_start=0, row_stop=14, col_start=0, col_stop=360)
    if pole == "south":
        held = Window(row_start=166, row_stop=180, col_start=0, col_stop=360)
    found = shared_out(on, held, raster, window).weights.toarray()
    expected = _areas_by_shapely(on, held, raster, window) * _row_areas(on, held)
    # Parallels are straight within a pixel here, arcs there: a thousandth of a pixel of one degree.
    np.testing.assert_allclose(found / 2**24, expected, atol=1e-3)


def _areas_by_shapely(on: Grid, held: Window, raster: PolarGrid, window: Window) -> FloatArray:
    """Which part of each pixel lies in each polar one: outlines with arcs, cut by squares."""
    half = raster.pixel_m / 2
    x, y = (each.ravel() for each in np.meshgrid(raster.x(window), raster.y(window)))
    boxes = shapely.box(x - half, y - half, x + half, y + half)
    outlines = _outlines(on, held, raster.crs_code)
    parts = shapely.area(shapely.intersection(boxes[:, None], outlines[None, :]))
    return np.asarray(parts / shapely.area(outlines))


def _outlines(on: Grid, held: Window, code: str) -> npt.NDArray[np.object_]:
    to_plane = Transformer.from_crs(lunar_crs(GEOGRAPHIC), lunar_crs(code), always_xy=True)
    north, west = (
        each.ravel() for each in np.meshgrid(on.lat_edges(held)[:-1], on.lon_edges(held)[:-1], indexing="ij")
    )
    along = np.linspace(0.0, 1.0, _FINE) / on.ppd
    lon = west[:, None] + np.concatenate([along, along[::-1]])
    lat = north[:, None] - np.repeat([0.0, 1.0 / on.ppd], _FINE)
    return np.asarray(shapely.polygons(np.stack(to_plane.transform(lon, lat), axis=-1)))


def _row_areas(on: Grid, held: Window) -> FloatArray:
    areas = on.pixel_area_m2(held) / (kilometres(1.0 / on.ppd) * 1000.0) ** 2
    return np.repeat(areas, held.shape[1])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of noise in shards of an awkward edge, with a fifth of its pixels missing."""
    on = grid(2, 101)
    card = RunCard(ppd=2, shard_edge=101, maps=("omat",), flags=flags())
    made = load_run(folder(tmp_path_factory.mktemp("run")), card)
    random = np.random.default_rng(5)
    omat = random.integers(0, 9000, on.shape).astype(np.uint16)
    omat[random.random(on.shape) < 0.2] = FILL
    # Around one pole everything is missing.
    omat[:8] = FILL
    quality = np.where(random.random(on.shape) < 0.1, random.integers(0, 4096, on.shape), 0).astype(np.uint16)
    for shard in on.shards():
        window = on.window(shard).slices
        write_shard(made.group(), shard, {"omat": omat[window], QUALITY: quality[window]})
    return made


@pytest.mark.parametrize("held", [10**9, 4000])
@pytest.mark.parametrize("pole", POLES)
def test_shards_have_the_bits_of_the_whole_map_in_whatever_pieces_it_is_read(
    run: Run, pole: Pole, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    raster = run.polar_grid(pole)
    assert raster.shard_shape > (1, 1)
    omat = run.group().read_window("omat", run.grid.whole)
    quality = run.group().read_window(QUALITY, run.grid.whole)
    shares = shared_out(run.grid, run.grid.whole, raster, raster.whole)
    pixels = raster.n_rows * raster.n_cols
    whole = means([(shares, omat)], pixels).reshape(raster.shape)
    flagged = any_flags([(shares, quality)], pixels).reshape(raster.shape)
    monkeypatch.setattr(module, "_HELD", held)
    for shard in raster.shards():
        made = PolarShard(run.group(), run.grid, raster)(shard)
        part = raster.window(shard).slices
        assert np.array_equal(made.arrays["omat"], whole[part])
        assert np.array_equal(made.arrays[QUALITY], flagged[part])
        assert made.inputs


def test_a_pixel_is_missing_where_all_below_it_is_and_else_the_mean_of_what_is_there(run: Run) -> None:
    raster = run.polar_grid("north")
    omat = run.group().read_window("omat", run.grid.whole)
    found = whole_map(run.grid, omat, raster)
    middle = raster.n_rows // 2
    assert np.all(found[middle - 4 : middle + 4, middle - 4 : middle + 4] == FILL)
    around = np.hypot(*np.meshgrid(raster.x(), raster.y())) > 9 * raster.pixel_m
    there = found[around & (found != FILL)]
    assert there.size > 0.99 * around.sum()
    assert there.max() < 9000
    # The mean of noise is that of what it is made of.
    assert there.mean() == pytest.approx(4500, rel=0.01)


def test_flags_are_those_of_every_pixel_that_is_touched(run: Run) -> None:
    raster = run.polar_grid("south")
    shares = shared_out(run.grid, run.grid.whole, raster, raster.whole)
    quality = run.group().read_window(QUALITY, run.grid.whole)
    found = any_flags([(shares, quality)], raster.n_rows * raster.n_cols)
    touched, flat = shares.weights.tocsr(), quality.ravel()
    for pixel in range(0, found.size, 97):
        below = touched.indices[touched.indptr[pixel] : touched.indptr[pixel + 1]]
        assert found[pixel] == np.bitwise_or.reduce(flat[below])


@pytest.mark.parametrize("pole", POLES)
@pytest.mark.parametrize("at", [(0, 0), (0, 40), (55, 31), (100, 90), (60, 60)])
def test_windows_that_are_read_hold_every_pixel_that_is_shared_out(pole: Pole, at: tuple[int, int]) -> None:
    on = grid(2)
    raster = polar(on, pole)
    window = Window(row_start=at[0], row_stop=at[0] + 9, col_start=at[1], col_stop=at[1] + 14)
    read = list(covering(on, raster, window))
    parts = [shared_out(on, each, raster, window).weights.sum(axis=1) for each in read]
    assert np.array_equal(sum(parts), shared_out(on, on.whole, raster, window).weights.sum(axis=1))
    assert sum(each.shape[0] * each.shape[1] for each in read) < on.n_rows * on.n_cols / 8


@pytest.mark.parametrize(
    ("ppd", "edge", "sizes"),
    [(4, 256, [246]), (64, 2048, [3932, 1966, 984]), (304, 2048, [18670, 9336, 4668, 2334, 1168, 584])],
)
def test_levels_around_a_pole_halve_to_one_shard_of_few_columns(
    ppd: int, edge: int, sizes: list[int], tmp_path: Path
) -> None:
    run = load_run(folder(tmp_path), RunCard(ppd=ppd, shard_edge=edge, maps=(), flags=flags()))
    assert [run.polar_grid("south", level).n_cols for level in range(run.polar_levels)] == sizes
    assert list(run.groups)[-2:] == [f"{pole}/{len(sizes) - 1}" for pole in POLES]
