"""The viewer: seconds, bytes and requests of eight views, beside rio-tiler and OpenLayers.

    python -m benchmarks.viewer [--root ROOT] [--chromium PROGRAM]

The root has two runs at 64 pixels per degree; without one, such a root of the synthetic Moon is made first,
which takes longer than all else. Our page and the source are looked at in a headless Chromium without
graphics card, a new window each time, and ask the same server, `lunarcloud view`'s, which counts. What is
timed goes from the address, or the click, to the last pixel; bytes and requests are of the root, without the
page.

rio-tiler is what titiler makes its tiles with. It knows no levels: it is given the one that ours takes,
already open, and makes the PNG tiles of 256 pixels that cover the view in as many threads as there are cores.
Time of a server, of the network and of a browser is not in its numbers. GeoZarr needs Node to be built
(`web/peer`).
"""

import argparse
import json
import math
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any, Literal, NamedTuple, TypeAlias
from urllib.parse import urlencode

import xarray as xr
from morecantile import TileMatrixSet
from playwright.sync_api import Browser, Page, Route, ViewportSize, sync_playwright
from rio_tiler.colormap import cmap
from rio_tiler.errors import TileOutsideBounds
from rio_tiler.io import XarrayReader
from rio_tiler.models import ImageData

from benchmarks._results import Row, report
from lunarcloud.engine import Cluster
from lunarcloud.lineage import open_root
from lunarcloud.moon import RADIUS_M, lunar_crs
from lunarcloud.storage import folder
from lunarcloud.synthetic import station_table, write_tiles
from lunarcloud.testing.make import make
from lunarcloud.testing.sent import Sent, sent
from lunarcloud.viewer import serving

_PPD, _MAP, _RANGE = 64, "feo_equation", (0.0, 22.0)
_ROUNDS, _PATIENCE_MS = 3, 120_000
_SIZE = ViewportSize(width=1280, height=800)
# Of the page's map in that window, and of the others.
_WIDTH, _HEIGHT = 1013, 773
_SWITCHES = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
_WEB = Path(__file__).parents[1] / "web"
_TILE = 256
_CODES = {"plate": "IAU_2015:30100", "north": "IAU_2015:30130", "south": "IAU_2015:30135"}
# Apollo 11.
_SITE = (23.473, 0.674)


class View(NamedTuple):
    """What is looked at: middle and size of a screen pixel, in degrees or in metres around a pole."""

    name: str
    kind: Literal["plate", "north", "south", "globe"]
    x: float
    y: float
    resolution: float
    does: Literal["draw", "click", "difference"] = "draw"


class Cost(NamedTuple):
    """What a view took."""

    seconds: float
    bytes: int
    requests: int


#: A way to look at a view; None where it has no such view.
Way: TypeAlias = Callable[[View], Cost | None]

_VIEWS = (
    View("the whole Moon", "plate", 0.0, 0.0, 0.35),
    View("Mare Imbrium and around, 1.9 km", "plate", -15.0, 30.0, 1 / 16),
    View("Apollo 11, full resolution", "plate", *_SITE, 1 / _PPD),
    View("north pole to 60 N", "north", 0.0, 0.0, 2400.0),
    View("south pole, full resolution", "south", 0.0, 0.0, 474.0),
    View("globe", "globe", -15.0, 10.0, 0.16),
    View("Apollo 11, all maps and the spectrum of a pixel", "plate", *_SITE, 1 / _PPD, "click"),
    View("difference of two runs, 1.9 km", "plate", -15.0, 30.0, 1 / 16, "difference"),
)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument(
        "--root", help="a local root with two runs at 64 pixels per degree, and their mosaic"
    )
    arguments.add_argument("--chromium", default="/usr/bin/chromium", help="program that is driven")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = given.root or _made(Path(name))
        page = _built(Path(name) / "peer")
        with serving(folder(root)) as url, sent() as counted, _browser(given.chromium) as browser:
            ways: dict[str, Way] = {
                "ours": partial(_ours, browser, url, counted, _runs(root)),
                "rio-tiler": partial(_tiled, root, _runs(root)),
                "GeoZarr": partial(_geozarr, browser, url, counted, page, _runs(root)[0]),
            }
            rows = [_row(view, {name: way(view) for name, way in ways.items()}) for view in _VIEWS]
    report(
        "eight views",
        rows,
        of=__file__,
        packages=("rio-tiler", "xarray", "zarr"),
        note=f"Medians of {_ROUNDS}, a map of {_WIDTH} x {_HEIGHT}, OpenLayers "
        f"{_version('ol')}. Empty: it has no such view. Tiles hold colours, no values.",
    )


def _row(view: View, found: dict[str, Cost | None]) -> Row:
    row: dict[str, object] = {"view": view.name}
    for name, cost in found.items():
        row[f"{name}, s"] = "" if cost is None else round(cost.seconds, 2)
        row[f"{name}, MB"] = "" if cost is None else round(cost.bytes / 1e6, 2)
        row[f"{name}, requests"] = "" if cost is None else cost.requests
    ours, tiles = found["ours"], found["rio-tiler"]
    row["rio-tiler : ours, s"] = "" if not (ours and tiles) else round(tiles.seconds / ours.seconds, 1)
    print(row, flush=True)
    return row


def _middle(costs: list[Cost]) -> Cost:
    """The median time; bytes and requests are alike but for what came too late to matter."""
    return Cost(
        median(cost.seconds for cost in costs), max(c.bytes for c in costs), max(c.requests for c in costs)
    )


# Ours.


def _ours(browser: Browser, url: str, counted: Sent, runs: tuple[str, str], view: View) -> Cost:
    said: dict[str, object] = {"map": _MAP, "of": f"runs/{runs[0]}", "view": view.kind, "show": ""}
    said |= {"at": f"{view.x},{view.y}", "res": view.resolution}
    if view.does == "difference":
        said |= {"with": f"runs/{runs[1]}", "how": "difference"}
    address = f"{url}#{urlencode(said, safe=',/')}"
    drawn = '#map[aria-busy="false"]'
    costs = []
    for _ in range(_ROUNDS):
        with _window(browser) as page:
            if view.does == "click":
                page.goto(address)
                page.wait_for_selector(drawn, timeout=_PATIENCE_MS)
                costs.append(_timed(counted, lambda: _clicked(page)))
            else:
                costs.append(_timed(counted, lambda: _opened(page, address, drawn)))
    return _middle(costs)


def _opened(page: Page, address: str, until: str) -> None:
    page.goto(address)
    page.wait_for_selector(until, timeout=_PATIENCE_MS)


def _clicked(page: Page) -> None:
    page.locator("#map").click()
    page.wait_for_selector("#origin", timeout=_PATIENCE_MS)


def _timed(counted: Sent, work: Callable[[], None]) -> Cost:
    counted.clear()
    start = time.perf_counter()
    work()
    return Cost(time.perf_counter() - start, counted.bytes, counted.requests)


@contextmanager
def _browser(program: str) -> Iterator[Browser]:
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=program, args=_SWITCHES)
        yield started
        started.close()


@contextmanager
def _window(browser: Browser, **options: Any) -> Iterator[Page]:
    context = browser.new_context(viewport=_SIZE, **options)
    yield context.new_page()
    context.close()


# Tiles.


def _tiled(root: str, runs: tuple[str, str], view: View) -> Cost | None:
    if view.kind == "globe":
        return None
    if view.does == "click":
        return _points(root, runs[0])
    maps = [_layer(root, run, view) for run in runs[: 2 if view.does == "difference" else 1]]
    tms = _matrices(view)
    readers = [XarrayReader(each, tms=tms) for each in maps]
    wanted = _covering(tms, view)
    _png(readers, wanted[0])
    costs = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in range(_ROUNDS):
            start = time.perf_counter()
            sizes = [*pool.map(partial(_png, readers), wanted)]
            costs.append(Cost(time.perf_counter() - start, sum(sizes), len(sizes)))
    return _middle(costs)


def _png(readers: list[XarrayReader], tile: tuple[int, int, int]) -> int:
    """Bytes of a tile; of two maps, of their difference; none beside the map."""
    try:
        images = [reader.tile(*tile) for reader in readers]
    except TileOutsideBounds:
        return 0
    image, ends = images[0], _RANGE
    if len(images) == 2:
        image, ends = ImageData(images[0].array - images[1].array), (-2.0, 2.0)
    image.rescale(in_range=(ends,))
    return len(image.render(img_format="PNG", colormap=cmap.get("viridis")))


def _points(root: str, run: str) -> Cost:
    """All maps and the spectrum of the pixel of the site."""
    stores = [xr.open_zarr(_store(root, run) / "0"), xr.open_zarr(_mosaic(root))]
    arrays = [
        _placed(each, "plate") for store in stores for each in store.data_vars.values() if each.ndim > 1
    ]
    costs = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        found = [XarrayReader(each).point(*_SITE, coord_crs=lunar_crs(_CODES["plate"])) for each in arrays]
        size = sum(len(str(each.data.tolist())) for each in found)
        costs.append(Cost(time.perf_counter() - start, size, len(found)))
    return _middle(costs)


def _layer(root: str, run: str, view: View) -> xr.DataArray:
    """The level of a map that ours takes: the finest whose pixels are no smaller than the screen's."""
    finest = 1 / _PPD if view.kind == "plate" else math.radians(1 / _PPD) * RADIUS_M
    store = _store(root, run) / ("" if view.kind == "plate" else view.kind)
    levels = sum(each.name.isdigit() for each in store.iterdir())
    level = min(max(math.ceil(math.log2(view.resolution / finest) - 0.01), 0), levels - 1)
    return _placed(xr.open_zarr(store / str(level))[_MAP], view.kind)


def _placed(array: xr.DataArray, kind: str) -> xr.DataArray:
    across, down = array.dims[-1], array.dims[-2]
    placed = array.rename({across: "x", down: "y"}).rio.write_crs(lunar_crs(_CODES[kind]))
    assert isinstance(placed, xr.DataArray)
    return placed


def _matrices(view: View) -> TileMatrixSet:
    degrees, reach = view.kind == "plate", 2 * RADIUS_M
    found: TileMatrixSet = TileMatrixSet.custom(
        [-180, -90, 180, 90] if degrees else [-reach, -reach, reach, reach],
        lunar_crs(_CODES[view.kind]),
        matrix_scale=[2, 1] if degrees else [1, 1],
        geographic_crs=lunar_crs(_CODES["plate"]),
    )
    return found


def _covering(tms: TileMatrixSet, view: View) -> list[tuple[int, int, int]]:
    """Tiles of the zoom nearest to the screen's pixels that the view shows, by column, row and zoom."""
    sizes = {matrix: tms.matrix(matrix).cellSize for matrix in range(15)}
    zoom = min(sizes, key=lambda each: abs(math.log2(sizes[each] / view.resolution)))
    matrix, span = tms.matrix(zoom), _TILE * sizes[zoom]
    left, top = (-180.0, 90.0) if view.kind == "plate" else (-2 * RADIUS_M, 2 * RADIUS_M)
    half = _WIDTH / 2 * view.resolution, _HEIGHT / 2 * view.resolution
    cols = range(
        max(0, math.floor((view.x - half[0] - left) / span)),
        min(matrix.matrixWidth, math.ceil((view.x + half[0] - left) / span)),
    )
    rows = range(
        max(0, math.floor((top - view.y - half[1]) / span)),
        min(matrix.matrixHeight, math.ceil((top - view.y + half[1]) / span)),
    )
    return [(col, row, zoom) for col, row in product(cols, rows)]


# GeoZarr.


def _geozarr(
    browser: Browser, url: str, counted: Sent, page_files: Path, run: str, view: View
) -> Cost | None:
    if view.kind == "globe" or view.does != "draw":
        return None
    group = f"root/runs/{run}/maps.zarr" + ("" if view.kind == "plate" else f"/{view.kind}")
    said = {"url": f"../{group}", "map": _MAP, "code": _CODES[view.kind], "low": 0, "high": 22_000}
    said |= {"x": view.x, "y": view.y, "res": view.resolution}
    address = f"{url}peer/index.html?{urlencode(said)}"
    costs = []
    for _ in range(_ROUNDS):
        # Its decoder makes code from strings, which our server's policy forbids.
        with _window(browser, bypass_csp=True) as page:
            page.route("**/peer/**", partial(_from, page_files))
            costs.append(
                _timed(counted, lambda: _opened(page, address, '#map[aria-busy="false"], #map[data-failed]'))
            )
            if failed := page.get_attribute("#map", "data-failed"):
                print(f"GeoZarr: {view.name}: {failed}", flush=True)
                return None
    return _middle(costs)


def _from(page: Path, route: Route) -> None:
    route.fulfill(path=page / route.request.url.partition("/peer/")[2].partition("?")[0])


def _built(to: Path) -> Path:
    """The page with the source, built by the viewer's own tools."""
    if not (_WEB / "node_modules").exists():
        install = ["npm", "ci", "--no-audit", "--no-fund"]
        subprocess.run(install, cwd=_WEB, check=True)
    command = ["npx", "vite", "build", "peer", "--base", "./", "--logLevel", "error", "--outDir", str(to)]
    subprocess.run(command, cwd=_WEB, check=True)
    return to


# The root.


def _made(place: Path) -> str:
    """A root of the synthetic Moon: its mosaic, and maps by the paper's equations and by fitted ones."""
    root, table, workers = str(place / "root"), place / "stations.csv", Cluster(workers=os.cpu_count())
    write_tiles(place / "tiles", ppd=_PPD)
    station_table().to_csv(table, index=False)
    make("ingest", root, workers, tiles=(str(place / "tiles"),), ppd=_PPD)
    make("map", root, workers, model="qiu2025")
    make("fit", root, workers, stations=str(table), reflectance="mosaic", equations_only=True)
    make("map", root, workers)
    return root


def _runs(root: str) -> tuple[str, str]:
    """The last two runs."""
    first, second, *_ = [
        entry.ref.id for entry in open_root(root).catalog().records if entry.ref.kind == "runs"
    ]
    return second, first


def _store(root: str, run: str) -> Path:
    return Path(root) / f"runs/{run}/maps.zarr"


def _mosaic(root: str) -> Path:
    return next(Path(root, "mosaics").glob("*/mosaic.zarr"))


def _version(package: str) -> str:
    about = json.loads((_WEB / "node_modules" / package / "package.json").read_text())
    return str(about["version"])


if __name__ == "__main__":
    main()
