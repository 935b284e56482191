"""Pictures of a fit: measured against predicted, origins, training, what leaving a mission out changes."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from lunarcloud.archive import band
from lunarcloud.figures.agreement import draw_agreement
from lunarcloud.models import QIU2025, Accuracy, Card, IronEquation, Residual, TitaniumEquation
from lunarcloud.quantities import OXIDES

_FITTED, _LEFT_OUT, _PAPER = "#1b4f72", "#d35400", "#7d3c98"
# Stations further off than this many RMSE are named.
_OUTLIER = 2.0


def draw_fit(card: Card, diagnostics: xr.Dataset) -> dict[str, Figure]:
    """All figures of a fit by name; those whose data a fit does not have are not there.

    Parameters
    ----------
    card : Card
        The model's card.
    diagnostics : xarray.Dataset
        As stored beside the card (`models.diagnostics`).
    """
    figures = {
        "measured-predicted": draw_predictions(card),
        "origins": draw_origins(card, diagnostics),
        "influence": draw_influence(card),
    }
    if card.mosaic_against_table:
        figures["table-mosaic"] = draw_agreement(card, diagnostics)
    if "loss" in diagnostics:
        figures["loss"] = draw_losses(diagnostics["loss"])
    return figures


def draw_predictions(card: Card) -> Figure:
    """Measured against predicted wt% of every model, fitted and left out, outliers by name."""
    n_cols = min(4, len(card.accuracy))
    n_rows = -(-len(card.accuracy) // n_cols)
    figure = Figure(figsize=(3.6 * n_cols, 3.8 * n_rows), layout="constrained")
    for place, accuracy in enumerate(card.accuracy, 1):
        axes = figure.add_subplot(n_rows, n_cols, place)
        own = [each for each in card.residuals if (each.kind, each.oxide) == (accuracy.kind, accuracy.oxide)]
        _draw_predictions(axes, accuracy, own)
    figure.suptitle(f"{len(card.used)} stations, fitted and each predicted without itself")
    return figure


def _draw_predictions(axes: Axes, accuracy: Accuracy, residuals: Sequence[Residual]) -> None:
    measured = np.array([each.measured for each in residuals])
    fitted = np.array([each.fitted for each in residuals])
    left_out = np.array([np.nan if each.left_out is None else each.left_out for each in residuals])
    low, high = _limits(np.concatenate([measured, fitted, left_out]))
    axes.plot([low, high], [low, high], color="0.6", linewidth=0.8, zorder=1)
    # From a station's fitted value to the one without it: how much the model leans on that station. NaN
    # (nothing was left out) draws nothing.
    for station, (fit_, out) in enumerate(zip(fitted, left_out, strict=True)):
        axes.plot([measured[station]] * 2, [fit_, out], color="0.8", linewidth=0.7, zorder=1)
    axes.scatter(
        measured, left_out, s=20, facecolors="none", edgecolors=_LEFT_OUT, label="left out", zorder=2
    )
    axes.scatter(measured, fitted, s=13, color=_FITTED, label="fitted", zorder=3)
    _name_outliers(axes, residuals, accuracy, (low, high))
    name = OXIDES[accuracy.oxide].label
    axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    axes.set_xlabel(f"{name} measured, wt%")
    axes.set_ylabel(f"{name} predicted, wt%")
    axes.set_title(f"{name}, {'equation' if accuracy.kind == 'equation' else 'CNN'}", fontsize=11)
    axes.text(0.97, 0.03, _scores(accuracy), transform=axes.transAxes, ha="right", va="bottom", fontsize=7.5)
    axes.legend(loc="upper left", fontsize=7.5, frameon=False, handletextpad=0.2)


def _scores(accuracy: Accuracy) -> str:
    lines = [f"n = {accuracy.stations}"]
    for name, score in (("fitted", accuracy.usual_training), ("left out", accuracy.usual_loocv)):
        if score is not None:
            lines.append(f"{name}: R$^2$ {score.r2:.3f}, RMSE {score.rmse:.2f}")
    if (spread := accuracy.loocv_r2_by_seed) is not None:
        lines.append(f"(medians; left out by seed: {spread.least:.2f}..{spread.greatest:.2f})")
    if accuracy.paper_loocv_r2 is not None:
        lines.append(f"paper, left out: R$^2$ {accuracy.paper_loocv_r2:.3f}")
    elif accuracy.paper_training_r2 is not None:
        lines.append(f"paper, fitted: R$^2$ {accuracy.paper_training_r2:.3f}")
    return "\n".join(lines)


def _name_outliers(
    axes: Axes, residuals: Sequence[Residual], accuracy: Accuracy, limits: tuple[float, float]
) -> None:
    score = accuracy.loocv or accuracy.training
    middle = sum(limits) / 2
    for each in residuals:
        predicted = each.fitted if each.left_out is None else each.left_out
        if abs(predicted - each.measured) > _OUTLIER * score.rmse:
            # Towards the middle, where there is room inside the axes.
            right = each.measured > middle
            axes.annotate(
                each.site,
                (each.measured, predicted),
                xytext=(-5 if right else 5, 0),
                textcoords="offset points",
                ha="right" if right else "left",
                va="center",
                fontsize=6.5,
                color="0.25",
                path_effects=[withStroke(linewidth=2, foreground="white")],
            )


def _limits(values: Any) -> tuple[float, float]:
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    margin = 0.06 * (high - low)
    return low - margin, high + margin


def draw_origins(card: Card, diagnostics: xr.Dataset) -> Figure:
    """R2 over the origins, and the stations in the plane in which the angle is measured."""
    fitted = {
        oxide: equation
        for oxide, equation in (("feo", card.equations.iron), ("tio2", card.equations.titanium))
        if equation is not None
    }
    figure = Figure(figsize=(6.2 * len(fitted), 9.6), layout="constrained")
    for column, (oxide, equation) in enumerate(fitted.items(), 1):
        surface = diagnostics[f"{oxide}_r2"]
        _draw_surface(figure, figure.add_subplot(2, len(fitted), column), oxide, surface, equation)
        _draw_plane(
            figure, figure.add_subplot(2, len(fitted), len(fitted) + column), oxide, card, diagnostics
        )
    figure.suptitle("Origins of the equations")
    return figure


def _draw_surface(
    figure: Figure, axes: Axes, oxide: str, surface: xr.DataArray, equation: IronEquation | TitaniumEquation
) -> None:
    x0, y0 = surface[f"{oxide}_x0"].values, surface[f"{oxide}_y0"].values
    values = surface.values
    shown = np.isfinite(values)
    best = float(np.nanmax(values))
    # Colours span the best 0.4 of R2 and no more: what matters is near the top. The surface is (x0, y0), a
    # mesh is (row, column) and so (y, x): hence the transposes.
    image = axes.pcolormesh(
        x0, y0, values.T, cmap="viridis", vmin=max(0.0, best - 0.4), vmax=best, rasterized=True
    )
    levels = [best - step for step in (0.05, 0.02, 0.01, 0.005, 0.002)]
    axes.contour(x0, y0, values.T, levels=levels, colors="white", linewidths=0.6)
    # Only as far as origins count: titanium's grid is mostly empty.
    axes.set(xlim=_limits(x0[shown.any(axis=1)]), ylim=_limits(y0[shown.any(axis=0)]))
    published = QIU2025.iron if oxide == "feo" else QIU2025.titanium
    label = f"fitted: ({equation.x0:.3f}, {equation.y0:.3f}), R$^2$ {best:.4f}"
    axes.plot(equation.x0, equation.y0, "o", color="white", markeredgecolor="black", label=label)
    if published is not None:
        label = f"Qiu et al. 2025: ({published.x0:.3f}, {published.y0:.3f})"
        axes.plot(published.x0, published.y0, "X", color=_LEFT_OUT, markeredgecolor="black", label=label)
    axes.set_xlabel("x$_0$ (reflectance at 750 nm)")
    axes.set_ylabel(f"y$_0$ ({'R950/R750' if oxide == 'feo' else 'R415/R750'})")
    axes.set_title(f"{OXIDES[oxide].label}: R$^2$ of the fit by its origin", fontsize=11)
    axes.legend(fontsize=8, loc="upper right")
    figure.colorbar(image, ax=axes, label="R$^2$ on wt% (white lines: 0.002, 0.005, 0.01, 0.02, 0.05 below)")


def _draw_plane(figure: Figure, axes: Axes, oxide: str, card: Card, diagnostics: xr.Dataset) -> None:
    wavelengths = card.equations.wavelengths_nm
    other_nm = 950.0 if oxide == "feo" else 415.0
    other, r750 = band(wavelengths, other_nm), band(wavelengths, 750.0)
    equation = card.equations.iron if oxide == "feo" else card.equations.titanium
    if other is None or r750 is None or equation is None:
        return
    spectra = diagnostics["reflectance"]
    known = {each.site: each.measured for each in card.residuals if each.oxide == oxide}
    chosen = spectra.sel(site=[site for site in spectra["site"].values if site in known])
    x, ratio = chosen[r750].values, chosen[other].values / chosen[r750].values
    weights = [known[str(site)] for site in chosen["site"].values]
    points = axes.scatter(x, ratio, c=weights, cmap="viridis", s=34, edgecolors="black", linewidths=0.4)
    # From 0, so that the origin is in the picture: rays make sense only where they meet.
    axes.set(xlim=(-0.01, 1.15 * x.max()), ylim=_limits(np.append(ratio, equation.y0)))
    for weight in np.linspace(min(weights), max(weights), 5):
        _draw_ray(axes, weight, equation)
    axes.plot(equation.x0, equation.y0, "o", color="white", markeredgecolor="black", label="origin")
    axes.set_xlabel("reflectance at 750 nm")
    axes.set_ylabel(f"R{other_nm:.0f}/R750")
    axes.set_title("stations, and where the equation gives the labelled wt%", fontsize=11)
    axes.legend(fontsize=8)
    figure.colorbar(points, ax=axes, label=f"{OXIDES[oxide].label} measured, wt%")


def _draw_ray(axes: Axes, weight: float, equation: IronEquation | TitaniumEquation) -> None:
    """The line on which the equation gives some wt%, labelled where it leaves the axes."""
    slope = math.tan(_angle(weight, equation))
    # It leaves at the right or, if it is steep, at the top or bottom: whichever comes first.
    edge = axes.get_ylim()[1 if slope > 0 else 0]
    reach = min(axes.get_xlim()[1] - equation.x0, (edge - equation.y0) / slope)
    end = equation.x0 + reach, equation.y0 + reach * slope
    axes.plot([equation.x0, end[0]], [equation.y0, end[1]], color="0.7", linewidth=0.7, zorder=0)
    axes.annotate(
        f"{weight:.1f}",
        (equation.x0 + 0.93 * reach, equation.y0 + 0.93 * reach * slope),
        ha="center",
        va="center",
        fontsize=7,
        color="0.4",
        path_effects=[withStroke(linewidth=3, foreground="white")],
    )


def _angle(weight: float, equation: IronEquation | TitaniumEquation) -> float:
    """The slope angle, in the plane of R750 and the ratio, at which the equation gives some wt%."""
    # The inverse of the equation; theta of iron is the negative of the slope angle.
    if isinstance(equation, IronEquation):
        return -(weight - equation.intercept) / equation.slope
    return float((weight / equation.factor) ** (1.0 / equation.exponent))


def draw_losses(losses: xr.DataArray) -> Figure:
    """Training loss by epoch of the networks that know all stations, every seed."""
    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    axes = figure.add_subplot()
    colours = ["#440154", "#3b528b", "#21918c", "#5ec962", "#d6b400"]
    for colour, oxide in zip(colours, losses["oxide"].values, strict=False):
        for number, curve in enumerate(losses.sel(oxide=oxide).values):
            label = OXIDES[str(oxide)].label if number == 0 else None
            # Losses are NaN from the stop on: their count is where the curve ends.
            axes.plot(curve, color=colour, linewidth=1.2 if number == 0 else 0.5, label=label)
            last = int(np.isfinite(curve).sum()) - 1
            axes.plot(last, curve[last], "o", color=colour, markersize=3)
    axes.set_yscale("log")
    axes.set_xlabel("epoch")
    axes.set_ylabel("mean squared error (standardised) + L2 penalty")
    axes.set_title(
        f"Training of the networks ({losses.sizes['seed']} seeds; the thick line is the first)", fontsize=11
    )
    axes.grid(color="0.9", linewidth=0.5)
    axes.legend(fontsize=8, ncols=2)
    return figure


def draw_influence(card: Card) -> Figure:
    """What the equations would be without each mission: the change everywhere, the error at its stations."""
    oxides = [oxide for oxide in ("feo", "tio2") if any(oxide in each.change for each in card.influence)]
    figure = Figure(figsize=(5.4 * len(oxides), 0.34 * len(card.influence) + 1.8), layout="constrained")
    names = [f"{each.mission} ({each.stations})" for each in card.influence]
    for column, oxide in enumerate(oxides, 1):
        axes = figure.add_subplot(1, len(oxides), column)
        rows = np.arange(len(names))
        change = [each.change.get(oxide, np.nan) for each in card.influence]
        error = [each.error.get(oxide, np.nan) for each in card.influence]
        axes.barh(rows, change, height=0.6, color="#9fb8c9", label="RMS change at all stations")
        axes.plot(
            error, rows, "D", color=_LEFT_OUT, markersize=5, label="mean error at the stations left out"
        )
        axes.axvline(0, color="black", linewidth=0.7)
        axes.set_yticks(rows, names if column == 1 else [""] * len(names))
        axes.invert_yaxis()
        axes.grid(axis="x", color="0.9", linewidth=0.5)
        axes.set_axisbelow(True)
        axes.set_xlabel(f"{OXIDES[oxide].label}, wt%")
        axes.set_title(f"{OXIDES[oxide].label} equation without a mission", fontsize=11)
        if column == 1:
            figure.legend(loc="outside lower center", ncols=2, fontsize=8)
    return figure
