"""Profiles across features and means inside and outside their floors."""

import numpy as np
import pytest

from lunarcloud.archive.gazetteer import Feature, feature
from lunarcloud.archive.gravity import GravityModel
from lunarcloud.archive.topography import RadiusGrid
from lunarcloud.gravity import (
    BouguerField,
    Reduction,
    contrasts,
    radial_profile,
    reduce_bouguer,
    sample,
    transect,
)
from lunarcloud.moon import angular_distance, kilometres


@pytest.fixture(scope="module")
def field(lp165p: GravityModel, ldem4: RadiusGrid) -> BouguerField:
    return reduce_bouguer(lp165p, ldem4, Reduction())


def test_transect_runs_west_to_east_through_the_centre(field: BouguerField) -> None:
    crisium = feature("Mare Crisium")
    line = transect(field, crisium)
    away = angular_distance(lat=line.lat, lon=line.lon, to_lat=crisium.lat, to_lon=crisium.lon)
    np.testing.assert_allclose(kilometres(1.0) * away, np.abs(line.distance), atol=1e-6)
    assert np.all(np.diff(line.lon) > 0)
    centre = sample(field, lat=crisium.lat, lon=crisium.lon)["bouguer_disturbance"]
    assert line["bouguer_disturbance"].sel(distance=0.0).item() == pytest.approx(float(centre), abs=1e-6)


def test_radial_profile_is_the_mean_of_its_circles(field: BouguerField) -> None:
    pole = Feature(name="pole", lat=90.0, lon=0.0, diameter_km=600.0)
    profile = radial_profile(field, pole)
    lat = 90.0 - profile.distance.to_numpy() / kilometres(1.0)
    circle = sample(field, lat=lat[:, np.newaxis], lon=np.arange(0.0, 360.0, 0.5))["bouguer_disturbance"]
    np.testing.assert_allclose(profile["bouguer_disturbance"], circle.mean(axis=1), atol=1e-6)


def test_mascons_stand_out_of_their_surroundings(field: BouguerField) -> None:
    table = contrasts(field, [feature("Mare Crisium"), feature("Mare Orientale"), feature("Tsiolkovskiy")])
    excess = table["bouguer_disturbance_inside"] - table["bouguer_disturbance_outside"]
    assert (excess.sel(feature=["Mare Crisium", "Mare Orientale"]) > 200).all()
    assert table["bouguer_disturbance_inside"].attrs["units"] == "mGal"


def test_mean_inside_is_weighted_by_area(field: BouguerField) -> None:
    place = Feature(name="somewhere", lat=-30.0, lon=100.0, diameter_km=1000.0)
    found = contrasts(field, [place])["gravity_disturbance_inside"].item()
    lat, lon = np.arange(-45.0, -15.0, 0.25), np.arange(80.0, 120.0, 0.25)
    radius = kilometres(1.0) * angular_distance(
        lat=lat[:, np.newaxis], lon=lon, to_lat=place.lat, to_lon=place.lon
    )
    values = sample(field, lat=lat[:, np.newaxis], lon=lon)["gravity_disturbance"]
    weights = np.cos(np.radians(lat))[:, np.newaxis] * (radius < 300.0)
    assert found == pytest.approx(np.average(values, weights=weights), abs=1.0)
