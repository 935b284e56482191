"""What a link restores besides the view, a plot by keys alone, what may not be read, tiles, large letters."""

import json
import shutil
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, ViewportSize, expect

from lunarcloud.archive.scheme import Cell, cells
from lunarcloud.storage import folder
from lunarcloud.viewer import serving
from tests.browser.conftest import PATIENCE_MS, SIZE, Shown, Viewer, nearest

# Pixels that lie in tiles of all kinds of rows, and at their very edges.
PLACES = (
    (3.1, 0.1),
    (5.9, 6.9),
    (-0.1, -6.9),
    (-179.9, -41.9),
    (175.1, 49.1),
    (-37.4, 62.9),
    (14.9, -77.1),
    (60.1, 84.1),
    (-60.1, -89.9),
)
MISSING = "UI24N015"
# Of the step with which oxides are stored, wt%.
HALF = 0.0005
# What goes over an edge of the window, or has to be moved sideways to be read.
_TOO_WIDE = """() => ["html", "#controls", "#place", "#status"].filter((name) => {
  const each = document.querySelector(name);
  const { left, right } = each.getBoundingClientRect();
  return left < 0 || right > innerWidth || each.scrollWidth > each.clientWidth;
})"""


def is_like_said(viewer: Viewer) -> Viewer:
    """Wait until places like one are marked."""
    expect(viewer.page.locator("#like .similar-said")).to_contain_text("km²", timeout=PATIENCE_MS)
    viewer.page.wait_for_timeout(500)
    return viewer.drawn()


def focused(page: Page) -> str:
    """The element that keys go to."""
    return str(page.evaluate("document.activeElement.id"))


def tab_to(page: Page, name: str) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(80):
        if focused(page) == name:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no Tab leads to {name}")


def box_of(viewer: Viewer) -> list[float]:
    """The ends of the box, by the address: of the map, and of the one across."""
    return [float(end) for end in viewer.until(lambda state: "box" in state)["box"].split(",")]


def test_a_link_restores_what_is_marked_of_a_plot(
    viewer: Viewer, viewer_of: Callable[..., Viewer], served: str
) -> None:
    plain = viewer.open(view="plate", at="12.25,-33.5", res=0.1, map="feo_cnn", against="tio2_cnn", show="")
    unmarked = plain.digest
    viewer.open(
        view="plate", at="12.25,-33.5", res=0.1, map="feo_cnn", against="tio2_cnn", box="2,9,1,4", show=""
    )
    viewer.page.wait_for_selector(".scatter")
    marked = viewer.digest
    assert marked != unmarked
    other = viewer_of(served).open(**viewer.state)
    other.page.wait_for_selector(".scatter")
    assert other.page.input_value("#second") == "tio2_cnn"
    assert other.state == viewer.state
    assert other.digest == marked


def test_a_link_restores_places_like_one(
    viewer: Viewer, viewer_of: Callable[..., Viewer], served: str
) -> None:
    viewer.open(view="plate", at="31.3,-12.6", res=0.2, map="feo_cnn", place="31.3,-12.6", show="")
    unmarked = viewer.digest
    viewer.page.click("#similar")
    marked = is_like_said(viewer).digest
    assert marked != unmarked
    other = is_like_said(viewer_of(served).open(**viewer.state))
    assert other.digest == marked
    other.page.click("#close")
    other.page.click("#unlike")
    other.page.wait_for_timeout(500)
    assert other.drawn().digest == unmarked


def test_a_plot_is_made_and_marked_by_keys_alone(viewer: Viewer, shown: Shown) -> None:
    viewer.open(
        of=f"runs/{shown.run}", view="plate", at="0.1,0.1", res=0.25, map="feo_cnn", opacity=0, show=""
    )
    page = viewer.page
    tab_to(page, "second")
    while page.input_value("#second") != "tio2_cnn":
        page.keyboard.press("ArrowDown")
    page.wait_for_selector(".scatter")
    for end, text in (("box-from", "1"), ("box-to", "3.5"), ("box-low", "8.5"), ("box-high", "10")):
        tab_to(page, end)
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    viewer.until(lambda state: state.get("box") == "8.5,10,1,3.5")
    expect(page.locator("#marked")).to_contain_text("points of this view")
    assert focused(page) == "box-high"
    points = viewer.points(1500)
    lon, lat = viewer.planes(points)
    inside = (np.abs(lon) < 179) & (np.abs(lat) < 89)
    dataset = shown.maps()["0"].to_dataset()
    feo, tio2 = (nearest(dataset, name, lon=lon, lat=lat) for name in ("feo_cnn", "tio2_cnn"))
    wanted = (feo > 8.5 - HALF) & (feo < 10 + HALF) & (tio2 > 1 - HALF) & (tio2 < 3.5 + HALF)
    assert 0.1 < wanted[inside].mean() < 0.9
    assert np.array_equal(viewer.colours(points)[inside, 3] > 0, wanted[inside])
    tab_to(page, "unmark")
    page.keyboard.press("Enter")
    viewer.until(lambda state: "box" not in state)
    assert page.input_value("#box-high") == ""


def test_the_focus_of_the_map_is_seen(viewer: Viewer) -> None:
    viewer.open(view="plate", at="0,0", res=0.2, map="feo_cnn", show="")
    before = viewer.page.screenshot()
    viewer.page.keyboard.press("Tab")
    viewer.page.keyboard.press("Enter")  # the link to the map
    assert focused(viewer.page) == "map"
    assert (edges(viewer.page.screenshot()) != edges(before)).all()


def edges(picture: bytes) -> npt.NDArray[np.int64]:
    """Greys in the middle of the right edge and of the upper one of the window, which are the map's."""
    pixels = np.asarray(Image.open(BytesIO(picture)).convert("L"), dtype=np.int64)
    return np.array([pixels[300, -2], pixels[1, -300]])


def test_an_end_that_is_left_out_is_that_of_the_plot(viewer: Viewer) -> None:
    viewer.open(view="plate", at="0,0", res=0.2, map="feo_cnn", against="tio2_cnn", show="")
    viewer.page.wait_for_selector(".scatter")
    viewer.page.fill("#box-low", "9")
    viewer.page.press("#box-low", "Enter")
    low, high, least, most = box_of(viewer)
    assert low == 9 < high
    assert least < most


def test_ends_in_the_wrong_order_are_refused(viewer: Viewer) -> None:
    viewer.open(view="plate", at="0,0", res=0.2, map="feo_cnn", against="tio2_cnn", box="2,9,1,4", show="")
    viewer.page.wait_for_selector(".scatter")
    viewer.page.fill("#box-low", "11")
    viewer.page.press("#box-low", "Enter")
    assert not viewer.page.evaluate("document.getElementById('box-high').validity.valid")
    assert viewer.state["box"] == "2,9,1,4"


def test_a_drag_fills_the_fields(viewer: Viewer) -> None:
    viewer.open(view="plate", at="0,0", res=0.2, map="feo_cnn", against="tio2_cnn", show="")
    plot = viewer.page.wait_for_selector(".scatter")
    assert plot
    plot.scroll_into_view_if_needed()
    frame = plot.bounding_box()
    assert frame
    viewer.page.mouse.move(frame["x"] + frame["width"] * 0.3, frame["y"] + frame["height"] * 0.2)
    viewer.page.mouse.down()
    viewer.page.mouse.move(frame["x"] + frame["width"] * 0.7, frame["y"] + frame["height"] * 0.6)
    while_dragged = viewer.page.input_value("#box-low")
    viewer.page.mouse.up()
    fields = [float(viewer.page.input_value(f"#box-{end}")) for end in ("low", "high", "from", "to")]
    assert fields == box_of(viewer)
    assert fields[0] == float(while_dragged)


def forbidden(route: Route) -> None:
    """As a bucket answers whose objects may be read, but not listed: for what is not there."""
    route.fulfill(status=403, body="<Error><Code>AccessDenied</Code></Error>")


def test_what_may_not_be_read_is_told_as_that(viewer_of: Callable[..., Viewer], served: str) -> None:
    viewer = viewer_of(served)
    viewer.page.route("**/root/catalog.json", forbidden)
    viewer.page.goto(served)
    said = viewer.page.locator("#troubles")
    expect(said).to_contain_text("catalog.json is not there, or may not be read")


def test_a_document_that_is_not_there_may_be_answered_by_403(
    viewer_of: Callable[..., Viewer], served: str
) -> None:
    viewer = viewer_of(served)
    viewer.page.route("**/mosaic.zarr/**", forbidden)
    viewer.open(map="feo_cnn", place="31.3,-12.6")
    # All but the spectrum, whose store is gone.
    viewer.page.wait_for_selector("#origin")
    assert viewer.page.locator("#rows tbody tr").count() > 3
    assert viewer.page.locator("#spectrum").count() == 0


@pytest.fixture(scope="module")
def tiled(shown: Shown, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page of a root whose mosaic is made from all tiles but one."""
    place = tmp_path_factory.mktemp("tiled") / "root"
    shutil.copytree(shown.place, place)
    (path,) = Path(place).glob("mosaics/*/record.json")
    record = json.loads(path.read_text())
    record["card"]["tiles"] = {cell.product_id: "" for cell in cells() if cell.product_id != MISSING}
    path.write_text(json.dumps(record))
    with serving(folder(place)) as url:
        yield url


def holds(cell: Cell, lon: float, lat: float) -> bool:
    """Whether a place lies within the bounds of a tile."""
    return cell.west <= lon % 360 < cell.east and cell.south <= lat < cell.north


def test_a_pixel_lies_in_the_tile_whose_bounds_hold_it(viewer_of: Callable[..., Viewer], tiled: str) -> None:
    viewer = viewer_of(tiled)
    for lon, lat in PLACES:
        viewer.open(map="feo_cnn", place=f"{lon},{lat}", view="plate", at="0,0", res=0.35)
        (tile,) = (cell.product_id for cell in cells() if holds(cell, lon, lat))
        expect(viewer.page.locator("#origin")).to_contain_text(f"lies in tile{tile}")


def test_nothing_is_said_of_a_tile_that_the_mosaic_does_not_have(
    viewer_of: Callable[..., Viewer], tiled: str
) -> None:
    (cell,) = (cell for cell in cells() if cell.product_id == MISSING)
    viewer = viewer_of(tiled).open(map="feo_cnn", place=f"{cell.west + 0.4},{cell.north - 0.4}")
    viewer.page.wait_for_selector("#origin")
    assert "mosaic" in viewer.page.inner_text("#origin")
    assert "tile" not in viewer.page.inner_text("#origin")


@pytest.fixture(scope="module")
def large_letters(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Browser]:
    """A browser of somebody who has set letters of twice the size."""
    program = request.config.getoption("--chromium")
    switches = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    started = browser.browser_type.launch(
        executable_path=program, args=[*switches, "--blink-settings=defaultFontSize=32"]
    )
    yield started
    started.close()


@pytest.mark.parametrize("place", ["", "&place=31.3,-12.6"])
@pytest.mark.parametrize("size", [SIZE, ViewportSize(width=390, height=844)])
def test_letters_of_twice_the_size_leave_room_for_the_map(
    large_letters: Browser, served: str, size: ViewportSize, place: str
) -> None:
    page = large_letters.new_context(viewport=size).new_page()
    page.goto(f"{served}#map=feo_cnn{place}")
    page.wait_for_selector('#map[aria-busy="false"]', timeout=PATIENCE_MS)
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "26px"
    if place:
        page.wait_for_selector("#origin")
    assert page.evaluate(_TOO_WIDE) == []
    assert page.evaluate("document.getElementById('map').clientHeight") >= 250
    page.context.close()


def test_a_page_of_twice_the_size_has_no_bar_across(viewer_of: Callable[..., Viewer], served: str) -> None:
    viewer = viewer_of(served, device_scale_factor=2)
    viewer.page.set_viewport_size({"width": SIZE["width"] // 2, "height": SIZE["height"] // 2})
    viewer.open(map="feo_cnn")
    assert viewer.page.evaluate(_TOO_WIDE) == []
    assert viewer.size[1] >= 250
