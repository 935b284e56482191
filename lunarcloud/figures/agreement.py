"""Reflectance of the stations by table and by mosaic, band by band."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lunarcloud.figures.style import PAGE_IN, as_printed, lettered, name_outliers
from lunarcloud.models import Card

_COLUMNS = 3
_POINTS, _LINE = "#3b528b", "#d35400"
# Stations this many times as far from the line as the rest are named, and so many of them at most.
_OUTLIER, _NAMED = 2.0, 3


@as_printed
def draw_agreement(card: Card, diagnostics: xr.Dataset) -> Figure:
    """Mosaic against table at every station that has both, one panel a band.

    Parameters
    ----------
    card : Card
        With `mosaic_against_table`.
    diagnostics : Dataset
        With ``table_reflectance`` and ``mosaic_reflectance`` (compared_band, compared_site).
    """
    bands = card.mosaic_against_table
    rows = -(-len(bands) // _COLUMNS)
    figure = Figure(figsize=(PAGE_IN, 2.7 * rows), layout="constrained")
    panels: Any = figure.subplots(rows, _COLUMNS, squeeze=False)
    table, mosaic = diagnostics["table_reflectance"], diagnostics["mosaic_reflectance"]
    sites = [str(site) for site in table["compared_site"].values]
    for number, (axes, band) in enumerate(zip(panels.flat, bands, strict=False)):
        x, y = table.values[number], mosaic.values[number]
        low, high = _limits(np.concatenate([x, y]))
        axes.plot([low, high], [low, high], color="0.6", linewidth=0.8, label="equal")
        ends = np.array([x.min(), x.max()])
        axes.plot(ends, band.gain * ends + band.offset, color=_LINE, linewidth=1.2, label="least squares")
        axes.scatter(x, y, s=9, color=_POINTS, edgecolors="white", linewidths=0.4, zorder=3)
        axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
        residual = y - band.gain * x - band.offset
        far = [
            row
            for row in np.argsort(-np.abs(residual))[:_NAMED]
            if abs(residual[row]) > _OUTLIER * residual.std()
        ]
        name_outliers(axes, [(x[row], y[row], sites[row]) for row in far])
        # One scale on both axes, so the same ticks.
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.yaxis.set_major_locator(MaxNLocator(5))
        said = (
            f"{band.wavelength_nm:g} nm, difference {band.difference:.1%}\n"
            f"gain {band.gain:.3f}, offset {band.offset:+.4f}, scatter {band.scatter:.4f}"
        )
        axes.set_title(lettered(number, said), fontsize=6)
    for axes in panels.flat[len(bands) :]:
        axes.set_visible(False)
    panels.flat[0].legend(loc="upper left", fontsize=6)
    figure.supxlabel(f"reflectance in the table ({len(sites)} stations)", fontsize=7)
    figure.supylabel("reflectance in the mosaic", fontsize=7)
    return figure


def _limits(values: Any) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    margin = 0.06 * (high - low)
    return low - margin, high + margin
