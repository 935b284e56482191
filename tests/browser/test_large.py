"""At 304 pixels per degree, of which a little is written: still exact, still little that is asked for."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import xarray as xr
from playwright.sync_api import Response

from lunarcloud.lineage import Ref
from lunarcloud.maps import Run, RunCard, finish_maps, flags, load_run
from lunarcloud.maps.layout import encode, quality_dtype
from lunarcloud.moon import Shard, grid
from lunarcloud.storage import EMPTY, Entry, Group, folder
from lunarcloud.storage.coding import object_key
from lunarcloud.testing.small_root import publish, write_shard
from lunarcloud.viewer import serving
from tests.browser.conftest import Shown, Viewer
from tests.browser.test_pixels import assert_colours, places_on_plate

MOST_BYTES, MOST_REQUESTS = 3_000_000, 12
# By group, the shard that has numbers: the finest at 31 N, 173 E, and at the south pole; all of the coarsest.
WRITTEN = {"0": Shard(row=8, col=52), "south/0": Shard(row=4, col=4), "6": Shard(row=0, col=0)}


def smooth_noise(shape: tuple[int, int]) -> np.ndarray:
    """FeO whose pixels differ from their neighbours, in so few steps that it packs as maps do."""
    random = np.random.default_rng(7)
    rows, cols = (np.arange(length) for length in shape)
    waves = 11 + 7 * np.sin(rows[:, None] / 97) * np.cos(cols / 61)
    return np.asarray(waves + random.integers(-8, 8, shape) * 0.05)


def write_some(group: Group, written: Shard | None) -> None:
    """Write one shard of a group and note all others as empty."""
    for shard in group.layout.raster.shards():
        if shard == written:
            shape = group.layout.raster.window(shard).shape
            quality = np.zeros(shape, dtype=quality_dtype(flags()))
            write_shard(group, shard, {"feo_cnn": encode(smooth_noise(shape), "feo_cnn"), "quality": quality})
        else:
            objects = {object_key(variable, shard): EMPTY for variable in group.layout.variables}
            group.ledger.record(Entry(shard=shard, objects=objects, seconds=0.0, worker="here"))


def bytes_of(response: Response) -> int:
    """Bytes of an answer with a chunk or an index; 0 of all others."""
    return int(response.headers["content-length"]) if response.status == 206 else 0


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """A root with a run of 54 720 x 109 440 pixels."""
    place, ref = folder(tmp_path_factory.mktemp("large")), Ref(kind="runs", id="large")
    card = RunCard(ppd=304, shard_edge=grid(304).shard_edge, maps=("feo_cnn",), flags=flags())
    run: Run = load_run(place / ref.path, card)
    for name, group in run.groups.items():
        write_some(group, WRITTEN.get(name))
    finish_maps(run, {"title": "a little of a large run", "references": "none", "license": "none"})
    publish(place, ref, "map", card, content="large", groups=[*run.groups.values()])
    return Shown(place, "large", "", "", "")


@pytest.fixture
def near(viewer_of: Callable[..., Viewer], large: Shown) -> Iterator[Viewer]:
    """Its page."""
    with serving(large.root) as url:
        viewer = viewer_of(url)
        yield viewer
    assert viewer.errors == []


def test_the_whole_moon_asks_for_little(near: Viewer) -> None:
    sizes: list[int] = []
    near.page.on("response", lambda got: sizes.append(bytes_of(got)))
    near.open(view="plate", at="0,0", res=0.35, show="")
    assert near.level == 6
    assert near.colours(near.points(500))[:, 3].any()
    sizes = [size for size in sizes if size]
    assert 0 < len(sizes) <= MOST_REQUESTS
    assert sum(sizes) <= MOST_BYTES


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
