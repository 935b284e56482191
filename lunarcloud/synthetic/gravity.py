"""A gravity model and a topography whose Bouguer anomaly is known: mascons under the maria; Kaula's rule."""

import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.constants import G

from lunarcloud.archive import GM_MOON, Feature, GravityModel, RadiusHarmonics, features
from lunarcloud.moon import RADIUS_M, FloatArray

#: Reference radius of the synthetic models, as of the real ones, metres.
REFERENCE_RADIUS_M = 1_738_000.0
DENSITY_KG_M3 = 2550.0

# A mascon: surface density whose attraction in the middle of a wide disc is 2 pi G sigma = 335 mGal.
_MASCON_KG_M2 = 8e6
# Smaller than the mare, so that a mascon's edge is not the lowland's.
_MASCON_RADII = 0.55
_BASINS_KM = (250.0, 1200.0)
_MARE_DEPTH_M, _MARE_RADII = 1500.0, 0.8
_AITKEN = Feature(name="South Pole-Aitken", lat=-53.0, lon=-169.0, diameter_km=2400.0)
_AITKEN_DEPTH_M = 4500.0
_HILLS_M = 800.0
# Powers of the relief over the radius that the attraction is summed up to.
_POWERS = 9
# Kaula's rule for the Moon: coefficients of degree l scatter by this over l^2.
_KAULA = 2.5e-4


class GravityFiles(NamedTuple):
    """The files of `write_gravity`.

    Attributes
    ----------
    gravity : Path
        A PDS spherical-harmonic table.
    topography : Path
        A shape in pyshtools' text.
    """

    gravity: Path
    topography: Path


def write_gravity(place: str | Path, *, lmax: int = 120, seed: int = 0) -> GravityFiles:
    """Write a gravity model of a Moon with lowered maria and a mascon under each of its basins.

    The gravity is that of the topography with 2550 kg/m3 (finite amplitude), and that of the mascons:
    thin discs at the mean radius. So its Bouguer disturbance is what `mascons` gives. The same arguments give
    the same bytes in any process.

    Parameters
    ----------
    place : str or Path
        Local folder; made if needed.
    lmax : int
        Highest degree, 2 or more.
    seed : int
        Of the hills.

    Returns
    -------
    GravityFiles
        Both are read by `lunarcloud.archive`.
    """
    folder = Path(place)
    folder.mkdir(parents=True, exist_ok=True)
    shape = _shape(lmax, seed)
    table = _rock(shape, lmax) + mascons(lmax)
    # The origin is the centre of mass, and GM is the whole mass.
    table[:, :2] = 0.0
    table[0, 0, 0] = 1.0
    files = GravityFiles(folder / "synthetic_gravity_sha.tab", folder / "synthetic_shape.sh")
    _write_sha(files.gravity, table)
    shape.to_file(str(files.topography), encoding=None)
    return files


def mascons(lmax: int) -> FloatArray:
    """Potential of the mascons alone: a table (2, lmax + 1, lmax + 1) at `REFERENCE_RADIUS_M`."""
    basins = [one for one in features() if one.is_mare and _BASINS_KM[0] <= one.diameter_km <= _BASINS_KM[1]]
    layer = sum(_disc(basin, _MASCON_RADII, lmax).coeffs for basin in basins) * _MASCON_KG_M2
    degree = np.arange(lmax + 1, dtype=np.float64)
    # A surface density of degree l on a sphere of radius R makes a potential of 4 pi G R / (2 l + 1) times it
    # there: in units of GM / R, the factor. Referred to another radius, it goes with (R / r)^l.
    factor = 4.0 * math.pi * G * RADIUS_M**2 / GM_MOON / (2.0 * degree + 1.0)
    table: FloatArray = layer * (factor * (RADIUS_M / REFERENCE_RADIUS_M) ** degree)[:, np.newaxis]
    return table


def kaula_model(lmax: int, *, seed: int = 0) -> GravityModel:
    """A random gravity model of any degree whose coefficients follow Kaula's rule."""
    degree = np.arange(lmax + 1, dtype=np.float64)
    sigma = np.where(degree > 1, _KAULA / np.maximum(degree, 1.0) ** 2, 0.0)
    table = _random(lmax, seed) * sigma[:, np.newaxis]
    table[0, 0, 0] = 1.0
    return GravityModel(
        name=f"Kaula {lmax}",
        gm=GM_MOON,
        radius_m=REFERENCE_RADIUS_M,
        table=table,
        digest=f"kaula-{lmax}-{seed}",
    )


def kaula_shape(lmax: int, *, seed: int = 1, relief_m: float = 1900.0) -> RadiusHarmonics:
    """A random shape of any degree with the Moon's relief: power of a degree falls with its square.

    Parameters
    ----------
    lmax : int
        Highest degree, 1 or more.
    seed : int
        Of the random coefficients.
    relief_m : float
        Standard deviation of the radius over the sphere, metres.

    Returns
    -------
    RadiusHarmonics
        Of a mean radius of 1737.4 km.
    """
    degree = np.arange(lmax + 1, dtype=np.float64)
    power = np.where(degree > 0, 1.0 / np.maximum(degree, 1.0) ** 2, 0.0)
    # A degree has 2 l + 1 coefficients, among which its power is shared out.
    table = _random(lmax, seed) * np.sqrt(power / (2.0 * degree + 1.0))[:, np.newaxis]
    table *= relief_m / math.sqrt(float((table**2).sum()))
    table[0, 0, 0] = RADIUS_M
    return RadiusHarmonics(name=f"Kaula shape {lmax}", table=table, digest=f"kaula-shape-{lmax}-{seed}")


def _shape(lmax: int, seed: int) -> Any:
    from pyshtools import SHCoeffs

    hills = kaula_shape(lmax, seed=seed, relief_m=_HILLS_M).table
    maria = [_disc(one, _MARE_RADII, lmax).coeffs * _MARE_DEPTH_M for one in features() if one.is_mare]
    lowered = sum(maria) + _disc(_AITKEN, 1.0, lmax).coeffs * _AITKEN_DEPTH_M
    return SHCoeffs.from_array(hills - lowered)


def _rock(shape: Any, lmax: int) -> FloatArray:
    """Potential of the shape's rock: a table (2, lmax + 1, lmax + 1) at `REFERENCE_RADIUS_M`.

    By Wieczorek & Phillips (1998, doi 10.1029/97JE03136), eq. 30. ``SHGravCoeffs.from_shape`` has it too,
    but by Fortran whose FFTW plans are raced against the clock (FFTW_MEASURE): the last digits
    differed from process to process.
    """
    from pyshtools import SHGrid

    once = {"backend": "ducc", "nthreads": 1}
    mean_m = float(shape.coeffs[0, 0, 0])
    # Powers of the shape have more degrees than the shape; a finer grid keeps them from folding back.
    grid = shape.expand(grid="DH2", lmax=3 * lmax, lmax_calc=lmax, extend=False, **once)
    relief = grid.data / mean_m - 1.0
    degree = np.arange(lmax + 1, dtype=np.float64)
    factor = 4.0 * math.pi * G * mean_m**3 * DENSITY_KG_M3 / GM_MOON / ((2.0 * degree + 1.0) * (degree + 3.0))
    table = np.zeros_like(shape.coeffs)
    # Of the homogeneous sphere.
    table[0, 0, 0] = factor[0]
    for power in range(1, _POWERS + 1):
        factor = factor * (degree + 4.0 - power) / power
        powers = SHGrid.from_array(relief**power, grid="DH").expand(lmax_calc=lmax, **once)
        table += powers.coeffs * factor[:, np.newaxis]
    referred: FloatArray = table * ((mean_m / REFERENCE_RADIUS_M) ** degree)[:, np.newaxis]
    return referred


def _disc(feature: Feature, radii: float, lmax: int) -> Any:
    """A disc of height 1 in harmonics, its edge softened over the shortest wavelength."""
    from pyshtools import SHCoeffs

    # Half a diameter, in metres of a diameter in km.
    angle = radii * feature.diameter_km * 500.0 / RADIUS_M
    disc = SHCoeffs.from_cap(
        math.degrees(angle), lmax, clat=feature.lat, clon=feature.lon, backend="ducc", nthreads=1
    )
    degree = np.arange(lmax + 1, dtype=np.float64)
    # By a Gaussian of half the shortest wavelength, pi / lmax: a sharp edge would ring all over the Moon.
    softened = np.exp(-0.5 * degree * (degree + 1) * (math.pi / lmax) ** 2)
    # pyshtools' cap has a mean of 1 over the sphere, so a height of one over its share of it, sin^2(a / 2).
    disc.coeffs *= (math.sin(angle / 2.0) ** 2 * softened)[:, np.newaxis]
    return disc


def _random(lmax: int, seed: int) -> FloatArray:
    # A whole square is drawn and what does not exist set to 0: orders above the degree, sines of order 0.
    table = np.random.default_rng(seed).standard_normal((2, lmax + 1, lmax + 1))
    degree, order = np.indices((lmax + 1, lmax + 1))
    table[:, order > degree] = 0.0
    table[1, :, 0] = 0.0
    return table


def _write_sha(path: Path, table: FloatArray) -> None:
    """A PDS spherical-harmonic table: radius and GM in kilometres, then degree, order and coefficients."""
    lmax = table.shape[1] - 1
    header = [f"{REFERENCE_RADIUS_M / 1e3:23.16E}", f"{GM_MOON / 1e9:23.16E}", f"{0.0:23.16E}"]
    header += [f"{lmax:5d}", f"{lmax:5d}", f"{1:5d}", f"{0.0:23.16E}", f"{0.0:23.16E}"]
    degree, order = np.tril_indices(lmax + 1)
    keep = degree > 1
    rows = zip(degree[keep], order[keep], *table[:, degree[keep], order[keep]], strict=True)
    lines = [f"{one:5d},{other:5d},{cosine:23.16E},{sine:23.16E}" for one, other, cosine, sine in rows]
    path.write_text("\r\n".join([",".join(header), *lines, ""]), encoding="ascii")
