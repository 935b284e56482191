"""What lies over the map: lines and letters, shaded relief, candidates; and a map that one sees through."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from lunarcloud.archive import Station, shipped_stations
from lunarcloud.moon import angular_distance
from tests.browser.conftest import Shown, Viewer, inside, nearest
from tests.browser.test_pixels import colours_of, places_on_plate

# Whether anything is drawn by lines or letters within some pixels of points of the screen.
_MARKED = """([layer, points, reach]) => {
  const canvas = document.querySelector(`#map .${layer} canvas, #map canvas.${layer}`);
  if (!canvas) return points.map(() => false);
  const [across, down] = reach.map((each) => 2 * each + 1);
  const around = ([x, y]) =>
    canvas.getContext("2d").getImageData(x - reach[0], y - reach[1], across, down).data;
  return points.map((point) => around(point).some((byte, at) => at % 4 === 3 && byte > 0));
}"""
_ANY_MARK = """() => [...document.querySelectorAll("#map canvas:not(.pixels)")].some((canvas) => {
  const { width, height } = canvas;
  if (!width || !height) return false;
  return canvas.getContext("2d").getImageData(0, 0, width, height).data.some((byte) => byte > 0);
})"""
# From docs/viewer.md: milligals to metres as a slab of 2550 kg/m3 has them, heights four times themselves.
METRES_A_MGAL = 1e-5 / (2 * np.pi * 6.6743e-11 * 2550)
EXAGGERATED = 4
RADIUS_M = 1_737_400
# Of 255: the page's light is 45.3 degrees high, not 45, and cosines are of places, not of rows.
SHADES = 2
# Degrees between stations whose names do not hide each other, ten pixels each.
APART = 8
# Colours of the two classes of candidates, and how much they cover, of 255.
CLASSES = {1: ((255, 176, 0), 150), 2: ((230, 60, 20), 220)}


def on_screen(viewer: Viewer, places: list[tuple[float, float]]) -> list[list[int]]:
    """Pixels of the screen of places, in a plate."""
    x, y = map(float, viewer.state["at"].split(","))
    resolution, (width, height) = float(viewer.state["res"]), viewer.size
    return [
        [int(width / 2 + (lon - x) / resolution), int(height / 2 - (lat - y) / resolution)]
        for lon, lat in places
    ]


def marked(
    viewer: Viewer, layer: str, places: list[tuple[float, float]], reach: tuple[int, int] = (1, 1)
) -> list[bool]:
    """Whether there is something of a layer at places."""
    viewer.page.wait_for_timeout(300)
    found: list[bool] = viewer.page.evaluate(_MARKED, [layer, on_screen(viewer, places), reach])
    return found


def test_nothing_lies_over_a_map_that_is_shown_alone(viewer: Viewer) -> None:
    viewer.open(view="plate", at="10,10", res=0.1, map="feo_cnn", show="")
    viewer.page.wait_for_timeout(300)
    assert not viewer.page.evaluate(_ANY_MARK)
    viewer.page.check("#show-graticule")
    viewer.page.wait_for_timeout(300)
    assert viewer.page.evaluate(_ANY_MARK)


def placed(station: Station) -> tuple[float, float]:
    """Longitude, -180..180, and latitude."""
    return (station.lon + 180) % 360 - 180, station.lat


def alone(stations: Sequence[Station]) -> list[tuple[float, float]]:
    """Longitudes and latitudes of those that are far from all others, whose names leave theirs room."""
    return [
        placed(each)
        for each in stations
        if all(
            float(angular_distance(lat=each.lat, lon=each.lon, to_lat=other.lat, to_lon=other.lon)) > APART
            for other in stations
            if other is not each
        )
    ]


def test_every_station_is_drawn_where_it_is(viewer: Viewer) -> None:
    viewer.open(view="plate", at="10,5", res=0.1, map="feo_cnn", show="stations")
    stations = shipped_stations().stations
    seen = [place for each in stations if abs((place := placed(each))[0] - 10) < 45]
    assert len(seen) > 30
    assert all(marked(viewer, "lines", seen))
    apart = [place for place in alone(stations) if place in seen]
    assert apart
    assert not any(marked(viewer, "lines", [(lon, lat + 3) for lon, lat in apart]))
    # Below each its name, for which there is room.
    assert all(marked(viewer, "letters", [(lon, lat - 1.2) for lon, lat in apart], (4, 4)))


def test_a_graticule_is_drawn_along_meridians_and_parallels(viewer: Viewer) -> None:
    viewer.open(view="plate", at="17,13", res=0.2, map="feo_cnn", show="graticule")
    # 110 pixels are 22 degrees: the next round step is 30.
    on = [(lon, lat) for lon in (-30.0, 0.0, 30.0, 60.0) for lat in (-17.0, 7.0, 41.0)]
    on += [(lon, lat) for lon in (-11.0, 19.0, 44.0) for lat in (-30.0, 0.0, 30.0)]
    assert all(marked(viewer, "lines", on))
    assert not any(
        marked(viewer, "lines", [(lon, lat) for lon in (-15.0, 15.0, 45.0) for lat in (8.0, 38.0)])
    )


def test_names_are_written_at_what_they_name(viewer: Viewer) -> None:
    tycho, nowhere = (-11.22, -43.3), (-11.22, -47.5)
    viewer.open(view="plate", at="-11,-44", res=0.03, map="feo_cnn", show="names")
    assert marked(viewer, "letters", [tycho], (18, 6)) == [True]
    viewer.open(view="plate", at="-11,-44", res=0.03, map="feo_cnn", show="stations")
    assert marked(viewer, "letters", [tycho], (18, 6)) == [False]
    assert marked(viewer, "letters", [nowhere], (18, 6)) == [False]


def hillshade(shown: Shown) -> npt.NDArray[np.float64]:
    """Lambert's light from the north-west, 45 degrees high, on the topography that attracts, by pixel."""
    stored = shown.stored(f"gravity/{shown.gravity}/gravity.zarr/global")
    heights = stored["topography_attraction"].values.astype(float) * METRES_A_MGAL * EXAGGERATED
    step = np.radians(360 / stored.lon.size) * RADIUS_M
    # Around the Moon there is no edge.
    east = np.gradient(np.pad(heights, ((0, 0), (1, 1)), mode="wrap"), step, axis=1)[:, 1:-1]
    east /= np.cos(np.radians(stored.lat.values))[:, None]
    south = np.gradient(heights, step, axis=0)
    light = np.array([-0.5, 0.5, np.sqrt(0.5)])
    normal = np.stack([-east, south, np.ones_like(east)]) / np.sqrt(east**2 + south**2 + 1)
    return np.asarray(np.clip(0.15 + 0.85 * np.tensordot(light, normal, 1), 0, 1) * 255)


def test_relief_is_shaded_as_lambert_has_it(viewer: Viewer, shown: Shown) -> None:
    viewer.open(view="plate", at="20,10", res=0.2, map="feo_cnn", opacity=0, show="relief")
    points = viewer.points(4000)
    lon, lat = places_on_plate(*viewer.planes(points))
    stored = shown.stored(f"gravity/{shown.gravity}/gravity.zarr/global")
    clear = inside(stored, lat=lat, lon=lon) & (np.abs(lat) < 75)
    assert clear.sum() > 1000
    shade = stored["topography_attraction"].copy(data=hillshade(shown)).to_dataset(name="shade")
    wanted = nearest(shade, "shade", lat=lat[clear], lon=lon[clear])
    drawn = viewer.colours(points[clear]).astype(float)
    assert (drawn[:, 3] == 255).all()
    assert np.abs(drawn[:, :3] - wanted[:, None]).max() <= SHADES
    assert np.ptp(wanted) > 10 * SHADES


def test_relief_is_seen_through_a_map_of_less_opacity(viewer: Viewer) -> None:
    sight = {"view": "plate", "at": "20,10", "res": 0.2, "map": "feo_cnn"}
    points = viewer.open(**sight, opacity=0, show="relief").points(2000)
    below = viewer.colours(points).astype(float)
    above = viewer.open(**sight, opacity=0.35, show="").colours(points).astype(float)
    both = viewer.open(**sight, opacity=0.35, show="relief").colours(points).astype(float)
    assert np.abs(both - (above + below * (1 - above[:, 3:] / 255))).max() <= 2
    assert np.abs(both - above)[:, :3].mean() > 20


def test_half_an_opacity_is_half_of_every_colour(viewer: Viewer, shown: Shown) -> None:
    viewer.open(view="plate", at="20,10", res=0.2, map="feo_cnn", opacity=0.5, show="")
    points = viewer.points(4000)
    lon, lat = places_on_plate(*viewer.planes(points))
    level = shown.maps()["0"].to_dataset()
    clear = inside(level, lat=lat, lon=lon)
    values = nearest(level, "feo_cnn", lat=lat[clear], lon=lon[clear])
    part = values / 22 * 256
    sure = ~(np.abs(part - np.round(part)) < 1e-3)
    assert sure.sum() > 1000
    wanted = colours_of(values, "viridis", (0, 22))[sure] / 2
    assert np.abs(viewer.colours(points[clear])[sure] - wanted).max() <= 1


OVER = {"composition": ("runs", "run", "feo_cnn"), "gravity": ("gravity", "gravity", "bouguer_gradient")}


@pytest.mark.parametrize("over", OVER)
def test_candidates_have_the_colours_of_their_classes(viewer: Viewer, shown: Shown, over: str) -> None:
    kind, record, name = OVER[over]
    sight = {"of": f"{kind}/{getattr(shown, record)}", "map": name, "view": "south", "at": "0,0", "res": 2000}
    points = viewer.open(**sight, show="").points(4000)
    below = viewer.colours(points).astype(float)
    drawn = viewer.open(**sight, show="candidates").colours(points).astype(float)
    stored = shown.stored(f"polar/{shown.polar}/polar.zarr")
    x, y = viewer.planes(points)
    reach = np.abs(stored.x.values).max()
    clear = inside(stored, x=x, y=y) & (np.abs(x) < reach) & (np.abs(y) < reach)
    classes = nearest(stored, "mare_basalt", x=x[clear], y=y[clear])
    below, drawn = below[clear], drawn[clear]
    for code, (colour, cover) in CLASSES.items():
        here = classes == code
        assert here.sum() > 50
        wanted = np.array([*colour, 255]) * cover / 255 + below[here] * (1 - cover / 255)
        assert np.abs(drawn[here] - wanted).max() <= 2, code
    none = ~np.isin(classes, [*CLASSES])
    assert none.sum() > 100
    assert (drawn[none] == below[none]).all()


@pytest.mark.parametrize(
    ("code", "words"),
    [(1, "similar to maria"), (2, "similar to maria and high feo")],
)
def test_a_click_on_a_candidate_tells_its_class(viewer: Viewer, shown: Shown, code: int, words: str) -> None:
    stored = shown.stored(f"polar/{shown.polar}/polar.zarr")
    row, col = np.argwhere(stored["mare_basalt"].values == code)[700]
    x, y = float(stored.x[col]), float(stored.y[row])
    viewer.open(map="feo_cnn", view="south", at=f"{x},{y}", res=2000, show="candidates")
    width, height = viewer.size
    viewer.page.locator("#map").click(position={"x": width // 2, "y": height // 2})
    viewer.page.wait_for_selector("#origin")
    assert viewer.page.inner_text("#class") == f"Candidate: {words}"


def test_a_click_on_what_is_no_candidate_tells_no_class(viewer: Viewer, shown: Shown) -> None:
    stored = shown.stored(f"polar/{shown.polar}/polar.zarr")
    row, col = np.argwhere(stored["mare_basalt"].values == 0)[700]
    viewer.open(map="feo_cnn", view="south", at=f"{float(stored.x[col])},{float(stored.y[row])}", res=2000)
    viewer.page.check("#show-candidates")
    width, height = viewer.size
    viewer.page.locator("#map").click(position={"x": width // 2, "y": height // 2})
    viewer.page.wait_for_selector("#origin")
    assert viewer.page.locator("#class").count() == 0


def test_a_click_where_nothing_was_searched_tells_no_class(viewer: Viewer) -> None:
    viewer.open(map="feo_cnn", view="plate", at="0,0", res=0.3, show="candidates", place="10,10")
    viewer.page.wait_for_selector("#origin")
    assert viewer.page.locator("#class").count() == 0
