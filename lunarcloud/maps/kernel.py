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

# Pixels at once: one plane of them in single precision is 128 KiB, so all that a pass touches stays in cache.
_BLOCK = 32768
# Molar masses of MgO and FeO, g/mol.
_MGO, _FEO = np.float32(40.304), np.float32(71.844)


@dataclass(frozen=True, slots=True)
class Scaling:
    """How stored numbers become reflectance: ``factor * dn + offset``.

    Attributes
    ----------
    factor, offset : float
        Reflectance (fraction) of one step, and of the number 0.
    missing : int
        The number that stands for a missing pixel.
    """

    factor: float
    offset: float
    missing: int


@dataclass(frozen=True, slots=True)
class Networks:
    """The CNNs of a model.

    Attributes
    ----------
    oxides : tuple of str
        What they give, in the order of their outputs.
    predict : callable
        From reflectances (n, band) to oxides (n, oxide), wt%, both float32.
    """

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
        # No map looks at a pixel's neighbours, so a shard is a line of pixels: blocks of any length fit.
        flat = dn.reshape(bands, rows * cols)
        whole: Codes = {}
        # One pass after the other: each keeps what it works with in the cache.
        for compute in (self._equation_block, self._network_block):
            for start in range(0, rows * cols, _BLOCK):
                block = slice(start, start + _BLOCK)
                # The second pass reads the first one's codes, and replaces those of ``quality``.
                known = {name: codes[block] for name, codes in whole.items()}
                for name, codes in compute(flat[:, block], known).items():
                    if name not in whole:
                        whole[name] = np.empty(rows * cols, dtype=codes.dtype)
                    whole[name][block] = codes
        return {name: codes.reshape(rows, cols) for name, codes in whole.items()}

    def _equation_block(self, dn: npt.NDArray[np.int16], _: Codes) -> Codes:
        """The equations' maps, novelty, and ``quality`` as far as they say."""
        missing = dn == self.scaling.missing
        reflectance = self._reflectance(dn)
        # NaN goes through all equations by itself, so none of them needs a mask.
        np.copyto(reflectance, np.nan, where=missing)
        maps = equation_maps(reflectance, self.equations)
        bits = _input_bits(missing, reflectance)
        bits |= _equation_bits(maps.flags, bits)
        codes = _equation_codes(maps, self.equations)
        if self.stations is not None:
            # A comparison with NaN is false: of a pixel that is not mapped, nothing is said to be beyond.
            distance = novelty(reflectance, maps.omat, self.stations)
            codes[layout.NOVELTY] = encode(distance, layout.NOVELTY)
            bits |= _bits(distance > self.stations.limit, layout.EXTRAPOLATED)
        codes[layout.QUALITY] = bits
        return codes

    def _network_block(self, dn: npt.NDArray[np.int16], known: Codes) -> Codes:
        """The networks' maps where all their inputs are measured, and ``quality`` with what they add."""
        if self.networks is None:
            return {}
        bits = known[layout.QUALITY]
        # The networks answer anything that they are given, so they are given what was measured only. OMAT,
        # their sixth input, is missing where the equations are not defined.
        usable = (bits & (layout.MISSING_INPUT | layout.OFF_SCALE_INPUT)) == 0
        usable &= known["omat"] != layout.FILL
        spectra = self._reflectance(dn.take(np.flatnonzero(usable), axis=1))
        # (oxide, pixel) and contiguous, because each oxide is encoded by itself.
        oxides = np.ascontiguousarray(self.networks.predict(spectra.T).T)
        most = np.float32(layout.LARGEST_WT)
        beyond = _bits(np.any((oxides < 0) | (oxides > most), axis=0), layout.CLIPPED)
        np.clip(oxides, 0, most, out=oxides)
        codes = _oxide_codes(dict(zip(self.networks.oxides, oxides, strict=True)))
        # The way back from usable pixels to all: the running count less 1 is a usable pixel's place among
        # them. The unusable take the entry that is appended after the last, which is the missing code.
        place = np.where(usable, np.cumsum(usable) - 1, spectra.shape[1])
        spread: Codes = {
            name: np.append(values, np.uint16(layout.FILL)).take(place) for name, values in codes.items()
        }
        return spread | {layout.QUALITY: bits | np.append(beyond, np.uint8(0)).take(place)}

    def _reflectance(self, dn: npt.NDArray[np.int16]) -> Reflectance:
        # Single precision from here on: it errs by a thousandth of a DN's step, even for the brightest.
        return dn * np.float32(self.scaling.factor) + np.float32(self.scaling.offset)


def _input_bits(missing: npt.NDArray[np.bool_], reflectance: Reflectance) -> Bits:
    # Zero is off scale too: the equations divide by it.
    off_scale = np.any(reflectance <= 0, axis=0) | np.any(reflectance > 1, axis=0)
    return _bits(np.any(missing, axis=0), layout.MISSING_INPUT) | _bits(off_scale, layout.OFF_SCALE_INPUT)


def _equation_bits(flags: eq.Flags, bits: Bits) -> Bits:
    # Where an input is missing, nothing is known of the equations' validity.
    outside = ((flags & eq.OUTSIDE_VALIDITY) != 0) & ((bits & layout.MISSING_INPUT) == 0)
    return _bits(outside, layout.OUTSIDE_VALIDITY) | _bits((flags & eq.CLIPPED) != 0, layout.CLIPPED)


def _bits(where: npt.NDArray[np.bool_] | np.bool_, bit: int) -> Bits:
    """A bit of ``quality`` where something is true, 0 elsewhere."""
    return np.multiply(where, bit, dtype=np.uint8)


def _equation_codes(maps: eq.EquationMaps, equations: Equations) -> Codes:
    codes: Codes = {}
    if equations.iron is not None:
        codes |= {"feo_equation": encode(maps.feo, "feo_equation"), "omat": encode(maps.omat, "omat")}
    if equations.titanium is not None:
        codes["tio2_equation"] = encode(maps.tio2, "tio2_equation")
    return codes


def _oxide_codes(oxides: dict[str, Reflectance]) -> Codes:
    maps = {f"{name}_cnn": values for name, values in oxides.items()}
    if {"feo", "mgo"} <= oxides.keys():
        maps[layout.MG_NUMBER] = mg_number(mgo=oxides["mgo"], feo=oxides["feo"])
    return {name: encode(values, name) for name, values in maps.items()}


def mg_number(*, mgo: Reflectance, feo: Reflectance) -> Reflectance:
    """Molar Mg / (Mg + Fe) from the oxides' mass fractions.

    ``(MgO / 40.304) / (MgO / 40.304 + FeO / 71.844)``, with the molar masses in g/mol.

    Parameters
    ----------
    mgo, feo : ndarray of float32, one shape
        wt%, 0 or more.

    Returns
    -------
    ndarray of float32
        0..1; NaN where both are 0.
    """
    magnesium, iron = mgo / _MGO, feo / _FEO
    total = magnesium + iron
    # Both may have been clipped to 0, where the ratio is not defined; NaN is stored as missing.
    ratio = np.full_like(total, np.nan)
    np.divide(magnesium, total, out=ratio, where=total > 0)
    return ratio
