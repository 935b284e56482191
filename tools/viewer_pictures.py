"""Makes the pictures of the viewer that the documentation shows, of a root that `lunarcloud demo` made.

    python -m tools.viewer_pictures demo/root [--to docs/images] [--chromium PROGRAM]

Whoever changes the page makes them again, and looks at them.
"""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Literal, NamedTuple

from PIL import Image
from playwright.sync_api import Page, ViewportSize, sync_playwright

from lunarcloud.storage import folder
from lunarcloud.viewer import serving

_DESK = ViewportSize(width=1280, height=800)
_PHONE = ViewportSize(width=390, height=844)
# Without a graphics card, and also in a container.
_SWITCHES = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--hide-scrollbars")
# Letters of twice the size, as somebody sets them in the browser.
_LARGE = "--blink-settings=defaultFontSize=32"
_PATIENCE_MS = 60_000
_COLOURS = 256


def _nothing(page: Page) -> None:
    """What a picture needs that only the address says."""


def _marked(page: Page) -> None:
    page.wait_for_selector(".scatter .box")
    page.locator("#box").scroll_into_view_if_needed()


def _answered(page: Page) -> None:
    page.wait_for_selector("#origin", timeout=_PATIENCE_MS)


def _by_keys(page: Page) -> None:
    """To the map, a little to the right, and asked about the middle."""
    for key in ("Tab", "Enter", "ArrowRight", "ArrowRight", "+"):
        page.keyboard.press(key)
        page.wait_for_timeout(600)


class _Picture(NamedTuple):
    """A view: its address, and what is done there before it is taken."""

    name: str
    state: str
    size: ViewportSize = _DESK
    scheme: Literal["light", "dark"] = "light"
    switches: tuple[str, ...] = _SWITCHES
    does: Callable[[Page], None] = _nothing


_PICTURES = (
    _Picture("place", "map=feo_cnn&place=31.3,-12.6", does=_answered),
    _Picture(
        "dark", "map=tio2_cnn&view=globe&at=-20,15&res=0.17&show=graticule,names,stations", scheme="dark"
    ),
    _Picture(
        "south",
        "of=gravity/{gravity}&map=bouguer_gradient&view=south&at=0,0&res=2600"
        "&show=graticule,names,candidates",
        scheme="dark",
    ),
    _Picture(
        "compare",
        "map=feo_cnn&view=plate&at=-10,15&res=0.13&against=tio2_cnn&box=12,22,4,14&show=graticule,names",
        does=_marked,
    ),
    _Picture("phone", "map=feo_cnn&place=-23.4,3&view=globe&at=-23,3&res=0.4", _PHONE, does=_answered),
    _Picture("zoomed", "map=feo_cnn", switches=(*_SWITCHES, _LARGE)),
    _Picture("keys", "map=feo_cnn&view=plate&at=10,10&res=0.2", does=_by_keys),
)


def main() -> None:
    """Make all pictures."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("root", help="what is shown")
    asked.add_argument("--to", type=Path, default=Path("docs/images"), help="where the pictures go")
    asked.add_argument("--chromium", default="/usr/bin/chromium", help="program that is driven")
    given = asked.parse_args()
    place = folder(given.root)
    gravity = place.keys("gravity")[0].split("/")[1]
    with serving(place) as url:
        for picture in _PICTURES:
            with _opened(picture, given.chromium) as page:
                page.goto(f"{url}#{picture.state.format(gravity=gravity)}")
                _wait(page)
                picture.does(page)
                _wait(page)
                taken = Image.open(BytesIO(page.screenshot()))
            file = given.to / f"viewer-{picture.name}.png"
            # Of all ways of Pillow to few colours, the one that leaves palettes the most steps.
            few = taken.convert("RGB").quantize(_COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
            few.save(file, optimize=True)
            print(f"{file}: {file.stat().st_size / 1000:.0f} kB")


def _wait(page: Page) -> None:
    """Until all is drawn, and what follows from it."""
    page.wait_for_selector('#map[aria-busy="false"]', timeout=_PATIENCE_MS)
    page.wait_for_timeout(1500)


@contextmanager
def _opened(picture: _Picture, program: str) -> Iterator[Page]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=picture.switches)
        yield browser.new_page(viewport=picture.size, color_scheme=picture.scheme)
        browser.close()


if __name__ == "__main__":
    main()
