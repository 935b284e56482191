"""Numbers on the page are the stored ones: below the pointer, of a place, of an area, along a line."""

import json
import re

import numpy as np
import pyproj
import pytest
import shapely
import xarray as xr

from lunarcloud.moon import angular_distance, kilometres
from tests.browser.conftest import Shown, Viewer

PLACE = (31.3, -12.6)
STEREOGRAPHIC = "IAU_2015:30135"
GEOGRAPHIC = "+proj=longlat +R=1737400 +no_defs"


def at(dataset: xr.Dataset, lon: float, lat: float) -> xr.Dataset:
    """The pixel at a place, by xarray."""
    return dataset.sel(lat=lat, lon=lon, method="nearest").compute()


@pytest.fixture
def asked(viewer: Viewer) -> Viewer:
    """The page with an answer about a place."""
    viewer.open(map="feo_cnn", place="31.3,-12.6", show="stations")
    viewer.page.wait_for_selector("#origin")
    return viewer


def test_a_mean_of_pixels_says_so(viewer: Viewer) -> None:
    viewer.open(view="plate", at="0,0", res=0.5, map="feo_cnn", show="")
    assert "mean of 4 pixels" in viewer.hover(400, 300)
    assert re.search(r"\d\.\d{3}° [NS] \d+\.\d{3}° [EW]", viewer.page.inner_text("#value"))


def test_a_value_is_told_with_its_chance(asked: Viewer, shown: Shown) -> None:
    stored = at(shown.maps()["0"].to_dataset(), *PLACE)
    value, chance = float(stored["feo_cnn"]), float(stored["feo_cnn_chance"])
    said = re.fullmatch(r"([\d.]+) ± ([\d.]+) wt%", asked.page.inner_text("#place-value"))
    assert said
    # Two digits of the chance count, and the value has as many decimals.
    digits = 1 - int(f"{chance:.1e}".partition("e")[2])
    assert said[1] == f"{value:.{digits}f}"
    assert said[2] == f"{chance:.{digits}f}"
    assert len(said[2].replace(".", "").lstrip("0")) == 2


def test_a_place_has_its_spectrum_and_where_it_came_from(asked: Viewer, shown: Shown) -> None:
    (mosaic,) = {entry.name for entry in (shown.place / "mosaics").iterdir()}
    stored = at(xr.open_zarr(f"{shown.root.url}/mosaics/{mosaic}/mosaic.zarr"), *PLACE)["reflectance"]
    values = json.loads(asked.page.get_attribute("#spectrum", "data-values") or "[]")
    assert values == pytest.approx(stored.values.tolist(), rel=1e-6)
    origin = asked.page.inner_text("#origin")
    assert shown.run in origin
    assert mosaic in origin
    assert "untrained" in origin


def test_a_click_asks_about_the_place_below_it(viewer: Viewer) -> None:
    viewer.open(view="plate", at="0,0", res=0.3, map="feo_cnn", show="")
    viewer.page.locator("#map").click(position={"x": 620, "y": 310})
    viewer.page.wait_for_selector("#origin")
    lon, lat = map(float, viewer.state["place"].split(","))
    (x,), (y,) = viewer.planes(np.array([[620, 310]]))
    assert (lon, lat) == pytest.approx((x, y), abs=1e-9)


def weighted(level: xr.Dataset, name: str, inside: np.ndarray) -> tuple[float, float, int]:
    """Mean and standard deviation by xarray, weighted by area, and the number of pixels with a value."""
    values = level[name].astype("float64").where(xr.DataArray(inside, dims=("lat", "lon")))
    weights = xr.DataArray(np.cos(np.deg2rad(level["lat"].values.astype(float))), dims="lat")
    mean, deviation = values.weighted(weights).mean(), values.weighted(weights).std()
    return float(mean), float(deviation), int(values.notnull().sum())


def exact(shown: Shown, name: str) -> xr.Dataset:
    """A map at full resolution, decoded in 64 bits, not in the 32 that xarray takes."""
    level = xr.open_zarr(shown.place / f"runs/{shown.run}/maps.zarr/0", decode_cf=False)
    step, fill = level[name].attrs["scale_factor"], level[name].attrs["_FillValue"]
    decoded: xr.Dataset = level.assign(
        {name: level[name].astype("float64").where(level[name] != fill) * step}
    )
    return decoded


def areas() -> dict[str, tuple[str, list[tuple[float, float]]]]:
    """By name: a view, and the corners in its plane."""
    return {
        "triangle": ("plate", [(-20.3, -31.2), (44.1, -12.9), (3.7, 40.6)]),
        "hollow": ("plate", [(60.03, 10.1), (100.2, 12.3), (80.4, 20.5), (99.6, 41.7), (61.8, 39.9)]),
        "across the seam": ("plate", [(170.2, -20.1), (195.9, -22.2), (190.3, 10.7)]),
        "around the pole": ("south", [(-4e5, -3e5), (5e5, -4.4e5), (4.1e5, 5.2e5), (-3.3e5, 2.9e5)]),
        "beside the pole": ("south", [(1e5, 0.5e5), (6e5, 1e5), (4.1e5, 6.2e5)]),
    }


def contained(view: str, corners: list[tuple[float, float]], level: xr.Dataset) -> np.ndarray:
    """Which pixels' centres lie in a polygon whose edges are straight in a view, by GEOS and PROJ."""
    lon, lat = np.meshgrid(level["lon"], level["lat"])
    polygon = shapely.Polygon(corners)
    if view == "plate":
        return np.asarray(
            shapely.contains_xy(polygon, lon, lat) | shapely.contains_xy(polygon, lon + 360, lat)
        )
    x, y = pyproj.Transformer.from_crs(GEOGRAPHIC, STEREOGRAPHIC, always_xy=True).transform(lon, lat)
    return np.asarray(shapely.contains_xy(polygon, x, y))


@pytest.mark.parametrize("name", areas())
def test_statistics_of_an_area_are_those_of_xarray(viewer: Viewer, shown: Shown, name: str) -> None:
    view, corners = areas()[name]
    shape = ",".join(["area", view, *(f"{x},{y}" for x, y in corners)])
    viewer.open(map="feo_cnn", shape=shape, show="")
    table = viewer.page.wait_for_selector("#statistics")
    assert table
    level = exact(shown, "feo_cnn")
    mean, deviation, pixels = weighted(level, "feo_cnn", contained(view, corners, level))
    assert int(table.get_attribute("data-pixels") or 0) == pixels
    assert float(table.get_attribute("data-mean") or "nan") == pytest.approx(mean, rel=1e-9)
    assert float(table.get_attribute("data-deviation") or "nan") == pytest.approx(deviation, rel=1e-9)


def test_the_area_of_the_whole_moon_is_that_of_the_sphere(viewer: Viewer) -> None:
    viewer.open(map="novelty", range="0,6", shape="area,plate,-180,-90,180,-90,180,90,-180,90", show="")
    table = viewer.page.wait_for_selector("#statistics")
    assert table
    words = table.inner_text()
    valid, missing = (
        int(each.replace(",", "")) for each in re.findall(r"([\d,]+)", words.split("pixels")[1])[:2]
    )
    assert valid + missing == 720 * 1440
    share = float(table.get_attribute("data-km2") or 0) / (4 * np.pi * 1737.4**2)
    assert share == pytest.approx(valid / (valid + missing), abs=0.01)


def test_an_area_is_drawn_by_clicks(viewer: Viewer) -> None:
    viewer.open(view="plate", at="0,0", res=0.3, map="feo_cnn", show="")
    viewer.page.click("#draw-area")
    for x, y in ((300, 300), (500, 300), (500, 450)):
        viewer.page.locator("#map").click(position={"x": x, "y": y})
    viewer.page.locator("#map").dblclick(position={"x": 300, "y": 450})
    viewer.page.wait_for_selector("#statistics")
    is_, view, *numbers = viewer.state["shape"].split(",")
    assert (is_, view, len(numbers)) == ("area", "plate", 8)
    assert "place" not in viewer.state


def test_the_click_on_its_first_corner_that_ends_an_area_asks_about_no_place(viewer: Viewer) -> None:
    viewer.open(view="plate", at="0,0", res=0.3, map="feo_cnn", show="")
    viewer.page.click("#draw-area")
    for x, y in ((300, 300), (500, 300), (500, 450), (300, 300)):
        viewer.page.locator("#map").click(position={"x": x, "y": y})
    viewer.page.wait_for_selector("#statistics")
    viewer.page.wait_for_timeout(500)  # a click is told to be a single one a quarter of a second later
    assert "place" not in viewer.state
    viewer.page.locator("#map").click(position={"x": 400, "y": 400})
    viewer.until(lambda state: "place" in state)


def test_corners_may_be_typed(viewer: Viewer, shown: Shown) -> None:
    viewer.open(map="feo_cnn", show="")
    viewer.page.fill("#corners", "-31.2, -20.3; -12.9, 44.1; 40.6, 3.7")
    viewer.page.press("#corners", "Enter")
    table = viewer.page.wait_for_selector("#statistics")
    assert table
    view, corners = areas()["triangle"]
    level = exact(shown, "feo_cnn")
    pixels = weighted(level, "feo_cnn", contained(view, corners, level))[2]
    assert int(table.get_attribute("data-pixels") or 0) == pixels


def test_a_profile_follows_the_great_circle(viewer: Viewer, shown: Shown) -> None:
    viewer.open(map="omat", range="0,1", shape="line,plate,-10.1,20.2,35.3,55.4", show="")
    with viewer.page.expect_download() as saving:
        viewer.page.click("#line-csv")
    rows = np.genfromtxt(saving.value.path(), delimiter=",", skip_header=1)
    whole = kilometres(float(angular_distance(lat=20.2, lon=-10.1, to_lat=55.4, to_lon=35.3)))
    assert rows[-1, 0] == pytest.approx(whole, rel=1e-9)
    along = angular_distance(lat=20.2, lon=-10.1, to_lat=rows[:, 1], to_lon=rows[:, 2])
    assert np.radians(along) * 1737.4 == pytest.approx(rows[:, 0], abs=1e-6)
    level = shown.maps()["0"].to_dataset()
    where = {axis: xr.DataArray(rows[:, column], dims="point") for axis, column in (("lat", 1), ("lon", 2))}
    stored = level["omat"].sel(where, method="nearest").values
    same = np.isclose(rows[:, 3], stored, rtol=1e-5, equal_nan=True)
    assert same.mean() > 0.99  # a sample at the very edge of a pixel is either's


def test_what_is_seen_is_saved_as_numbers(viewer: Viewer, shown: Shown) -> None:
    viewer.open(view="plate", at="30,10", res=0.05, map="feo_cnn", show="")
    with viewer.page.expect_download() as saving:
        viewer.page.click("#save-csv")
    rows = np.genfromtxt(saving.value.path(), delimiter=",", skip_header=1)
    level = shown.maps()["0"].to_dataset()
    width, height = viewer.size
    seen = level["feo_cnn"].sel(
        lat=slice(10 + height * 0.025, 10 - height * 0.025), lon=slice(30 - width * 0.025, 30 + width * 0.025)
    )
    assert len(rows) == seen.size
    table = {(lat, lon): value for lat, lon, value in rows}
    for lat, lon in ((seen.lat[0], seen.lon[0]), (seen.lat[-1], seen.lon[-1]), (seen.lat[7], seen.lon[9])):
        stored = float(seen.sel(lat=lat, lon=lon))
        assert table[(float(lat), float(lon))] == pytest.approx(stored, rel=1e-6, nan_ok=True)
