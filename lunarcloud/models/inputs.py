"""What the networks see of a spectrum: its reflectances and OMAT, standardised."""

from typing import NamedTuple, Self, TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from lunarcloud.archive import BAND_TOLERANCE_NM, band, listed
from lunarcloud.errors import InputError
from lunarcloud.models.equations import Equations, IronEquation, Reflectance, omat

FloatArray: TypeAlias = npt.NDArray[np.float64]


class Standard(BaseModel):
    """Means and population standard deviations by which values are z-scored.

    Attributes
    ----------
    mean, deviation : tuple of float
        Of each variable, in its own unit; the deviation is above 0.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    @classmethod
    def of(cls, values: FloatArray) -> Self:
        """The standard of each row of ``values`` (variable, sample).

        A constant variable carries nothing; it gets deviation 1 so that it becomes 0 instead of NaN.
        """
        # Divided by n and not by n - 1: the other convention would change every network.
        deviation = values.std(axis=1)
        # Python's floats, exact in JSON: whoever reads the card standardises with the same bits.
        return cls(
            mean=tuple(values.mean(axis=1).tolist()),
            deviation=tuple(np.where(deviation > 0, deviation, 1.0).tolist()),
        )

    def apply(self, values: FloatArray) -> FloatArray:
        """Rows of ``values`` (variable, sample) z-scored."""
        scores: FloatArray = (values - np.array(self.mean)[:, None]) / np.array(self.deviation)[:, None]
        return scores

    def undo(self, scores: FloatArray) -> FloatArray:
        """The values of z-scores (variable, sample)."""
        values: FloatArray = scores * np.array(self.deviation)[:, None] + np.array(self.mean)[:, None]
        return values


class MaturityTerms(NamedTuple):
    """What OMAT is computed from: the iron equation and the bands nearest 750 and 950 nm."""

    iron: IronEquation
    i750: int
    i950: int


def maturity_terms(equations: Equations) -> MaturityTerms:
    """The terms of OMAT.

    Raises
    ------
    InputError
        If the equations have no iron equation or the instrument no bands at 750 and 950 nm.
    """
    i750, i950 = (band(equations.wavelengths_nm, wanted) for wanted in (750.0, 950.0))
    if i750 is None or i950 is None:
        absent = [wanted for wanted, index in ((750.0, i750), (950.0, i950)) if index is None]
        raise InputError(
            f"OMAT needs a band within {BAND_TOLERANCE_NM:g} nm of {listed(absent)}; "
            f"the bands are at {listed(equations.wavelengths_nm)}"
        )
    if equations.iron is None:
        raise InputError("OMAT is measured from the origin of the FeO equation, which could not be fitted")
    return MaturityTerms(equations.iron, i750, i950)


def network_inputs(reflectance: Reflectance, equations: Equations) -> FloatArray:
    """Reflectances (band, n) and, as a last row, OMAT by the origin of the iron equation, float64.

    Raises
    ------
    InputError
        If OMAT is not defined for these equations.
    """
    # In double precision, as in the product's graph (`graph._standardised` says why).
    values = np.asarray(reflectance, dtype=np.float64)
    iron, i750, i950 = maturity_terms(equations)
    return np.vstack([values, omat(values[i750], values[i950], x0=iron.x0, y0=iron.y0)])
