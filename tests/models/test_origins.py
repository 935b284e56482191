import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import curve_fit
from scipy.stats import linregress

from lunarcloud.archive.stations import StationTable
from lunarcloud.errors import InputError
from lunarcloud.models.equations import QIU2025, feo, tio2
from lunarcloud.models.gather import gather
from lunarcloud.models.origins import left_out, search_iron, search_titanium
from lunarcloud.models.samples import Samples


@pytest.fixture(scope="module")
def iron(
    stations: Samples,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    return stations.reflectance[1], stations.reflectance[3], stations.oxide("feo")


@pytest.fixture(scope="module")
def titanium(
    stations: Samples,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    return stations.reflectance[0], stations.reflectance[1], stations.oxide("tio2")


def test_iron_origin_of_the_stations(
    iron: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]],
) -> None:
    found = search_iron(*iron)
    assert found.equation.x0 == pytest.approx(0.023, abs=0.001)
    assert found.equation.y0 == pytest.approx(1.199, abs=0.001)
    assert found.equation.slope == pytest.approx(23.787, abs=0.001)
    assert found.equation.intercept == pytest.approx(-8.685, abs=0.001)
    assert found.r2 >= 0.951


def test_iron_surface_agrees_with_scipy_at_any_origin(
    iron: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]],
) -> None:
    r750, r950, weights = iron
    surface = search_iron(*iron).surface
    for i, j in [(0, 0), (23, 199), (80, 950), (91, 120)]:
        theta = -np.arctan((r950 / r750 - (1 + j / 1000)) / (r750 - i / 1000))
        assert surface[i, j] == pytest.approx(linregress(theta, weights).rvalue ** 2, abs=1e-6)


def test_titanium_surface_agrees_with_scipy_least_squares_at_any_origin(
    titanium: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]],
) -> None:
    r415, r750, weights = titanium
    surface = search_titanium(*titanium).surface
    total = ((weights - weights.mean()) ** 2).sum()
    for i, j in [(0, 0), (0, 481), (50, 300), (88, 500), (0, 570)]:
        theta = np.arctan((r415 / r750 - j / 1000) / (r750 - i / 1000))
        best, _ = curve_fit(lambda t, a, b: a * t**b, theta, weights, p0=(5, 3), maxfev=10_000)
        residual = ((best[0] * theta ** best[1] - weights) ** 2).sum()
        assert surface[i, j] == pytest.approx(1 - residual / total, abs=1e-6)


def test_no_origin_is_better_than_the_chosen_one(
    titanium: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]],
) -> None:
    found = search_titanium(*titanium)
    said = tio2(titanium[0], titanium[1], found.equation)
    total = ((titanium[2] - titanium[2].mean()) ** 2).sum()
    assert found.r2 == pytest.approx(1 - ((said - titanium[2]) ** 2).sum() / total)
    assert found.r2 == pytest.approx(np.nanmax(found.surface), abs=1e-6)


def test_origins_that_leave_a_station_outside_validity_do_not_count(
    titanium: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]],
) -> None:
    found = search_titanium(*titanium)
    r415, r750, _ = titanium
    assert np.isnan(found.surface[found.x0 >= r750.min()]).all()
    assert np.isnan(found.surface[:, found.y0 >= (r415 / r750).min()]).all()
    assert np.isfinite(found.surface[0, 0])


def test_stations_without_noise_give_back_the_coefficients(synthetic_table: StationTable) -> None:
    samples = gather(synthetic_table, None, "table").samples
    r415, r750, _, r950, _ = samples.reflectance
    iron = search_iron(r750, r950, samples.oxide("feo"))
    titanium = search_titanium(r415, r750, samples.oxide("tio2"))
    assert QIU2025.iron
    assert QIU2025.titanium
    assert (iron.equation.x0, iron.equation.y0) == (QIU2025.iron.x0, QIU2025.iron.y0)
    assert iron.equation.slope == pytest.approx(QIU2025.iron.slope, rel=1e-6)
    assert (titanium.equation.x0, titanium.equation.y0) == (QIU2025.titanium.x0, QIU2025.titanium.y0)
    assert titanium.equation.exponent == pytest.approx(QIU2025.titanium.exponent, rel=1e-6)
    assert iron.r2 == pytest.approx(1.0, abs=1e-9)


def test_left_out_searches_again_without_each_station(
    iron: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]],
) -> None:
    few = tuple(values[:8] for values in iron)
    folds = left_out(search_iron, *few)
    by_hand = search_iron(*(np.delete(values, 3) for values in few))
    assert len(folds) == 8
    assert folds[3].equation == by_hand.equation
    assert feo(few[0][3], few[1][3], folds[3].equation) != feo(few[0][3], few[1][3], folds[4].equation)


def test_fewer_stations_than_parameters_need_are_refused(
    iron: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]],
) -> None:
    with pytest.raises(InputError, match="4 stations with FeO are too few: the equation has 4 parameters"):
        search_iron(*(values[:4] for values in iron))


def test_stations_of_one_composition_are_refused(
    iron: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]],
) -> None:
    with pytest.raises(InputError, match=r"all 47 stations have FeO 12\.0 wt%"):
        search_iron(iron[0], iron[1], np.full(47, 12.0))


def test_stations_of_one_spectrum_are_refused(
    iron: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]],
) -> None:
    with pytest.raises(InputError, match="one and the same spectrum"):
        search_iron(np.full(6, 0.1), np.full(6, 0.1), iron[2][:6])
