import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunarcloud.archive.instruments import band
from lunarcloud.errors import InputError
from lunarcloud.models import CLIPPED, OUTSIDE_VALIDITY, QIU2025, EquationMaps, Equations, equation_maps
from lunarcloud.models.accuracy import score
from lunarcloud.models.equation_fit import evaluate
from lunarcloud.models.equations import IronEquation
from lunarcloud.models.samples import Samples

MARE = [0.0726, 0.1267, 0.1306, 0.1333, 0.1380]


def maps_of(
    *spectra: Any, dtype: type[np.floating[Any]] = np.float64, equations: Equations = QIU2025
) -> EquationMaps:
    given: npt.NDArray[np.floating[Any]] = np.array(spectra, dtype=dtype).T
    return equation_maps(given, equations)


def test_equations_give_what_pocket_calculation_gives() -> None:
    maps = maps_of(MARE)
    ratio, albedo = 0.1333 / 0.1267, 0.1267
    assert maps.feo[0] == pytest.approx(24.770 * math.atan((1.188 - ratio) / (albedo - 0.018)) - 8.053)
    assert maps.tio2[0] == pytest.approx(7.128 * math.atan((0.0726 / albedo - 0.481) / albedo) ** 4.022)
    assert maps.omat[0] == pytest.approx(math.hypot(albedo - 0.018, ratio - 1.188))
    assert maps.flags[0] == 0


def test_published_equations_score_on_the_stations_as_stated(stations: Samples) -> None:
    iron = score(evaluate(stations, "feo", QIU2025), stations.oxide("feo"))
    titanium = score(evaluate(stations, "tio2", QIU2025), stations.oxide("tio2"))
    assert (round(iron.r2, 3), round(iron.rmse, 2)) == (0.948, 1.04)
    # 1.1848 wt%, stated as 1.18.
    assert (round(titanium.r2, 3), round(titanium.rmse, 2)) == (0.824, 1.18)


def test_single_precision_errs_less_than_a_map_resolves() -> None:
    random = np.random.default_rng(1)
    r750 = random.uniform(0.05, 0.4, 20_000)
    spectra = np.stack([r750 * random.uniform(0.5, 0.75, 20_000), *[r750] * 2, r750 * 1.05, r750])
    double, single = equation_maps(spectra, QIU2025), equation_maps(spectra.astype(np.float32), QIU2025)
    # Maps are stored in steps of 0.001 wt%.
    for name in ("feo", "tio2", "omat"):
        np.testing.assert_allclose(getattr(single, name), getattr(double, name), atol=2e-4)


@pytest.mark.parametrize(
    ("spectrum", "reason"),
    [
        ([0.01, 0.018, 0.02, 0.02, 0.02], "R750 equal to x0 of iron"),
        ([0.01, 0.010, 0.02, 0.02, 0.02], "R750 below x0 of iron"),
        ([0.05, 0.10, 0.1, 0.0, 0.1], "no reflectance at 950 nm"),
        ([0.05, 0.10, 0.1, -0.1, 0.1], "negative reflectance at 950 nm"),
        ([0.05, 0.10, 0.1, np.nan, 0.1], "missing at 950 nm"),
        ([0.0, 0.0, 0.0, 0.0, 0.0], "black"),
        ([-0.1, -0.1, -0.1, -0.1, -0.1], "negative"),
        ([0.1, np.nan, 0.1, 0.1, 0.1], "missing at 750 nm"),
    ],
)
def test_iron_and_maturity_are_nan_and_flagged_outside_their_validity(
    spectrum: list[float], reason: str
) -> None:
    maps = maps_of(spectrum, MARE)
    assert np.isnan(maps.feo[0]), reason
    assert np.isnan(maps.omat[0]), reason
    assert maps.flags[0] & OUTSIDE_VALIDITY, reason
    assert maps.flags[1] == 0


def test_ratio_below_the_titanium_origin_is_no_titanium_and_flagged_clipped() -> None:
    maps = maps_of([0.040, 0.100, 0.1, 0.105, 0.1])
    assert maps.tio2[0] == 0.0
    assert maps.flags[0] == CLIPPED["tio2"]


def test_negative_iron_is_clipped_to_zero_and_flagged() -> None:
    maps = maps_of([0.25, 0.40, 0.4, 0.44, 0.4])
    assert maps.feo[0] == 0.0
    assert maps.flags[0] & CLIPPED["feo"]


def test_missing_blue_band_leaves_iron_alone() -> None:
    maps = maps_of([np.nan, *MARE[1:]])
    assert np.isfinite(maps.feo[0])
    assert np.isnan(maps.tio2[0])
    assert maps.flags[0] == OUTSIDE_VALIDITY


@given(st.lists(st.lists(st.floats(-1, 2, width=32), min_size=5, max_size=5), min_size=1, max_size=8))
def test_any_reflectance_gives_a_mass_fraction_or_a_flag(spectra: list[list[float]]) -> None:
    maps = maps_of(*spectra, dtype=np.float32)
    for weights, most in ((maps.feo, 30), (maps.tio2, 20)):
        finite = np.isfinite(weights)
        assert ((weights[finite] >= 0) & (weights[finite] <= most)).all()
    unflagged = (maps.flags & OUTSIDE_VALIDITY) == 0
    assert np.isfinite(np.stack([maps.feo, maps.tio2, maps.omat])[:, unflagged]).all()


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_bits_do_not_depend_on_the_block(size: int) -> None:
    random = np.random.default_rng(2)
    spectra = random.uniform(0.05, 0.4, (5, 3001)).astype(np.float32)
    whole = equation_maps(spectra, QIU2025)
    for start in range(0, 3001, size):
        part = equation_maps(spectra[:, start : start + size], QIU2025)
        for all_, some in zip(whole, part, strict=True):
            assert all_[start : start + size].tobytes() == some.tobytes()


def test_bands_are_found_by_wavelength() -> None:
    other = Equations(wavelengths_nm=(948.0, 414.0, 749.0), iron=QIU2025.iron, titanium=QIU2025.titanium)
    swapped = maps_of([MARE[3], MARE[0], MARE[1]], equations=other)
    assert swapped.feo[0] == maps_of(MARE).feo[0]
    assert swapped.tio2[0] == maps_of(MARE).tio2[0]


def test_an_equation_that_was_not_fitted_gives_no_map() -> None:
    maps = maps_of(MARE, equations=Equations(iron=QIU2025.iron, titanium=None))
    assert np.isnan(maps.tio2[0])
    assert np.isfinite(maps.feo[0])


def test_band_further_than_the_tolerance_is_none() -> None:
    assert band((415.0, 750.0, 1000.0), 950.0) is None
    assert band((415.0, 764.0), 750.0) == 1


def test_wrong_number_of_bands_is_refused() -> None:
    with pytest.raises(InputError, match="4 bands for equations of 5 bands"):
        equation_maps(np.zeros((4, 3)), QIU2025)


def test_coefficients_must_be_numbers() -> None:
    with pytest.raises(ValueError, match="finite"):
        IronEquation(x0=math.nan, y0=1.2, slope=24.0, intercept=-8.0)
