"""What a person does with a map: histograms, a box in a plot, places like one, a picture, stations."""

import csv
import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr
from matplotlib import image
from playwright.sync_api import Locator, expect

from lunarcloud.archive import Station, shipped_stations
from lunarcloud.moon import angular_distance, kilometres
from lunarcloud.quantities import QUANTITIES
from tests.browser.conftest import Shown, Viewer, inside, nearest
from tests.browser.test_pixels import places_on_plate
from tests.browser.test_values import areas, at, contained, exact

# No stored value, a whole number of thousandths, lies at the edge of a bar.
RANGE = (0.0001, 22.0001)
BARS = 32
PLACE = (31.3, -12.6)
# Of places like one: bounds in standard deviations, and the colour (with opacity) of the nearer ones.
NEAR, FAR = 0.25, 0.5
NEAR_COLOUR = np.array([255 * 230 / 255, 40 * 230 / 255, 160 * 230 / 255, 230])
BACKGROUND = (13, 16, 22)


def km2_of(level: xr.Dataset) -> npt.NDArray[np.float64]:
    """Areas of the pixels of each row, km2."""
    half = np.radians(90 / level.lat.size)
    lat, width = np.radians(level.lat.values.astype(float)), np.radians(360 / level.lon.size)
    return np.asarray(1737.4**2 * width * (np.sin(lat + half) - np.sin(lat - half)))


@pytest.fixture
def histogram(shown: Shown) -> npt.NDArray[np.float64]:
    """Areas of the triangle by FeO, km2: what lies beyond the range is in the outer bars."""
    level = exact(shown, "feo_cnn")
    values = level["feo_cnn"].values
    inner = contained(*areas()["triangle"], level) & np.isfinite(values)
    weights = np.broadcast_to(km2_of(level)[:, None], values.shape)
    clipped = np.clip(values[inner], *RANGE)
    return np.histogram(clipped, bins=np.linspace(*RANGE, BARS + 1), weights=weights[inner])[0]


@pytest.fixture
def measured(viewer: Viewer) -> Viewer:
    """The page with a triangle that is measured."""
    view, corners = areas()["triangle"]
    shape = ",".join(["area", view, *(f"{x},{y}" for x, y in corners)])
    viewer.open(map="feo_cnn", range=",".join(map(str, RANGE)), shape=shape, show="")
    viewer.page.wait_for_selector("#statistics")
    return viewer


def test_bars_are_as_high_as_their_areas(measured: Viewer, histogram: npt.NDArray[np.float64]) -> None:
    bars = measured.page.locator("#measured svg rect").all()
    heights = np.array([float(bar.get_attribute("height") or "nan") for bar in bars])
    assert len(heights) == BARS
    assert (histogram > 0).sum() > 10
    assert heights / heights.max() == pytest.approx(histogram / histogram.max(), abs=1e-9)


def test_an_area_is_saved_with_its_histogram(
    measured: Viewer, shown: Shown, histogram: npt.NDArray[np.float64]
) -> None:
    with measured.page.expect_download() as saving:
        measured.page.click("#area-csv")
    with Path(saving.value.path()).open(newline="") as file:
        head, row, _, titles, *bars = csv.reader(file)
    found = dict(zip(head, row, strict=True))
    table = measured.page.locator("#statistics")
    assert (found["record"], found["map"], found["units"]) == (f"runs/{shown.run}", "feo_cnn", "wt%")
    assert found["mean"] == table.get_attribute("data-mean")
    assert found["standard_deviation"] == table.get_attribute("data-deviation")
    assert float(found["area_km2"]) == pytest.approx(histogram.sum(), rel=1e-9)
    assert titles[:2] == ["from", "to"]
    numbers = np.array(bars, dtype=float)
    edges = np.linspace(*RANGE, BARS + 1)
    assert numbers[:, 0] == pytest.approx(edges[:-1])
    assert numbers[:, 1] == pytest.approx(edges[1:])
    assert numbers[:, 2] == pytest.approx(histogram, rel=1e-9)


def axis_of(graph: Locator, anchor: str, place: str) -> np.poly1d:
    """From a place in a chart to a value, by what is written at an axis."""
    ticks = graph.locator(f'text[text-anchor="{anchor}"]:not(.label)').all()
    places = [float(tick.get_attribute(place) or "nan") for tick in ticks]
    values = [float(tick.text_content() or "nan") for tick in ticks]
    assert len(ticks) >= 2
    # Numbers at the left stand 3.5 lower than their lines, so that they are beside them.
    return np.poly1d(np.polyfit(np.array(places) - (3.5 if place == "y" else 0), values, 1))


def test_a_box_in_a_plot_marks_the_pixels_in_it(viewer: Viewer, shown: Shown) -> None:
    viewer.open(view="plate", at="20,10", res=0.2, map="feo_cnn", opacity=0, show="")
    viewer.page.select_option("#second", "tio2_cnn")
    # It is plotted anew a moment after the map was drawn.
    viewer.page.wait_for_selector(".scatter svg")
    viewer.page.wait_for_timeout(500)
    graph = viewer.page.locator(".scatter svg")
    graph.scroll_into_view_if_needed()
    tio2, feo = axis_of(graph, "middle", "x"), axis_of(graph, "end", "y")
    frame = graph.bounding_box()
    assert frame
    corners = np.array([[100.0, 40.0], [210.0, 100.0]])
    screen = corners / (300, 170) * (frame["width"], frame["height"]) + (frame["x"], frame["y"])
    viewer.page.mouse.move(*screen[0])
    viewer.page.mouse.down()
    viewer.page.mouse.move(*screen[1])
    viewer.page.mouse.up()
    expect(viewer.page.locator("#marked")).to_contain_text("Marked")
    viewer.page.wait_for_timeout(500)
    viewer.drawn()
    points = viewer.points(6000)
    lon, lat = places_on_plate(*viewer.planes(points))
    level = shown.maps()["0"].to_dataset()
    clear = inside(level, lat=lat, lon=lon)
    values = [nearest(level, name, lat=lat[clear], lon=lon[clear]) for name in ("feo_cnn", "tio2_cnn")]
    wanted, sure = np.ones(clear.sum(), dtype=bool), np.ones(clear.sum(), dtype=bool)
    for each, ends in zip(values, (feo(corners[:, 1]), tio2(corners[:, 0])), strict=True):
        least, most = sorted(ends)
        wanted &= (each >= least) & (each <= most)
        # At its edges a hundredth of it is either's: the pointer is on whole pixels.
        for end in (least, most):
            sure &= ~(np.abs(each - end) < 0.01 * (most - least))
    assert 200 < wanted.sum() < len(wanted) - 200
    marked = viewer.colours(points[clear])[:, 3] > 0
    assert sure.mean() > 0.9
    assert (marked[sure] == wanted[sure]).all()


def farthest(level: xr.Dataset) -> npt.NDArray[np.float64]:
    """By pixel, how far the most different oxide by networks is from that at a place, in its deviations."""
    names = [name for name, row in QUANTITIES.items() if row.method == "cnn" and name in level]
    assert len(names) == 5
    weights = xr.DataArray(np.cos(np.radians(level.lat.values)), dims="lat")
    off = []
    for name in names:
        values = level[name].astype("float64")
        value = values.sel(lon=PLACE[0], lat=PLACE[1], method="nearest")
        off.append(((values - value) / values.weighted(weights).std()).values)
    return np.asarray(np.max(np.abs(off), axis=0))


def test_places_like_one_are_those_of_all_its_oxides(viewer: Viewer, shown: Shown) -> None:
    lon, lat = PLACE
    viewer.open(
        view="plate", at=f"{lon},{lat}", res=0.25, map="feo_cnn", place=f"{lon},{lat}", opacity=0, show=""
    )
    viewer.page.wait_for_selector("#origin")
    viewer.page.click("#similar")
    said = viewer.page.locator("#similar-found")
    expect(said).to_contain_text("km²", timeout=60_000)
    level = shown.maps()["0"].to_dataset().compute()
    off, km2 = farthest(level), km2_of(level)[:, None]
    near, far = (float((km2 * (off <= bound)).sum()) for bound in (NEAR, FAR))
    numbers = [float(each.replace(",", "")) for each in re.findall(r"([\d,.]+) km²", said.inner_text())]
    assert near > 0
    assert numbers == pytest.approx([near, far], rel=0.005)
    viewer.drawn()
    width, height = viewer.size
    (painted,) = viewer.colours(np.array([[width // 2, height // 2]]))
    assert painted == pytest.approx(NEAR_COLOUR, abs=1)
    points = viewer.points(6000)
    x, y = places_on_plate(*viewer.planes(points))
    clear = inside(level, lat=y, lon=x)
    there = level[["feo_cnn"]].assign(off=(("lat", "lon"), off))
    distance = nearest(there, "off", lat=y[clear], lon=x[clear])
    sure = ~(np.abs(distance - FAR) < 0.002)
    marked = viewer.colours(points[clear])[:, 3] > 0
    assert (marked[sure] == (distance <= FAR)[sure]).all()
    assert marked.any()


def test_a_picture_is_that_of_the_screen(viewer: Viewer) -> None:
    viewer.open(view="globe", at="20,10", res=0.2, map="feo_cnn", show="")
    with viewer.page.expect_download() as saving:
        viewer.page.click("#save-png")
    saved = np.round(image.imread(saving.value.path(), format="png")[..., :3] * 255).astype(int)
    width, height = viewer.size
    assert saved.shape[1] == width
    assert saved.shape[0] > height
    points = viewer.points(4000)
    drawn = viewer.colours(points)
    cover = drawn[:, 3:] / 255
    wanted = np.round(drawn[:, :3] + np.array(BACKGROUND) * (1 - cover))
    assert 1000 < (cover == 1).sum() < 3900
    assert (saved[points[:, 1], points[:, 0]] == wanted).all()


def place_of(station: Station) -> tuple[float, float]:
    """Longitude within half a turn, and latitude."""
    return station.lon - 360 * (station.lon >= 180), station.lat


def test_the_nearest_stations_are_the_nearest_by_angle(viewer: Viewer) -> None:
    lon, lat = PLACE
    viewer.open(map="feo_cnn", place=f"{lon},{lat}", show="")
    viewer.page.wait_for_selector("#nearest")
    rows = [row.locator("td").all_inner_texts() for row in viewer.page.locator("#nearest tbody tr").all()]
    stations = shipped_stations().stations
    km = [
        kilometres(float(angular_distance(lat=lat, lon=lon, to_lat=each.lat, to_lon=each.lon)))
        for each in stations
    ]
    wanted = sorted(zip(km, stations, strict=True), key=lambda pair: pair[0])[:3]
    assert [row[0] for row in rows] == [station.site for _, station in wanted]
    for (_, feo, tio2, far), (distance, station) in zip(rows, wanted, strict=True):
        assert float(far.removesuffix(" km").replace(",", "")) == pytest.approx(distance, rel=0.006)
        assert [float(feo), float(tio2)] == pytest.approx(
            [station.oxides["feo"], station.oxides["tio2"]], rel=0.006
        )


def test_a_station_is_found_by_its_name(viewer: Viewer) -> None:
    station = next(each for each in shipped_stations().stations if each.site == "Apollo 12")
    viewer.open(map="feo_cnn", show="")
    viewer.page.fill("#search", "apollo 12")
    viewer.page.press("#search", "Enter")
    state = viewer.until(lambda state: "place" in state)
    assert [float(each) for each in state["place"].split(",")] == pytest.approx(place_of(station))


@pytest.mark.parametrize("count", [0, 3])
def test_quality_is_told_flag_by_flag(viewer: Viewer, shown: Shown, count: int) -> None:
    level = shown.stored(f"runs/{shown.run}/maps.zarr/0")
    quality = level["quality"].compute()
    meanings = [each.replace("_", " ") for each in quality.attrs["flag_meanings"].split()]
    bits = quality.values.astype(int)[..., None] >> np.arange(len(meanings)) & 1
    row, col = np.argwhere(bits.sum(axis=-1) == count)[1000]
    lat, lon = float(level.lat[row]), float(level.lon[col])
    viewer.open(map="feo_cnn", place=f"{lon},{lat}", show="")
    viewer.page.wait_for_selector("#quality")
    told = viewer.page.locator("#quality li").all_inner_texts()
    assert told == [each for each, bit in zip(meanings, bits[row, col], strict=True) if bit]
    assert len(told) == count
    says_nothing = "nothing to say against this pixel" in viewer.page.inner_text("#quality")
    assert says_nothing == (count == 0)
    assert int(at(level, lon, lat)["quality"]) == int(quality[row, col])
