"""Pictures of a fit: measured against predicted, origins, training, what leaving a mission out changes."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lunarcloud.archive import band
from lunarcloud.figures.agreement import draw_agreement
from lunarcloud.figures.residuals import draw_residuals
from lunarcloud.figures.style import HALO, PAGE_IN, as_printed, lettered, name_outliers
from lunarcloud.models import (
    QIU2025,
    Accuracy,
    Card,
    IronEquation,
    MissionInfluence,
    Residual,
    Score,
    TitaniumEquation,
    paper_scores,
)
from lunarcloud.quantities import OXIDES

_FITTED, _LEFT_OUT, _PAPER = "#1b4f72", "#d35400", "#7d3c98"
# Stations further off than this many RMSE are named.
_OUTLIER = 2.0
# Missions in a picture, those first whose absence changes most.
_MISSIONS_SHOWN = 20


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
        "measured-predicted": draw_predictions(card, diagnostics),
        "residuals": draw_residuals(card),
        "origins": draw_origins(card, diagnostics),
    }
    # Without any of its missions a table may have too few stations left, as where all are of one.
    if any(each.change for each in card.influence):
        figures["influence"] = draw_influence(card)
    if card.mosaic_against_table:
        figures["table-mosaic"] = draw_agreement(card, diagnostics)
    if "loss" in diagnostics:
        figures["loss"] = draw_losses(diagnostics["loss"])
    return figures


@as_printed
def draw_predictions(card: Card, diagnostics: xr.Dataset) -> Figure:
    """Measured against predicted wt% of every model, fitted and left out, outliers by name.

    Parameters
    ----------
    card : Card
        The model's card.
    diagnostics : xarray.Dataset
        As stored beside it, for what the paper's own equations say of the same stations.
    """
    n_cols = min(3, len(card.accuracy))
    n_rows = -(-len(card.accuracy) // n_cols)
    figure = Figure(figsize=(PAGE_IN * n_cols / 3, 2.95 * n_rows + 0.3), layout="constrained")
    paper = paper_scores(card, diagnostics)
    for number, accuracy in enumerate(card.accuracy):
        axes = figure.add_subplot(n_rows, n_cols, number + 1)
        own = [each for each in card.residuals if (each.kind, each.oxide) == (accuracy.kind, accuracy.oxide)]
        _draw_predictions(axes, accuracy, own, paper.get(accuracy.oxide))
        kind = "equation" if accuracy.kind == "equation" else "CNN"
        axes.set_title(lettered(number, f"{OXIDES[accuracy.oxide].label}, {kind}"))
    handles, names = figure.axes[0].get_legend_handles_labels()
    said = f"{len(card.used)} stations, fitted and each predicted without itself"
    figure.legend(handles, names, title=said, title_fontsize=7, loc="outside upper center", ncols=2)
    return figure


def _draw_predictions(
    axes: Axes, accuracy: Accuracy, residuals: Sequence[Residual], paper: Score | None
) -> None:
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
        measured,
        left_out,
        s=10,
        linewidths=0.7,
        facecolors="none",
        edgecolors=_LEFT_OUT,
        label="left out",
        zorder=2,
    )
    axes.scatter(measured, fitted, s=6, color=_FITTED, label="fitted", zorder=3)
    name = OXIDES[accuracy.oxide].label
    axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    name_outliers(axes, _outliers(residuals, accuracy))
    # Scores below the axes: within, they would lie on stations.
    axes.set_xlabel(f"{name} measured, wt%\n{_scores(accuracy, paper)}", fontsize=6, loc="left")
    axes.set_ylabel(f"{name} predicted, wt%")


def _scores(accuracy: Accuracy, paper: Score | None) -> str:
    lines = []
    for name, score in (("fitted", accuracy.usual_training), ("left out", accuracy.usual_loocv)):
        if score is not None:
            lines.append(f"{name} ({accuracy.stations}): R$^2$ {score.r2:.3f}, RMSE {score.rmse:.2f}")
    if (spread := accuracy.loocv_r2_by_seed) is not None:
        lines.append(f"medians; left out by seed R$^2$ {spread.least:.2f} to {spread.greatest:.2f}")
    if accuracy.paper_loocv_r2 is not None:
        lines.append(f"paper, left out: R$^2$ {accuracy.paper_loocv_r2:.3f}")
    elif accuracy.paper_training_r2 is not None:
        lines.append(f"paper, fitted to its 49: R$^2$ {accuracy.paper_training_r2:.3f}")
    if paper is not None and accuracy.kind == "equation":
        lines.append(
            f"paper's equation, these {accuracy.stations}: R$^2$ {paper.r2:.3f}, RMSE {paper.rmse:.2f}"
        )
    return "\n".join(lines)


def _outliers(residuals: Sequence[Residual], accuracy: Accuracy) -> list[tuple[float, float, str]]:
    """Where the stations are that are furthest off, and what they are called; the furthest first."""
    score = accuracy.loocv or accuracy.training
    points = [
        (each.measured, each.fitted if each.left_out is None else each.left_out, each.site)
        for each in residuals
    ]
    far = [point for point in points if abs(point[1] - point[0]) > _OUTLIER * score.rmse]
    return sorted(far, key=lambda point: -abs(point[1] - point[0]))


def _limits(values: Any) -> tuple[float, float]:
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    margin = 0.06 * (high - low)
    return low - margin, high + margin


@as_printed
def draw_origins(card: Card, diagnostics: xr.Dataset) -> Figure:
    """R2 over the origins, and the stations in the plane in which the angle is measured."""
    fitted = {
        oxide: equation
        for oxide, equation in (("feo", card.equations.iron), ("tio2", card.equations.titanium))
        if equation is not None
    }
    figure = Figure(figsize=(0.5 * PAGE_IN * len(fitted), 6.4), layout="constrained")
    panels: Any = figure.subplots(2, len(fitted), squeeze=False)
    for column, (oxide, equation) in enumerate(fitted.items()):
        upper, lower = panels[:, column]
        _draw_surface(figure, upper, oxide, diagnostics[f"{oxide}_r2"], equation)
        _draw_plane(figure, lower, oxide, card, diagnostics)
        upper.set_title(lettered(column, f"{OXIDES[oxide].label}: R$^2$ of the fit by its origin"))
        title = f"{OXIDES[oxide].label}: stations, and rays of equal wt%"
        lower.set_title(lettered(len(fitted) + column, title))
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
    axes.contour(x0, y0, values.T, levels=levels, colors="white", linewidths=0.5)
    # Only as far as origins count: titanium's grid is mostly empty.
    axes.set(xlim=_limits(x0[shown.any(axis=1)]), ylim=_limits(y0[shown.any(axis=0)]))
    published = QIU2025.iron if oxide == "feo" else QIU2025.titanium
    label = f"fitted: ({equation.x0:.3f}, {equation.y0:.3f}), R$^2$ {best:.4f}"
    axes.plot(
        equation.x0, equation.y0, "o", color="white", markersize=4, markeredgecolor="black", label=label
    )
    if published is not None:
        label = f"Qiu et al. 2025: ({published.x0:.3f}, {published.y0:.3f})"
        axes.plot(
            published.x0,
            published.y0,
            "X",
            color=_LEFT_OUT,
            markersize=5,
            markeredgecolor="black",
            label=label,
        )
    axes.set_xlabel("x$_0$ (reflectance at 750 nm)")
    axes.set_ylabel(f"y$_0$ ({'R950/R750' if oxide == 'feo' else 'R415/R750'})")
    _legend_below(axes, "lines: 0.002, 0.005, 0.01, 0.02, 0.05 below the best")
    figure.colorbar(image, ax=axes, label="R$^2$ on wt%")


def _legend_below(axes: Axes, title: str | None) -> None:
    """A legend below the axes: within, it would lie on stations or on the surface's peak."""
    small: dict[str, Any] = {"fontsize": 5.5, "title_fontsize": 5.5}
    axes.legend(title=title, loc="upper center", bbox_to_anchor=(0.5, -0.14), **small)


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
    points = axes.scatter(x, ratio, c=weights, cmap="viridis", s=12, edgecolors="black", linewidths=0.3)
    # From 0, so that the origin is in the picture: rays make sense only where they meet.
    axes.set(xlim=(-0.01, 1.15 * x.max()), ylim=_limits(np.append(ratio, equation.y0)))
    for weight in np.linspace(min(weights), max(weights), 4):
        _draw_ray(axes, weight, equation)
    axes.plot(
        equation.x0, equation.y0, "o", color="white", markersize=4, markeredgecolor="black", label="origin"
    )
    axes.set_xlabel("reflectance at 750 nm")
    axes.set_ylabel(f"R{other_nm:.0f}/R750")
    _legend_below(axes, None)
    figure.colorbar(points, ax=axes, label=f"{OXIDES[oxide].label} measured, wt%")


def _draw_ray(axes: Axes, weight: float, equation: IronEquation | TitaniumEquation) -> None:
    """The line on which the equation gives some wt%, labelled where it leaves the axes."""
    slope = math.tan(_angle(weight, equation))
    # It leaves at the right or, if it is steep, at the top or bottom: whichever comes first.
    edge = axes.get_ylim()[1 if slope > 0 else 0]
    reach = axes.get_xlim()[1] - equation.x0
    # That of 0 wt% may be level.
    if slope != 0.0:
        reach = min(reach, (edge - equation.y0) / slope)
    end = equation.x0 + reach, equation.y0 + reach * slope
    axes.plot([equation.x0, end[0]], [equation.y0, end[1]], color="0.7", linewidth=0.7, zorder=0)
    axes.annotate(
        f"{weight:.1f}",
        (equation.x0 + 0.93 * reach, equation.y0 + 0.93 * reach * slope),
        ha="center",
        va="center",
        fontsize=5,
        color="0.3",
        zorder=4,
        path_effects=HALO,
    )


def _angle(weight: float, equation: IronEquation | TitaniumEquation) -> float:
    """The slope angle, in the plane of R750 and the ratio, at which the equation gives some wt%."""
    # The inverse of the equation; theta of iron is the negative of the slope angle.
    if isinstance(equation, IronEquation):
        return -(weight - equation.intercept) / equation.slope
    return float((weight / equation.factor) ** (1.0 / equation.exponent))


@as_printed
def draw_losses(losses: xr.DataArray) -> Figure:
    """Training loss by epoch of the networks that know all stations, every seed."""
    figure = Figure(figsize=(0.75 * PAGE_IN, 3.2), layout="constrained")
    axes = figure.add_subplot()
    colours = ["#440154", "#3b528b", "#21918c", "#5ec962", "#d6b400"]
    for colour, oxide in zip(colours, losses["oxide"].values, strict=False):
        for number, curve in enumerate(losses.sel(oxide=oxide).values):
            label = OXIDES[str(oxide)].label if number == 0 else None
            # Losses are NaN from the stop on: their count is where the curve ends.
            axes.plot(curve, color=colour, linewidth=1.0 if number == 0 else 0.4, label=label)
            last = int(np.isfinite(curve).sum()) - 1
            axes.plot(last, curve[last], "o", color=colour, markersize=2)
    axes.set_yscale("log")
    axes.set_xlabel("epoch")
    axes.set_ylabel("mean squared error (standardised) + L2 penalty")
    axes.set_title(f"Training of the networks ({losses.sizes['seed']} seeds; the thick line is the first)")
    axes.grid(color="0.9", linewidth=0.4)
    axes.legend(ncols=2)
    return figure


@as_printed
def draw_influence(card: Card) -> Figure:
    """What the equations would be without each mission: the change everywhere, the error at its stations."""
    oxides = [oxide for oxide in ("feo", "tio2") if any(oxide in each.change for each in card.influence)]
    shown = _most_influential(card.influence)
    figure = Figure(figsize=(PAGE_IN, 0.17 * len(shown) + 1.1), layout="constrained")
    panels: Any = figure.subplots(1, len(oxides), squeeze=False, sharey=True)
    rows = np.arange(len(shown))
    for number, (axes, oxide) in enumerate(zip(panels[0], oxides, strict=True)):
        change = [each.change.get(oxide, np.nan) for each in shown]
        error = [each.error.get(oxide, np.nan) for each in shown]
        axes.barh(rows, change, height=0.6, color="#9fb8c9", label="RMS change at all stations")
        label = "mean error at the stations left out"
        axes.plot(error, rows, "D", color=_LEFT_OUT, markersize=3, label=label)
        axes.axvline(0, color="black", linewidth=0.6)
        axes.set_yticks(rows, [f"{each.mission} ({each.stations})" for each in shown])
        axes.grid(axis="x", color="0.9", linewidth=0.4)
        axes.set_axisbelow(True)
        axes.set_xlabel(f"{OXIDES[oxide].label}, wt%")
        axes.set_title(lettered(number, f"{OXIDES[oxide].label} equation without a mission"))
    panels[0, 0].invert_yaxis()
    handles, names = panels[0, 0].get_legend_handles_labels()
    left = len(card.influence) - len(shown)
    title = f"{left} more missions change less" if left else None
    figure.legend(handles, names, title=title, loc="outside lower center", ncols=2)
    return figure


def _most_influential(missions: Sequence[MissionInfluence]) -> list[MissionInfluence]:
    """As many as a page has room for, in their order: those without which the equations change most."""
    by_change = sorted(missions, key=lambda each: max(each.change.values(), default=0.0), reverse=True)
    kept = {each.mission for each in by_change[:_MISSIONS_SHOWN]}
    return [each for each in missions if each.mission in kept]
