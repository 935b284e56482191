"""Large runs, of which a little is written: still exact, and no more asked for than was promised."""

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
import xarray as xr

from lunarcloud.lineage import Ref
from lunarcloud.maps import Run, RunCard, finish_maps, flags, load_run
from lunarcloud.maps.layout import encode, quality_dtype
from lunarcloud.moon import Shard, grid
from lunarcloud.storage import EMPTY, Entry, Group, folder
from lunarcloud.storage.coding import object_key
from lunarcloud.testing.sent import Sent, sent
from lunarcloud.testing.small_root import publish, write_shard
from lunarcloud.viewer import serving
from tests.browser.conftest import Shown, Viewer
from tests.browser.test_pixels import assert_colours, places_on_plate

MB = 1_000_000
MOST_REQUESTS = 10
# Of FeO, wt%: as hard to compress as the synthetic Moon's map at 64 pixels per degree (benchmarks/viewer.py).
NOISE = 0.1
#: Shards that have numbers, by group.
Written: TypeAlias = Mapping[str, Collection[Shard]]


def noisy(shape: tuple[int, int]) -> np.ndarray:
    """FeO whose pixels differ from their neighbours."""
    random = np.random.default_rng(7)
    rows, cols = (np.arange(length) for length in shape)
    waves = 11 + 7 * np.sin(rows[:, None] / 97) * np.cos(cols / 61)
    return np.asarray(waves + random.normal(0.0, NOISE, shape))


def write_some(group: Group, written: Collection[Shard]) -> None:
    """Write some shards of a group and note all others as empty."""
    for shard in group.layout.raster.shards():
        if shard in written:
            shape = group.layout.raster.window(shard).shape
            quality = np.zeros(shape, dtype=quality_dtype(flags()))
            write_shard(group, shard, {"feo_cnn": encode(noisy(shape), "feo_cnn"), "quality": quality})
        else:
            objects = {object_key(variable, shard): EMPTY for variable in group.layout.variables}
            group.ledger.record(Entry(shard=shard, objects=objects, seconds=0.0, worker="here"))


def published(place: Path, ppd: int, written: Callable[[Run], Written]) -> Shown:
    """A root with one run, of which some is written."""
    root, ref = folder(place), Ref(kind="runs", id="large")
    card = RunCard(ppd=ppd, shard_edge=grid(ppd).shard_edge, maps=("feo_cnn",), flags=flags())
    run = load_run(root / ref.path, card)
    for name, group in run.groups.items():
        write_some(group, written(run).get(name, ()))
    finish_maps(run, {"title": "a little of a large run", "references": "none", "license": "none"})
    publish(root, ref, "map", card, content="large", groups=[*run.groups.values()])
    return Shown(root, "large", "")


def whole(run: Run, names: Collection[str]) -> Written:
    """All of some levels."""
    return {name: {*run.groups[name].layout.raster.shards()} for name in names}


def coarsest(run: Run, pole: str) -> list[str]:
    """The two coarsest levels around a pole: a view of all of it shows one of them."""
    return sorted((name for name in run.groups if name.startswith(f"{pole}/")), key=_number)[-2:]


def _number(name: str) -> int:
    return int(name.partition("/")[2])


def here_and_there(run: Run) -> Written:
    """Of the finest what is at 31 N, 173 E, and at the south pole; all of the coarsest."""
    few = {"0": {Shard(row=8, col=52)}, "south/0": {Shard(row=4, col=4)}}
    return {**whole(run, ["6", *coarsest(run, "south")]), **few}


def coarse_and_poles(run: Run) -> Written:
    """All of the coarsest level, and of those around the poles."""
    poles = [name for name in run.groups if name.startswith("south/")]
    return whole(run, [str(run.levels - 1), *poles, *coarsest(run, "north")])


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """A root with a run of 54 720 x 109 440 pixels."""
    return published(tmp_path_factory.mktemp("large"), 304, here_and_there)


@pytest.fixture(scope="module")
def medium(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """A root with a run of 11 520 x 23 040 pixels."""
    return published(tmp_path_factory.mktemp("medium"), 64, coarse_and_poles)


def opened(viewer_of: Callable[..., Viewer], root: Shown) -> Iterator[Viewer]:
    with serving(root.root) as url:
        viewer = viewer_of(url)
        yield viewer
    assert viewer.errors == []


@pytest.fixture
def near(viewer_of: Callable[..., Viewer], large: Shown) -> Iterator[Viewer]:
    """The page of the large root."""
    yield from opened(viewer_of, large)


@pytest.fixture
def far(viewer_of: Callable[..., Viewer], medium: Shown) -> Iterator[Viewer]:
    """The page of the other."""
    yield from opened(viewer_of, medium)


@pytest.fixture
def asked() -> Iterator[Sent]:
    """What the server sends."""
    with sent() as found:
        yield found


def assert_shows_something(viewer: Viewer) -> None:
    assert viewer.colours(viewer.points(500))[:, 3].any()


def test_the_whole_moon_of_64_pixels_a_degree_is_two_megabytes_at_most(far: Viewer, asked: Sent) -> None:
    far.open(show="")
    assert_shows_something(far)
    assert 0 < len(asked.data) <= MOST_REQUESTS
    assert sum(asked.data) <= 2 * MB


@pytest.mark.parametrize("at", ["0,0", "130000,-70000", "-400000,300000"])
@pytest.mark.parametrize("resolution", [2400, 1500, 952, 700, 476])
def test_a_view_of_a_pole_is_four_megabytes_at_most(
    far: Viewer, asked: Sent, at: str, resolution: int
) -> None:
    far.open(view="south", at=at, res=resolution, show="")
    assert_shows_something(far)
    assert 0 < sum(asked.data) <= 4 * MB


def test_a_view_of_a_pole_never_shows_parts_of_more_than_nine_chunks(
    far: Viewer, medium: Shown, asked: Sent
) -> None:
    level = medium.maps()["south/1"].to_dataset()
    x, y, pixel = level.x.values, level.y.values, float(level.x[1] - level.x[0])
    # The edges at the left and at the top in the last pixel of a chunk: the others reach farthest.
    width, height = far.open(view="south", show="").size
    at = f"{x[511] + width / 2 * pixel},{y[511] - height / 2 * pixel}"
    asked.clear()
    far.open(view="south", at=at, res=pixel * 0.995, show="")
    assert_shows_something(far)
    assert 4 < len(asked.data) <= 9


def assert_is_that_pole(viewer: Viewer, root: Shown, pole: str) -> None:
    """All of a pole is seen, in the colours of its own maps."""
    points = viewer.points(4000)
    x, y = viewer.planes(points)
    assert_colours(viewer, root.maps()[f"{pole}/{viewer.level}"].to_dataset(), points, 1000, y=y, x=x)


def test_the_north_pole_is_as_light_as_the_south_pole(far: Viewer, medium: Shown, asked: Sent) -> None:
    far.open(view="north", at="0,0", res=2400, show="")
    assert_is_that_pole(far, medium, "north")
    assert 0 < sum(asked.data) <= 4 * MB


def test_the_whole_pole_of_100_metres_is_four_megabytes_at_most(
    near: Viewer, large: Shown, asked: Sent
) -> None:
    near.open(view="south", at="0,0", res=2400, show="")
    assert near.level > 2
    assert_is_that_pole(near, large, "south")
    assert 4 < len(asked.data) <= MOST_REQUESTS
    assert sum(asked.data) <= 4 * MB


def test_the_whole_moon_of_100_metres_is_three_megabytes_at_most(near: Viewer, asked: Sent) -> None:
    near.open(show="")
    assert near.level == 6
    assert_shows_something(near)
    assert 0 < len(asked.data) <= MOST_REQUESTS
    assert sum(asked.data) <= 3 * MB


def test_pixels_of_100_metres_are_exact(near: Viewer, large: Shown) -> None:
    near.open(view="plate", at="172.9,31.2", res=1 / 304 / 1.3, show="")
    points = near.points(4000)
    lon, lat = places_on_plate(*near.planes(points))
    assert_colours(near, large.maps()["0"].to_dataset(), points, 1000, lat=lat, lon=lon)


def test_pixels_of_100_metres_around_a_pole_are_exact(near: Viewer, large: Shown) -> None:
    near.open(view="south", at="2000,-3000", res=99.7 / 1.4, show="")
    points = near.points(4000)
    x, y = near.planes(points)
    level: xr.Dataset = large.maps()["south/0"].to_dataset()
    assert_colours(near, level, points, 1000, y=y, x=x)
