from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydantic import ValidationError
from scipy.spatial.distance import mahalanobis

from lunarcloud.errors import InputError
from lunarcloud.models import QIU2025, Novelty, equation_maps, novelty_of
from lunarcloud.models.inputs import network_inputs
from lunarcloud.models.novelty import fit_novelty
from lunarcloud.models.samples import Samples


@pytest.fixture(scope="module")
def parameters(stations: Samples) -> Novelty:
    return fit_novelty(network_inputs(stations.reflectance, QIU2025))


def distances(reflectance: npt.NDArray[Any], parameters: Novelty) -> npt.NDArray[np.float32]:
    reflectance = np.asarray(reflectance, np.float32)
    return novelty_of(reflectance, equation_maps(reflectance, QIU2025).omat, parameters)


def test_distance_is_scipys_mahalanobis_distance(stations: Samples, parameters: Novelty) -> None:
    inputs = network_inputs(stations.reflectance, QIU2025)
    scores = (inputs - inputs.mean(axis=1, keepdims=True)) / inputs.std(axis=1, keepdims=True)
    inverse = np.linalg.inv(np.cov(scores) + 0.005**2 * np.eye(6))
    expected = [mahalanobis(each, np.zeros(6), inverse) for each in scores.T]
    # Single precision on directions of 0.7 % of a standard deviation.
    np.testing.assert_allclose(distances(stations.reflectance, parameters), expected, rtol=1e-3)


def test_limit_holds_its_share_of_further_spectra() -> None:
    """Hotelling's limit against a simulation: 20 stations of a normal distribution, and one more."""
    random = np.random.default_rng(9)
    inside = []
    for _ in range(2000):
        draw = random.normal(size=(6, 21))
        parameters = fit_novelty(draw[:, :20])
        inside.append(novelty_of(draw[:5, 20:], draw[5, 20:], parameters)[0] <= parameters.limit)
    assert parameters.confidence == 0.99
    # 2000 draws at 0.99: standard error 0.0022.
    assert np.mean(inside) == pytest.approx(0.99, abs=0.007)


def test_stations_are_mostly_known_and_odd_spectra_are_not(stations: Samples, parameters: Novelty) -> None:
    known = distances(stations.reflectance, parameters)
    assert (known <= parameters.limit).mean() > 0.9
    assert (distances(stations.reflectance * 2.0, parameters) > parameters.limit).mean() > 0.5
    deep = stations.reflectance.copy()
    deep[3] *= 0.9
    assert (distances(deep, parameters) > parameters.limit).all()


def test_missing_reflectance_has_no_novelty(stations: Samples, parameters: Novelty) -> None:
    spectra = stations.reflectance.copy()
    spectra[2, 5] = np.nan
    found = distances(spectra, parameters)
    assert np.isnan(found[5])
    assert np.isfinite(np.delete(found, 5)).all()


@pytest.mark.parametrize("size", [1, 13, 1000])
def test_bits_do_not_depend_on_the_block(stations: Samples, parameters: Novelty, size: int) -> None:
    spectra = np.tile(stations.reflectance, (1, 40)).astype(np.float32)
    whole = distances(spectra, parameters)
    parts = [distances(spectra[:, i : i + size], parameters) for i in range(0, spectra.shape[1], size)]
    assert np.concatenate(parts).tobytes() == whole.tobytes()


def test_too_few_stations_for_a_covariance_are_refused() -> None:
    with pytest.raises(InputError, match="7 stations are too few to say what is novel"):
        fit_novelty(np.random.default_rng(0).normal(size=(6, 7)))


def test_whitening_of_another_shape_is_refused(stations: Samples) -> None:
    found = fit_novelty(network_inputs(stations.reflectance, QIU2025)).model_dump()
    for whitening in (found["whitening"][:-1], (*found["whitening"][:-1], (1.0,))):
        with pytest.raises(ValidationError, match="whitening is not 6 x 6"):
            Novelty(**{**found, "whitening": whitening})
