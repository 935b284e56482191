"""From trained networks to the model file, checked against the plain form before it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lunarcloud.errors import ComputeError
from lunarcloud.models.equations import Equations
from lunarcloud.models.graph import Networks, perceptron_graph, plain_graph, product_graph
from lunarcloud.models.inputs import FloatArray
from lunarcloud.models.package import INTERVALS, STUDENT, predict, session
from lunarcloud.quantities import CHANCE, WEIGHT_STEP

if TYPE_CHECKING:  # training needs more than files do
    from lunarcloud.models.student import Taught

# The product's graph and the plain one may differ by rounding only. Sums of some hundred products in single
# precision err by tens of units in the last place of the value; what is far below the storage step cannot be
# seen in any map, however small the value that is left of large ones.
_LAST_PLACES = 32
_STORED_PART = 0.05

# The stations' spectra at these multiples of their brightness are what both forms are compared on: beyond
# what was trained on, as the Moon is, yet with ratios between bands that occur.
_BRIGHTNESS = (0.7, 0.85, 1.0, 1.15, 1.3)


def export(networks: Networks, reflectance: FloatArray, note: str = "") -> tuple[bytes, float]:
    """The model file of some networks: with columns, units and wavelengths, without a name.

    Parameters
    ----------
    networks : Networks
        What was trained.
    reflectance : ndarray, shape (band, station)
        Spectra to compare both forms on.
    note : str
        What nobody may overlook, for the file.

    Returns
    -------
    bytes, float
        The file, and the greatest difference between both forms, wt%.

    Raises
    ------
    ComputeError
        If they differ by more than rounding.
    InputError
        If they answer spectra of the Moon with no numbers.
    """
    onnx = product_graph(networks, _metadata(networks.oxides * networks.seeds, networks.equations, note))
    spectra = np.concatenate([reflectance.T * factor for factor in _BRIGHTNESS]).astype(np.float32)
    product, plain = predict(session(onnx), spectra), predict(session(plain_graph(networks)), spectra)
    difference, allowed = np.abs(product - plain), rounding_wt(plain)
    # "not all <=" and no ">": a network that says NaN must not pass, whatever the spectra are.
    if not (difference <= allowed).all():
        spectrum, column = np.unravel_index(int(np.argmax(difference - allowed)), difference.shape)
        raise ComputeError(
            f"the two forms of the networks differ by {difference[spectrum, column]:.1e} wt% of "
            f"{networks.oxides[column % len(networks.oxides)]} at {plain[spectrum, column]:.4g} wt%, where "
            f"rounding explains {allowed[spectrum, column]:.1e}: this onnxruntime computes one of them "
            "wrongly; install another version"
        )
    return onnx, float(difference.max())


def export_taught(taught: Taught, oxides: Sequence[str], note: str) -> dict[str, bytes]:
    """The files of what was taught to stand for some networks.

    Parameters
    ----------
    taught : Taught
        Student and intervals.
    oxides : sequence of str
        Of the networks.
    note : str
        What nobody may overlook, for the files.

    Returns
    -------
    dict of str to bytes
        By name.
    """
    means = [f"{oxide}_cnn" for oxide in oxides]
    columns = {
        STUDENT: (*means, *(f"{name}_{CHANCE}" for name in means)),
        INTERVALS: tuple(each.map for each in taught.record.intervals),
    }
    return {
        name: perceptron_graph(perceptron, _metadata(columns[name], perceptron.equations, note))
        for name, perceptron in ((STUDENT, taught.means), (INTERVALS, taught.half_widths))
        if perceptron is not None
    }


def rounding_wt(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """What two orders of summing in single precision may differ by at some values, all in wt%."""
    places: npt.NDArray[np.float32] = _LAST_PLACES * np.spacing(np.abs(values))
    return np.maximum(places, np.float32(_STORED_PART * WEIGHT_STEP))


def _metadata(columns: Sequence[str], equations: Equations, note: str) -> dict[str, str]:
    return {
        "columns": ",".join(columns),
        "units": "wt%",
        "wavelengths_nm": ",".join(f"{wavelength:g}" for wavelength in equations.wavelengths_nm),
        "input": "reflectance as a fraction, one column for each wavelength",
        **({"note": note} if note else {}),
    }
