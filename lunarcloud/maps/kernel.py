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
from lunarcloud.models import Equations, Novelty, equation_maps, novelty
from lunarcloud.models import equations as eq

Codes: TypeAlias = dict[str, npt.NDArray[Any]]
Reflectance: TypeAlias = npt.NDArray[np.float32]
Bits: TypeAlias = npt.NDArray[np.uint8]

_BLOCK = 16384
# Molar masses of MgO and FeO, g/mol.
_MGO, _FEO = np.float32(40.304), np.float32(71.844)


@dataclass(frozen=True, slots=True)
class Scaling:
    """How stored numbers become reflectance: ``factor * dn + offset``; ``missing`` is the missing number."""

    factor: float
    offset: float
    missing: int


@dataclass(frozen=True, slots=True)
class Networks:
    """The CNNs of a model: a function from spectra (n, band) to oxides (n, oxide) in wt%, and their names."""

    oxides: tuple[str, ...]
    predict: Callable[[Reflectance], Reflectance]


@dataclass(frozen=True, slots=True)
class Kernel:
    """Computes all maps that a model gives.

    Attributes
    ----------
    scaling : Scaling
        Of the mosaic.
    equations : Equations
        Of FeO, TiO2 and OMAT.
    networks : Networks, optional
        The CNNs, if the model has any.
    stations : Novelty, optional
        The distribution of the stations' spectra, if the model knows it.
    """

    scaling: Scaling
    equations: Equations
    networks: Networks | None = None
    stations: Novelty | None = None

    def __call__(self, dn: npt.NDArray[np.int16]) -> Codes:
        """All maps of some pixels.

        Parameters
        ----------
        dn : ndarray of int16, shape (band, row, col)
            The mosaic's numbers.

        Returns
        -------
        dict of str to ndarray, shape (row, col)
            By map, its codes (`layout.QUANTITIES`), and ``quality`` (`layout.FLAGS`).
        """
        bands, rows, cols = dn.shape
        flat = dn.reshape(bands, rows * cols)
        whole: Codes = {}
        for start in range(0, flat.shape[1], _BLOCK):
            block = slice(start, start + _BLOCK)
            for name, codes in self._block(flat[:, block]).items():
                if name not in whole:
                    whole[name] = np.empty(flat.shape[1], dtype=codes.dtype)
                whole[name][block] = codes
        return {name: codes.reshape(rows, cols) for name, codes in whole.items()}

    def _block(self, dn: npt.NDArray[np.int16]) -> Codes:
        missing = dn == self.scaling.missing
        reflectance = dn * np.float32(self.scaling.factor) + np.float32(self.scaling.offset)
        np.copyto(reflectance, np.nan, where=missing)
        maps = equation_maps(reflectance, self.equations)
        bits = _input_bits(missing, reflectance)
        bits |= _equation_bits(maps.flags, bits)
        codes = _equation_codes(maps, self.equations)
        if self.stations is not None:
            distance = novelty(reflectance, maps.omat, self.stations)
            codes[layout.NOVELTY] = encode(distance, layout.NOVELTY)
            bits |= np.where(distance > self.stations.limit, np.uint8(layout.EXTRAPOLATED), np.uint8(0))
        if self.networks is not None:
            codes |= _network_codes(reflectance, maps.omat, self.networks, bits)
        codes[layout.QUALITY] = bits
        return codes


def _input_bits(missing: npt.NDArray[np.bool_], reflectance: Reflectance) -> Bits:
    off_scale = ((reflectance <= 0) | (reflectance > 1)).any(axis=0)
    bits = np.where(missing.any(axis=0), np.uint8(layout.MISSING_INPUT), np.uint8(0))
    bits |= np.where(off_scale, np.uint8(layout.OFF_SCALE_INPUT), np.uint8(0))
    return bits


def _equation_bits(flags: eq.Flags, bits: Bits) -> Bits:
    # Where an input is missing, nothing is known of the equations' validity.
    known = (bits & layout.MISSING_INPUT) == 0
    outside = (flags & eq.OUTSIDE_VALIDITY).astype(bool) & known
    found = np.where(outside, np.uint8(layout.OUTSIDE_VALIDITY), np.uint8(0))
    found |= np.where(flags & eq.CLIPPED, np.uint8(layout.CLIPPED), np.uint8(0))
    return found


def _equation_codes(maps: eq.EquationMaps, equations: Equations) -> Codes:
    codes: Codes = {}
    if equations.iron is not None:
        codes |= {"feo_equation": encode(maps.feo, "feo_equation"), "omat": encode(maps.omat, "omat")}
    if equations.titanium is not None:
        codes["tio2_equation"] = encode(maps.tio2, "tio2_equation")
    return codes


def _network_codes(reflectance: Reflectance, omat: Reflectance, networks: Networks, bits: Bits) -> Codes:
    """The networks' maps where all their inputs are measured; sets ``CLIPPED`` in ``bits``."""
    unusable = layout.MISSING_INPUT | layout.OFF_SCALE_INPUT
    where = np.flatnonzero(np.isfinite(omat) & ((bits & unusable) == 0))
    # The complete spectra only: where pixels are missing, no network runs.
    oxides = np.ascontiguousarray(networks.predict(reflectance[:, where].T).T)
    most = np.float32(layout.LARGEST_WT)
    beyond = (oxides.min(axis=0) < 0) | (oxides.max(axis=0) > most)
    bits[where[beyond]] |= layout.CLIPPED
    np.clip(oxides, 0, most, out=oxides)
    by_name = dict(zip(networks.oxides, oxides, strict=True))
    maps = {f"{name}_cnn": values for name, values in by_name.items()}
    if {"feo", "mgo"} <= by_name.keys():
        maps[layout.MG_NUMBER] = mg_number(mgo=by_name["mgo"], feo=by_name["feo"])
    return {name: _placed(encode(values, name), where, len(bits)) for name, values in maps.items()}


def _placed(codes: npt.NDArray[np.uint16], where: npt.NDArray[np.intp], size: int) -> npt.NDArray[np.uint16]:
    """Codes at their places among ``size`` pixels, the others missing."""
    whole = np.full(size, layout.FILL, dtype=np.uint16)
    whole[where] = codes
    return whole


def mg_number(*, mgo: Reflectance, feo: Reflectance) -> Reflectance:
    """Molar Mg / (Mg + Fe) from MgO and FeO in wt%; NaN where both are 0.

    ``(MgO / 40.304) / (MgO / 40.304 + FeO / 71.844)``, 0..1.
    """
    magnesium, iron = mgo / _MGO, feo / _FEO
    total = magnesium + iron
    ratio = np.full_like(total, np.nan)
    np.divide(magnesium, total, out=ratio, where=total > 0)
    return ratio
