"""Seeded randomness as a pure function of position: smooth fields on the sphere, noise of pixels."""

import zlib
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from lunarcloud.moon import FloatArray

Float32Array: TypeAlias = npt.NDArray[np.float32]

_WAVES = 32
# Points taken together: the waves of a block then stay in the processor's cache.
_BLOCK = 8192
# 3 cm on the Moon: no two pixels of a tile have the same number.
_MICRODEGREES = 1e6


class Waves(NamedTuple):
    """Plane waves whose sum is a field.

    Attributes
    ----------
    vectors : ndarray, shape (3, n)
        Wave vectors, radians per radius of the sphere.
    phases : ndarray, shape (n,)
        Radians.
    amplitudes : ndarray, shape (n,)
        Their squares sum to 2, so that the field has a variance of 1.
    """

    vectors: Float32Array
    phases: Float32Array
    amplitudes: Float32Array


def unit_vectors(*, lat: npt.ArrayLike, lon: npt.ArrayLike) -> FloatArray:
    """Cartesian unit vectors of positions in degrees, array (3, ...) of the broadcast shape."""
    phi, lam = np.broadcast_arrays(np.radians(lat), np.radians(lon))
    return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)])


def smooth_field(points: FloatArray, name: str, *, seed: int, scales: tuple[float, float]) -> FloatArray:
    """A random field of mean 0 and standard deviation 1 over the sphere.

    A sum of random plane waves through space, seen on the sphere: no seam at the poles or at 0/360, and
    the value at a point does not depend on which others are asked for.

    Parameters
    ----------
    points : ndarray, shape (3, n)
        Unit vectors.
    name : str
        Which field; another name is another, independent one.
    seed : int
        Of the whole Moon.
    scales : tuple of float
        Shortest and longest wavelength, degrees; amplitude grows with wavelength.

    Returns
    -------
    ndarray, shape (n,)
    """
    waves = _waves(name, seed, scales)
    single = points.astype(np.float32)
    blocks = [single[:, start : start + _BLOCK] for start in range(0, single.shape[1], _BLOCK)]
    values = [_sum_waves(block, waves) for block in blocks]
    return np.concatenate(values).astype(np.float64) if values else np.empty(0)


def pixel_noise(*, lat: FloatArray, lon: FloatArray, band: int, seed: int) -> FloatArray:
    """Independent standard normal noise at positions: a hash of the microdegrees.

    Parameters
    ----------
    lat, lon : ndarray, shapes that broadcast
        Positions, degrees; longitude in any convention.
    band : int
        Another band has other, independent noise.
    seed : int
        Of the whole Moon.

    Returns
    -------
    ndarray
        Of the broadcast shape; at one position always the same, whatever else is asked for.
    """
    # Shifted to 0..180 and 0..360, because unsigned integers have no negative side.
    rows = np.rint((lat + 90.0) * _MICRODEGREES).astype(np.uint64)
    cols = np.rint((lon % 360.0) * _MICRODEGREES).astype(np.uint64)
    start = np.uint64(zlib.crc32(f"{seed}/{band}".encode()))
    # Mixed once for the row and again with the column: neighbours in either direction have nothing in common.
    # The row takes 28 bits, so band and seed are above it.
    bits = _mixed(_mixed(rows + (start << np.uint64(32))) + cols)
    # The upper 53 bits, all that a float64 holds, and half a step up: at 0 the normal is infinite.
    uniform = ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    noise: FloatArray = ndtri(uniform)
    return noise


@lru_cache(maxsize=64)
def _waves(name: str, seed: int, scales: tuple[float, float]) -> Waves:
    random = np.random.default_rng([seed, zlib.crc32(name.encode())])
    wavelengths = np.radians(np.geomspace(scales[1], scales[0], _WAVES))
    directions = random.normal(size=(3, _WAVES))
    directions /= np.linalg.norm(directions, axis=0)
    amplitudes = wavelengths**0.4
    # The mean square of a cosine is 1/2, and waves of random phases do not interfere on average.
    amplitudes *= np.sqrt(2.0 / np.sum(amplitudes**2))
    phases = random.uniform(0.0, 2.0 * np.pi, _WAVES)
    vectors = directions * (2.0 * np.pi / wavelengths)
    return Waves(*(array.astype(np.float32) for array in (vectors, phases, amplitudes)))


def _sum_waves(points: Float32Array, waves: Waves) -> Float32Array:
    x, y, z = (axis[:, None] for axis in points)
    kx, ky, kz = waves.vectors
    # Not a matrix product: its rounding would depend on how many points are asked for.
    angle = x * kx + y * ky + z * kz + waves.phases
    total: Float32Array = (np.cos(angle) * waves.amplitudes).sum(axis=1)
    return total


def _mixed(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finaliser of SplitMix64: every bit of the input changes half the bits of the output."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
