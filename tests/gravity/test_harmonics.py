"""Transforms against pyshtools' own, and their exactness."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyshtools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunarcloud.gravity import harmonics
from lunarcloud.moon import FloatArray

LMAX = 40


@pytest.fixture
def table(random_table: Callable[[int], FloatArray]) -> npt.NDArray[np.float64]:
    return random_table(LMAX)


@pytest.fixture
def field(table: npt.NDArray[np.float64]) -> npt.NDArray[np.complex128]:
    return harmonics.from_table(table)


@pytest.fixture
def places() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    rng = np.random.default_rng(3)
    return rng.uniform(-90, 90, 300), rng.uniform(-360, 720, 300)


def test_table_survives_the_round_trip(
    table: npt.NDArray[np.float64], field: npt.NDArray[np.complex128]
) -> None:
    np.testing.assert_allclose(harmonics.to_table(field), table, rtol=1e-14, atol=1e-16)


def test_values_agree_with_pyshtools_anywhere(
    table: npt.NDArray[np.float64],
    field: npt.NDArray[np.complex128],
    places: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
) -> None:
    lat, lon = places
    reference = pyshtools.SHCoeffs.from_array(table).expand(lat=lat, lon=lon)
    np.testing.assert_allclose(harmonics.values(field, harmonics.at(lat=lat, lon=lon)), reference, atol=1e-9)


def test_poles_have_one_value_and_longitude_wraps(field: npt.NDArray[np.complex128]) -> None:
    poles = harmonics.values(field, harmonics.at(lat=[[90.0], [-90.0]], lon=np.arange(0, 360, 30)))
    assert np.ptp(poles, axis=1).max() < 1e-9
    seam = harmonics.values(field, harmonics.at(lat=10.0, lon=[-180.0, 180.0, 540.0]))
    assert np.ptp(seam) < 1e-12


def test_gradient_agrees_with_pyshtools(
    table: npt.NDArray[np.float64], field: npt.NDArray[np.complex128]
) -> None:
    reference = pyshtools.SHCoeffs.from_array(table).gradient(radius=1.0, extend=False)
    # pyshtools sets the pole itself to zero.
    lat, lon = reference.theta.lats()[1:, np.newaxis], reference.theta.lons()
    found = harmonics.gradient(field, harmonics.at(lat=lat, lon=lon))
    np.testing.assert_allclose(found.north, -reference.theta.data[1:], atol=1e-8)
    np.testing.assert_allclose(found.east, reference.phi.data[1:], atol=1e-8)


def test_anisotropy_is_half_the_difference_of_the_horizontal_eigenvalues(
    random_table: Callable[[int], FloatArray],
) -> None:
    # pyshtools solves for eigenvalues point by point: a small degree is enough.
    table = random_table(12)
    tensor = pyshtools.SHGravCoeffs.from_array(table, gm=1.0, r0=1.0).tensor(extend=False, degree0=True)
    tensor.compute_eigh()
    inner = slice(1, None)
    lat, lon = tensor.vxx.lats()[inner, np.newaxis], tensor.vxx.lons()
    found = harmonics.anisotropy(harmonics.from_table(table), harmonics.at(lat=lat, lon=lon))
    reference = (tensor.eigh1.data - tensor.eigh2.data)[inner] / 2.0
    np.testing.assert_allclose(found * 1e9, reference, atol=1e-8 * reference.max())


def test_pixels_give_back_every_degree_that_they_can_hold(field: npt.NDArray[np.complex128]) -> None:
    rows = LMAX + 1
    edge = 180.0 / rows
    lat = 90.0 - (np.arange(rows) + 0.5) * edge
    lon = -180.0 + (np.arange(2 * rows) + 0.5) * edge
    grid = harmonics.values(field, harmonics.at(lat=lat[:, np.newaxis], lon=lon))
    found = harmonics.from_pixels(grid, LMAX, first_lon=lon[0])
    np.testing.assert_allclose(found, field, atol=1e-9)


def test_gauss_grid_gives_back_the_coefficients_also_below_its_degree(
    field: npt.NDArray[np.complex128],
) -> None:
    grid = harmonics.to_gauss_grid(field, 2 * LMAX)
    np.testing.assert_allclose(harmonics.from_gauss_grid(grid, LMAX), field, atol=1e-13)
    np.testing.assert_allclose(harmonics.from_gauss_grid(grid, 10), harmonics.resized(field, 10), atol=1e-13)


def test_root_mean_square_is_that_of_the_power_spectrum(
    table: npt.NDArray[np.float64], field: npt.NDArray[np.complex128]
) -> None:
    power = pyshtools.SHCoeffs.from_array(table).spectrum().sum()
    assert harmonics.rms(field) == pytest.approx(np.sqrt(power), rel=1e-12)


@given(first=st.integers(0, 30), then=st.integers(0, 30))
def test_resizing_keeps_exactly_the_degrees_of_both(first: int, then: int) -> None:
    table = np.arange(2.0 * 31 * 31).reshape(2, 31, 31)[:, : first + 1, : first + 1]
    found = harmonics.to_table(harmonics.resized(harmonics.from_table(table), then))
    kept = min(first, then) + 1
    lower = np.tril(np.ones((kept, kept)))
    expected = table[:, :kept, :kept] * lower
    expected[1, :, 0] = 0.0
    np.testing.assert_allclose(found[:, :kept, :kept], expected, atol=1e-9)
    assert found.shape == (2, then + 1, then + 1)
    assert not found[:, kept:].any()


@pytest.mark.parametrize("lmax", [5, 165, 600])
def test_bits_of_a_value_do_not_depend_on_its_neighbours(lmax: int) -> None:
    rng = np.random.default_rng(lmax)
    size = (lmax + 1) * (lmax + 2) // 2
    field = rng.standard_normal(size) + 1j * rng.standard_normal(size)
    lat, lon = 90 - np.arange(200) / 3, np.arange(200) / 3
    whole = harmonics.values(field, harmonics.at(lat=lat[:, np.newaxis], lon=lon))
    part = harmonics.values(field, harmonics.at(lat=lat[50:60, np.newaxis], lon=lon[100:]))
    np.testing.assert_array_equal(part, whole[50:60, 100:])


@pytest.mark.parametrize("lmax", [50, 300])
def test_bits_of_a_grid_do_not_depend_on_the_number_of_threads(
    lmax: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(lmax)
    field = harmonics.from_table(rng.standard_normal((2, lmax + 1, lmax + 1)))
    found = []
    for threads in (1, 2, 5):
        monkeypatch.setattr(harmonics, "_threads", lambda threads=threads: threads)
        grid = harmonics.to_gauss_grid(field, 2 * lmax)
        dh2 = [harmonics.on_dh2(lmax)(field, spin) for spin in (0, 1, 2)]
        found.append([grid, harmonics.from_gauss_grid(grid, lmax), *dh2])
    for other in found[1:]:
        for one, another in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(one, another)


def test_dh2_grid_has_the_same_values_as_its_positions(field: npt.NDArray[np.complex128]) -> None:
    lat, lon = 90.0 - np.arange(2 * LMAX + 2) * 90.0 / (LMAX + 1), np.arange(4 * LMAX + 4) * 90.0 / (LMAX + 1)
    there, grid = harmonics.at(lat=lat[:, np.newaxis], lon=lon), harmonics.on_dh2(LMAX)
    np.testing.assert_allclose(harmonics.values(field, grid), harmonics.values(field, there), atol=1e-9)
    np.testing.assert_allclose(
        harmonics.gradient(field, grid).east, harmonics.gradient(field, there).east, atol=1e-8
    )
    np.testing.assert_allclose(
        harmonics.anisotropy(field, grid), harmonics.anisotropy(field, there), atol=1e-7
    )
