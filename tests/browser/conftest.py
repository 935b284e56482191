"""A browser, a root with all that the viewer shows, and the page that shows it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from lunarcloud.archive import shipped_stations
from lunarcloud.engine import Cluster
from lunarcloud.moon import grid
from lunarcloud.processes.stations import write_stations
from lunarcloud.storage import Folder, folder
from lunarcloud.testing.fixtures import sketching
from lunarcloud.testing.make import make
from lunarcloud.testing.small_root import defective_spectra, write_model, write_mosaic
from lunarcloud.viewer import serving

pytest_plugins = ["lunarcloud.testing.fixtures"]

SIZE = ViewportSize(width=1280, height=800)
PATIENCE_MS = 30_000
# Part of a pixel at its edges where rounding decides which pixel it is.
MARGIN = 0.08
# Without a graphics card; as root, as tests run in containers.
_SWITCHES = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
# From a position on the screen, in pixels from the upper left, to what is drawn there.
_COLOURS = """(points) => {
  const canvas = document.querySelector("#map canvas.pixels");
  const gl = canvas.getContext("webgl2");
  const bytes = new Uint8Array(4 * canvas.width * canvas.height);
  gl.readPixels(0, 0, canvas.width, canvas.height, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
  const first = ([x, y]) => 4 * ((canvas.height - 1 - y) * canvas.width + x);
  return points.map((point) => [...bytes.subarray(first(point), first(point) + 4)]);
}"""

# The same of all that is drawn, as one word.
_DIGEST = """async () => {
  const canvas = document.querySelector("#map canvas.pixels");
  const bytes = new Uint8Array(4 * canvas.width * canvas.height);
  const gl = canvas.getContext("webgl2");
  gl.readPixels(0, 0, canvas.width, canvas.height, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
  return [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))].join();
}"""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which browser."""
    parser.addoption("--chromium", default="/usr/bin/chromium", help="program that is driven")


@dataclass(frozen=True)
class Shown:
    """A root, and where its parts are."""

    root: Folder
    run: str
    other: str
    gravity: str = ""
    polar: str = ""
    comparison: str = ""

    @property
    def place(self) -> Path:
        """The root's folder."""
        return Path(self.root.url)

    def stored(self, path: str) -> xr.Dataset:
        """A group of arrays of the root."""
        found: xr.Dataset = xr.open_zarr(f"{self.root.url}/{path}")
        return found

    def maps(self, run: str | None = None) -> xr.DataTree:
        """The maps of a run at all levels."""
        return xr.open_datatree(f"{self.root.url}/runs/{run or self.run}/maps.zarr", engine="zarr")


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Shown:
    """A root of noise, whose every pixel differs from the next, with a record of each kind that is shown."""
    place = folder(tmp_path_factory.mktemp("root"))
    write_mosaic(place, grid(4, 1024), defective_spectra)
    write_model(place)
    write_stations(place / "models/untrained", shipped_stations())
    with sketching():
        run = make("map", place.url, cluster).place.name
        other = make("map", place.url, cluster, seed=0).place.name
        low = (10, 40)
        gravity = make("gravity", place.url, cluster, ppd=2, degrees=low, gradient_degrees=low).place.name
        # With pixels of both classes: no noise has as much iron as maria.
        polar = make("polar", place.url, cluster, run=run, feo_above=10, mg_below=0.7).place.name
        comparison = make("compare", place.url, cluster, run=run, other=other).place.name
    return Shown(place, run, other, gravity, polar, comparison)


@pytest.fixture(scope="session")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """One Chromium for all tests."""
    with sync_playwright() as driver:
        program = request.config.getoption("--chromium")
        started = driver.chromium.launch(executable_path=program, args=_SWITCHES)
        yield started
        started.close()


@dataclass
class Viewer:
    """The page in a browser, as a person uses it, and all that it asked for."""

    page: Page
    url: str
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, **state: object) -> "Viewer":
        """Open the address of a state and wait until all of it is drawn."""
        words = "&".join(f"{name}={value}" for name, value in state.items())
        self.page.goto("about:blank")
        self.page.goto(f"{self.url}#{words}")
        return self.drawn()

    def drawn(self) -> "Viewer":
        """Wait until all that is wanted is drawn."""
        self.page.wait_for_selector('#map[aria-busy="false"]', timeout=PATIENCE_MS)
        return self

    @property
    def state(self) -> dict[str, str]:
        """What the address says."""
        self.page.wait_for_timeout(250)  # it is written after the last change
        parts = self.page.url.partition("#")[2].split("&")
        return dict(part.split("=", 1) for part in parts)

    def until(self, holds: Callable[[dict[str, str]], bool]) -> dict[str, str]:
        """What the address says once something holds of it; movements take their time."""
        for _ in range(40):
            if holds(found := self.state):
                return found
        raise AssertionError(f"the address stays {self.state}")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the map."""
        box = self.page.locator("#map").bounding_box()
        assert box
        return round(box["width"]), round(box["height"])

    def planes(
        self, points: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Where the middles of pixels of the screen are in the plane, by what the address says of it."""
        x, y = map(float, self.state["at"].split(","))
        resolution, (width, height) = float(self.state["res"]), self.size
        across, down = points.T + 0.5
        return x + (across - width / 2) * resolution, y - (down - height / 2) * resolution

    def points(self, number: int, seed: int = 0) -> npt.NDArray[np.int64]:
        """Random pixels of the screen."""
        return np.random.default_rng(seed).integers(0, self.size, (number, 2))

    def colours(self, points: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """What is drawn at pixels of the screen: RGBA."""
        return np.array(self.page.evaluate(_COLOURS, points.tolist()), dtype=np.uint8)

    @property
    def digest(self) -> str:
        """Of all that is drawn: pictures with one are alike to the bit."""
        return str(self.page.evaluate(_DIGEST))

    def hover(self, x: int, y: int) -> str:
        """What the page says of the middle of a pixel of the map."""
        box = self.page.locator("#map").bounding_box()
        assert box
        self.page.mouse.move(box["x"] + x, box["y"] + y)
        return self.page.inner_text("#value")

    def value(self) -> float:
        """The number that it says."""
        return float(self.page.get_attribute("#value", "data-value") or "nan")

    @property
    def level(self) -> int:
        """The level that it says."""
        found = re.search(r"level (\d+)", self.page.inner_text("#value"))
        return int(found[1]) if found else 0


@pytest.fixture
def viewer_of(browser: Browser) -> Iterator[Callable[..., Viewer]]:
    """Open a page at a URL, in a window of its own."""
    contexts = []

    def opened(url: str, **options: Any) -> Viewer:
        contexts.append(browser.new_context(viewport=SIZE, **options))
        page = contexts[-1].new_page()
        viewer = Viewer(page, url)
        page.on("pageerror", lambda error: viewer.errors.append(str(error)))
        page.on(
            "console",
            lambda said: viewer.errors.append(said.text) if _is_wrong(said.text, said.type) else None,
        )
        page.on("request", lambda request: viewer.requests.append(request.url))
        return viewer

    yield opened
    for context in contexts:
        context.close()


def _is_wrong(text: str, kind: str) -> bool:
    """Whether a line of the console is an error; objects that are not stored are none."""
    return kind == "error" and "404" not in text


@pytest.fixture(scope="session")
def served(shown: Shown) -> Iterator[str]:
    """The page's URL, served as the command does."""
    with serving(shown.root) as url:
        yield url


@pytest.fixture
def viewer(viewer_of: Callable[..., Viewer], served: str) -> Iterator[Viewer]:
    """The page of the root; no test leaves an error in it."""
    found = viewer_of(served)
    yield found
    assert found.errors == []
    assert {url.split("/")[2] for url in found.requests if url.startswith("http")} <= {served.split("/")[2]}


def nearest(dataset: xr.Dataset, name: str, **where: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Values of a map at places, by xarray; NaN is missing."""
    at = {axis: xr.DataArray(np.asarray(values, dtype=float), dims="point") for axis, values in where.items()}
    return np.asarray(dataset[name].sel(at, method="nearest").values, dtype=float)


def inside(dataset: xr.Dataset, **where: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Which places are not at the edge of a pixel, where rounding decides."""
    kept = np.ones(np.shape(next(iter(where.values()))), dtype=bool)
    for axis, values in where.items():
        axes = dataset[axis].values
        part = (np.asarray(values) - axes[0]) / (axes[1] - axes[0]) + 0.5
        kept &= np.abs(part - np.round(part)) > MARGIN
    return kept
