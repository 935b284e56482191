"""From trained networks to the model file, checked against the plain form before it leaves."""

import numpy as np

from lunarcloud.errors import ComputeError
from lunarcloud.models.graph import Networks, plain_graph, product_graph
from lunarcloud.models.inputs import FloatArray
from lunarcloud.models.package import predict, session

#: The product's graph and the plain one may differ by rounding only, wt%: five units in the last place of
#: single precision at 30 wt%.
TOLERANCE_WT = 1e-5

# The stations' spectra at these multiples of their brightness are what both forms are compared on: beyond
# what was trained on, as the Moon is, yet with ratios between bands that occur.
_BRIGHTNESS = (0.7, 0.85, 1.0, 1.15, 1.3)


def export(networks: Networks, reflectance: FloatArray) -> tuple[bytes, float]:
    """The model file of some networks: with oxides, units and wavelengths, without a name.

    Parameters
    ----------
    networks : Networks
        What was trained.
    reflectance : ndarray, shape (band, station)
        Spectra to compare both forms on.

    Returns
    -------
    bytes, float
        The file, and the greatest difference between both forms, wt%.

    Raises
    ------
    ComputeError
        If they differ by more than rounding.
    """
    onnx = product_graph(networks, _metadata(networks))
    spectra = np.concatenate([reflectance.T * factor for factor in _BRIGHTNESS]).astype(np.float32)
    product, plain = predict(session(onnx), spectra), predict(session(plain_graph(networks)), spectra)
    difference = float(np.abs(product - plain).max())
    # "not ... <=" and no ">": a network that says NaN must not pass.
    if not difference <= TOLERANCE_WT:
        raise ComputeError(
            f"the two forms of the networks differ by {difference:.1e} wt%, more than {TOLERANCE_WT:g}: "
            "this onnxruntime computes one of them wrongly; install another version"
        )
    return onnx, difference


def _metadata(networks: Networks) -> dict[str, str]:
    wavelengths = networks.equations.wavelengths_nm
    return {
        "oxides": ",".join(networks.oxides),
        "units": "wt%",
        "wavelengths_nm": ",".join(f"{wavelength:g}" for wavelength in wavelengths),
        "input": "reflectance as a fraction, one column for each wavelength",
    }
