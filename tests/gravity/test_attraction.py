"""The finite-amplitude method against closed forms and against pyshtools."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pyshtools
import pytest
from scipy.constants import G

from lunarcloud.archive.gravity import GM_MOON
from lunarcloud.errors import ComputeError, GeometryError
from lunarcloud.gravity import attraction, harmonics
from lunarcloud.synthetic.gravity import kaula_shape

RADIUS = 1_738_000.0
MEAN = 1_737_151.0


def shape_of(lmax: int, **heights: Any) -> npt.NDArray[np.complex128]:
    """A shape of a mean radius and single cosine harmonics such as ``l4m3=10.0``, metres."""
    table = np.zeros((2, lmax + 1, lmax + 1))
    table[0, 0, 0] = MEAN
    for name, height in heights.items():
        degree, order = map(int, name[1:].split("m"))
        table[0, degree, order] = height
    return harmonics.from_table(table)


def potential(
    shape: npt.NDArray[np.complex128], *, density: float = 2550.0, lmax: int, radius: float = MEAN
) -> npt.NDArray[np.float64]:
    found = attraction.shape_potential(shape, density_kg_m3=density, gm=GM_MOON, lmax=lmax, radius_m=radius)
    return harmonics.to_table(found.potential)


def test_point_mass_attracts_by_the_law_of_gravitation() -> None:
    lat, lon, depth, lmax = 20.0, 75.0, 0.8, 160
    degree = np.arange(lmax + 1)
    legendre = pyshtools.expand.spharm(lmax, 90.0 - lat, lon, degrees=True)
    table = legendre * (depth**degree / (2 * degree + 1))[:, np.newaxis]
    field = attraction.acceleration(harmonics.from_table(table), gm=GM_MOON, radius_m=RADIUS)
    at_lat, at_lon = np.array([20.0, 21.0, 5.0, -40.0, -20.0]), np.array([75.0, 80.0, 60.0, 100.0, -105.0])
    found = harmonics.values(field, harmonics.at(lat=at_lat, lon=at_lon))
    cosine = np.sin(np.radians(lat)) * np.sin(np.radians(at_lat))
    cosine += np.cos(np.radians(lat)) * np.cos(np.radians(at_lat)) * np.cos(np.radians(at_lon - lon))
    distance = RADIUS * np.sqrt(1 + depth**2 - 2 * depth * cosine)
    expected = GM_MOON / distance**2 * (RADIUS - depth * RADIUS * cosine) / distance / attraction.MGAL
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_uniform_sphere_is_its_mass() -> None:
    mass = 4.0 / 3.0 * math.pi * MEAN**3 * 2550.0
    table = potential(shape_of(3), lmax=3)
    assert table[0, 0, 0] == pytest.approx(G * mass / GM_MOON, rel=1e-12)
    assert not table[:, 1:].any()


def test_uniform_shell_on_top_adds_its_mass_and_nothing_else() -> None:
    thick = 1000.0
    lower, upper = shape_of(3), harmonics.from_table(np.pad([[[MEAN + thick]]], ((0, 1), (0, 3), (0, 3))))
    added = potential(upper, lmax=3) - potential(lower, lmax=3)
    shell = 4.0 / 3.0 * math.pi * ((MEAN + thick) ** 3 - MEAN**3) * 2550.0
    assert added[0, 0, 0] == pytest.approx(G * shell / GM_MOON, rel=1e-6)
    assert np.abs(added[:, 1:]).max() == 0.0


@pytest.mark.parametrize(("degree", "order"), [(2, 0), (7, 3), (30, 30)])
def test_low_relief_is_a_surface_layer(degree: int, order: int) -> None:
    # One millimetre: the second power is 1e-9 of the first, times the degree.
    height = 1e-3
    table = potential(shape_of(30, **{f"l{degree}m{order}": height}), lmax=30)
    layer = 4.0 * math.pi * G * 2550.0 * MEAN**2 * height / GM_MOON / (2 * degree + 1)
    assert table[0, degree, order] == pytest.approx(layer, rel=1e-6)


def test_agrees_with_pyshtools_to_1e_9_at_degree_120() -> None:
    lmax = 120
    shape = kaula_shape(lmax)
    ours = attraction.shape_potential(
        harmonics.from_table(shape.table), density_kg_m3=2550.0, gm=GM_MOON, lmax=lmax, radius_m=MEAN
    )
    # The peer's grid is free of aliasing for all powers; its reference radius is the mean one.
    theirs = pyshtools.SHGravCoeffs.from_shape(
        pyshtools.SHCoeffs.from_array(shape.table),
        rho=2550.0,
        gm=GM_MOON,
        nmax=ours.powers,
        lmax=lmax,
        lmax_grid=(ours.powers + 1) * lmax // 2,
        lmax_calc=lmax,
    ).change_ref(r0=MEAN)
    found = harmonics.to_table(ours.potential)[:, 1:]
    difference = np.sqrt(((found - theirs.coeffs[:, 1:]) ** 2).sum())
    assert difference < 1e-9 * np.sqrt((theirs.coeffs[:, 1:] ** 2).sum())


def test_powers_stop_when_the_next_ones_no_longer_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = harmonics.from_table(kaula_shape(100).table)
    short = attraction.shape_potential(shape, density_kg_m3=2550.0, gm=GM_MOON, lmax=100, radius_m=RADIUS)
    tolerance = attraction.TOLERANCE_MGAL
    assert short.last_mgal < tolerance
    monkeypatch.setattr(attraction, "TOLERANCE_MGAL", 1e-12)
    long = attraction.shape_potential(shape, density_kg_m3=2550.0, gm=GM_MOON, lmax=100, radius_m=RADIUS)
    left = attraction.acceleration(long.potential - short.potential, gm=GM_MOON, radius_m=RADIUS)
    assert long.powers > short.powers
    assert 0.0 < harmonics.rms(left) < tolerance


def test_attraction_is_proportional_to_density() -> None:
    shape = harmonics.from_table(kaula_shape(20).table)
    one, two = (potential(shape, density=density, lmax=20) for density in (1000.0, 3000.0))
    np.testing.assert_allclose(3.0 * one, two, rtol=1e-3, atol=1e-12)


def test_relief_that_no_power_series_holds_is_refused() -> None:
    table = kaula_shape(150, relief_m=250_000.0).table
    with pytest.raises(ComputeError, match="does not converge: power 60"):
        potential(harmonics.from_table(table), lmax=150, radius=1.7e6)


def test_heights_without_a_mean_radius_are_refused() -> None:
    with pytest.raises(GeometryError, match="absolute radii"):
        potential(harmonics.from_table(np.zeros((2, 3, 3))), lmax=2)


def test_other_reference_radius_is_the_same_potential() -> None:
    field = harmonics.from_table(kaula_shape(10).table)
    there_and_back = attraction.referred(
        attraction.referred(field, from_m=1.7e6, to_m=1.8e6), from_m=1.8e6, to_m=1.7e6
    )
    np.testing.assert_allclose(there_and_back, field, rtol=1e-13)
    assert np.all(np.abs(attraction.referred(field, from_m=1.7e6, to_m=1.8e6)[1:]) <= np.abs(field[1:]))
