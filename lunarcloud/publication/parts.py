"""The parts of the paper in its order: figures, tables, what is to be known, or why they are missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from lunarcloud.maps import extrapolated, load_run, overview
from lunarcloud.moon import Pole
from lunarcloud.processes import Table
from lunarcloud.publication.materials import Held, Materials, held, reason
from lunarcloud.publication.numbers import (
    BOUGUER_DEGREES,
    DENSITY_KG_M3,
    GRADIENT_DEGREES,
    GRAVITY_MODEL,
    HIGH_IRON_WT,
    MEANS,
    MODES,
    PREVIOUS_MEANS,
    SAMPLE,
    SAMPLE_ORIGIN,
)
from lunarcloud.publication.tables import (
    above_limit_table,
    agreement_table,
    difference_table,
    flags_table,
    means_table,
    modes_table,
    named,
    polar_table,
    ranges_table,
)
from lunarcloud.statistics import HIGH_FEO
from lunarcloud.storage import open_dataset

if TYPE_CHECKING:  # slow to import, and a page that is there already draws nothing
    import xarray as xr
    from matplotlib.figure import Figure


_POLE: Pole = "south"


class Drawn(NamedTuple):
    """A figure: what stands below it, and what draws it."""

    caption: str
    draw: Callable[[], Figure]


class Part(NamedTuple):
    """A figure or table of the paper, or several that belong together.

    Attributes
    ----------
    key, where, title : str
        Name of its files; where it is in the paper; what it shows.
    figures : mapping of str to Drawn
        By the name of their files.
    tables : mapping of str to Table
        By title.
    remarks : tuple of str
        Sentences.
    missing : str
        Why it cannot be had, or not all of it; empty if it is whole.
    """

    key: str
    where: str
    title: str
    figures: Mapping[str, Drawn] = {}
    tables: Mapping[str, Table] = {}
    remarks: tuple[str, ...] = ()
    missing: str = ""


def main_parts(materials: Materials) -> Iterator[Part]:
    """The parts of the paper itself.

    Parameters
    ----------
    materials : Materials
        What there is.
    """
    run, *_ = held(materials, "run") or ()
    yield _maps(run)
    yield _means(materials)
    yield _histograms(materials)
    yield _prospector(materials)
    yield _methods(materials)
    yield _polar(materials)
    yield _provenance(materials)
    yield _gravity(materials)


def _maps(run: Held) -> Part:
    maps = run.record.card.maps

    def draw() -> Figure:
        from lunarcloud.figures import draw_oxides

        shown = overview(load_run(run.place, run.record.card)).load()
        return draw_oxides(shown, beyond=extrapolated(run.record.card, shown.__getitem__))

    absent = [named(name) for name in MEANS if name not in maps and name != "omat"]
    return Part(
        "fig1",
        "Fig. 1",
        "Maps of the oxides and Mg#",
        {"fig1": Drawn("Mollweide projection, equal-area, centred on the near side.", draw)},
        missing=f"not mapped by this run, which has no networks: {'; '.join(absent)}" if absent else "",
    )


def _means(materials: Materials) -> Part:
    where, title = "Table 1", "Mean abundances by unit"
    if not (found := held(materials, "statistics")):
        return Part("table1", where, title, missing=reason(materials, "statistics"))
    statistics = _open(found[0], "statistics.zarr")
    tables = {"means, with the difference here minus paper": means_table(statistics, MEANS)}
    if previous := held(materials, "previous statistics"):
        earlier = means_table(_open(previous[0], "statistics.zarr"), PREVIOUS_MEANS, ", without Chang'E-6")
        tables["the previous equations, fitted without Chang'E-6"] = earlier
    tables["what is flagged; what is clipped is in no mean"] = flags_table(statistics)
    if "area_above" in statistics:
        tables[f"area of FeO above {HIGH_IRON_WT:g} wt%"] = above_limit_table(statistics)
    why = reason(materials, "previous statistics")
    facts = found[0].record.card.facts
    return Part(
        "table1",
        where,
        title,
        tables=tables,
        remarks=(f"Sampled by {facts['sampling']}. Maria: {facts['maria']}.",),
        missing=f"The previous equations: {why}" if why else "",
    )


def _histograms(materials: Materials) -> Part:
    where, title = "Fig. 2", "Distributions of the oxides, with their modes"
    if not (found := held(materials, "statistics")):
        return Part("fig2", where, title, missing=reason(materials, "statistics"))
    statistics = _open(found[0], "statistics.zarr")

    def draw() -> Figure:
        from lunarcloud.figures import draw_oxide_histograms

        return draw_oxide_histograms(statistics)

    caption = "Share of area by value, whole Moon, maria and the rest."
    absent = [named(name) for name in MODES if name not in statistics["map"].values]
    return Part(
        "fig2",
        where,
        title,
        {"fig2": Drawn(caption, draw)},
        {"modes of the whole Moon": modes_table(statistics)},
        missing=f"not mapped by this run: {'; '.join(absent)}" if absent else "",
    )


def _prospector(materials: Materials) -> Part:
    where, title = "Fig. 3", "Maps against Lunar Prospector"
    if not (found := held(materials, "prospector")):
        return Part("fig3", where, title, missing=reason(materials, "prospector"))
    comparison = _open(found[0], "prospector.zarr")

    def draw() -> Figure:
        from lunarcloud.figures import draw_prospector_density

        return draw_prospector_density(comparison)

    return Part(
        "fig3",
        where,
        title,
        {"fig3": Drawn("Each map averaged into the gamma-ray pixels.", draw)},
        {"agreement by map": agreement_table(comparison, map(str, comparison["map"].values))},
        ("The paper's numbers of this comparison are not among those known here.",),
    )


def _methods(materials: Materials) -> Part:
    where, title = "Fig. 4", "Equation minus CNN"
    if not (found := held(materials, "methods")):
        return Part("fig4", where, title, missing=reason(materials, "methods"))
    comparison = _open(found[0], "statistics.zarr")

    def draw() -> Figure:
        from lunarcloud.figures import draw_density

        return draw_density(comparison, "equation", "CNN")

    # Of means the difference is the mean difference.
    stated = {oxide: MEANS[f"{oxide}_equation"][0] - MEANS[f"{oxide}_cnn"][0] for oxide in ("feo", "tio2")}
    return Part(
        "fig4",
        where,
        title,
        {"fig4": Drawn("Both methods at every cell that has both.", draw)},
        {"equation minus CNN over the whole Moon": difference_table(comparison, stated)},
        ("The paper's mean differences are those of its Table 1.",),
    )


def _polar(materials: Materials) -> Part:
    where, title = "Fig. 5", "Potential mare basalt poleward of 65° S"
    if not (found := held(materials, "polar")):
        return Part("fig5", where, title, missing=reason(materials, "polar"))
    candidates = _open(found[0], "candidates.zarr")

    def draw_a() -> Figure:
        from lunarcloud.figures import draw_diagram

        return draw_diagram(candidates)

    def draw_b() -> Figure:
        from lunarcloud.figures import draw_polar

        return draw_polar(_open(found[0], "polar.zarr").load(), candidates, _POLE, _relief())

    figures = {
        "fig5a": Drawn("(a) FeO and Mg# of the region, and what is typical of maria.", draw_a),
        "fig5b": Drawn("(b) Where such cells are; polar stereographic projection.", draw_b),
    }
    region = candidates.attrs["cells_in_region"]
    remark = (
        f"By the paper's own equation of their size there are {region:,} cells poleward of 65° S; why it has "
        "fewer is not known here, so shares compare better than counts."
    )
    return Part("fig5", where, title, figures, {"cells and areas": polar_table(candidates)}, (remark,))


def _provenance(materials: Materials) -> Part:
    where, title = "Discussion", f"Where sample {SAMPLE} could come from"
    if not (found := held(materials, "provenance", "run")):
        return Part("provenance", where, title, missing=reason(materials, "provenance"))
    strict, run = found
    (wider,) = held(materials, "provenance, wider") or (None,)
    # Where nothing matches, a figure shows more with what nearly does.
    shown = strict if strict.record.card.facts["matching_km2"] or wider is None else wider
    what = (
        "in the sample's ranges" if shown is strict else "in ranges wider by the maps' own leave-one-out RMSE"
    )

    def draw() -> Figure:
        from lunarcloud.figures import draw_provenance

        backdrop = overview(load_run(run.place, run.record.card))["feo_cnn"]
        return draw_provenance(_open(shown, "provenance.zarr"), backdrop, SAMPLE)

    answers = {"here": strict, **({"here, wider by RMSE": wider} if wider else {})}
    facts = [each.record.card.facts for each in answers.values()]
    place = Table(
        columns=("", "paper", *answers),
        rows=(
            ("largest patch", SAMPLE_ORIGIN, *(str(each["largest_patch"]) for each in facts)),
            ("most matching area", "", *(str(each["most_area"]) for each in facts)),
            ("matching area, km²", "", *(f"{each['matching_km2']:,.0f}" for each in facts)),
        ),
    )
    ranges = "what each range leaves of the mapped Moon, and takes of what the others leave"
    return Part(
        "provenance",
        where,
        title,
        {"provenance": Drawn(f"Cells whose five oxides lie {what}.", draw)},
        {"answer": place, ranges: ranges_table(_open(strict, "provenance.zarr"))},
        missing="" if wider else f"wider ranges: {reason(materials, 'provenance, wider')}",
    )


def _gravity(materials: Materials) -> Part:
    where, title = "South polar gravity", "Bouguer anomaly and its horizontal gradients"
    if not (found := held(materials, "gravity")):
        return Part("gravity", where, title, missing=reason(materials, "gravity"))
    finding, card = found[0], found[0].record.card

    def draw() -> Figure:
        from lunarcloud.figures import draw_gravity_pole
        from lunarcloud.gravity import load_gravity

        outlined = held(materials, "polar")
        high = _open(outlined[0], "polar.zarr")["mare_basalt"] == HIGH_FEO if outlined else None
        field = load_gravity(finding.place, card).open(_POLE)
        return draw_gravity_pole(field, _POLE, outlined=high, relief=_relief(card.polar_limit))

    reduction = card.reduction
    rows = [
        ("gravity model", GRAVITY_MODEL, card.gravity_model),
        ("degrees of the anomaly", _span(BOUGUER_DEGREES), _span(reduction.degrees)),
        ("degrees of the gradients", _span(GRADIENT_DEGREES), _span(reduction.gradient_degrees)),
        ("density, kg/m³", f"{DENSITY_KG_M3:g}", f"{reduction.density_kg_m3:g}"),
    ]
    other = (
        f"{GRAVITY_MODEL} is not under this root. {card.gravity_model} in other degrees is shown instead: "
        "neither mascons of single craters nor linear gradients can be compared"
    )
    return Part(
        "gravity",
        where,
        title,
        {"gravity": Drawn("Polar stereographic projection; outlined: cells of high FeO.", draw)},
        {"what is reduced": Table(columns=("", "paper", "here"), rows=tuple(rows))},
        remarks=(
            "Gravity is the real Moon's, whatever the maps are of; only the outlined cells are theirs.",
        ),
        missing="" if GRAVITY_MODEL.casefold() in card.gravity_model.casefold() else other,
    )


def _relief(limit: float = 65.0) -> xr.DataArray:
    """Shaded relief around the pole, from the shipped topography, as finely as a figure shows it."""
    from lunarcloud.archive import read_topography
    from lunarcloud.figures import polar_relief

    return polar_relief(read_topography("lola4"), _POLE, limit)


def _span(degrees: tuple[int, int]) -> str:
    return f"{degrees[0]} to {degrees[1]}"


def _open(found: Held, name: str) -> xr.Dataset:
    return open_dataset(found.place / name)
