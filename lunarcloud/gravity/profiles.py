"""Gravity across named features: along great circles, around centres, and inside against outside a floor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from pyproj import Geod

from lunarcloud.archive import Feature
from lunarcloud.gravity.bouguer import PRODUCTS, BouguerField, sample
from lunarcloud.moon import RADIUS_M, FloatArray, Positions

if TYPE_CHECKING:  # slow to import, and what finds everything done makes no tables or arrays
    import xarray as xr

#: A crater's floor ends, and its surroundings reach, at these multiples of the rim's radius: what lies
#: between, walls and rim, is neither.
FLOOR, SURROUNDINGS = 0.6, (1.2, 2.0)

_SPHERE = Geod(a=RADIUS_M, b=RADIUS_M)
# 40 steps a radius for a reach of 2: finer than half a wavelength of degree 600 (9 km) for craters of up to
# 700 km.
_N_DISTANCES, _N_AZIMUTHS = 80, 360
_CENTRE = {"long_name": "centre of the feature"}


def transect(
    field: BouguerField, feature: Feature, *, azimuth: float = 90.0, reach: float = 2.0
) -> xr.Dataset:
    """All products along the great circle through a feature's centre.

    Parameters
    ----------
    field : BouguerField
        The reduction.
    feature : Feature
        Its centre and diameter.
    azimuth : float
        Direction of positive distance at the centre, degrees clockwise from north; 90 is west to east.
    reach : float
        Length to each side, in radii of the feature.

    Returns
    -------
    xarray.Dataset
        The products over ``distance`` (km from the centre), with ``lat`` and ``lon``.
    """
    import xarray as xr

    # An odd number of points, so that one is the centre. A negative distance goes back along the azimuth.
    distance = np.linspace(-reach, reach, 2 * _N_DISTANCES + 1) * feature.diameter_km / 2.0
    where = _destinations(feature, np.array(azimuth), distance * 1e3)
    axis = {"units": "km", "long_name": f"distance from the centre of {feature.name}"}
    return xr.Dataset(
        _variables("distance", sample(field, lat=where.lat, lon=where.lon)),
        coords={
            "distance": ("distance", distance, axis),
            "lat": ("distance", where.lat, {"units": "degrees_north"}),
            "lon": ("distance", where.lon, {"units": "degrees_east"}),
        },
        attrs={"feature": feature.name, "azimuth_degrees": azimuth},
    )


def radial_profile(field: BouguerField, feature: Feature, *, reach: float = SURROUNDINGS[1]) -> xr.Dataset:
    """Mean of every product on circles around a feature's centre.

    Parameters
    ----------
    field : BouguerField
        The reduction.
    feature : Feature
        Its centre and diameter.
    reach : float
        Radius of the outermost ring's outer edge, in radii of the feature, above 0.

    Returns
    -------
    xarray.Dataset
        The products over ``distance`` (km from the centre); circles are in the middle of equal rings.
    """
    import xarray as xr

    distance = _rings(reach) * feature.diameter_km / 2.0
    means = {name: values[0] for name, values in _circle_means(field, [feature], reach).items()}
    axis = {"units": "km", "long_name": f"distance from the centre of {feature.name}"}
    return xr.Dataset(
        _variables("distance", means),
        coords={"distance": ("distance", distance, axis)},
        attrs={"feature": feature.name, "diameter_km": feature.diameter_km},
    )


def contrasts(field: BouguerField, features: Sequence[Feature]) -> xr.Dataset:
    """Mean of every product on the floors of features and in their surroundings.

    Returns
    -------
    xarray.Dataset
        Along ``feature``: ``<product>_inside`` (nearer than 0.6 radii of the rim) and
        ``<product>_outside`` (1.2 to 2 radii), means by area; coordinates ``lat``, ``lon``, ``diameter_km``.
    """
    import xarray as xr

    variables = {}
    for name, means in _circle_means(field, features, SURROUNDINGS[1]).items():
        for side, limits in (("inside", (0.0, FLOOR)), ("outside", SURROUNDINGS)):
            text = f"{PRODUCTS[name].long_name}: mean {side} ({limits[0]} to {limits[1]} radii)"
            attrs = {"units": PRODUCTS[name].units, "long_name": text}
            variables[f"{name}_{side}"] = ("feature", _area_means(means, features, limits), attrs)
    return xr.Dataset(
        variables,
        coords={
            "feature": [feature.name for feature in features],
            "lat": ("feature", [one.lat for one in features], {**_CENTRE, "units": "degrees_north"}),
            "lon": ("feature", [one.lon for one in features], {**_CENTRE, "units": "degrees_east"}),
            "diameter_km": (
                "feature",
                [one.diameter_km for one in features],
                {"units": "km", "long_name": "diameter of the feature"},
            ),
        },
    )


def _rings(reach: float) -> FloatArray:
    """Middles of the rings around a feature, in radii of it."""
    return (np.arange(_N_DISTANCES) + 0.5) / _N_DISTANCES * reach


def _circle_means(field: BouguerField, features: Sequence[Feature], reach: float) -> dict[str, FloatArray]:
    """Means on the circles around features, (feature, ring); all in one transform a product."""
    # Without 360 itself, which is 0 again: evenly spaced points need no weights in the mean of a circle.
    # Diameters in km times 500 are radii in metres.
    azimuth = np.arange(_N_AZIMUTHS) * 360.0 / _N_AZIMUTHS
    circles = [
        _destinations(one, azimuth, (_rings(reach) * one.diameter_km * 500.0)[:, np.newaxis])
        for one in features
    ]
    found = sample(
        field, lat=np.stack([one.lat for one in circles]), lon=np.stack([one.lon for one in circles])
    )
    return {name: values.mean(axis=-1) for name, values in found.items()}


def _area_means(means: FloatArray, features: Sequence[Feature], limits: tuple[float, float]) -> FloatArray:
    """Means over rings between two multiples of the radius, weighted by the rings' areas; (feature,)."""
    rings = _rings(SURROUNDINGS[1])
    inside = (rings >= limits[0]) & (rings < limits[1])
    radius_m = np.array([feature.diameter_km * 500.0 for feature in features])
    # Rings of one width: their areas on the sphere are as the sines of their angular radii.
    area = np.sin(rings * radius_m[:, np.newaxis] / RADIUS_M) * inside
    average: FloatArray = np.average(means, axis=1, weights=area)
    return average


def _variables(dim: str, values: dict[str, FloatArray]) -> dict[str, xr.Variable]:
    import xarray as xr

    return {name: xr.Variable(dim, array, PRODUCTS[name]._asdict()) for name, array in values.items()}


def _destinations(feature: Feature, azimuth: FloatArray, distance_m: FloatArray) -> Positions:
    azimuth, distance_m = np.broadcast_arrays(azimuth, distance_m)
    start = np.full(azimuth.shape, feature.lon), np.full(azimuth.shape, feature.lat)
    lon, lat, _ = _SPHERE.fwd(*start, azimuth, distance_m)
    return Positions(lat=np.asarray(lat), lon=np.asarray(lon))
