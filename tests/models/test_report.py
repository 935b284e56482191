"""What is said first of a model: of networks no single seed."""

import numpy as np
import pytest

from lunarcloud.models import QIU2025, Card, accuracy_rows, r2_in_words
from lunarcloud.models.accuracy import accuracy
from lunarcloud.models.equation_fit import Predictions

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
