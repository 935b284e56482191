"""Styles that QGIS takes up."""

import pytest
from defusedxml import ElementTree
from matplotlib import colormaps
from matplotlib.colors import to_hex

from lunarcloud.exports.colours import qgis_style
from lunarcloud.quantities import QUANTITIES


@pytest.mark.parametrize("name", QUANTITIES)
def test_colours_go_over_the_shown_range_from_end_to_end(name: str) -> None:
    row = QUANTITIES[name]
    tree = ElementTree.fromstring(qgis_style(row))
    items = [(float(item.attrib["value"]), item.attrib["color"]) for item in tree.iter("item")]
    assert items == sorted(items)
    assert items[0] == (row.least, to_hex(colormaps[row.colours](0.0)))
    assert items[-1] == (row.most, to_hex(colormaps[row.colours](1.0)))


def test_it_is_a_style_of_one_band_in_pseudocolour() -> None:
    style = qgis_style(QUANTITIES["feo_cnn"])
    tree = ElementTree.fromstring(style)
    (renderer,), (shader,) = tree.iter("rasterrenderer"), tree.iter("colorrampshader")
    assert style.startswith("<!DOCTYPE qgis")
    assert (renderer.get("type"), renderer.get("band")) == ("singlebandpseudocolor", "1")
    assert shader.get("colorRampType") == "INTERPOLATED"
