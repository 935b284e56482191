"""What a figure says and where: texts that lie on each other, parts that are hatched."""

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from lunarcloud.figures.style import DPI

Overprinted: TypeAlias = Callable[[Figure], list[tuple[str, str]]]
Hatched: TypeAlias = Callable[[Axes], list[float]]


def _texts(figure: Figure) -> Iterator[Text]:
    """All that are drawn; of ticks, those within their axis."""
    outside = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            shown = axes.get_visible() and axis.get_visible()
            low, high = sorted(axis.get_view_interval())
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if not shown or not low <= tick.get_loc() <= high:
                    outside |= {tick.label1, tick.label2}
    for text in figure.findobj(Text):
        if isinstance(text, Text) and text.get_visible() and text.get_text().strip() and text not in outside:
            yield text


@pytest.fixture(scope="session")
def overprinted() -> Overprinted:
    """Pairs of texts of a figure, as it is saved, that lie on each other by more than a dot or two."""

    def find(figure: Figure) -> list[tuple[str, str]]:
        figure.dpi = DPI
        figure.draw_without_rendering()
        # Extents of visible axes only: a hidden panel's texts are not drawn.
        placed = [(each.get_text(), each.get_window_extent().padded(-2.0)) for each in _texts(figure)]
        return [(a, b) for (a, at), (b, there) in combinations(placed, 2) if at.overlaps(there)]

    return find


@pytest.fixture(scope="session")
def hatched() -> Hatched:
    """Shares of the dots of a map of the whole Moon that are stripes: NW, NE, SW, SE of its middle."""

    def find(axes: Axes) -> list[float]:
        stripes = np.isfinite(np.asarray(axes.images[1].get_array()))
        rows, cols = stripes.shape
        y, x = (2 * (np.indices(stripes.shape)[i] + 0.5) / n - 1 for i, n in enumerate((rows, cols)))
        # The limb of Mollweide's projection is an ellipse, twice as wide as high, that fills the picture.
        assert not stripes[np.hypot(x, y) > 1.01].any()
        quarters: list[npt.NDArray[np.bool_]] = [
            (np.hypot(x, y) < 1) & (np.sign(y) == down) & (np.sign(x) == right)
            for down in (-1, 1)
            for right in (-1, 1)
        ]
        return [float(stripes[quarter].mean()) for quarter in quarters]

    return find
