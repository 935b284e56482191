"""Tables of the paper's numbers beside ours, each with the difference."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from lunarcloud.archive import mission
from lunarcloud.models import QIU2025, Card, Equations, Score
from lunarcloud.processes import Cell, Table
from lunarcloud.publication.numbers import (
    EQUATION_RMSE,
    MEANS,
    MODES,
    NEW_MISSION,
    POLAR,
    UNITS,
)
from lunarcloud.quantities import OXIDES, QUANTITIES
from lunarcloud.statistics import CHANCE_OF_MEAN, REGRESSIONS

if TYPE_CHECKING:  # slow to import
    import xarray as xr

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_METHODS = {"equation": "equation", "cnn": "CNN"}


class Beside(NamedTuple):
    """A number of the paper and ours; either may be unknown.

    Attributes
    ----------
    what, unit : str
        What it is of.
    paper, here : float or None
        Both, in the unit.
    digits : int
        Decimals that the paper gives.
    """

    what: str
    unit: str
    paper: float | None
    here: float | None
    digits: int


def formula(oxide: str) -> str:
    """An oxide's formula with its subscripts."""
    return OXIDES[oxide].formula.translate(_SUBSCRIPTS)


def named(map_: str) -> str:
    """A map in words: ``TiO2, equation``."""
    quantity = QUANTITIES[map_]
    if quantity.oxide is None:
        return {"mg_number": "Mg#", "omat": "OMAT"}.get(map_, quantity.long_name)
    return f"{formula(quantity.oxide)}, {_METHODS[quantity.method]}"


def beside(rows: Iterable[Beside]) -> Table:
    """Numbers with their difference, ours minus the paper's, in the paper's decimals."""
    return Table(
        columns=("", "unit", "paper", "here", "difference"),
        rows=tuple((row.what, row.unit, *_three(row.paper, row.here, row.digits)) for row in rows),
    )


def means_table(statistics: xr.Dataset, paper: Mapping[str, tuple[float, ...]], suffix: str = "") -> Table:
    """Table 1: by map (rows) and unit (columns) the paper's mean, ours, the difference.

    Parameters
    ----------
    statistics : Dataset
        Of the process reduce.
    paper : mapping of str to tuple of float
        The paper's means by map, over the units of its Table 1.
    suffix : str
        What goes after the names of the maps.
    """
    columns = [part for unit in UNITS for part in (f"{unit}: paper", "here", "diff.")]
    rows = []
    for name, stated in paper.items():
        cells: list[Cell] = [f"{named(name)}{suffix}", _unit(name)]
        for where, value in zip(UNITS, stated, strict=True):
            told = _three(value, _value(statistics["mean"], map=name, unit=where), _digits(name))
            cells += [told[0], f"{told[1]}{_chance(statistics, name, where)}", told[2]]
        rows.append(tuple(cells))
    return Table(columns=("map", "unit", *columns), rows=tuple(rows))


def _chance(statistics: xr.Dataset, name: str, unit: str) -> str:
    """The chance of a mean, as it stands behind it; empty where none is known."""
    if CHANCE_OF_MEAN not in statistics:
        return ""
    found = _value(statistics[CHANCE_OF_MEAN], map=name, unit=unit)
    return "" if found is None or math.isnan(found) else f" ± {found:.{_digits(name)}f}"


def flags_table(statistics: xr.Dataset) -> Table:
    """How much of each map is clipped and extrapolated in the units of Table 1, per cent."""
    shares = statistics["flagged_share"]
    reasons = ("clipped", "extrapolated")
    rows = tuple(
        (
            named(name),
            *(
                f"{100.0 * float(shares.sel(map=name, unit=unit, reason=reason)):.1f}"
                for unit in UNITS
                for reason in reasons
            ),
        )
        for name in MEANS
        if name in statistics["map"].values
    )
    columns = (f"{unit}: {reason}" for unit in UNITS for reason in reasons)
    return Table(columns=("% of the mapped area", *columns), rows=rows)


def modes_table(statistics: xr.Dataset) -> Table:
    """Modes of the whole Moon, each of the paper's beside the one of ours that is nearest."""
    return beside(_modes(statistics))


def _modes(statistics: xr.Dataset) -> Iterator[Beside]:
    for name, stated in MODES.items():
        ours = _modes_of(statistics, name)
        found = _paired(stated, ours)
        for number, value in enumerate(stated, start=1):
            of = f"mode {number} of {len(stated)}" + (f" (here {len(ours)})" if ours else "")
            yield Beside(f"{named(name)}, {of}", _unit(name), value, found.get(value), _digits(name))


def _paired(stated: Sequence[float], ours: Sequence[float]) -> dict[float, float]:
    """By number of the paper the nearest of ours, each of ours once, the nearest pairs first."""
    pairs: dict[float, float] = {}
    for value, here in sorted(product(stated, ours), key=lambda pair: abs(pair[0] - pair[1])):
        if value not in pairs and here not in pairs.values():
            pairs[value] = here
    return pairs


def _modes_of(statistics: xr.Dataset, name: str) -> list[float]:
    if name not in statistics["map"].values:
        return []
    values = statistics["mode_value"].sel(map=name, unit="global").values
    return sorted(float(value) for value in values if math.isfinite(value))


def coefficients_table(equations: Equations) -> Table:
    """Origins and coefficients of both equations."""
    return beside(
        Beside(f"{formula(oxide)}: {name}", "", value, getattr(fitted, name) if fitted else None, 3)
        for oxide, published, fitted in (
            ("feo", QIU2025.iron, equations.iron),
            ("tio2", QIU2025.titanium, equations.titanium),
        )
        if published is not None
        for name, value in published
    )


def accuracy_table(card: Card, published: Mapping[str, Score]) -> Table:
    """R2 and RMSE of every model, and of the paper's own equations on the same stations.

    Parameters
    ----------
    card : Card
        Of the model.
    published : mapping of str to Score
        By oxide, how the paper's equations do on the model's stations.
    """
    columns = ("oxide", "model", "stations", "measure", "unit", "paper", "here", "difference")
    return Table(columns=columns, rows=tuple(_accuracy(card, published)))


def _accuracy(card: Card, published: Mapping[str, Score]) -> Iterator[tuple[Cell, ...]]:
    for each in card.accuracy:
        of = (formula(each.oxide), _METHODS[each.kind], each.stations)
        fit, left_out, stated = each.usual_training, each.usual_loocv, each.paper_training_r2
        if each.kind == "cnn":
            # Of these it says only that all are above one bound.
            yield (*of, "R² of the fit", "", f"> {stated}" if stated else "", plain(fit.r2, 3), "")
        else:
            yield (*of, "R² of the fit", "", *_three(stated, fit.r2, 3))
        rmse = EQUATION_RMSE.get(each.oxide) if each.kind == "equation" else None
        yield (*of, "RMSE of the fit", "wt%", *_three(rmse, fit.rmse, 2))
        if left_out is not None:
            yield (*of, "R², leave-one-out", "", *_three(each.paper_loocv_r2, left_out.r2, 3))
            yield (*of, "RMSE, leave-one-out", "wt%", *_three(None, left_out.rmse, 2))
        if each.kind == "equation" and (own := published.get(each.oxide)):
            of = (of[0], "the paper's own equation", each.stations)
            yield (*of, "R²", "", *_three(stated, own.r2, 3))
            yield (*of, "RMSE", "wt%", *_three(rmse, own.rmse, 2))


def residuals_table(card: Card) -> Table:
    """Predicted minus measured of every station by model, wt%: of the fit, and of the station left out."""
    models = [(each.kind, each.oxide) for each in card.accuracy]
    known = {(each.site, each.kind, each.oxide): each for each in card.residuals}
    rows = []
    for site in dict.fromkeys(each.site for each in card.residuals):
        cells: list[Cell] = [site, f"new: {NEW_MISSION}" if mission(site) == NEW_MISSION else ""]
        for kind, oxide in models:
            found = known.get((site, kind, oxide))
            if found is None:
                cells += ["", ""]
                continue
            out = None if found.left_out is None else found.left_out - found.measured
            cells += [_signed(found.fitted - found.measured, 2), _signed(out, 2)]
        rows.append(tuple(cells))
    columns = [
        part for kind, oxide in models for part in (f"{formula(oxide)} {_METHODS[kind]}: fit", "left out")
    ]
    return Table(columns=("station", "", *columns), rows=tuple(rows))


def polar_table(candidates: xr.Dataset) -> Table:
    """Cells, areas and shares of potential mare basalt poleward of 65 S."""
    at = candidates.attrs
    mapped, km2 = at["cells_mapped"], at["km2_mapped"]

    def share(kind: str) -> float | None:
        return 100.0 * at[f"km2_{kind}"] / km2 if km2 else None

    return beside(
        (
            Beside("cells of the region (here: mapped)", "", POLAR.cells, mapped, 0),
            Beside("their area", "km²", POLAR.km2, km2, 0),
            Beside("cells similar to maria", "", POLAR.similar_cells, at["cells_similar_to_maria"], 0),
            Beside("their share", "%", POLAR.similar_per_cent, share("similar_to_maria"), 1),
            Beside("of these, high FeO", "", POLAR.high_feo_cells, at["cells_high_FeO"], 0),
            Beside("their area", "km²", POLAR.high_feo_km2, at["km2_high_FeO"], 0),
            Beside("their share of the region", "%", POLAR.high_feo_per_cent, share("high_FeO"), 1),
        )
    )


def difference_table(comparison: xr.Dataset, paper: Mapping[str, float]) -> Table:
    """Means of the differences of maps over the whole Moon.

    Parameters
    ----------
    comparison : Dataset
        Of the process compare.
    paper : mapping of str to float
        The paper's, by pair, from its Table 1.
    """
    whole = comparison.sel(unit="global")
    rows = []
    for pair in map(str, comparison["pair"].values):
        found = whole.sel(pair=pair)
        name = str(found["first"].values)
        what = formula(pair) if pair in OXIDES else named(name)
        unit, digits = _unit(name), _digits(name)
        rows += [
            Beside(
                f"{what}: mean difference", unit, paper.get(pair), float(found["mean_difference"]), digits
            ),
            Beside(f"{what}: standard deviation", unit, None, float(found["std_difference"]), digits),
            Beside(f"{what}: correlation", "", None, float(found["correlation"]), 3),
        ]
    return beside(rows)


def agreement_table(comparison: xr.Dataset, names: Iterable[str]) -> Table:
    """Agreement of maps with Lunar Prospector, wt%: correlation, both regressions, differences.

    Parameters
    ----------
    comparison : Dataset
        Of the process prospector.
    names : iterable of str
        Of maps in it.
    """
    columns = ("map", "pixels", "r", "map on LP", "LP on map", "mean of map minus LP, wt%", "RMSE, wt%")
    rows = []
    for name in names:
        found = comparison.sel(map=name)
        lines = [
            f"{float(found[f'{line}_slope']):.3f} {of} {float(found[f'{line}_intercept']):+.2f}"
            for line, of in zip(REGRESSIONS, ("LP", "map"), strict=True)
        ]
        pixels = f"{int(found['pixels']):,} of {float(found['pixel_degrees']):g}°"
        numbers = (_signed(float(found["bias"]), 2), plain(float(found["rmse"]), 2))
        rows.append((named(name), pixels, plain(float(found["correlation"]), 3), *lines, *numbers))
    return Table(columns=columns, rows=tuple(rows))


def ranges_table(found: xr.Dataset) -> Table:
    """How much of the Moon each range of a provenance search leaves alone, and takes of the others'."""
    names = [str(name) for name in found["constraint_map"].values]
    bounds = zip(found["constraint_lowest"].values, found["constraint_highest"].values, strict=True)
    shares = zip(
        found["constraint_alone_per_cent"].values, found["constraint_excludes_per_cent"].values, strict=True
    )
    rows = tuple(
        (named(name), f"{low:g} to {high:g}", plain(float(alone), 2), plain(float(takes), 1))
        for name, (low, high), (alone, takes) in zip(names, bounds, shares, strict=True)
    )
    return Table(columns=("map", "range, wt%", "leaves alone, %", "takes of the others', %"), rows=rows)


def above_limit_table(statistics: xr.Dataset) -> Table:
    """Area of each unit above the limit of a map, and its share; the paper's are not known here."""
    area, share = statistics["area_above"], statistics["share_above"]
    rows = tuple(
        (
            named(str(area["limit_map"].values[limit])),
            str(area["unit"].values[unit]),
            f"{float(area[limit, unit]):,.0f}",
            f"{100.0 * float(share[limit, unit]):.3f}",
        )
        for limit in range(area.sizes["limit"])
        for unit in range(area.sizes["unit"])
    )
    return Table(columns=("map", "unit", "area, km²", "% of the unit"), rows=rows)


def _value(values: xr.DataArray, **at: str) -> float | None:
    """A value by names; None where the run has no such map or the dataset no such unit."""
    if any(name not in values[dimension].values for dimension, name in at.items()):
        return None
    return float(values.sel(at))


def _unit(name: str) -> str:
    """The unit of a map; nothing where it has none."""
    units = QUANTITIES[name].units
    return "" if units == "1" else units


def _digits(name: str) -> int:
    """Decimals of a map's numbers in the paper."""
    return 2 if QUANTITIES[name].units == "wt%" else 3


def _three(paper: float | None, here: float | None, digits: int) -> tuple[str, str, str]:
    both = paper is not None and here is not None
    return (
        plain(paper, digits),
        plain(here, digits),
        _signed(here - paper if both else None, digits),  # type: ignore[operator]  # both are there
    )


def plain(value: float | None, digits: int) -> str:
    """A number with so many decimals; nothing where there is none."""
    return "" if value is None or not math.isfinite(value) else f"{value:,.{digits}f}"


def _signed(value: float | None, digits: int) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:+,.{digits}f}"
