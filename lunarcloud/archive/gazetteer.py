"""Named features of the Moon: centres and diameters from the IAU gazetteer, shipped with the package."""

import csv
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from lunarcloud.archive.shipped import DATA
from lunarcloud.errors import NotFoundError

_TABLE = DATA / "iau_gazetteer.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """A named place.

    A disc of the diameter around the centre approximates the feature; it is not its outline.

    Attributes
    ----------
    name : str
        As the IAU has it.
    lat, lon : float
        Centre, degrees; longitude east, -180..180.
    diameter_km : float
        Diameter, km.
    """

    name: str
    lat: float
    lon: float
    diameter_km: float

    @property
    def is_mare(self) -> bool:
        """Whether it is one of the maria or Oceanus Procellarum (lacus, sinus and paludes are not)."""
        return self.name.startswith(("Mare ", "Oceanus "))


@lru_cache(maxsize=1)
def features() -> tuple[Feature, ...]:
    """All features of the shipped table, by name.

    Source: Gazetteer of Planetary Nomenclature, IAU and USGS Astrogeology Science Center.
    """
    with _TABLE.open(encoding="utf-8") as lines:
        rows = csv.DictReader(line for line in lines if not line.startswith("#"))
        found = [
            Feature(
                name=row["name"],
                lat=float(row["lat"]),
                lon=float(row["lon"]),
                diameter_km=float(row["diameter_km"]),
            )
            for row in rows
        ]
    # What is made from all features (the synthetic maria, nearest names) must not depend on the file's order.
    return tuple(sorted(found, key=lambda feature: feature.name))


def feature(name: str) -> Feature:
    """The feature of a name, upper and lower case alike.

    Raises
    ------
    NotFoundError
        For a name that is not in the shipped table; names that are nearly the same are told.
    """
    by_name = {known.name.casefold(): known for known in features()}
    wanted = name.strip().casefold()
    if wanted in by_name:
        return by_name[wanted]
    near = [by_name[each].name for each in get_close_matches(wanted, by_name, n=3)]
    advice = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(_some())} and others"
    raise NotFoundError(f"no feature {name!r} in the shipped gazetteer of {len(by_name)} names; {advice}")


def _some() -> list[str]:
    """The names of the largest features."""
    largest = sorted(features(), key=lambda known: known.diameter_km, reverse=True)
    return [known.name for known in largest[:3]]
