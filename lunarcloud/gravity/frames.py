"""Gravity from the principal axes of an ephemeris into the mean Earth/polar axis frame of the maps.

The two differ by constant angles, together about 104 arcseconds: up to 0.9 km at the surface. The mean Earth
frame of the maps is that of DE421, as LOLA's labels say; that of DE430 lies 1.4 m from it.
"""

from dataclasses import replace
from typing import Literal, TypeAlias

import numpy as np

from lunarcloud.archive import MEAN_EARTH, GravityModel
from lunarcloud.errors import InputError
from lunarcloud.moon import FloatArray

#: A frame that a model's coefficients may be said to be in.
Frame: TypeAlias = Literal["mean-earth", "de421", "de430", "de440"]

#: Arcseconds about z, y and x from principal axes to the mean Earth frame of DE421. DE421: Williams et al.
#: 2008, JPL IOM 335-JW,DB,WF-20080314-001. DE430: Williams et al. 2013, JPL IOM 335-JW,DB,WF-20130722-016,
#: and Folkner et al. 2014, IPN PR 42-196, where 67.573, 78.580, 0.285 lead to a mean Earth frame of its own.
#: DE440: Park et al. 2021, AJ 161, 105, as in NAIF's frame MOON_ME_DE440_ME421.
PRINCIPAL_AXES = {
    "de421": (67.92, 78.56, 0.30),
    "de430": (67.737, 78.627, 0.295),
    "de440": (67.8526, 78.6944, 0.2785),
}


def from_principal_axes(ephemeris: str) -> FloatArray:
    """The matrix that takes vectors from an ephemeris' principal axes to the mean Earth/polar axis frame.

    ``M = Rx(-x) Ry(-y) Rz(-z)``, where R rotates the axes and not the vector.

    Raises
    ------
    InputError
        For an ephemeris whose angles are not known here.
    """
    from scipy.spatial.transform import Rotation

    if ephemeris not in PRINCIPAL_AXES:
        raise InputError(
            f"the model is in the principal axes of {ephemeris.upper()}, whose angles are not known: there"
            f" are {', '.join(PRINCIPAL_AXES)}; --frame names one of them, or {MEAN_EARTH} to rotate nothing"
        )
    # scipy rotates vectors: turning axes by -z is turning vectors by z. Lower case: fixed axes, z first.
    radians = np.radians(np.array(PRINCIPAL_AXES[ephemeris]) / 3600.0)
    matrix: FloatArray = Rotation.from_euler("zyx", radians).as_matrix()
    return matrix


def in_mean_earth(model: GravityModel, frame: Frame | None) -> tuple[GravityModel, str]:
    """A model in the mean Earth/polar axis frame, and how it came to be in it, in words.

    Parameters
    ----------
    model : GravityModel
        As read.
    frame : str, optional
        The frame of its coefficients, where its header and its name are not to be asked.

    Raises
    ------
    InputError
        For principal axes whose angles are not known here.
    """
    said = frame or model.frame
    if said is None:
        return model, f"mean Earth/polar axis, for which the axes of {model.name} are taken: it names none"
    if said == MEAN_EARTH:
        return model, "mean Earth/polar axis, which is the model's"
    from pyshtools import SHCoeffs
    from scipy.spatial.transform import Rotation

    # pyshtools turns the axes about z, y and z again; for turning vectors that is the inverse.
    angles = Rotation.from_matrix(from_principal_axes(said).T).as_euler("ZYZ")
    rotated = SHCoeffs.from_array(model.table).rotate(*angles, degrees=False, backend="ducc", nthreads=1)
    words = f"mean Earth/polar axis, rotated from the principal axes of {said.upper()}"
    return replace(model, table=rotated.coeffs, frame=MEAN_EARTH), words
