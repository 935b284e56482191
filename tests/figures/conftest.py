"""What a figure says and where: texts that lie on each other."""

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import TypeAlias

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from lunarcloud.figures.style import DPI

Overprinted: TypeAlias = Callable[[Figure], list[tuple[str, str]]]


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
