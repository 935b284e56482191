"""The fused kernel: the five bands of a shard in, the codes of all its maps out, block by block.

Blocks are small enough for the processor's cache, so nothing but the codes is ever held for a whole shard.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from lunarcloud.maps import layout
from lunarcloud.maps.layout import encode
from lunarcloud.models import equations as eq

Codes: TypeAlias = dict[str, npt.NDArray[Any]]
#: From reflectance (n, band) float32 to oxides (n, oxide) float32, wt%.
Networks: TypeAlias = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]

_BLOCK = 16384
# Molar masses of MgO and FeO, g/mol.
_MGO, _FEO = np.float32(40.304), np.float32(71.844)


@dataclass(frozen=True, slots=True)
class Scaling:
    """How stored numbers become reflectance: ``factor * dn + offset``; ``missing`` is the missing number."""

    factor: float
    offset: float
    missing: int


def oxide_maps(dn: npt.NDArray[np.int16], scaling: Scaling, equations: eq.Equations) -> Codes:
    """All maps of some pixels.

    Parameters
    ----------
    dn : ndarray of int16, shape (band, row, col)
        The mosaic's numbers.
    scaling : Scaling
        What they mean.
    equations : Equations
        The equation models.

    Returns
    -------
    dict of str to ndarray, shape (row, col)
        By map, its codes, and ``quality``.
    """
    bands, rows, cols = dn.shape
    flat = dn.reshape(bands, rows * cols)
    whole: Codes = {}
    for start in range(0, flat.shape[1], _BLOCK):
        block = slice(start, start + _BLOCK)
        for name, codes in _block_maps(flat[:, block], scaling, equations).items():
            if name not in whole:
                whole[name] = np.empty(flat.shape[1], dtype=codes.dtype)
            whole[name][block] = codes
    return {name: codes.reshape(rows, cols) for name, codes in whole.items()}


def _block_maps(dn: npt.NDArray[np.int16], scaling: Scaling, equations: eq.Equations) -> Codes:
    missing = dn == scaling.missing
    reflectance = dn * np.float32(scaling.factor) + np.float32(scaling.offset)
    reflectance[missing] = np.nan
    maps = eq.equation_maps(reflectance, equations)
    codes: Codes = {
        "feo_equation": encode(maps.feo, "feo_equation"),
        "tio2_equation": encode(maps.tio2, "tio2_equation"),
        "omat": encode(maps.omat, "omat"),
    }
    codes[layout.QUALITY] = _quality(missing, reflectance, maps.flags)
    return codes


def _quality(
    missing: npt.NDArray[np.bool_], reflectance: npt.NDArray[np.float32], flags: eq.Flags
) -> npt.NDArray[np.uint8]:
    incomplete = missing.any(axis=0)
    off_scale = ((reflectance <= 0) | (reflectance > 1)).any(axis=0)
    # Where an input is missing, nothing is known of the equations' validity.
    outside = (flags & eq.OUTSIDE_VALIDITY).astype(bool) & ~incomplete
    quality = np.where(incomplete, np.uint8(layout.MISSING_INPUT), np.uint8(0))
    quality |= np.where(off_scale, np.uint8(layout.OFF_SCALE_INPUT), np.uint8(0))
    quality |= np.where(outside, np.uint8(layout.OUTSIDE_VALIDITY), np.uint8(0))
    quality |= np.where(flags & eq.CLIPPED, np.uint8(layout.CLIPPED), np.uint8(0))
    return quality
