"""The fused kernel: the bands of a shard in, the codes of all its maps out, block by block.

Blocks are small enough for the processor's cache, so nothing but the codes is ever held for a whole shard.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from lunarcloud.maps import layout
from lunarcloud.maps.layout import decode, encode
from lunarcloud.models import (
    CLIPPED,
    OUTSIDE_VALIDITY,
    EquationMaps,
    Equations,
    Flags,
    Novelty,
    equation_maps,
    novelty_of,
)
from lunarcloud.quantities import QUANTITIES

Codes: TypeAlias = dict[str, npt.NDArray[Any]]
#: Maps in their units, NaN where missing.
Values: TypeAlias = dict[str, npt.NDArray[np.floating[Any]]]
Reflectance: TypeAlias = npt.NDArray[np.float32]
Bits: TypeAlias = npt.NDArray[np.unsignedinteger]

# Pixels at once: one plane of them in single precision is 128 KiB, so all that a pass touches stays in cache.
_BLOCK = 32768


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
    maps : tuple of str
        What they give, in the order of their answers.
    answer : callable
        From reflectances (n, band) and distances from the stations (n,) to the maps (map, n) in their units,
        all float32.
    reach : float
        The distance beyond which answers are flagged.
    """

    maps: tuple[str, ...]
    answer: Callable[[Reflectance, Reflectance], Reflectance]
    reach: float = math.inf


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
            By map, its codes (`quantities.QUANTITIES`), and ``quality`` (`layout.flags`).
        """
        bands, rows, cols = dn.shape
        marks = _Marks.of_today()
        # No map looks at a pixel's neighbours, so a shard is a line of pixels: blocks of any length fit.
        flat = dn.reshape(bands, rows * cols)
        whole: Codes = {}
        # One pass after the other: each keeps what it works with in the cache.
        for compute in (self._equation_block, self._network_block):
            # The second pass reads the first one's codes, and replaces those of ``quality``.
            finished = tuple(whole)
            for start in range(0, rows * cols, _BLOCK):
                block = slice(start, start + _BLOCK)
                known = {name: whole[name][block] for name in finished}
                for name, codes in compute(flat[:, block], known, marks).items():
                    if name not in whole:
                        whole[name] = np.empty(rows * cols, dtype=codes.dtype)
                    whole[name][block] = codes
        return {name: codes.reshape(rows, cols) for name, codes in whole.items()}

    def _equation_block(self, dn: npt.NDArray[np.int16], _: Codes, marks: "_Marks") -> Codes:
        """The equations' maps, novelty, and ``quality`` as far as they say."""
        missing = dn == self.scaling.missing
        reflectance = self._reflectance(dn)
        # NaN goes through all equations by itself, so none of them needs a mask.
        np.copyto(reflectance, np.nan, where=missing)
        maps = equation_maps(reflectance, self.equations)
        bits = _input_bits(missing, reflectance, marks)
        bits |= _equation_bits(maps.flags, bits, marks)
        values = _equation_values(maps, self.equations)
        if self.stations is not None:
            # A comparison with NaN is false: of a pixel that is not mapped, nothing is said to be beyond.
            distance = novelty_of(reflectance, maps.omat, self.stations)
            values[layout.NOVELTY] = distance
            bits |= marks.of(distance > self.stations.limit, layout.EXTRAPOLATED)
        derived = _derived(values, {}, np.arange(0), bits, marks)
        return _encoded(values | derived) | {layout.QUALITY: bits}

    def _network_block(self, dn: npt.NDArray[np.int16], known: Codes, marks: "_Marks") -> Codes:
        """The networks' maps where all their inputs are measured, and ``quality`` with what they add."""
        if self.networks is None:
            return {}
        bits = known[layout.QUALITY]
        # The networks answer anything that they are given, so they are given what was measured only. OMAT,
        # their sixth input, is missing where the equations are not defined.
        usable = (bits & (layout.MISSING_INPUT | layout.OFF_SCALE_INPUT)) == 0
        usable &= known["omat"] != layout.FILL
        at = np.flatnonzero(usable)
        spectra = self._reflectance(dn.take(at, axis=1))
        distance = decode(known[layout.NOVELTY].take(at), layout.NOVELTY) if self.stations else _none(at)
        values = dict(zip(self.networks.maps, self.networks.answer(spectra.T, distance), strict=True))
        beyond = _limited(values, marks) | marks.of(distance > self.networks.reach, layout.BEYOND_TAUGHT)
        codes = _encoded(values | _derived(values, known, at, bits.take(at) | beyond, marks))
        # The way back from usable pixels to all: the running count less 1 is a usable pixel's place among
        # them. The unusable take the entry that is appended after the last, which is the missing code.
        place = np.where(usable, np.cumsum(usable) - 1, spectra.shape[1])
        spread: Codes = {
            name: np.append(values, np.uint16(layout.FILL)).take(place) for name, values in codes.items()
        }
        return spread | {layout.QUALITY: bits | np.append(beyond, beyond.dtype.type(0)).take(place)}

    def _reflectance(self, dn: npt.NDArray[np.int16]) -> Reflectance:
        # Single precision from here on: it errs by a thousandth of a DN's step, even for the brightest.
        return dn * np.float32(self.scaling.factor) + np.float32(self.scaling.offset)


def _none(at: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
    """Of a model that does not know its stations' spectra, no pixel is far from them."""
    return np.zeros(at.shape, np.float32)


class _Marks(NamedTuple):
    """The bits of ``quality``, looked up once a shard: for each block of pixels it took 3 % of all time."""

    flags: dict[str, int]
    clips: dict[str, int]  #: by map, 0 of one that does not end at what is possible
    dtype: np.dtype[np.unsignedinteger[Any]]

    @classmethod
    def of_today(cls) -> Self:
        """Those of the maps that are known now."""
        flags = layout.flags()
        clips = {name: flags.get(layout.clip_flag(name), 0) for name in QUANTITIES}
        return cls(flags, clips, layout.quality_dtype(flags))

    def of(self, where: npt.NDArray[np.bool_] | np.bool_, bit: int) -> Bits:
        """A bit where something is true, 0 elsewhere."""
        return np.multiply(where, bit, dtype=self.dtype)


def _input_bits(missing: npt.NDArray[np.bool_], reflectance: Reflectance, marks: _Marks) -> Bits:
    # Zero is off scale too: the equations divide by it.
    off_scale = np.any(reflectance <= 0, axis=0) | np.any(reflectance > 1, axis=0)
    return marks.of(np.any(missing, axis=0), layout.MISSING_INPUT) | marks.of(
        off_scale, layout.OFF_SCALE_INPUT
    )


def _equation_bits(flags: Flags, known: Bits, marks: _Marks) -> Bits:
    # Where an input is missing, nothing is known of the equations' validity.
    outside = ((flags & OUTSIDE_VALIDITY) != 0) & ((known & layout.MISSING_INPUT) == 0)
    bits = marks.of(outside, layout.OUTSIDE_VALIDITY)
    for oxide, flag in CLIPPED.items():
        bits |= marks.of((flags & flag) != 0, marks.clips[f"{oxide}_equation"])
    return bits


def _limited(values: Values, marks: _Marks) -> Bits:
    """Put values at the ends of what is possible, in place; the bits of those that were beyond."""
    found = marks.of(np.zeros(next(iter(values.values())).shape, dtype=np.bool_), 0)
    for name, each in values.items():
        if (possible := QUANTITIES[name].possible) is not None:
            # In the dtype of the values, or the comparison would make doubles of them.
            least, most = map(each.dtype.type, possible)
            found |= marks.of((each < least) | (each > most), marks.clips[name])
            np.clip(each, least, most, out=each)
    return found


def _equation_values(maps: EquationMaps, equations: Equations) -> Values:
    values: Values = {}
    if equations.iron is not None:
        values |= {"feo_equation": maps.feo, "omat": maps.omat}
    if equations.titanium is not None:
        values["tio2_equation"] = maps.tio2
    return values


def _derived(values: Values, known: Codes, at: npt.NDArray[np.intp], bits: Bits, marks: _Marks) -> Values:
    """The maps that formulas make of values, and of the pixels ``at`` of maps whose codes are known.

    Missing where what they are made from was clipped, of which ``bits`` tells: an end of what is possible is
    no value to calculate with. (Mg# of an FeO below 0 would be 1.)
    """
    found, made = dict(values), list[str]()
    for name, row in QUANTITIES.items():
        if row.formula is None or name in known or not set(row.made_from) <= found.keys() | known.keys():
            continue
        found |= {each: decode(known[each].take(at), each) for each in set(row.made_from) - found.keys()}
        with np.errstate(all="ignore"):  # what is not defined is NaN, which is stored as missing
            value = row.formula(*(found[each] for each in row.made_from))
        ends = bits & sum(marks.clips[each] for each in row.made_from)
        found[name] = np.where(ends, np.float32(np.nan), value)
        made.append(name)
    return {name: found[name] for name in made}


def _encoded(values: Values) -> Codes:
    return {name: encode(each, name) for name, each in values.items()}
