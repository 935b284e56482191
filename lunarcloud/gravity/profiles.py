"""Gravity across named features: along great circles, around centres, and inside against outside a floor."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from pyproj import Geod

from lunarcloud.archive.gazetteer import Feature
from lunarcloud.gravity.bouguer import PRODUCTS, BouguerField, sample
from lunarcloud.moon import RADIUS_M, FloatArray, Positions

#: A crater's floor ends, and its surroundings reach, at these multiples of the rim's radius.
FLOOR, SURROUNDINGS = 0.6, (1.2, 2.0)

_SPHERE = Geod(a=RADIUS_M, b=RADIUS_M)
_N_DISTANCES, _N_AZIMUTHS = 80, 72


def transect(
    field: BouguerField, feature: Feature, *, azimuth: float = 90.0, reach: float = 2.0
) -> xr.Dataset:
    """All products along the great circle through a feature's centre.

    Parameters
    ----------
    field : BouguerField
    feature : Feature
    azimuth : float
        Direction of positive distance at the centre, degrees clockwise from north; 90 is west to east.
    reach : float
        Length to each side, in radii of the feature.

    Returns
    -------
    xarray.Dataset
        The products over ``distance`` (km from the centre), with ``lat`` and ``lon``.
    """
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

    Returns
    -------
    xarray.Dataset
        The products over ``distance`` (km from the centre); circles are in the middle of equal rings.
    """
    distance = (np.arange(_N_DISTANCES) + 0.5) / _N_DISTANCES * reach * feature.diameter_km / 2.0
    azimuth = np.arange(_N_AZIMUTHS) * 360.0 / _N_AZIMUTHS
    where = _destinations(feature, azimuth[np.newaxis], distance[:, np.newaxis] * 1e3)
    means = {
        name: values.mean(axis=1) for name, values in sample(field, lat=where.lat, lon=where.lon).items()
    }
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
    profiles = [radial_profile(field, feature) for feature in features]
    variables = {}
    for name, product in PRODUCTS.items():
        for side, limits in (("inside", (0.0, FLOOR)), ("outside", SURROUNDINGS)):
            means = [_area_mean(profile, name, limits) for profile in profiles]
            text = f"{product.long_name}: mean {side} ({limits[0]} to {limits[1]} radii)"
            variables[f"{name}_{side}"] = (
                "feature",
                np.array(means),
                {"units": product.units, "long_name": text},
            )
    return xr.Dataset(
        variables,
        coords={
            "feature": [feature.name for feature in features],
            "lat": ("feature", [feature.lat for feature in features], {"units": "degrees_north"}),
            "lon": ("feature", [feature.lon for feature in features], {"units": "degrees_east"}),
            "diameter_km": ("feature", [feature.diameter_km for feature in features], {"units": "km"}),
        },
    )


def _area_mean(profile: xr.Dataset, name: str, limits: tuple[float, float]) -> float:
    radii = profile["distance"].to_numpy() / (profile.attrs["diameter_km"] / 2.0)
    inside = (radii >= limits[0]) & (radii < limits[1])
    area = np.sin(profile["distance"].to_numpy() * 1e3 / RADIUS_M)
    return float(np.average(profile[name].to_numpy()[inside], weights=area[inside]))


def _variables(dim: str, values: dict[str, FloatArray]) -> dict[str, xr.Variable]:
    return {name: xr.Variable(dim, array, PRODUCTS[name]._asdict()) for name, array in values.items()}


def _destinations(feature: Feature, azimuth: FloatArray, distance_m: FloatArray) -> Positions:
    azimuth, distance_m = np.broadcast_arrays(azimuth, distance_m)
    start = np.full(azimuth.shape, feature.lon), np.full(azimuth.shape, feature.lat)
    lon, lat, _ = _SPHERE.fwd(*start, azimuth, distance_m)
    return Positions(lat=np.asarray(lat), lon=np.asarray(lon))
