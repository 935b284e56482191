"""Global maps of a run: oxides, maturity, Mg#, novelty."""

import rioxarray  # noqa: F401 - gives arrays their .rio
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from lunarcloud.archive import features
from lunarcloud.figures.style import draw_global, draw_maria, global_axes, plate_carree
from lunarcloud.quantities import QUANTITIES

# Smaller maria have no room for their names on a map of the whole Moon.
_NAMED_KM = 420.0
# As in the paper's Fig. 1h: where Mg# falls is seen against where the maria end.
_WITH_SHORES = "mg_number"


def draw_map(data: xr.DataArray, title: str) -> Figure:
    """One map of the whole Moon.

    Parameters
    ----------
    data : DataArray (lat, lon)
        A map of a run, in its units; missing is NaN. Its name decides the colours.
    title : str
        Above the map.
    """
    shade = QUANTITIES[str(data.name)]
    figure = Figure(figsize=(10, 5.4))
    axes = global_axes(figure)
    image = draw_global(axes, data, cmap=shade.colours, vmin=shade.least, vmax=shade.most)
    if data.name == _WITH_SHORES:
        draw_maria(axes)
    _name_maria(axes)
    bar = figure.colorbar(image, ax=axes, orientation="horizontal", shrink=0.5, pad=0.04, extend="both")
    bar.set_label(shade.label)
    axes.set_title(title, fontsize=11)
    return figure


def _name_maria(axes: object) -> None:
    for feature in features():
        if feature.is_mare and feature.diameter_km > _NAMED_KM:
            axes.text(  # type: ignore[attr-defined]  # cartopy has no type information
                feature.lon,
                feature.lat,
                feature.name.replace("Mare ", "").replace("Oceanus ", ""),
                transform=plate_carree(),
                fontsize=5.5,
                color="white",
                ha="center",
                va="center",
                path_effects=[withStroke(linewidth=1.2, foreground="0.15")],
            )
