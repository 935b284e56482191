"""The Bouguer reduction: products, degrees, signs, and ten places against pyshtools' own path."""

import math
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyshtools
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lunarcloud.archive.gazetteer import feature
from lunarcloud.archive.gravity import GM_MOON, GravityModel, read_gravity
from lunarcloud.archive.topography import RadiusGrid, read_topography
from lunarcloud.errors import InputError
from lunarcloud.gravity import harmonics
from lunarcloud.gravity.attraction import acceleration
from lunarcloud.gravity.bouguer import (
    PRODUCTS,
    BouguerField,
    Reduction,
    filter_weights,
    reduce_bouguer,
    sample,
)
from lunarcloud.moon import FloatArray
from lunarcloud.synthetic.gravity import kaula_model, kaula_shape, mascons, write_gravity

MASCONS = ("Mare Imbrium", "Mare Serenitatis", "Mare Crisium", "Mare Humorum", "Mare Nectaris")
RADIUS = 1_738_000.0


@pytest.fixture(scope="module")
def reduced(lp165p: GravityModel, ldem4: RadiusGrid) -> BouguerField:
    return reduce_bouguer(lp165p, ldem4, Reduction())


@pytest.fixture(scope="module")
def peer(lp165p: GravityModel, ldem4: RadiusGrid) -> Callable[..., tuple[FloatArray, FloatArray]]:
    """Gravity of model and topography, and their difference, by pyshtools alone; at any positions, mGal."""
    lmax = lp165p.lmax
    shape = pyshtools.SHCoeffs.from_array(
        harmonics.to_table(harmonics.from_pixels(ldem4.radius_m, lmax, first_lon=ldem4.first_lon))
    )
    rock = pyshtools.SHGravCoeffs.from_shape(
        shape, rho=2550.0, gm=lp165p.gm, nmax=9, lmax=lmax, lmax_grid=4 * lmax, lmax_calc=lmax
    ).change_ref(r0=lp165p.radius_m)
    model = pyshtools.SHGravCoeffs.from_array(lp165p.table, gm=lp165p.gm, r0=lp165p.radius_m)
    for coefficients in (rock, model):
        coefficients.coeffs[:, :2] = 0.0

    def gravity(lat: npt.ArrayLike, lon: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        # pyshtools counts radial components upward.
        return tuple(-one.expand(a=RADIUS, f=0.0, lat=lat, lon=lon)[:, 0] * 1e5 for one in (model, rock))

    return gravity


def test_defaults_are_the_papers() -> None:
    defaults = Reduction()
    assert (defaults.density_kg_m3, defaults.degrees, defaults.gradient_degrees) == (
        2550.0,
        (60, 600),
        (50, 350),
    )
    assert (defaults.radius_m, defaults.taper) == (RADIUS, 0)


def test_ten_places_agree_with_pyshtools(
    reduced: BouguerField, peer: Callable[..., tuple[FloatArray, FloatArray]]
) -> None:
    names = (*MASCONS, "Mare Orientale", "Apollo", "Tsiolkovskiy", "Schrödinger", "Tycho")
    places = [feature(name) for name in names]
    lat, lon = np.array([place.lat for place in places]), np.array([place.lon for place in places])
    model, rock = peer(lat, lon)
    found = sample(reduced, lat=lat, lon=lon)
    # The series stops below a root mean square of 0.001 mGal; at single places it is a few times that.
    np.testing.assert_allclose(found["gravity_disturbance"], model, atol=1e-6)
    np.testing.assert_allclose(found["topography_attraction"], rock, atol=5e-3)
    np.testing.assert_allclose(found["bouguer_disturbance"], model - rock, atol=5e-3)


@pytest.mark.parametrize("name", MASCONS)
def test_mascons_attract_strongly(reduced: BouguerField, name: str) -> None:
    place = feature(name)
    found = sample(reduced, lat=place.lat, lon=place.lon)
    # Published free-air peaks of these basins are 200 to 400 mGal (Konopliv et al. 2001).
    assert 200 < found["gravity_disturbance"] < 420
    assert 300 < found["bouguer_disturbance"] < 600


def test_far_side_highlands_lack_mass_and_the_near_side_does_not(reduced: BouguerField) -> None:
    # The crust is thicker on the far side (Zuber et al. 1994): its Bouguer gravity is negative.
    lat = np.array([[10.0], [20.0], [30.0], [0.0]])
    far = sample(reduced, lat=lat, lon=np.arange(170.0, 220.0, 5.0))["bouguer_disturbance"]
    near = sample(reduced, lat=lat, lon=np.arange(-45.0, 45.0, 5.0))["bouguer_disturbance"]
    assert far.mean() < -150
    assert near.mean() > 0


def test_south_pole_aitken_is_low_ground_over_excess_mass(reduced: BouguerField) -> None:
    found = sample(reduced, lat=-53.0, lon=-169.0)
    assert found["topography_attraction"] < -300
    assert found["bouguer_disturbance"] > 300


def test_mean_radius_of_the_topography_is_the_published_one(reduced: BouguerField) -> None:
    # 1737.151 km: Wieczorek (2024), doi 10.5281/zenodo.10796823, from the same altimetry.
    assert reduced.mean_radius_m == pytest.approx(1_737_151, abs=2)


def test_degrees_are_clipped_to_what_is_held_and_said(reduced: BouguerField) -> None:
    assert (reduced.degrees, reduced.gradient_degrees) == ((60, 165), (50, 165))
    assert len(reduced.clips) == 2
    assert (
        "60:600 of the Bouguer anomaly are clipped to 60:165: LP165P holds degrees up to 165"
        in reduced.clips[0]
    )


def test_degrees_that_nobody_holds_are_refused(lp165p: GravityModel, ldem4: RadiusGrid) -> None:
    with pytest.raises(InputError, match=r"degrees 200:600: nothing is left.*LP165P holds degrees up to 165"):
        reduce_bouguer(lp165p, ldem4, Reduction(degrees=(200, 600)))


def test_empty_range_of_degrees_is_refused() -> None:
    with pytest.raises(ValidationError, match="600:60 are an empty range"):
        Reduction(degrees=(600, 60))


def test_topography_upside_down_does_not_correlate(
    lp165p: GravityModel, ldem4: RadiusGrid, reduced: BouguerField
) -> None:
    turned = RadiusGrid(name="turned", radius_m=ldem4.radius_m[::-1], first_lon=ldem4.first_lon, digest="")
    assert reduced.correlation > 0.4
    assert abs(reduce_bouguer(lp165p, turned, Reduction()).correlation) < 0.05


def test_degree_range_alone_passes_the_band(reduced: BouguerField) -> None:
    all_degrees = harmonics.to_table(reduced.disturbance - reduced.attraction)
    weights = filter_weights((60, 165), lmax=reduced.lmax, taper=0)
    by_hand = pyshtools.SHCoeffs.from_array(all_degrees * weights[:, np.newaxis]).expand(
        lat=[-75.0], lon=[133.0]
    )
    found = sample(reduced, lat=-75.0, lon=133.0)["bouguer_anomaly"]
    assert found == pytest.approx(float(by_hand[0]), abs=1e-6)


@given(low=st.integers(2, 50), width=st.integers(0, 60), taper=st.integers(0, 30))
def test_filter_lets_nothing_through_outside_and_is_symmetric(low: int, width: int, taper: int) -> None:
    weights = filter_weights((low, low + width), lmax=120, taper=taper)
    inside = weights[low : low + width + 1]
    assert not weights[:low].any()
    assert not weights[low + width + 1 :].any()
    np.testing.assert_array_equal(inside, inside[::-1])
    assert ((inside > 0) & (inside <= 1)).all()
    if taper == 0 or width >= 2 * taper:
        assert inside.max() == 1.0


def single_harmonic(degree: int, order: int, gal: float = 1.0) -> BouguerField:
    """A reduction whose Bouguer gravity is one cosine harmonic of so many mGal."""
    table = np.zeros((2, degree + 1, degree + 1))
    table[0, degree, order] = gal
    field = harmonics.from_table(table)
    return BouguerField(
        disturbance=field,
        attraction=np.zeros_like(field),
        radius_m=RADIUS,
        degrees=(2, degree),
        gradient_degrees=(2, degree),
        taper=0,
        clips=(),
        powers=1,
        last_mgal=0.0,
        mean_radius_m=RADIUS,
    )


def test_gradient_of_one_harmonic_is_its_derivative() -> None:
    # Y_2,1 cosine, 4 pi normalised: sqrt(15) sin(lat) cos(lat) cos(lon).
    lat, lon = np.radians(35.0), np.radians(50.0)
    found = sample(single_harmonic(2, 1), lat=35.0, lon=50.0)
    eotvos = 1e4 * math.sqrt(15.0) / RADIUS
    north = eotvos * math.cos(2 * lat) * math.cos(lon)
    east = -eotvos * math.sin(lat) * math.sin(lon)
    assert found["bouguer_gradient_north"] == pytest.approx(north, rel=1e-6)
    assert found["bouguer_gradient_east"] == pytest.approx(east, rel=1e-6)
    assert found["bouguer_gradient"] == pytest.approx(math.hypot(north, east), rel=1e-6)


def test_gradient_is_the_difference_quotient_of_the_gravity_in_eotvos() -> None:
    field = single_harmonic(80, 31, gal=50.0)
    step = 1e-4
    ends = sample(field, lat=[-20.0 - step, -20.0 + step], lon=130.0)["bouguer_anomaly"]
    per_metre = np.diff(ends)[0] * 1e-5 / (math.radians(2 * step) * RADIUS)
    found = sample(field, lat=-20.0, lon=130.0)["bouguer_gradient_north"]
    assert found == pytest.approx(per_metre / 1e-9, rel=1e-6)


def test_eigenvalue_agrees_with_the_tensor_of_pyshtools() -> None:
    model, shape = kaula_model(16), kaula_shape(16)
    field = reduce_bouguer(model, shape, Reduction(degrees=(2, 16), gradient_degrees=(2, 16)))
    potential = harmonics.scaled(field.disturbance - field.attraction, 1.0 / (np.arange(17.0) + 1.0))
    table = harmonics.to_table(potential) * 1e-5 * RADIUS**2 / GM_MOON
    tensor = pyshtools.SHGravCoeffs.from_array(table, gm=GM_MOON, r0=RADIUS, set_degree0=False).tensor(
        extend=False
    )
    tensor.compute_eigh()
    lat, lon = tensor.eighh.lats()[1:, np.newaxis], tensor.eighh.lons()
    found = sample(field, lat=lat, lon=lon)["bouguer_gradient_eigenvalue"]
    np.testing.assert_allclose(found, tensor.eighh.data[1:], atol=1e-6 * np.abs(found).max())


def test_eigenvalue_is_negative_over_excess_mass(reduced: BouguerField) -> None:
    place = feature("Mare Orientale")
    assert sample(reduced, lat=place.lat, lon=place.lon)["bouguer_gradient_eigenvalue"] < -20


def test_synthetic_moon_gives_back_its_mascons(tmp_path: Path) -> None:
    files = write_gravity(tmp_path, lmax=60)
    model, shape = read_gravity(files.gravity), read_topography(files.topography)
    field = reduce_bouguer(model, shape, Reduction(degrees=(5, 60), gradient_degrees=(5, 60)))
    truth = harmonics.from_table(mascons(60))
    truth[harmonics.index(60).degree < 2] = 0.0
    difference = field.disturbance - field.attraction - acceleration(truth, gm=GM_MOON, radius_m=RADIUS)
    assert harmonics.rms(difference) < 1e-3
    crisium = feature("Mare Crisium")
    assert sample(field, lat=crisium.lat, lon=crisium.lon)["bouguer_disturbance"] > 200


def test_evaluation_radius_is_exact(lp165p: GravityModel, ldem4: RadiusGrid) -> None:
    higher = reduce_bouguer(lp165p, ldem4, Reduction(radius_m=1_800_000.0))
    peer = pyshtools.SHGravCoeffs.from_array(lp165p.table, gm=lp165p.gm, r0=lp165p.radius_m)
    peer.coeffs[:, :2] = 0.0
    up = peer.expand(a=1_800_000.0, f=0.0, lat=[16.0], lon=[59.0])[0, 0]
    found = sample(higher, lat=16.0, lon=59.0)["gravity_disturbance"]
    assert found == pytest.approx(-up * 1e5, abs=1e-6)


def test_every_product_is_sampled_and_the_field_travels(reduced: BouguerField) -> None:
    found = sample(pickle.loads(pickle.dumps(reduced)), lat=[[1.0], [2.0]], lon=[3.0, 4.0, 5.0])  # noqa: S301 - ours
    assert found.keys() == PRODUCTS.keys()
    assert all(values.shape == (2, 3) for values in found.values())
