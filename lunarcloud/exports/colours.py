"""A map's colours as a style file of QGIS, which takes it up by its name when the map is opened."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from lunarcloud.quantities import Quantity

# Between so many colours QGIS goes on in straight lines: nearer to the map's own than anyone sees.
_STEPS = 33
_DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"


def qgis_style(row: Quantity) -> str:
    """The style of a map: the colours of its figures over the same range, in its units."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    least, most = f"{row.least:g}", f"{row.most:g}"
    root = ET.Element("qgis", version="3.0", styleCategories="Symbology")
    renderer = ET.SubElement(
        ET.SubElement(root, "pipe"),
        "rasterrenderer",
        type="singlebandpseudocolor",
        band="1",
        opacity="1",
        alphaBand="-1",
        nodataColor="",
        classificationMin=least,
        classificationMax=most,
    )
    shader = ET.SubElement(
        ET.SubElement(renderer, "rastershader"),
        "colorrampshader",
        colorRampType="INTERPOLATED",
        classificationMode="2",
        clip="0",
        minimumValue=least,
        maximumValue=most,
    )
    for number in range(_STEPS):
        part = number / (_STEPS - 1)
        value = f"{row.least + part * (row.most - row.least):g}"
        colour = to_hex(colormaps[row.colours](part))
        ET.SubElement(shader, "item", value=value, label=value, color=colour, alpha="255")
    ET.indent(root)
    return _DOCTYPE + ET.tostring(root, encoding="unicode") + "\n"
