"""The page as a whole: its links, its policy, its servers, what it asks for, keyboards and small screens."""

import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from lunarcloud.moon import kilometres
from lunarcloud.storage import folder
from lunarcloud.viewer import serving, write_page
from tests.browser.conftest import Shown, Viewer

# Bytes and requests of data for a first look at the whole Moon, and bytes of the page itself.
MOST_BYTES, MOST_REQUESTS, MOST_OF_PAGE = 2_000_000, 10, 700_000
# Of text and what is behind it (WCAG 2.2, AA).
LEAST_CONTRAST = 4.5
_NAMELESS = """() => {
  const labelled = (each) => [...(each.labels ?? [])].some((label) => label.textContent.trim());
  const all = [...document.querySelectorAll("button, input, select")];
  const named = (each) => each.ariaLabel || each.textContent?.trim() || labelled(each);
  return all.filter((each) => !named(each)).map((each) => each.outerHTML);
}"""


# Texts that are seen, with their contrast to what is behind them (WCAG 2.2), where that is below a bound.
_FAINT = """(least) => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const linear = (part) => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const behind = (each) => {
    for (; each; each = each.parentElement) {
      const colour = parts(getComputedStyle(each).backgroundColor);
      if (colour.length === 3) return colour;
    }
    return [255, 255, 255];
  };
  const contrast = (each) => {
    const { color, fill } = getComputedStyle(each);
    const text = each instanceof SVGElement ? fill : color;
    const [a, b] = [parts(text), behind(each)].map(light).sort((a, b) => b - a);
    return (a + 0.05) / (b + 0.05);
  };
  const written = (each) => [...each.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
  const all = [...document.body.querySelectorAll("*")];
  const seen = all.filter((each) => written(each) && each.checkVisibility());
  const found = seen.map((each) => `${contrast(each).toFixed(2)} ${each.outerHTML.slice(0, 90)}`);
  return [found.length, found.filter((each) => parseFloat(each) < least)];
}"""


class Files(SimpleHTTPRequestHandler):
    """A folder as `python -m http.server` serves it: it knows no ranges."""

    sent: list[tuple[str, int]]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as http.server calls it
        """Nobody reads it."""


class RangedFiles(Files):
    """The same below a prefix, with ranges, as other servers have them; it notes what it sent."""

    prefix = "/some/where"

    def do_GET(self) -> None:
        """A file, or the part of it that is asked for."""
        path = Path(self.directory) / self.path.removeprefix(f"{self.prefix}/").partition("?")[0]
        if not self.path.startswith(f"{self.prefix}/") or not path.is_file():
            return self.send_error(404)
        data, asked = path.read_bytes(), re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        if asked:
            first = int(asked[1]) if asked[1] else len(data) - int(asked[2])
            data = data[first : int(asked[2]) + 1] if asked[1] else data[first:]
        self.sent.append((self.path, len(data)))
        self.send_response(206 if asked else 200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        return None


@contextmanager
def web(place: Path, handler: type[Files]) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    """Serve a folder; its URL, and what was sent of it."""
    sent: list[tuple[str, int]] = []
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(type("Handler", (handler,), {"sent": sent}), directory=str(place))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", sent
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def exported(shown: Shown) -> Path:
    """The folder of the root with the page in it."""
    write_page(shown.root)
    return shown.place


@pytest.mark.parametrize("view", ["plate", "south", "globe"])
def test_a_link_restores_the_view_to_the_bit(
    viewer: Viewer, viewer_of: Callable[..., Viewer], shown: Shown, view: str
) -> None:
    viewer.open(view=view, at="12.25,-33.5", res=0.21 if view != "south" else 1900, map="tio2_cnn")
    page = viewer.page
    page.fill("#most", "6.5")
    page.press("#most", "Enter")
    page.select_option("#palette", "cividis")
    page.select_option("#other", f"runs/{shown.other}")
    page.check("#show-stations")
    page.fill("#search", "-71.3, 33.7")
    page.press("#search", "Enter")
    before = viewer.until(lambda state: state.get("place") == "33.7,-71.3" and state["at"] != "12.25,-33.5")
    drawn = viewer.drawn().digest
    other = viewer_of(page.url.partition("#")[0])
    other.open(**before)
    assert other.state == before
    assert other.digest == drawn


def test_the_policy_allows_no_code_from_strings_and_no_other_host(viewer: Viewer) -> None:
    response = viewer.page.goto(viewer.url)
    assert response
    viewer.drawn()
    stated = viewer.page.get_attribute("meta[http-equiv]", "content") or ""
    for policy in (response.headers["content-security-policy"], stated):
        rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split(";")}
        assert rules["default-src"] == ["'none'"]
        assert rules["connect-src"] == ["'self'"]
        assert rules["script-src"] == ["'self'", "'wasm-unsafe-eval'"]
        assert rules["style-src"] == ["'self'"]


def test_a_first_look_asks_for_little(viewer_of: Callable[..., Viewer], exported: Path) -> None:
    with web(exported, RangedFiles) as (url, sent):
        viewer = viewer_of(f"{url}{RangedFiles.prefix}/view/index.html")
        viewer.open(view="plate", at="0,0", res=0.35)
        viewer.page.wait_for_timeout(300)
    data = [size for path, size in sent if "/c/" in path]
    assert 0 < len(data) <= MOST_REQUESTS
    assert sum(size for path, size in sent if "/view/" not in path) <= MOST_BYTES
    assert sum(size for path, size in sent if "/view/" in path) <= MOST_OF_PAGE


def test_a_page_in_the_root_works_below_a_prefix(viewer_of: Callable[..., Viewer], exported: Path) -> None:
    with web(exported, RangedFiles) as (url, sent):
        viewer = viewer_of(f"{url}{RangedFiles.prefix}/view/index.html")
        viewer.open(map="feo_cnn", place="31.3,-12.6")
        viewer.page.wait_for_selector("#origin")
        assert viewer.errors == []
        assert {
            address.partition(RangedFiles.prefix)[0] for address in viewer.requests if "http" in address
        } == {url}
        assert any("/mosaic.zarr/" in path for path, _ in sent)


def test_a_server_without_ranges_gives_a_message_and_no_picture(
    viewer_of: Callable[..., Viewer], exported: Path
) -> None:
    with web(exported, Files) as (url, _):
        viewer = viewer_of(f"{url}/view/index.html")
        viewer.open(map="feo_cnn")
        expect(viewer.page.locator("#troubles")).to_contain_text("ignores ranges")
        assert "lunarcloud view" in viewer.page.inner_text("#troubles")
        assert not viewer.colours(viewer.points(500)).any()


def test_a_damaged_chunk_gives_a_message_and_no_picture(
    viewer_of: Callable[..., Viewer], shown: Shown, tmp_path: Path
) -> None:
    place = tmp_path / "root"
    shutil.copytree(shown.place, place)
    shard = place / f"runs/{shown.run}/maps.zarr/1/feo_cnn/c/0/0"
    data = bytearray(shard.read_bytes())
    data[5000] ^= 1
    shard.write_bytes(data)
    with serving(folder(place)) as url:
        viewer = viewer_of(url)
        viewer.open(of=f"runs/{shown.run}", map="feo_cnn", view="plate", at="0,0", res=0.5, show="")
        expect(viewer.page.locator("#troubles")).to_contain_text("checksum is wrong")
        assert "maps.zarr/1/feo_cnn" in viewer.page.inner_text("#troubles")
        points = viewer.points(2000)
        x, y = viewer.planes(points)
        seen = viewer.colours(points)[:, 3] > 0
        # The first chunk is 512 x 512 pixels of half a degree from the upper left.
        damaged = (x > -179) & (x < 75) & (np.abs(y) < 89)
        assert damaged.sum() > 400
        assert not seen[damaged].any()
        assert seen[(x > 77) & (x < 179) & (np.abs(y) < 89)].mean() > 0.7


def test_an_empty_root_and_a_wrong_link_are_told(viewer: Viewer, shown: Shown) -> None:
    viewer.page.goto(f"{viewer.url}#of=runs/nothing")
    expect(viewer.page.locator("#troubles")).to_contain_text("no runs/nothing")
    viewer.page.goto("about:blank")
    viewer.page.goto(f"{viewer.url}#of=runs/{shown.run}&map=gold")
    expect(viewer.page.locator("#troubles")).to_contain_text("no map gold; it has feo_equation")


def test_the_scale_is_the_moons(viewer: Viewer) -> None:
    viewer.open(view="plate", at="0,0", res=0.25, show="")
    metres = float(viewer.page.get_attribute("#scale", "data-metres") or 0)
    wide = viewer.page.locator("#bar").bounding_box()
    assert wide
    assert kilometres(wide["width"] * 0.25) == pytest.approx(metres / 1000, rel=0.02)
    assert kilometres(32.98) == pytest.approx(1000, abs=0.1)


def test_the_scale_shrinks_with_latitude_and_not_around_a_pole(viewer: Viewer) -> None:
    lengths = {}
    for view, at, resolution in (("plate", "0,60", 0.25), ("south", "0,0", 7580.8)):
        viewer.open(view=view, at=at, res=resolution, show="")
        wide = viewer.page.locator("#bar").bounding_box()
        assert wide
        lengths[view] = float(viewer.page.get_attribute("#scale", "data-metres") or 0) / wide["width"]
    assert lengths["plate"] == pytest.approx(0.5 * kilometres(0.25) * 1000, rel=0.02)
    assert lengths["south"] == pytest.approx(7580.8, rel=0.02)


def test_the_keyboard_moves_asks_and_closes(viewer: Viewer) -> None:
    viewer.open(view="plate", at="10,10", res=0.2, map="feo_cnn")
    page = viewer.page
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the link to the map
    assert page.evaluate("document.activeElement.id") == "map"
    page.keyboard.press("ArrowRight")
    state = viewer.until(lambda state: state["at"] == viewer.state["at"] != "10,10")
    x, y = map(float, state["at"].split(","))
    assert x > 12
    assert y == pytest.approx(10)
    expect(page.locator("#spoken")).to_contain_text("wt%")
    page.keyboard.press("Enter")
    page.wait_for_selector("#origin")
    assert [float(each) for each in viewer.state["place"].split(",")] == pytest.approx([x, y])
    page.keyboard.press("Escape")
    expect(page.locator("#place")).to_be_hidden()


def test_every_control_has_a_name(viewer: Viewer, shown: Shown) -> None:
    viewer.open(map="feo_cnn", place="31.3,-12.6", **{"with": f"runs/{shown.other}"})
    viewer.page.wait_for_selector("#origin")
    nameless = viewer.page.evaluate(_NAMELESS)
    assert nameless == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_can_be_read(
    viewer_of: Callable[..., Viewer], served: str, shown: Shown, scheme: str
) -> None:
    viewer = viewer_of(served, color_scheme=scheme)
    shape = "area,plate,-20,-30,40,-10,0,40"
    viewer.open(
        map="feo_cnn", place="31.3,-12.6", shape=shape, show="relief", **{"with": f"runs/{shown.other}"}
    )
    viewer.page.wait_for_selector("#origin")
    viewer.page.wait_for_selector("#statistics")
    number, faint = viewer.page.evaluate(_FAINT, LEAST_CONTRAST)
    assert number > 80
    assert faint == []
    dark = viewer.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert dark == (scheme == "dark")


def moved_to(viewer: Viewer, lat: float) -> dict[str, str]:
    """What the address says once the view is at a latitude and an answer about a place is asked for."""
    return viewer.until(lambda state: state["at"].endswith(f",{lat}") and "place" in state)


def _is_at(lat: str, state: Mapping[str, str]) -> bool:
    return lat in state.get("place", "")


def test_a_name_and_coordinates_are_found(viewer: Viewer) -> None:
    viewer.open(map="feo_cnn")
    for words, lon, lat in (("tycho", -11.22, -43.3), ("-10.5, 200", -160, -10.5)):
        viewer.page.fill("#search", words)
        viewer.page.press("#search", "Enter")
        state = moved_to(viewer, lat)
        assert [float(each) for each in state["place"].split(",")] == pytest.approx([lon, lat])
        assert [float(each) for each in state["at"].split(",")] == pytest.approx([lon, lat])


def test_candidates_lie_over_the_map(viewer: Viewer, shown: Shown) -> None:
    viewer.open(view="south", at="0,0", res=2000, map="feo_cnn", opacity=0, show="")
    assert not viewer.colours(viewer.points(500)).any()
    viewer.page.check("#show-candidates")
    viewer.page.wait_for_timeout(500)
    viewer.drawn()
    assert viewer.colours(viewer.points(3000))[:, 3].any()


@pytest.mark.parametrize("width", [390, 320])
def test_a_phone_shows_all_of_it(viewer: Viewer, width: int) -> None:
    viewer.page.set_viewport_size({"width": width, "height": 844})
    viewer.open(map="feo_cnn")
    assert viewer.page.evaluate("document.scrollingElement.scrollWidth") <= width
    assert viewer.size[1] > 250
    viewer.page.click("#fold")
    assert viewer.size[1] > 600
