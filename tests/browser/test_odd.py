"""A run whose rows cannot be halved to the end: its levels go on by thirds, and the page knows it."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from lunarcloud.maps import Run
from tests.browser.conftest import Shown, Viewer, inside, nearest
from tests.browser.test_large import Written, opened, published
from tests.browser.test_pixels import assert_colours, places_on_plate


def thirds(run: Run) -> Written:
    """Of 13 500, 6750, 3375, 1125 and 375 rows the last two levels, and the last around the south pole."""
    return {name: {*run.groups[name].layout.raster.shards()} for name in ("3", "4", "south/3")}


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """A root with a run of 75 pixels per degree."""
    return published(tmp_path_factory.mktemp("odd"), 75, thirds)


@pytest.fixture
def page(viewer_of: Callable[..., Viewer], odd: Shown) -> Iterator[Viewer]:
    """Its page."""
    yield from opened(viewer_of, odd)


@pytest.mark.parametrize(("resolution", "level", "pixels"), [(0.4, 4, 1296), (0.15, 3, 144)])
def test_values_and_colours_of_levels_by_thirds_are_exact(
    page: Viewer, odd: Shown, resolution: float, level: int, pixels: int
) -> None:
    page.open(view="plate", at="0.11,0.07", res=resolution, show="")
    stored = odd.maps()[str(level)].to_dataset()
    points = page.points(4000)
    lon, lat = places_on_plate(*page.planes(points))
    assert_colours(page, stored, points, 1000, lat=lat, lon=lon)
    for at in inside(stored, lat=lat, lon=lon).nonzero()[0][:6]:
        assert f"mean of {pixels} pixels" in page.hover(*map(int, points[at]))
        assert page.level == level
        value = nearest(stored, "feo_cnn", lat=lat[at : at + 1], lon=lon[at : at + 1])
        assert page.value() == pytest.approx(value[0], rel=1e-6)


def test_the_whole_moon_is_there(page: Viewer) -> None:
    page.open(show="")
    points = page.points(1000)
    _, lat = places_on_plate(*page.planes(points))
    drawn = page.colours(points)[:, 3] > 0
    # The Moon fills half of the map at least, and not a point of it is left out.
    assert drawn.sum() > 500
    assert (drawn == np.isfinite(lat)).all()


def test_a_level_by_thirds_around_a_pole_is_exact(page: Viewer, odd: Shown) -> None:
    page.open(view="south", at="2000,-3000", res=3000, show="")
    points = page.points(4000)
    x, y = page.planes(points)
    assert_colours(page, odd.maps()["south/3"].to_dataset(), points, 1000, y=y, x=x)
    width, height = page.size
    assert "mean of 144 pixels" in page.hover(width // 2, height // 2)
