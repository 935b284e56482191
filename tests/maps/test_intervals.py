"""The half-widths of a run: of the pixels at the centres of a coarse grid, whatever the shards."""

import numpy as np
import pytest

from lunarcloud.maps import RunCard, load_run, plan_maps
from lunarcloud.maps.intervals import nearest_numbers
from lunarcloud.maps.plan import map_works
from lunarcloud.models import Model, load_model
from lunarcloud.moon import Grid, Shard, grid
from lunarcloud.mosaic import REFLECTANCE, Mosaic, load_mosaic
from lunarcloud.storage import Folder, folder
from lunarcloud.testing.small_root import write_model, write_mosaic

FINE = 3


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return folder(tmp_path_factory.mktemp("root"))


@pytest.fixture(scope="module")
def mosaic(root: Folder) -> Mosaic:
    """In shards of a prime edge, some of them cut by the grid's."""
    record = write_mosaic(root, grid(FINE, 101))
    return load_mosaic(root / record.ref.path, record.card)


@pytest.fixture(scope="module")
def model(root: Folder) -> Model:
    record = write_model(root)
    return load_model(root / record.ref.path, record.ref.id, record.card)


def _whole(mosaic: Mosaic, coarse: Grid) -> np.ndarray:
    found = np.zeros((5, *coarse.shape), np.int16)
    for shard in coarse.shards():
        rows, cols = coarse.window(shard).slices
        found[:, rows, cols] = nearest_numbers(mosaic, coarse, shard)[0]
    return found


def _pixels(mosaic: Mosaic) -> np.ndarray:
    group, on = mosaic.group, mosaic.grid
    found = np.zeros((5, *on.shape), np.int16)
    for shard in on.shards():
        found[:, *on.window(shard).slices] = group.read(REFLECTANCE, shard)
    return found


@pytest.mark.parametrize("coarse", [grid(1, 50), grid(1, 360), grid(FINE, 60)])
def test_the_pixel_at_a_coarse_pixels_centre_is_looked_at(mosaic: Mosaic, coarse: Grid) -> None:
    step = round(FINE / coarse.ppd)
    expected = _pixels(mosaic)[:, step // 2 :: step, step // 2 :: step]
    assert np.array_equal(_whole(mosaic, coarse), expected)


def test_objects_that_were_read_are_told(mosaic: Mosaic) -> None:
    _, inputs = nearest_numbers(mosaic, grid(1, 50), Shard(0, 0))
    entries = [mosaic.group.ledger.entry(Shard(row, col)).objects for row in (0, 1) for col in (0, 1)]
    assert inputs == {key: each for entry in entries for key, each in entry.items()}


def test_intervals_of_a_coarse_run_have_its_grid(root: Folder, mosaic: Mosaic, model: Model) -> None:
    run = load_run(root / "runs/one", plan_maps(mosaic, model).card)
    assert run.intervals_grid == grid(FINE, 4 * 101)


@pytest.mark.parametrize(("ppd", "coarse"), [(1, 1), (4, 4), (8, 4), (23, 5), (32, 8), (304, 8)])
def test_intervals_are_of_every_fourth_pixel_or_fewer_but_of_each_of_a_coarse_run(
    ppd: int, coarse: int
) -> None:
    card = RunCard(ppd=ppd, shard_edge=512, maps=("omat",), flags={"missing": 1})
    assert load_run(folder("nowhere"), card).intervals_grid.ppd == coarse


def test_intervals_of_a_fine_run_are_coarse_in_shards_that_cover_few_of_its() -> None:
    card = RunCard(ppd=303, shard_edge=2048, maps=("omat",), flags={"missing": 1})
    run = load_run(folder("nowhere"), card)
    assert run.intervals_grid == grid(8, 216)
    assert run.intervals_grid.shard_edge / 8 <= 4 * 2048 / 303


def test_beyond_what_was_taught_nothing_is_promised(root: Folder, mosaic: Mosaic, model: Model) -> None:
    plan = plan_maps(mosaic, model)
    *_, work = map_works(plan, root / "runs/two")
    arrays = work.function(Shard(0, 0)).arrays
    beyond = (arrays["quality"] & plan.card.flags["beyond_what_the_student_was_taught"]) > 0
    assert beyond.any()
    for name in plan.card.intervals:
        assert (arrays[name][beyond] == 65535).all()
        assert (arrays[name][arrays["quality"] == 0] < 65535).all()
