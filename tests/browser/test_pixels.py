"""Colours on the screen are those of the stored values, in every projection."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyproj
import pytest
import xarray as xr
from matplotlib import colormaps
from matplotlib.colors import Normalize

from tests.browser.conftest import Shown, Viewer, inside, nearest

Places = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]

GEOGRAPHIC = "+proj=longlat +R=1737400 +no_defs"
RANGE, PALETTE = (0.0, 22.0), "viridis"


def places_on_plate(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Places:
    """Longitude and latitude; NaN beside the map."""
    return (x + 180) % 360 - 180, np.where(np.abs(y) <= 90, y, np.nan)


def places_by(crs: str, scale: float = 1.0, offset: tuple[float, float] = (0, 0)) -> Callable[..., Places]:
    """The same by PROJ, from a plane whose unit is so many metres."""
    transformer = pyproj.Transformer.from_crs(crs, GEOGRAPHIC, always_xy=True)

    def places(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Places:
        lon, lat = transformer.transform((x - offset[0]) * scale, (y - offset[1]) * scale)
        return np.where(np.isfinite(lon), lon, np.nan), np.where(np.isfinite(lat), lat, np.nan)

    return places


ORTHOGRAPHIC = "+proj=ortho +lon_0={} +lat_0={} +R=1737400"
A_DEGREE = np.radians(1737400.0)
# By name: the sight, and how its plane becomes longitude and latitude by somebody else's mathematics.
VIEWS: dict[str, tuple[dict[str, object], Callable[..., Places]]] = {
    "whole": ({"view": "plate", "at": "0.11,0.07", "res": 0.5}, places_on_plate),
    "full resolution": ({"view": "plate", "at": "-33.3,21.7", "res": 0.2}, places_on_plate),
    "across the seam": ({"view": "plate", "at": "185,-10", "res": 0.15}, places_on_plate),
    "globe": (
        {"view": "globe", "at": "25,40", "res": 0.16},
        places_by(ORTHOGRAPHIC.format(25, 40), A_DEGREE, (25, 40)),
    ),
    "globe over a pole": (
        {"view": "globe", "at": "100,-88", "res": 0.1},
        places_by(ORTHOGRAPHIC.format(100, -88), A_DEGREE, (100, -88)),
    ),
}
POLES: dict[str, tuple[dict[str, object], str]] = {
    "north": ({"view": "north", "at": "0,0", "res": 2400}, "IAU_2015:30130"),
    "south": ({"view": "south", "at": "0,0", "res": 2400}, "IAU_2015:30135"),
    "south, closer": ({"view": "south", "at": "150000,-210000", "res": 1500}, "IAU_2015:30135"),
}


def colours_of(
    values: npt.NDArray[np.float64], palette: str, bounds: tuple[float, float]
) -> npt.NDArray[np.uint8]:
    """Matplotlib's colours; clear where a value is missing."""
    colours = colormaps[palette](Normalize(*bounds)(values), bytes=True)
    colours[np.isnan(values)] = 0
    return np.asarray(colours, dtype=np.uint8)


def assert_colours(
    viewer: Viewer,
    dataset: xr.Dataset,
    points: npt.NDArray[np.int64],
    least: int,
    **where: npt.NDArray[np.float64],
) -> None:
    """At `least` points at least is exactly the colour of the stored value, and nothing beside the map."""
    drawn = viewer.colours(points)
    on = np.all([np.isfinite(each) for each in where.values()], axis=0)
    for axis, values in where.items():
        reach = np.abs(dataset[axis].values).max() * (1 + 1e-9) if axis in ("x", "y") else 360
        on &= np.abs(values) <= reach
    assert not drawn[~np.isfinite(next(iter(where.values())))].any()
    kept = np.flatnonzero(on)
    at = {axis: values[kept] for axis, values in where.items()}
    clear = inside(dataset, **at)
    values = nearest(dataset, "feo_cnn", **at)
    # Between two colours rounding decides; xarray decodes in another precision than the page.
    part = values / RANGE[1] * 256
    clear &= ~(np.abs(part - np.round(part)) < 1e-3) | np.isnan(values) | (values >= RANGE[1])
    wanted = colours_of(values, PALETTE, RANGE)
    assert clear.sum() >= least
    assert (drawn[kept][clear] == wanted[clear]).all()


@pytest.mark.parametrize("name", VIEWS)
def test_colours_are_those_of_the_stored_values(viewer: Viewer, shown: Shown, name: str) -> None:
    sight, places = VIEWS[name]
    viewer.open(**sight, map="feo_cnn", show="")
    points = viewer.points(4000)
    lon, lat = places(*viewer.planes(points))
    assert_colours(viewer, shown.maps()[str(viewer.level)].to_dataset(), points, 1000, lat=lat, lon=lon)


@pytest.mark.parametrize("name", POLES)
def test_colours_around_a_pole_are_those_of_its_own_maps(viewer: Viewer, shown: Shown, name: str) -> None:
    sight, _ = POLES[name]
    viewer.open(**sight, map="feo_cnn", show="")
    points = viewer.points(4000)
    x, y = viewer.planes(points)
    level = shown.maps()[f"{sight['view']}/{viewer.level}"].to_dataset()
    assert_colours(viewer, level, points, 1000, y=y, x=x)


@pytest.mark.parametrize("name", POLES)
def test_maps_without_polar_levels_are_drawn_to_the_pole(viewer: Viewer, shown: Shown, name: str) -> None:
    sight, crs = POLES[name]
    viewer.open(**sight, map="feo_cnn_half95", range="0,12", show="")
    points = viewer.points(4000)
    lon, lat = places_by(crs)(*viewer.planes(points))
    dataset = shown.maps()["intervals"].to_dataset()
    clear = inside(dataset, lat=lat, lon=lon)
    values = nearest(dataset, "feo_cnn_half95", lat=lat, lon=lon)
    part = values / 12 * 256
    clear &= ~(np.abs(part - np.round(part)) < 1e-3) | (values >= 12)
    assert clear.sum() >= 1000
    assert (viewer.colours(points)[clear] == colours_of(values, "magma", (0, 12))[clear]).all()


@pytest.mark.parametrize("pole", ["north", "south"])
def test_a_pole_has_no_hole(viewer: Viewer, pole: str) -> None:
    viewer.open(view=pole, at="0,0", res=300, map="novelty", range="0,6", show="")
    width, height = viewer.size
    square = np.array([[width // 2 + x, height // 2 + y] for x in range(-40, 40) for y in range(-40, 40)])
    assert viewer.colours(square)[:, 3].mean() > 0.8 * 255  # one pixel in seven and five is missing, as made


def test_a_difference_of_a_run_with_itself_is_zero(viewer: Viewer, shown: Shown) -> None:
    run = f"runs/{shown.run}"
    viewer.open(of=run, map="feo_cnn", **{"with": run}, how="difference", range="-1,1", show="")
    found = viewer.colours(viewer.points(2000))
    middle = colormaps["RdBu_r"](128, bytes=True)
    drawn = found[found[:, 3] > 0]
    assert len(drawn) > 1000
    assert (drawn == middle).all()
    viewer.hover(500, 400)
    assert viewer.value() in (0.0, pytest.approx(np.nan, nan_ok=True))


def test_colours_of_a_difference_fit_what_is_seen(viewer: Viewer, shown: Shown) -> None:
    viewer.open(
        of=f"runs/{shown.run}", map="feo_cnn", **{"with": f"runs/{shown.other}"}, how="difference", show=""
    )
    state = viewer.until(lambda state: "range" in state)
    least, most = map(float, state["range"].split(","))
    level = str(viewer.level)
    ours, theirs = (shown.maps(run)[level].to_dataset()["feo_cnn"].values for run in (shown.run, shown.other))
    apart = float(np.nanquantile(np.abs(ours - theirs), 0.96))
    assert least == -most
    assert apart / 1.3 < most < apart * 1.3


def test_a_difference_of_two_runs_is_that_of_their_values(viewer: Viewer, shown: Shown) -> None:
    viewer.open(
        of=f"runs/{shown.run}",
        map="feo_cnn",
        **{"with": f"runs/{shown.other}"},
        how="difference",
        range="-4,4",
        show="",
    )
    points = viewer.points(4000)
    lon, lat = places_on_plate(*viewer.planes(points))
    level = str(viewer.level)
    ours, theirs = (shown.maps(run)[level].to_dataset() for run in (shown.run, shown.other))
    on = np.isfinite(lat) & inside(ours, lat=lat, lon=lon)
    at = {"lat": lat[on], "lon": lon[on]}
    values = nearest(ours, "feo_cnn", **at) - nearest(theirs, "feo_cnn", **at)
    clear = ~(np.abs((values + 4) * 32 - np.round((values + 4) * 32)) < 1e-3)
    assert clear.sum() >= 1000
    assert (viewer.colours(points[on])[clear] == colours_of(values, "RdBu_r", (-4, 4))[clear]).all()


def test_a_swipe_shows_one_run_on_each_side(viewer: Viewer, shown: Shown) -> None:
    viewer.open(of=f"runs/{shown.run}", map="feo_cnn", **{"with": f"runs/{shown.other}"}, swipe=0.25, show="")
    points = viewer.points(4000)
    lon, lat = places_on_plate(*viewer.planes(points))
    border = viewer.size[0] * 0.25
    for run, side in ((shown.run, points[:, 0] < border - 1), (shown.other, points[:, 0] > border + 1)):
        level = shown.maps(run)[str(viewer.level)].to_dataset()
        assert_colours(viewer, level, points[side], 150, lat=lat[side], lon=lon[side])


def test_a_flag_marks_exactly_its_pixels(viewer: Viewer, shown: Shown) -> None:
    bit = 16
    viewer.open(view="plate", at="10,10", res=0.2, map="feo_cnn", quality=bit, opacity=0, show="")
    points = viewer.points(1500)
    lon, lat = places_on_plate(*viewer.planes(points))
    level = shown.maps()["0"].to_dataset()
    on = np.isfinite(lat) & inside(level, lat=lat, lon=lon)
    flags = nearest(level, "quality", lat=lat[on], lon=lon[on]).astype(int)
    marked = viewer.colours(points[on])[:, 3] > 0
    assert marked.any()
    assert (marked == ((flags & bit) > 0)).all()
