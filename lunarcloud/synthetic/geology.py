"""The synthetic Moon: what every place is truly made of, as a pure function of position and seed.

Maria lie within the shipped outlines, with uneven shores; highlands around them are richer in
iron in the Procellarum terrane and in the South Pole-Aitken basin. Two patches are planted whose extent and
composition are exact, for tests of searches.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lunarcloud.moon import SPHERE_KM2, FloatArray, angular_distance, checked_positions
from lunarcloud.synthetic import composition
from lunarcloud.synthetic.composition import Truth, Unit
from lunarcloud.synthetic.craters import crater_maturity
from lunarcloud.synthetic.fields import smooth_field, unit_vectors
from lunarcloud.synthetic.shores import mare_at

# How far shores wander, as a part of their width; wavelengths of that and of the rocks, degrees.
_WANDERING = 0.08
_SHORE_SCALES = (1.0, 25.0)
_ROCK_SCALES = (0.5, 12.0)
# Fields are cut here, so that what lies out of reach is exactly out of reach.
_EXTREME = 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A disc of one exact composition, planted to be found again.

    Attributes
    ----------
    lat, lon : float
        Centre, degrees.
    radius : float
        Degrees on the sphere.
    feo, tio2, mgo, cao : float
        Oxides, wt%; Al2O3 follows from them.
    omat : float
        Optical maturity, dimensionless: that of mare soil, since with another no soil elsewhere is like it.
    """

    lat: float
    lon: float
    radius: float
    feo: float
    tio2: float
    mgo: float
    cao: float
    omat: float

    @property
    def al2o3(self) -> float:
        """Al2O3 of the patch, wt%."""
        rock = (np.asarray(value) for value in (self.feo, self.mgo, self.cao))
        return float(composition.alumina(*rock))

    @property
    def area_km2(self) -> float:
        """Area of the disc on the sphere, km2."""
        # A cap's share of the sphere is (1 - cos r) / 2 = sin^2(r / 2).
        return float(SPHERE_KM2 * np.sin(np.radians(self.radius) / 2.0) ** 2)

    def contains(self, *, lat: npt.ArrayLike, lon: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Which positions (degrees) lie in the disc."""
        inside: npt.NDArray[np.bool_] = (
            angular_distance(lat=lat, lon=lon, to_lat=self.lat, to_lon=self.lon) <= self.radius
        )
        return inside


#: Hidden mare basalt near the south pole: FeO above 15 wt% and Mg# 0.49, alone in that south of 65 S.
POLAR_BASALT = Patch(lat=-72.0, lon=-100.0, radius=3.0, feo=17.0, tio2=2.0, mgo=9.2, cao=11.4, omat=0.186)
#: Ground in the south-west of Mare Tranquillitatis like sample 60639, alone in that on this Moon.
PROVENANCE = Patch(lat=4.5, lon=22.5, radius=2.0, feo=18.0, tio2=7.1, mgo=6.4, cao=11.1, omat=0.165)
PATCHES = (POLAR_BASALT, PROVENANCE)


class _Region(NamedTuple):
    """A terrane that fades out: its unit, centre and radius in degrees."""

    unit: Unit
    lat: float
    lon: float
    radius: float


_TERRANES = (
    _Region(composition.KREEP_TERRANE, lat=18.0, lon=-32.0, radius=36.0),
    _Region(composition.SOUTH_POLE_AITKEN, lat=-53.0, lon=-169.0, radius=30.0),
)


def truth(*, lat: npt.ArrayLike, lon: npt.ArrayLike, seed: int = 0) -> Truth:
    """Composition and maturity at positions.

    Parameters
    ----------
    lat, lon : array_like
        Degrees, any longitude convention; shapes broadcast.
    seed : int
        Which of the synthetic Moons; all have the same geology, with other details.

    Returns
    -------
    Truth
        FeO 3..21, TiO2 0.2..12, Al2O3, MgO and CaO in wt%, OMAT 0.1..0.5, of the broadcast shape. The value
        at a position does not depend on which others are asked for.

    Raises
    ------
    GeometryError
        For an impossible position.
    """
    where = checked_positions(lat=lat, lon=lon)
    grid = np.broadcast_arrays(where.lat, where.lon)
    flat_lat, flat_lon = (np.ascontiguousarray(axis).ravel() for axis in grid)
    points = unit_vectors(lat=flat_lat, lon=flat_lon)
    rock = _planted(_rock(points, seed), lat=flat_lat, lon=flat_lon)
    return Truth(*(values.reshape(grid[0].shape) for values in rock))


def mare_fraction(*, lat: npt.ArrayLike, lon: npt.ArrayLike, seed: int = 0) -> FloatArray:
    """How much of each place is mare.

    Parameters
    ----------
    lat, lon : array_like
        Degrees, any longitude convention; shapes broadcast.
    seed : int
        Which of the synthetic Moons.

    Returns
    -------
    ndarray
        0 (highland) to 1 (mare), in between along the shores; of the broadcast shape.

    Raises
    ------
    GeometryError
        For an impossible position.
    """
    grid = np.broadcast_arrays(*checked_positions(lat=lat, lon=lon))
    points = unit_vectors(lat=grid[0].ravel(), lon=grid[1].ravel())
    return _mare(points, seed)[0].reshape(grid[0].shape)


def _rock(points: FloatArray, seed: int) -> Truth:
    fraction, (mare_feo, mare_tio2, mare_omat) = _mare(points, seed)
    feo, tio2, omat = _highlands(points)
    iron, titanium, magnesium, calcium, soil = (
        _rock_field(points, name, seed) for name in ("iron", "titanium", "magnesium", "calcium", "soil")
    )
    # Fields have a deviation of 1 and are cut at 2.5, so FeO varies by 0.6 wt%, 1.5 at most. TiO2, spanning
    # nearly two powers of ten, varies by a factor.
    feo = feo + fraction * (mare_feo - feo) + 0.6 * iron
    tio2 = (tio2 + fraction * (mare_tio2 - tio2)) * np.exp(0.12 * titanium)
    omat = omat + fraction * (mare_omat - omat) + 0.008 * soil + crater_maturity(points, seed)
    mgo = composition.magnesium_trend(feo) + 0.45 * magnesium
    cao = composition.calcium_trend(feo) + 0.2 * calcium
    al2o3 = composition.alumina(feo, mgo, cao)
    return Truth(feo=feo, tio2=tio2, al2o3=al2o3, mgo=mgo, cao=cao, omat=omat)


def _planted(rock: Truth, *, lat: FloatArray, lon: FloatArray) -> Truth:
    for patch in PATCHES:
        inside = patch.contains(lat=lat, lon=lon)
        rock = rock._replace(
            feo=np.where(inside, patch.feo, rock.feo),
            tio2=np.where(inside, patch.tio2, rock.tio2),
            al2o3=np.where(inside, patch.al2o3, rock.al2o3),
            mgo=np.where(inside, patch.mgo, rock.mgo),
            cao=np.where(inside, patch.cao, rock.cao),
            omat=np.where(inside, patch.omat, rock.omat),
        )
    return rock


def _rock_field(points: FloatArray, name: str, seed: int) -> FloatArray:
    field = smooth_field(points, name, seed=seed, scales=_ROCK_SCALES)
    return np.clip(field, -_EXTREME, _EXTREME)


def _highlands(points: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """FeO, TiO2 and OMAT of the ground between the maria."""
    columns = [np.full(points.shape[1], value) for value in composition.HIGHLANDS]
    for terrane in _TERRANES:
        centre = unit_vectors(lat=terrane.lat, lon=terrane.lon)
        angle = np.degrees(np.arccos(np.clip(_dot(points, centre), -1.0, 1.0)))
        # Half at the radius, whole at 0.7 and nothing at 1.3 of it.
        weight = _smooth_step((terrane.radius - angle) / (0.6 * terrane.radius) + 0.5)
        columns = [
            column + weight * (value - base)
            for column, value, base in zip(columns, terrane.unit, composition.HIGHLANDS, strict=True)
        ]
    return columns[0], columns[1], columns[2]


def _mare(points: FloatArray, seed: int) -> tuple[FloatArray, FloatArray]:
    """Fraction of mare, and FeO, TiO2 and OMAT of the mare there or nearest (near two, of a mixture)."""
    lat = np.degrees(np.arcsin(np.clip(points[2], -1.0, 1.0)))
    part, rock = mare_at(lat=lat, lon=np.degrees(np.arctan2(points[1], points[0])))
    shore = np.clip(smooth_field(points, "shore", seed=seed, scales=_SHORE_SCALES), -_EXTREME, _EXTREME)
    # Shores wander where they are, nowhere else: the product is 1 halfway and 0 where all is of one kind.
    wandering = part + _WANDERING * 4.0 * part * (1.0 - part) * shore
    # From a tenth to nine tenths, so that most of a mare is nothing else.
    return _smooth_step((wandering - 0.1) / 0.8), rock


def _smooth_step(value: FloatArray) -> FloatArray:
    cut = np.clip(value, 0.0, 1.0)
    step: FloatArray = cut * cut * (3.0 - 2.0 * cut)
    return step


def _dot(points: FloatArray, vector: FloatArray) -> FloatArray:
    # Not a matrix product: its rounding would depend on how many points are asked for.
    product: FloatArray = points[0] * vector[0] + points[1] * vector[1] + points[2] * vector[2]
    return product
