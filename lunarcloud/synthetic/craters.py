"""Young craters of the synthetic Moon: fresh, bright ground in them and along their rays raises OMAT."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from lunarcloud.archive import feature
from lunarcloud.moon import RADIUS_M, FloatArray
from lunarcloud.synthetic.fields import unit_vectors

# Rayed craters of the gazetteer, and how far their rays go, in radii of the crater.
_RAYED = {"Tycho": 30.0, "Copernicus": 9.0, "Kepler": 14.0, "Aristarchus": 12.0, "Langrenus": 6.0}
_SMALL_CRATERS = 240
_SMALL_DIAMETERS_KM = (8.0, 40.0)
_SMALL_REACH = 8.0
_FLOOR, _HALO, _RAYS = 0.09, 0.05, 0.07
# Rays a turn: whole numbers, so that they close, and primes, so that no part of the pattern repeats.
_RAY_FREQUENCIES = np.array([3.0, 5.0, 7.0, 11.0, 13.0, 17.0])
_KM_PER_DEGREE = np.pi * RADIUS_M / 180_000.0


class _Crater(NamedTuple):
    """Centre and local axes as unit vectors, radius and reach of the rays in degrees, phases of the rays."""

    centre: FloatArray
    north: FloatArray
    east: FloatArray
    radius: float
    reach: float
    phases: FloatArray


def crater_maturity(points: FloatArray, seed: int) -> FloatArray:
    """What young craters add to OMAT.

    Parameters
    ----------
    points : ndarray, shape (3, n)
        Unit vectors.
    seed : int
        Places the small craters and turns the rays.

    Returns
    -------
    ndarray, shape (n,)
        0 on old ground to 0.09 on a crater's floor.
    """
    added = np.zeros(points.shape[1])
    if not added.size:
        return added
    # The brightest of all craters, not their sum: ground cannot be fresher than fresh, and a maximum does not
    # depend on the order.
    for crater in _near(points, _craters(seed)):
        cosine = points[0] * crater.centre[0] + points[1] * crater.centre[1] + points[2] * crater.centre[2]
        near = np.flatnonzero(cosine > np.cos(np.radians(crater.reach)))
        added[near] = np.maximum(added[near], _freshness(points[:, near], cosine[near], crater))
    return added


def _near(points: FloatArray, craters: tuple[_Crater, ...]) -> list[_Crater]:
    """The craters whose reach touches the box around the points."""
    # Within an angle of a centre is within its chord, 2 sin(angle / 2), in each coordinate: a box around the
    # points, widened by it, cannot miss a crater, and most are far from the few rows that are asked for.
    centres = np.array([crater.centre for crater in craters])
    chords = 2.0 * np.sin(np.radians([crater.reach for crater in craters]) / 2.0)[:, None]
    touched = (centres >= points.min(axis=1) - chords) & (centres <= points.max(axis=1) + chords)
    return [craters[index] for index in np.flatnonzero(touched.all(axis=1))]


def _freshness(points: FloatArray, cosine: FloatArray, crater: _Crater) -> FloatArray:
    distance = np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))) / crater.radius
    north = points[0] * crater.north[0] + points[1] * crater.north[1] + points[2] * crater.north[2]
    # East is horizontal at every latitude: its third component is 0.
    east = points[0] * crater.east[0] + points[1] * crater.east[1]
    bearing = np.arctan2(east, north)
    waves = np.cos(bearing[:, None] * _RAY_FREQUENCIES + crater.phases).sum(axis=1)
    rays = np.clip(waves / 3.0, 0.0, 1.0) ** 2
    fading = np.clip(1.0 - distance * crater.radius / crater.reach, 0.0, 1.0)
    outside = _HALO * np.exp(-np.maximum(distance - 1.0, 0.0)) + _RAYS * rays * fading**2
    freshness: FloatArray = np.where(distance <= 1.0, _FLOOR, np.minimum(outside, _FLOOR))
    # Down to 0 within the last eighth of the reach: no step where the crater's influence is cut off.
    return freshness * np.clip(8.0 * fading, 0.0, 1.0)


@lru_cache(maxsize=8)
def _craters(seed: int) -> tuple[_Crater, ...]:
    random = np.random.default_rng([seed, 0xC8A7E5])
    named = [(feature(name), reach) for name, reach in _RAYED.items()]
    places = [(f.lat, f.lon, f.diameter_km, reach) for f, reach in named]
    # Equal areas have equal chances: the sine of the latitude is what is uniform on a sphere.
    lat = np.degrees(np.arcsin(random.uniform(-1.0, 1.0, _SMALL_CRATERS)))
    lon = random.uniform(-180.0, 180.0, _SMALL_CRATERS)
    # Ten times larger is a hundred times rarer.
    smallest, largest = _SMALL_DIAMETERS_KM
    spread = random.uniform((smallest / largest) ** 2, 1.0, _SMALL_CRATERS)
    places += [(a, b, smallest / np.sqrt(s), _SMALL_REACH) for a, b, s in zip(lat, lon, spread, strict=True)]
    phases = random.uniform(0.0, 2.0 * np.pi, (len(places), _RAY_FREQUENCIES.size))
    return tuple(_crater(*place, phase) for place, phase in zip(places, phases, strict=True))


def _crater(lat: float, lon: float, diameter_km: float, reach: float, phases: FloatArray) -> _Crater:
    radius = diameter_km / 2.0 / _KM_PER_DEGREE
    lam = np.radians(lon)
    return _Crater(
        centre=unit_vectors(lat=lat, lon=lon),
        # The tangent to the north is the position 90 degrees further along the meridian.
        north=unit_vectors(lat=lat + 90.0, lon=lon),
        east=np.array([-np.sin(lam), np.cos(lam), 0.0]),
        radius=radius,
        reach=radius * reach,
        phases=phases,
    )
