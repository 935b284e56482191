"""What the networks see: bands are found by one tolerance, and what is missing is said by name."""

import numpy as np
import pytest

from lunarcloud.errors import InputError
from lunarcloud.models.equations import QIU2025, Equations
from lunarcloud.models.inputs import network_inputs


def equations(wavelengths_nm: tuple[float, ...], *, iron: bool = True) -> Equations:
    return QIU2025.model_copy(
        update={"wavelengths_nm": wavelengths_nm, "iron": QIU2025.iron if iron else None}
    )


def test_bands_a_little_beside_stand_for_their_wavelengths() -> None:
    spectra = np.array([[0.1, 0.2], [0.11, 0.21]])
    there = network_inputs(spectra, equations((749.0, 950.0)))
    np.testing.assert_array_equal(there, network_inputs(spectra, equations((750.0, 950.0))))


@pytest.mark.parametrize(
    ("wavelengths", "iron", "reason"),
    [
        ((749.0, 950.0), False, "origin of the FeO equation, which could not be fitted"),
        ((749.0, 970.0), True, r"within 15 nm of 950 nm; the bands are at 749, 970 nm"),
        ((700.0, 970.0), False, r"within 15 nm of 750, 950 nm; the bands are at 700, 970 nm"),
    ],
)
def test_what_omat_lacks_is_said_and_nothing_else(
    wavelengths: tuple[float, ...], iron: bool, reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        network_inputs(np.full((2, 1), 0.1), equations(wavelengths, iron=iron))
