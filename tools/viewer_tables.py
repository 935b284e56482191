"""Makes the tables that the viewer's page is built with, from the package's own: names, maps, colours.

    python -m tools.viewer_tables

writes ``web/src/tables.json``; `npm run build` in ``web/`` puts it into the page.
"""

import json
from pathlib import Path
from typing import Any

from matplotlib import colormaps

from lunarcloud.archive import features
from lunarcloud.archive.scheme import ROWS
from lunarcloud.figures.gravity import _SHADES
from lunarcloud.quantities import OXIDES, QUANTITIES

PLACE = Path(__file__).parents[1] / "web/src/tables.json"
#: Palettes that are offered, by their names in matplotlib: even to the eye, grey, and for both signs.
PALETTES = ("viridis", "cividis", "inferno", "magma", "plasma", "gray", "RdBu_r", "RdBu", "PuOr_r")


def tables() -> dict[str, Any]:
    """What the page knows without asking a root: palettes, maps, gravity's colours, tiles, names."""
    return {
        "palettes": {name: palette(name) for name in PALETTES},
        "maps": {
            name: {
                # As plain text: the page has no TeX.
                "label": _plain(row.label),
                "palette": row.colours,
                "range": [row.least, row.most],
                "method": row.method,
                "about": row.about,
                "composition": row.composition,
            }
            for name, row in QUANTITIES.items()
        },
        "gravity": {
            name: {"palette": shade.colours, "signed": shade.signed} for name, shade in _SHADES.items()
        },
        "tiles": ROWS,
        "names": [[each.name, each.lon, each.lat, each.diameter_km] for each in features()],
    }


def palette(name: str) -> str:
    """The 256 colours of one of matplotlib's palettes, as its pictures have them: six digits each."""
    return bytes(colormaps[name](range(256), bytes=True)[:, :3].ravel()).hex()


def _plain(label: str) -> str:
    for oxide in OXIDES.values():
        label = label.replace(oxide.label, oxide.formula)
    return label


def dumped() -> str:
    """The file's content."""
    return json.dumps(tables(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    PLACE.write_text(dumped())
