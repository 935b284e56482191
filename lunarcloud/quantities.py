"""Every oxide and every map once: name, units, storage step, colours, counterpart. One row adds one.

A row of `OXIDES` adds an oxide: station tables have its column, networks are trained for it, and its map is
stored, counted, drawn, searched and listed. A row of `_OTHER_MAPS` adds a map; one with a formula is computed
from the maps that it names.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:  # names alone load no arrays
    import numpy as np
    import numpy.typing as npt

#: How a map comes about: an equation of bands, a network, a formula on other maps, the distance from the
#: stations' spectra; or how sure another map is, by the chance of training or by errors at stations left out.
Method: TypeAlias = Literal["equation", "cnn", "derived", "novelty", "chance", "interval"]

#: Value of one step of the codes, wt%: half of it, 0.0005 wt%, is the largest error of a stored value.
WEIGHT_STEP = 0.001
_RATIO_STEP = 0.0001
_DISTANCE_STEP = 0.01
# Steps of uncertainties in those of the map: what is told with two digits needs no more, and coarse steps
# cost a third of the bytes.
_CHANCE_STEPS, _HALF_WIDTH_STEPS = 2, 10

#: The share of stations left out that an interval promises to hold, by the end of its map's name.
COVERAGES: Mapping[str, float] = {"half68": 0.68, "half95": 0.95}
#: The end of the name of a map of chance.
CHANCE = "chance"


def udunits(units: str) -> str:
    """Units as attributes of stored variables have them: as UDUNITS, and so CF, reads them."""
    return {"wt%": "percent"}.get(units, units)


@dataclass(frozen=True, slots=True, kw_only=True)
class Oxide:
    """A row of the table of oxides.

    Attributes
    ----------
    key : str
        Its name in tables, options and names of maps.
    formula : str
        As chemists write it, and as Lunar Prospector's tables have it.
    label : str
        The formula for figures.
    colours : str
        Name of the colour map of its maps, in matplotlib.
    least, most : float
        Range of the colours, wt%.
    highest : float
        The most that rock of the Moon can have, wt%; maps end there.
    molar_mass : float
        g/mol; NaN where no formula needs it.
    """

    key: str
    formula: str
    label: str
    colours: str
    least: float
    most: float
    highest: float
    molar_mass: float = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A row of the table of maps.

    Attributes
    ----------
    name : str
        Of the map, in every store.
    long_name : str
        Its name in words.
    units : str
        Of its values, as people write them; `udunits` for machines.
    step : float
        The value of one step of its codes, in these units; a stored value errs by half of it at most.
    method : {"equation", "cnn", "derived", "novelty", "chance", "interval"}
        How it comes about.
    colours : str
        Name of its colour map, in matplotlib.
    least, most : float
        Range of the colours, in its units; what lies beyond takes the end's colour.
    label : str
        For figures, with the unit.
    oxide : str or None
        Key of the oxide that it shows.
    counterpart : str or None
        The constituent of Lunar Prospector that it is compared with, where the table has it.
    possible : (float, float) or None
        What it can be, in its units, where that is less than its codes hold: a value beyond is put at the
        end, and flagged.
    composition : bool
        Whether it says something of the surface, of which there are statistics.
    about : str or None
        The map whose uncertainty it is.
    made_from : tuple of str
        Maps that the formula takes, in this order; they stand above it in the table.
    formula : callable or None
        From float32 arrays of one shape, in their units, NaN where missing, to one like them.
    """

    name: str
    long_name: str
    units: str
    step: float
    method: Method
    colours: str
    least: float
    most: float
    label: str
    oxide: str | None = None
    counterpart: str | None = None
    possible: tuple[float, float] | None = None
    composition: bool = True
    about: str | None = None
    made_from: tuple[str, ...] = ()
    formula: Callable[..., Any] | None = None

    @property
    def by_networks(self) -> bool:
        """Whether networks made it, or what it is of: where no station told them, they may say anything."""
        return self.method in ("cnn", "derived")


# The highest mass fractions lie above the richest rock that is known: basalts of 25 wt% FeO, Apollo 17's
# black glass of 16 wt% TiO2, dunite 72415 of 45 wt% MgO, pure anorthite of 36.6 wt% Al2O3 and 20.2 wt% CaO.
#: Every oxide by its key, in the order of the paper. The order is that of the networks' first weights: a new
#: oxide stands at the end.
OXIDES: Mapping[str, Oxide] = {
    row.key: row
    for row in (
        Oxide(
            key="feo",
            formula="FeO",
            label="FeO",
            colours="viridis",
            least=0,
            most=22,
            highest=30,
            molar_mass=71.844,
        ),
        Oxide(key="tio2", formula="TiO2", label=r"TiO$_2$", colours="inferno", least=0, most=11, highest=20),
        Oxide(
            key="al2o3",
            formula="Al2O3",
            label=r"Al$_2$O$_3$",
            colours="magma",
            least=8,
            most=32,
            highest=37,
        ),
        Oxide(
            key="mgo",
            formula="MgO",
            label="MgO",
            colours="viridis",
            least=3,
            most=13,
            highest=50,
            molar_mass=40.304,
        ),
        Oxide(key="cao", formula="CaO", label="CaO", colours="magma", least=8, most=19, highest=21),
    )
}


def mg_number(
    mgo: npt.NDArray[np.floating[Any]], feo: npt.NDArray[np.floating[Any]]
) -> npt.NDArray[np.floating[Any]]:
    """Molar Mg / (Mg + Fe) from the oxides' mass fractions.

    ``(MgO / 40.304) / (MgO / 40.304 + FeO / 71.844)``, with the molar masses in g/mol.

    Parameters
    ----------
    mgo, feo : ndarray of float, one shape
        wt%, 0 or more.

    Returns
    -------
    ndarray
        0..1, of the same dtype; NaN where both are 0.
    """
    import numpy as np

    magnesium, iron = mgo / OXIDES["mgo"].molar_mass, feo / OXIDES["feo"].molar_mass
    total = magnesium + iron
    # The ratio of nothing is not defined; NaN is stored as missing.
    ratio = np.full_like(total, np.nan)
    np.divide(magnesium, total, out=ratio, where=total > 0)
    return ratio


_OTHER_MAPS = (
    Quantity(
        name="mg_number",
        long_name="Mg# = molar Mg / (Mg + Fe), CNN",
        units="1",
        step=_RATIO_STEP,
        method="derived",
        colours="cividis",
        least=0.35,
        most=0.75,
        label="Mg# (molar)",
        made_from=("mgo_cnn", "feo_cnn"),
        formula=mg_number,
    ),
    Quantity(
        name="omat",
        long_name="optical maturity (OMAT)",
        units="1",
        step=_RATIO_STEP,
        method="equation",
        colours="cividis",
        least=0.1,
        most=0.35,
        label="optical maturity OMAT (mature to fresh)",
    ),
    Quantity(
        name="novelty",
        long_name="distance of the spectrum from the stations' (Mahalanobis)",
        units="1",
        step=_DISTANCE_STEP,
        method="novelty",
        colours="magma",
        least=0,
        most=6,
        label="distance from the stations' spectra",
        composition=False,
    ),
)


def oxide_map(oxide: Oxide, method: Literal["equation", "cnn"]) -> Quantity:
    """The map of an oxide by one of the methods: one scale of colours for both, so that pictures compare."""
    words = {"equation": "equation", "cnn": "CNN"}[method]
    return Quantity(
        name=f"{oxide.key}_{method}",
        long_name=f"{oxide.formula} abundance (wt%), {words}",
        units="wt%",
        step=WEIGHT_STEP,
        method=method,
        colours=oxide.colours,
        least=oxide.least,
        most=oxide.most,
        label=f"{oxide.label} (wt%)",
        oxide=oxide.key,
        counterpart=oxide.formula,
        possible=(0.0, oxide.highest),
    )


_COMPOSITION = (
    oxide_map(OXIDES["feo"], "equation"),
    oxide_map(OXIDES["tio2"], "equation"),
    *(oxide_map(oxide, "cnn") for oxide in OXIDES.values()),
    *_OTHER_MAPS,
)


def chance_of_mg_number(
    mgo: npt.NDArray[np.floating[Any]],
    feo: npt.NDArray[np.floating[Any]],
    mgo_chance: npt.NDArray[np.floating[Any]],
    feo_chance: npt.NDArray[np.floating[Any]],
) -> npt.NDArray[np.floating[Any]]:
    """The standard deviation of Mg# from those of its oxides, whose networks are trained apart.

    The delta method: with the molar ratio ``m = Mg#``, ``dm / m (1 - m) = dMgO / MgO - dFeO / FeO``, and both
    chances are independent.

    Parameters
    ----------
    mgo, feo : ndarray of float, one shape
        wt%, above 0.
    mgo_chance, feo_chance : ndarray of float
        Their standard deviations, wt%.

    Returns
    -------
    ndarray
        Of the same dtype; NaN where an oxide is 0.
    """
    import numpy as np

    share = mg_number(mgo, feo)
    with np.errstate(divide="ignore", invalid="ignore"):  # of nothing there is no relative chance
        relative = np.hypot(mgo_chance / mgo, feo_chance / feo)
        spread: npt.NDArray[np.floating[Any]] = share * (1 - share) * relative
    return spread


def chance_map(row: Quantity) -> Quantity:
    """The map of how far single networks scatter about a map of their mean."""
    derived = row.name == "mg_number"
    parts = ("mgo_cnn", "feo_cnn")
    return _about(
        row,
        CHANCE,
        long_name=f"chance of training in {row.long_name}: standard deviation over networks of other seeds",
        step=_CHANCE_STEPS * row.step,
        method="chance",
        most=1000 * row.step,
        label=f"chance of {row.label}",
        made_from=(*parts, *(f"{each}_{CHANCE}" for each in parts)) if derived else (),
        formula=chance_of_mg_number if derived else None,
    )


def half_width_map(row: Quantity, end: str) -> Quantity:
    """The map of half the width of the interval about a map: one of `COVERAGES`, by the end of its name."""
    return _about(
        row,
        end,
        long_name=f"half-width of the {COVERAGES[end]:.0%} interval of {row.long_name}",
        step=_HALF_WIDTH_STEPS * row.step,
        method="interval",
        most=4000 * row.step,
        label=f"{COVERAGES[end]:.0%} interval, +- of {row.label}",
    )


def _about(row: Quantity, end: str, **own: Any) -> Quantity:
    """A map of the uncertainty of another."""
    return Quantity(
        name=f"{row.name}_{end}",
        units=row.units,
        colours="magma",
        least=0,
        composition=False,
        about=row.name,
        **own,
    )


_UNCERTAINTIES = (
    *(chance_map(row) for row in _COMPOSITION if row.method in ("cnn", "derived")),
    *(
        half_width_map(row, end)
        for end in COVERAGES
        for row in _COMPOSITION
        if row.oxide or row.method == "derived"
    ),
)

#: Every map by its name, in the order of tables, figures and stores.
QUANTITIES: Mapping[str, Quantity] = {row.name: row for row in (*_COMPOSITION, *_UNCERTAINTIES)}


def uncertainties(name: str) -> tuple[str, ...]:
    """The maps that say how sure a map is."""
    return tuple(each.name for each in _UNCERTAINTIES if each.about == name)


def composition() -> tuple[str, ...]:
    """The maps of which there are statistics."""
    return tuple(name for name, row in QUANTITIES.items() if row.composition)


def counterparts() -> dict[str, str]:
    """The constituent of Lunar Prospector by the map that is compared with it."""
    return {name: row.counterpart for name, row in QUANTITIES.items() if row.counterpart}


def bounded() -> tuple[str, ...]:
    """The maps that end at what is possible."""
    return tuple(name for name, row in QUANTITIES.items() if row.possible)


def by_both_methods() -> tuple[str, ...]:
    """The oxides that an equation and a network map."""
    return tuple(key for key in OXIDES if {f"{key}_equation", f"{key}_cnn"} <= QUANTITIES.keys())
