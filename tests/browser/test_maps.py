"""All maps of all kinds of records: colours, and values below the pointer and of a click, are as stored."""

import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr

from lunarcloud.quantities import QUANTITIES
from tests.browser.conftest import Shown, Viewer, inside, nearest
from tests.browser.test_pixels import (
    A_DEGREE,
    ORTHOGRAPHIC,
    Places,
    colours_of,
    places_by,
    places_on_plate,
)
from tests.browser.test_values import at

NO_MAP = ("crs", "quality")
FLAT: dict[str, object] = {"view": "plate", "at": "20.03,10.07", "res": 0.2}
SOUTH: dict[str, object] = {"view": "south", "at": "20000,-30000", "res": 2300}
NORTH: dict[str, object] = {**SOUTH, "view": "north"}
GLOBE: dict[str, object] = {"view": "globe", "at": "25,40", "res": 0.16}


class Source(NamedTuple):
    """Maps that are seen from somewhere: of which record, where they are stored, how places become theirs."""

    of: Callable[[Shown], str]
    group: str
    sight: dict[str, object]
    #: From the plane of the screen to the axes of the group.
    places: Callable[..., Places] = places_on_plate
    axes: tuple[str, str] = ("lon", "lat")
    #: Maps that are looked at; all where nothing is said.
    few: tuple[str, ...] = ()
    level: int = 0


def as_they_are(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Places:
    """Places of a polar map that is shown as it is stored."""
    return x, y


def run(shown: Shown) -> str:
    return f"runs/{shown.run}"


def gravity(shown: Shown) -> str:
    return f"gravity/{shown.gravity}"


def comparison(shown: Shown) -> str:
    return f"comparisons/{shown.comparison}"


# In the plate all maps of a run are looked at; elsewhere they are drawn the same way.
FEW = ("feo_cnn", "novelty", "tio2_cnn_chance")
ON_GLOBE = places_by(ORTHOGRAPHIC.format(25, 40), A_DEGREE, (25, 40))
SOURCES = {
    "run": Source(run, "maps.zarr/0", FLAT),
    "run, halved": Source(run, "maps.zarr/1", {**FLAT, "res": 0.5}, few=FEW, level=1),
    "run, north": Source(run, "maps.zarr/north/0", NORTH, as_they_are, ("x", "y"), FEW),
    "run, globe": Source(run, "maps.zarr/0", GLOBE, ON_GLOBE, few=FEW),
    "intervals": Source(run, "maps.zarr/intervals", FLAT),
    "gravity": Source(gravity, "gravity.zarr/global", FLAT),
    "gravity, south": Source(gravity, "gravity.zarr/south", SOUTH, as_they_are, ("x", "y")),
    "differences": Source(comparison, "differences.zarr", FLAT),
}


def maps_of(dataset: xr.Dataset) -> list[str]:
    return [str(name) for name in dataset.data_vars if name not in NO_MAP]


def stored_of(shown: Shown, source: Source) -> xr.Dataset:
    return shown.stored(f"{source.of(shown)}/{source.group}")


def legend(viewer: Viewer) -> tuple[str, tuple[float, float]]:
    """Palette and range that the page states."""
    least, most = (float(viewer.page.input_value(f"#{end}")) for end in ("least", "most"))
    return viewer.page.input_value("#palette"), (least, most)


@pytest.mark.parametrize("name", SOURCES)
def test_every_map_is_drawn_and_told_as_it_is_stored(viewer: Viewer, shown: Shown, name: str) -> None:
    source = SOURCES[name]
    stored = stored_of(shown, source)
    maps = source.few or maps_of(stored)
    assert len(maps) > 2
    viewer.open(of=source.of(shown), map=maps[0], **source.sight, show="")
    points = viewer.points(4000, seed=3)
    places = np.array(source.places(*viewer.planes(points)))
    where = dict(zip(source.axes, places, strict=True))
    on = np.isfinite(places).all(axis=0)
    for axis, values in where.items():
        on &= np.abs(values) <= (np.abs(stored[axis].values).max() if axis in ("x", "y") else 180)
    points, where = points[on], {axis: values[on] for axis, values in where.items()}
    clear = inside(stored, **where)
    for each in maps:
        viewer.page.select_option("#map-name", each)
        viewer.drawn()
        assert viewer.level == source.level
        values = nearest(stored, each, **where)
        assert_drawn(viewer, points[clear], values[clear], each)
        for (x, y), value in zip(points[clear][:3], values[clear][:3], strict=True):
            viewer.hover(int(x), int(y))
            assert viewer.value() == pytest.approx(value, rel=1e-6, nan_ok=True), (each, x, y)


def assert_drawn(
    viewer: Viewer, points: npt.NDArray[np.int64], values: npt.NDArray[np.float64], name: str
) -> None:
    """At a thousand points at least are the colours that the legend gives the values."""
    palette, (least, most) = legend(viewer)
    part = (values - least) / (most - least) * 256
    # Between two colours rounding decides; xarray decodes in another precision than the page.
    sure = ~(np.abs(part - np.round(part)) < 2e-3) | (part > 256) | (part < 0)
    # Equations do not differ between runs.
    sure |= (values == 0) & (least == -most)
    assert sure.sum() >= 1000
    wanted = colours_of(values, palette, (least, most))
    assert len(np.unique(wanted, axis=0)) > 5 or not np.nan_to_num(values).any()
    assert (viewer.colours(points[sure]) == wanted[sure]).all(), name


PLACE = (31.3, -12.6)


@pytest.mark.parametrize("name", ["run", "gravity", "gravity, south", "differences"])
def test_a_click_gives_every_map_at_full_resolution(viewer: Viewer, shown: Shown, name: str) -> None:
    source = SOURCES[name]._replace(group=SOURCES[name].group.replace("south", "global"))
    stored = stored_of(shown, source)
    lon, lat = PLACE if "south" not in name else (40.2, -81.3)
    # Where several pixels are one of the screen, too.
    sight = {**source.sight, "res": 12_000 if "south" in name else 0.5}
    viewer.open(of=source.of(shown), map=maps_of(stored)[0], **sight, place=f"{lon},{lat}", show="")
    viewer.page.wait_for_selector("#origin")
    pixel = at(stored, lon, lat)
    rows = {str(row.get_attribute("data-map")): row for row in viewer.page.locator("#rows tbody tr").all()}
    assert rows.keys() == {each for each in maps_of(stored) if not is_about_another(each)}
    for each, row in rows.items():
        value = float(row.get_attribute("data-value") or "nan")
        assert value == pytest.approx(float(pixel[each]), rel=1e-6), each


def is_about_another(name: str) -> bool:
    return name in QUANTITIES and QUANTITIES[name].about is not None


def test_a_click_tells_the_chance_and_the_interval_of_every_map(viewer: Viewer, shown: Shown) -> None:
    lon, lat = PLACE
    viewer.open(map="feo_cnn", place=f"{lon},{lat}", show="")
    viewer.page.wait_for_selector("#origin")
    pixel = {
        name: float(value)
        for group in ("0", "intervals")
        for name, value in at(shown.stored(f"runs/{shown.run}/maps.zarr/{group}"), lon, lat).data_vars.items()
    }
    rows = viewer.page.locator("#rows tbody tr").all()
    told = {str(row.get_attribute("data-map")): row.locator("td").all_inner_texts() for row in rows}
    sure = {name: value for name, value in pixel.items() if str(name).endswith(("chance", "half95"))}
    assert len(sure) > 10
    for name, value in sure.items():
        column = 1 if str(name).endswith("chance") else 2
        cell = told[str(QUANTITIES[str(name)].about)][column]
        found = re.search(r"± ([\d.]+)", cell)
        assert found, (name, cell)
        digits = len(found[1].partition(".")[2])
        assert float(found[1]) == pytest.approx(value, abs=0.51 * 10.0**-digits), (name, cell)
        assert float(found[1]) > 0


@pytest.mark.parametrize("name", ["feo_cnn_chance", "mg_number_half95"])
def test_a_click_on_a_map_of_uncertainty_gives_its_value(viewer: Viewer, shown: Shown, name: str) -> None:
    lon, lat = PLACE
    viewer.open(map=name, place=f"{lon},{lat}", show="")
    viewer.page.wait_for_selector("#origin")
    group = "0" if name.endswith("chance") else "intervals"
    value = float(at(shown.stored(f"runs/{shown.run}/maps.zarr/{group}"), lon, lat)[name])
    told = re.match(r"[\d.]+", viewer.page.inner_text("#place-value"))
    assert told
    digits = len(told[0].partition(".")[2])
    assert float(told[0]) == pytest.approx(value, abs=0.51 * 10.0**-digits)


def test_a_record_of_another_kind_is_shown_when_it_is_chosen(viewer: Viewer, shown: Shown) -> None:
    viewer.open(view="plate", at="0,0", res=0.4, show="")
    for of in (comparison(shown), gravity(shown), run(shown)):
        viewer.page.select_option("#of", of)
        viewer.until(lambda said, of=of: said.get("of") == of)  # type: ignore[misc]
        viewer.drawn()
        assert viewer.colours(viewer.points(500))[:, 3].any()
        assert viewer.page.locator("#troubles").is_hidden()


def test_what_is_said_of_a_pixel_moves_nothing(viewer: Viewer, shown: Shown) -> None:
    of = gravity(shown)
    viewer.open(of=of, map="bouguer_gradient_east", view="south", at="0,0", res=2000, show="")
    before = viewer.size
    assert len(viewer.hover(500, 300)) > 80
    assert viewer.size == before
