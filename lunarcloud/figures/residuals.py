"""How far every model is off at every station: a table in colours, the newest mission marked."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lunarcloud.archive import mission
from lunarcloud.figures.statistics import method_of
from lunarcloud.figures.style import MISSING_COLOUR, PAGE_IN, as_printed
from lunarcloud.models import Card, Residual
from lunarcloud.moon import FloatArray
from lunarcloud.quantities import OXIDES, QUANTITIES

# The mission whose samples the paper adds.
_MARKED = "Chang'E-6"
_MARK = "#d35400"
# Colours end at so many root mean squares of a model.
_REACH = 3.0


@as_printed
def draw_residuals(card: Card) -> Figure:
    """Predicted minus measured wt% by station (rows) and model (columns), each station left out of its model.

    Colours are in root mean squares of the model's column, so that oxides compare. Where stations are too few
    to leave one out, the residuals are of the fit. Chang'E-6 is in orange.

    Parameters
    ----------
    card : Card
        The model's card.
    """
    models = [(each.kind, each.oxide) for each in card.accuracy]
    sites = list(dict.fromkeys(each.site for each in card.residuals))
    values = _table(card.residuals, models, sites)
    scaled = _in_rms(values)
    figure = Figure(figsize=(PAGE_IN, 0.145 * len(sites) + 0.7), layout="constrained")
    axes: Any = figure.add_subplot()
    axes.set_facecolor(MISSING_COLOUR)
    image = axes.imshow(scaled, cmap="RdBu_r", vmin=-_REACH, vmax=_REACH, aspect="auto")
    for row, col in np.argwhere(np.isfinite(values)).tolist():
        # White letters where the ground is dark.
        ink = "white" if abs(scaled[row, col]) > 0.65 * _REACH else "black"
        axes.text(col, row, f"{values[row, col]:+.2f}", ha="center", va="center", fontsize=5.5, color=ink)
    names = [f"{OXIDES[oxide].label}\n{method_of(QUANTITIES[f'{oxide}_{kind}'])}" for kind, oxide in models]
    axes.set_xticks(range(len(models)), names)
    axes.set_yticks(range(len(sites)), sites)
    axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
    for label, site in zip(axes.get_yticklabels(), sites, strict=True):
        if mission(site) == _MARKED:
            label.set(color=_MARK, weight="bold")
            axes.axhspan(sites.index(site) - 0.5, sites.index(site) + 0.5, fill=False, edgecolor=_MARK)
    bar = figure.colorbar(image, ax=axes, pad=0.01, aspect=40, extend="both")
    bar.set_label("predicted minus measured, in root mean squares of the column; numbers: wt%")
    return figure


def _table(
    residuals: tuple[Residual, ...], models: Sequence[tuple[str, str]], sites: list[str]
) -> FloatArray:
    values = np.full((len(sites), len(models)), np.nan)
    for each in residuals:
        predicted = each.fitted if each.left_out is None else each.left_out
        place = sites.index(each.site), models.index((each.kind, each.oxide))
        values[place] = predicted - each.measured
    return values


def _in_rms(values: FloatArray) -> FloatArray:
    """Each column over its root mean square; a column of zeros stays one."""
    known = np.isfinite(values)
    squares = np.where(known, values, 0.0) ** 2
    rms = np.sqrt(squares.sum(axis=0) / np.maximum(known.sum(axis=0), 1))
    scaled: FloatArray = values / np.where(rms > 0, rms, 1.0)
    return scaled
