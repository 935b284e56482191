"""Shared inputs: the reference model and topography, and random harmonics."""

from collections.abc import Callable

import numpy as np
import pytest

from lunarcloud.archive.gravity import GravityModel, read_gravity
from lunarcloud.archive.topography import RadiusGrid, read_topography
from lunarcloud.moon import FloatArray


@pytest.fixture(scope="session")
def lp165p() -> GravityModel:
    return read_gravity("lp165p")


@pytest.fixture(scope="session")
def ldem4() -> RadiusGrid:
    topography = read_topography("lola4")
    assert isinstance(topography, RadiusGrid)
    return topography


@pytest.fixture(scope="session")
def random_table() -> Callable[[int], FloatArray]:
    """A table of random coefficients with a red spectrum, as pyshtools makes it."""

    def make(lmax: int) -> FloatArray:
        from pyshtools import SHCoeffs

        power = np.arange(1, lmax + 2, dtype=float) ** -2.0
        table: FloatArray = SHCoeffs.from_random(power, seed=7).coeffs
        return table

    return make
