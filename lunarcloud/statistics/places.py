"""Where something is, in names: the nearest feature of the gazetteer and the side of it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lunarcloud.archive import Feature, features
from lunarcloud.moon import angular_distance, kilometres

# From the north clockwise, 45 degrees each.
_EAST = ("northern", "north-eastern", "eastern", "south-eastern")
_WEST = ("southern", "south-western", "western", "north-western")
_SIDES = (*_EAST, *_WEST)
# Within this part of the radius a place is central.
_CENTRAL = 0.25


class Place(NamedTuple):
    """A named feature and how a position lies to it.

    Attributes
    ----------
    feature : str
        Its name.
    distance_km : float
        From its rim, 0 inside.
    words : str
        Such as "south-western Mare Tranquillitatis".
    """

    feature: str
    distance_km: float
    words: str


def place(*, lat: float, lon: float, among: Sequence[Feature] | None = None) -> Place:
    """The feature a position belongs to, in words such as "south-western Mare Tranquillitatis".

    The smallest feature whose disc holds the position; outside all of them, the one whose rim is nearest.

    Parameters
    ----------
    lat, lon : float
        The position, degrees; longitude in any convention.
    among : sequence of Feature, optional
        The features to choose from, at least one; by default the shipped gazetteer.

    Returns
    -------
    Place
        With the distance from the feature's rim, km.
    """
    known = features() if among is None else among
    centre = [_distance_km(found, lat, lon) for found in known]
    beyond = [max(0.0, far - found.diameter_km / 2) for far, found in zip(centre, known, strict=True)]
    # Inside several, all are 0 beyond the rim, so the diameter decides: Sinus before the Mare that holds it.
    best = min(range(len(known)), key=lambda i: (beyond[i], known[i].diameter_km))
    return Place(known[best].name, beyond[best], _words(known[best], lat, lon, centre[best], beyond[best]))


def _distance_km(found: Feature, lat: float, lon: float) -> float:
    return kilometres(float(angular_distance(lat=lat, lon=lon, to_lat=found.lat, to_lon=found.lon)))


def _words(found: Feature, lat: float, lon: float, centre_km: float, beyond_km: float) -> str:
    if centre_km < _CENTRAL * found.diameter_km / 2:
        return f"central {found.name}"
    # Sides are centred on their directions, 22.5 degrees to both; the last half eighth is north again.
    side = _SIDES[round(_bearing(found, lat, lon) / 45.0) % 8]
    if beyond_km:
        return f"{beyond_km:.0f} km off the {side} rim of {found.name}"
    return f"{side} {found.name}"


def _bearing(found: Feature, lat: float, lon: float) -> float:
    """Direction from a feature's centre to a position, degrees clockwise from north, 0..360."""
    here, there, dlon = np.radians(found.lat), np.radians(lat), np.radians(lon - found.lon)
    # Components, along the tangents at the feature's centre, of the unit vector to the position.
    east = np.sin(dlon) * np.cos(there)
    north = np.cos(here) * np.sin(there) - np.sin(here) * np.cos(there) * np.cos(dlon)
    return float(np.degrees(np.arctan2(east, north)) % 360.0)
