"""How far a spectrum lies outside what the stations cover: Mahalanobis distance on the network's inputs.

The models interpolate between stations of low latitudes; where this distance passes its limit they
extrapolate, and a map can say so.
"""

import math
from typing import Annotated, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from lunarcloud.errors import InputError
from lunarcloud.models.equations import Reflectance
from lunarcloud.models.inputs import FloatArray, Standard

#: Share of spectra like the stations' that stay within the limit.
CONFIDENCE = 0.99
# Spread below 0.5 % of a standard deviation is not resolved by the archive's digital numbers; it is
# added to every direction so that stations that happen to lie in a plane do not make it infinitely thin.
_FLOOR = 0.005**2


class Novelty(BaseModel):
    """What the distance is computed with.

    Attributes
    ----------
    standard : Standard
        Of reflectances and OMAT at the stations.
    whitening : tuple of tuple of float
        W, lower triangular, with W' W the inverse covariance of the standardised inputs; the distance of
        a standardised spectrum z is ``|W z|``.
    limit : float
        Distance within which further spectra of the stations' (normal) distribution fall.
    confidence : float
        The share of them that does.
    stations : int
        Stations they were estimated from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    standard: Standard
    whitening: tuple[tuple[float, ...], ...]
    limit: Annotated[float, Field(gt=0)]
    # On cards of earlier versions, too.
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.99
    stations: int

    @model_validator(mode="after")
    def _square(self) -> Self:
        inputs = len(self.standard.mean)
        if {inputs} != {len(self.standard.deviation), len(self.whitening), *map(len, self.whitening)}:
            raise ValueError(f"whitening is not {inputs} x {inputs}, as many as there are means")
        return self


def fit_novelty(inputs: FloatArray) -> Novelty:
    """Estimate the stations' distribution.

    Parameters
    ----------
    inputs : ndarray, shape (input, station)
        Reflectances and OMAT.

    Raises
    ------
    InputError
        For fewer stations than inputs + 2, of which no covariance can be estimated.

    Notes
    -----
    The limit is that of Hotelling's T2 for one further observation, which counts that mean and covariance
    are themselves estimated from n stations: ``T2 = p (n^2 - 1) / (n (n - p)) F(p, n - p)``. For many
    stations it becomes the chi-square limit.
    """
    # Slow to import, and a command that finds everything done does not need it.
    from scipy.special import fdtri

    p, n = inputs.shape
    # F needs n above p. At n = p + 1 its limit would be a hundred times that of many stations: of six inputs
    # nothing would ever be novel.
    if n < p + 2:
        raise InputError(f"{n} stations are too few to say what is novel: {p} inputs need {p + 2} or more")
    standard = Standard.of(inputs)
    scores = standard.apply(inputs)
    covariance = scores @ scores.T / (n - 1) + _FLOOR * np.eye(p)
    # The inverse of a triangle is one too, but for rounding above the diagonal; `_terms` leaves that out.
    whitening = np.tril(np.linalg.inv(np.linalg.cholesky(covariance)))
    limit = p * (n**2 - 1) / (n * (n - p)) * fdtri(p, n - p, CONFIDENCE)
    return Novelty(
        standard=standard,
        whitening=_rows(whitening),
        limit=math.sqrt(float(limit)),
        confidence=CONFIDENCE,
        stations=n,
    )


def novelty(reflectance: Reflectance, maturity: Reflectance, parameters: Novelty) -> npt.NDArray[np.float32]:
    """The distance of n pixels from the stations, in standard deviations (dimensionless, 0 and above).

    Parameters
    ----------
    reflectance : ndarray, shape (band, n)
        Bands in the order of the model's wavelengths.
    maturity : ndarray, shape (n,)
        Their OMAT by the model's iron origin (`equations.equation_maps`).
    parameters : Novelty
        Of the model.

    Returns
    -------
    ndarray, float32, shape (n,)
        NaN where an input is. Above ``parameters.limit`` the models extrapolate.
    """
    rows = [*np.asarray(reflectance, np.float32), np.asarray(maturity, np.float32)]
    squared = np.zeros(len(rows[-1]), np.float32)
    for coefficients, offset in _terms(parameters):
        # Element by element, not a matrix product: its bits would depend on how many pixels are given.
        component = np.full_like(squared, offset)
        # Not strict: row i of a lower triangle has i + 1 coefficients, for the first i + 1 inputs.
        for coefficient, row in zip(coefficients, rows, strict=False):
            component += coefficient * row
        squared += component * component
    return np.sqrt(squared)


def _terms(parameters: Novelty) -> list[tuple[npt.NDArray[np.float32], np.float32]]:
    """Coefficients (as many as are not 0) and offset of each component of the whitened inputs."""
    mean, deviation = np.array(parameters.standard.mean), np.array(parameters.standard.deviation)
    # W (x - mean) / deviation as one product and one offset, so that pixels are touched once; the division
    # runs along the columns, the inputs. Rounded to single precision only at the end.
    matrix = np.array(parameters.whitening) / deviation
    return [
        (row[: index + 1].astype(np.float32), np.float32(-(row @ mean))) for index, row in enumerate(matrix)
    ]


def _rows(matrix: FloatArray) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in matrix.tolist())
