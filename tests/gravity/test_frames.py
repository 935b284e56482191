"""Principal axes and the mean Earth/polar axis frame: a known place, a rotated field, what a model says."""

from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from lunarcloud.archive import MEAN_EARTH, GravityModel
from lunarcloud.errors import InputError
from lunarcloud.gravity import PRINCIPAL_AXES, Frame, harmonics, in_mean_earth
from lunarcloud.gravity.frames import from_principal_axes
from lunarcloud.moon import RADIUS_M, FloatArray

# The retroreflector of Apollo 11 in DE421's principal axes, metres (Williams et al. 2008), and its mean Earth
# latitude and longitude, degrees (Davies & Colvin 2000).
APOLLO_11_M = np.array([1591967.049, 690698.573, 21004.461])
APOLLO_11 = (0.67337, 23.47293)


def degrees_of(vector: FloatArray) -> tuple[float, float]:
    x, y, z = vector / np.linalg.norm(vector)
    return float(np.degrees(np.arcsin(z))), float(np.degrees(np.arctan2(y, x)))


def model(table: FloatArray, frame: str | None) -> GravityModel:
    return GravityModel(name="GRGM", gm=4.9e12, radius_m=1_738_000.0, table=table, digest="", frame=frame)


def test_a_retroreflector_comes_to_its_published_place() -> None:
    found = degrees_of(from_principal_axes("de421") @ APOLLO_11_M)
    # An arcsecond is 8 m; without the rotation both are wrong by 70.
    np.testing.assert_allclose(found, APOLLO_11, atol=2 / 3600)
    assert np.abs(np.subtract(degrees_of(APOLLO_11_M), APOLLO_11)).min() > 60 / 3600


@pytest.mark.parametrize("ephemeris", PRINCIPAL_AXES)
def test_the_frames_are_up_to_a_kilometre_apart(ephemeris: str) -> None:
    matrix = from_principal_axes(ephemeris)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-15)
    angle = np.arccos((np.trace(matrix) - 1) / 2)
    assert 800 < angle * RADIUS_M < 1000


def test_all_ephemerides_lead_to_the_mean_earth_frame_of_the_maps() -> None:
    """The principal axes of the three lie within 2 m of each other; DE430's own frame would add 1.4 m."""
    places = [from_principal_axes(each) @ APOLLO_11_M for each in ("de421", "de430", "de440")]
    assert max(float(np.linalg.norm(a - b)) for a in places for b in places) < 2.0
    de430 = np.array(PRINCIPAL_AXES["de430"])
    np.testing.assert_allclose(de430, (67.737, 78.627, 0.295))


def test_a_rotated_field_has_the_same_values_at_the_same_places(
    random_table: Callable[[int], FloatArray],
) -> None:
    table = random_table(20)
    rotated, words = in_mean_earth(model(table, "de430"), None)
    matrix = from_principal_axes("de430")
    lat, lon = np.meshgrid([-80.0, -10.0, 33.0, 89.0], [-170.0, 0.0, 60.0], indexing="ij")
    flat = np.radians(lat).ravel(), np.radians(lon).ravel()
    vectors = np.array(
        [np.cos(flat[0]) * np.cos(flat[1]), np.cos(flat[0]) * np.sin(flat[1]), np.sin(flat[0])]
    )
    moved = np.array([degrees_of(vector) for vector in (matrix @ vectors).T])
    before = harmonics.values(harmonics.from_table(table), harmonics.at(lat=lat.ravel(), lon=lon.ravel()))
    after = harmonics.from_table(rotated.table)
    np.testing.assert_allclose(
        harmonics.values(after, harmonics.at(lat=moved[:, 0], lon=moved[:, 1])), before, atol=1e-9
    )
    there = harmonics.values(after, harmonics.at(lat=lat.ravel(), lon=lon.ravel()))
    assert np.abs(there - before).max() > 1e-4
    assert words == "mean Earth/polar axis, rotated from the principal axes of DE430"


def test_what_is_asked_for_comes_before_what_the_model_says(
    random_table: Callable[[int], FloatArray],
) -> None:
    given = model(random_table(6), "de430")
    assert in_mean_earth(given, "mean-earth")[0] is given
    assert "DE421" in in_mean_earth(given, "de421")[1]


def test_a_model_that_says_nothing_is_taken_as_it_is_and_that_is_said(
    random_table: Callable[[int], FloatArray],
) -> None:
    given = model(random_table(6), None)
    found, words = in_mean_earth(given, None)
    assert found is given
    assert "it names none" in words


def test_unknown_axes_are_refused_by_name(random_table: Callable[[int], FloatArray]) -> None:
    with pytest.raises(InputError, match=r"principal axes of DE999, .* --frame names one of them"):
        in_mean_earth(replace(model(random_table(6), "de999")), None)


def test_every_frame_with_angles_can_be_asked_for() -> None:
    assert set(get_args(Frame)) == {MEAN_EARTH, *PRINCIPAL_AXES}
