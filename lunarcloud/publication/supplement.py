"""The parts of the paper's supplement: stations, fits, each oxide against Lunar Prospector, what was new."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from typing import TYPE_CHECKING

from lunarcloud.archive import mission
from lunarcloud.maps import load_run, overview
from lunarcloud.models import Card, paper_scores
from lunarcloud.processes import Table
from lunarcloud.publication.materials import Materials, held, reason
from lunarcloud.publication.numbers import MEANS, NEW_MISSION, PREVIOUS_MEANS, STATIONS
from lunarcloud.publication.parts import Drawn, Part
from lunarcloud.publication.tables import (
    accuracy_table,
    agreement_table,
    coefficients_table,
    difference_table,
    formula,
    plain,
    residuals_table,
)
from lunarcloud.quantities import OXIDES
from lunarcloud.storage import open_dataset

if TYPE_CHECKING:  # slow to import, and a page that is there already draws nothing
    import xarray as xr
    from matplotlib.figure import Figure

_NO_NETWORKS = "the run has no maps by networks: lunarcloud fit trains them, lunarcloud map takes them"
# Of the paper's Supplementary Figures, the first of the five that show one oxide each.
_FIRST_OXIDE = 3
# Figures of a fit that are shown, with what stands below them.
_OF_FIT = {
    "measured-predicted": "Measured against predicted, fitted and each station predicted without itself.",
    "origins": "R² by the origin of either equation, and the stations in the plane of its angle.",
    "loss": "Training of the networks.",
    "influence": "What the equations would be without each mission.",
}


def supplement_parts(materials: Materials) -> Iterator[Part]:
    """The parts of the supplement.

    Parameters
    ----------
    materials : Materials
        What there is.
    """
    yield _stations(materials)
    yield _fit(materials)
    yield _residuals(materials)
    for number, oxide in enumerate(OXIDES, start=_FIRST_OXIDE):
        yield _against_prospector(materials, oxide, f"Supplementary Fig. {number}")
    yield _maturity(materials)
    yield _previous(materials)


def _stations(materials: Materials) -> Part:
    where, title = "Supplementary Table 1", "Stations"
    if not (found := held(materials, "model")):
        return Part("stations", where, title, missing=reason(materials, "model"))
    card = found[0].record.card
    measured = {(each.site, each.oxide): each.measured for each in card.residuals}
    rows = tuple(
        (
            each.site,
            each.reflectance,
            *(plain(measured.get((each.site, oxide)), 2) for oxide in OXIDES),
        )
        for each in card.used
    )
    columns = ("station", "reflectance from", *(f"{formula(oxide)}, wt%" for oxide in OXIDES))
    left_out = [f"{site}: {why}" for site, why in card.left_out.items()]
    missing = f"the paper's own table, of {STATIONS} stations; this model was fitted to {len(card.used)}"
    return Part(
        "stations",
        where,
        title,
        tables={"stations that the models were fitted to": Table(columns=columns, rows=rows)},
        remarks=tuple(f"Left out: {each}." for each in left_out),
        missing=missing,
    )


def _fit(materials: Materials) -> Part:
    where, title = "Methods and supplement", "Equations and networks on the stations"
    if not (found := held(materials, "model")):
        return Part("fit", where, title, missing=reason(materials, "model"))
    card, diagnostics = found[0].record.card, open_dataset(found[0].place / "diagnostics.zarr").load()
    shown = {name: text for name, text in _OF_FIT.items() if name != "loss" or "loss" in diagnostics}
    # All of them are drawn at once.
    figures = cache(partial(_figures_of_fit, card, diagnostics))

    def draw(name: str) -> Figure:
        return figures()[name]

    return Part(
        "fit",
        where,
        title,
        {f"fit-{name}": Drawn(text, partial(draw, name)) for name, text in shown.items()},
        {
            "origins and coefficients of the equations": coefficients_table(card.equations),
            "accuracy": accuracy_table(card, paper_scores(card, diagnostics)),
        },
        ("Networks: medians over seeds, since one seed says little.",) if card.oxides else (),
        ""
        if card.oxides
        else "networks: the model has none; lunarcloud fit without --equations-only trains them",
    )


def _figures_of_fit(card: Card, diagnostics: xr.Dataset) -> dict[str, Figure]:
    from lunarcloud.figures import draw_fit

    return draw_fit(card, diagnostics)


def _residuals(materials: Materials) -> Part:
    where, title = "Supplement", "Residual of every station by model"
    if not (found := held(materials, "model")):
        return Part("residuals", where, title, missing=reason(materials, "model"))
    card = found[0].record.card

    def draw() -> Figure:
        from lunarcloud.figures import draw_residuals

        return draw_residuals(card)

    used = {mission(each.site) for each in card.used}
    why = card.left_out.get(NEW_MISSION, "it is not in the table")
    return Part(
        "residuals",
        where,
        title,
        {"residuals": Drawn("Predicted without the station minus measured, wt%.", draw)},
        {"predicted minus measured, wt%": residuals_table(card)},
        missing="" if NEW_MISSION in used else f"{NEW_MISSION} is not among the stations: {why}",
    )


def _against_prospector(materials: Materials, oxide: str, where: str) -> Part:
    title, name = f"{formula(oxide)} by CNN and by Lunar Prospector", f"{oxide}_cnn"
    key = f"prospector-{oxide}"
    if not (found := held(materials, "prospector", "run")):
        return Part(key, where, title, missing=reason(materials, "prospector"))
    if name not in found[1].record.card.maps:
        return Part(key, where, title, missing=_NO_NETWORKS)
    comparison = open_dataset(found[0].place / "prospector.zarr")

    def draw() -> Figure:
        from lunarcloud.figures import draw_prospector_maps

        return draw_prospector_maps(comparison, name)

    caption = "Lunar Prospector, the map averaged into its pixels, and the difference."
    return Part(
        key,
        where,
        title,
        {key: Drawn(caption, draw)},
        {"agreement": agreement_table(comparison, (name,))},
    )


def _maturity(materials: Materials) -> Part:
    where, title = "Supplement", "Optical maturity (OMAT)"
    (run,) = held(materials, "run") or ()
    if "omat" not in run.record.card.maps:
        return Part("omat", where, title, missing="the run's model has no FeO equation")

    def draw() -> Figure:
        from lunarcloud.figures import draw_map

        shown = overview(load_run(run.place, run.record.card))["omat"].load()
        return draw_map(shown, "Optical maturity (OMAT)")

    return Part("omat", where, title, {"omat": Drawn("Low: mature; high: fresh.", draw)})


def _previous(materials: Materials) -> Part:
    where, title = "Supplement", f"What {NEW_MISSION} changes in the equations"
    names = ("change", "previous model", "model")
    if not (found := held(materials, *names)):
        return Part("previous", where, title, missing=reason(materials, *names))
    change, before, after = found
    comparison = open_dataset(change.place / "statistics.zarr")
    moved = comparison.isel(pair=(comparison["rmse"].sel(unit="global") > 0).values)

    def draw() -> Figure:
        from lunarcloud.figures import draw_density

        return draw_density(moved, f"with {NEW_MISSION}", "without")

    caption = f"With {NEW_MISSION} minus without, at every cell."
    stated = {name: MEANS[name][0] - means[0] for name, means in PREVIOUS_MEANS.items()}
    return Part(
        "previous",
        where,
        title,
        {"previous": Drawn(caption, draw)} if moved.sizes["pair"] else {},
        {
            "with minus without, over the whole Moon": difference_table(comparison, stated),
            "coefficients with and without": _both(after.record.card, before.record.card),
        },
        () if moved.sizes["pair"] else ("The maps do not differ: the same origins win.",),
    )


def _both(after: Card, before: Card) -> Table:
    """Coefficients of two models side by side."""
    columns = ("", "with", "without", "with minus without")
    rows = tuple(
        (f"{formula(oxide)}: {name}", f"{value:.4f}", f"{earlier:.4f}", f"{value - earlier:+.4f}")
        for oxide, one, other in (
            ("feo", after.equations.iron, before.equations.iron),
            ("tio2", after.equations.titanium, before.equations.titanium),
        )
        if one and other
        for (name, value), (_, earlier) in zip(one, other, strict=True)
    )
    return Table(columns=columns, rows=rows)
