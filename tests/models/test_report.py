"""What is said first of a model: of networks no single seed."""

import numpy as np
import pytest
import xarray as xr

from lunarcloud.models import QIU2025, Card, Residual, accuracy_rows, paper_scores, r2_in_words, remarks
from lunarcloud.models.accuracy import accuracy
from lunarcloud.models.equation_fit import Predictions
from lunarcloud.models.samples import Samples

MEASURED = np.linspace(0.0, 10.0, 11)


def _predictions(error: float) -> Predictions:
    """Each station missed by so much, above and below in turn; without itself by twice as much."""
    turn = error * (-1.0) ** np.arange(11)
    return Predictions(measured=MEASURED, fitted=MEASURED + turn, left_out=MEASURED + 2 * turn)


def test_the_headline_of_networks_is_the_median_over_seeds_and_its_range() -> None:
    seeds = [_predictions(error) for error in (0.1, 1.0, 2.0)]
    # R2 left out is 1 - (2 error)^2 / 10: of the seed that is mapped with it would be 0.996.
    found = accuracy("cnn", "tio2", seeds[0], seeds)
    columns, (row,) = accuracy_rows(Card(equations=QIU2025, oxides=("tio2",), accuracy=(found,)))
    said = dict(zip(columns, row, strict=True))
    assert (said["LOO R2"], said["LOO RMSE"], said["fit RMSE"]) == ("0.600", "2.00", "1.00")
    assert (said["seeds"], said["mapped"]) == ("-0.600..0.996", "0.996")
    assert r2_in_words(found) == "0.600 (-0.600..0.996)"
    assert found.shortfall == pytest.approx(0.831 - 0.6)


def test_an_equation_has_no_seeds() -> None:
    found = accuracy("equation", "feo", _predictions(1.0))
    columns, (row,) = accuracy_rows(Card(equations=QIU2025, accuracy=(found,)))
    said = dict(zip(columns, row, strict=True))
    assert (said["LOO R2"], said["seeds"], said["mapped"]) == ("0.600", "", "")
    assert r2_in_words(found) == "0.600"


def test_stations_of_one_spectrum_are_remarked() -> None:
    card = Card(equations=QIU2025, equal_spectra=(("Apollo 15 - LM", "Apollo 15 - S1"),))
    assert remarks(card) == ["Apollo 15 - LM and Apollo 15 - S1: one spectrum, which no model tells apart"]


def _missing(by_site: dict[str, float]) -> Card:
    """A card of a model that misses each station by so much if it is left out, and by nothing if not."""
    residuals = (
        Residual(kind="cnn", oxide="feo", site=site, measured=9.0, fitted=9.0, left_out=9.0 + error)
        for site, error in by_site.items()
    )
    return Card(equations=QIU2025, residuals=tuple(residuals))


def test_a_station_far_from_what_a_model_says_without_it_is_remarked() -> None:
    # The median error is 1 wt%, that of the distances from it 0.5, a deviation 0.7413.
    near = {str(number): 1.0 + 0.5 * (-1) ** number for number in range(20)}
    assert remarks(_missing({**near, "in": 1.0 - 2.9 * 0.7413})) == []
    assert remarks(_missing({**near, "low": 1.0 - 3.1 * 0.7413, "high": 6.0})) == [
        "feo cnn: missed by more than 3 robust standard deviations: low -1.30 wt% (3.1), high +6.00 wt% (6.7)"
    ]


def test_models_that_miss_most_stations_alike_have_no_deviation_to_tell_by() -> None:
    assert remarks(_missing({"a": 0.0, "b": 0.0, "c": 0.0, "d": 5.0})) == []


def _fitted_to(stations: Samples) -> Card:
    """A card that knows what was measured at the stations, whatever was fitted."""
    residuals = tuple(
        Residual(kind="equation", oxide=oxide, site=site, measured=float(weight), fitted=0.0, left_out=None)
        for oxide in ("feo", "tio2")
        for site, weight in zip(stations.sites, stations.oxide(oxide), strict=True)
        if np.isfinite(weight)
    )
    return Card(equations=QIU2025, residuals=residuals)


def _spectra_of(stations: Samples, wavelengths: tuple[float, ...]) -> xr.Dataset:
    coords = {"wavelength": list(wavelengths), "site": list(stations.sites)}
    return xr.Dataset({"reflectance": (("wavelength", "site"), stations.reflectance)}, coords)


def test_the_papers_own_equations_have_their_scores_on_these_stations(stations: Samples) -> None:
    found = paper_scores(_fitted_to(stations), _spectra_of(stations, stations.wavelengths_nm))
    assert found["feo"].r2 == pytest.approx(0.948, abs=5e-4)
    assert found["feo"].rmse == pytest.approx(1.04, abs=5e-3)
    assert found["tio2"].r2 == pytest.approx(0.824, abs=5e-4)
    assert found["tio2"].rmse == pytest.approx(1.18, abs=5e-3)


def test_the_papers_equations_say_nothing_of_other_bands(stations: Samples) -> None:
    assert paper_scores(_fitted_to(stations), _spectra_of(stations, (414, 749, 901, 950, 1001))) == {}
