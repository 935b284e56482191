"""A Moon as Kaguya's map tiles: simple cylindrical, nine bands, labels beside the images, another scaling."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from lunarcloud.errors import InputError
from lunarcloud.moon import FloatArray, kilometres
from lunarcloud.synthetic.geology import truth
from lunarcloud.synthetic.spectra import infrared, reflectance

#: Reflectances at 415, 750, 900, 950, 1001, 1050, 1250 and 1550 nm, (band, lat, lon), NaN where missing, of
#: latitudes and longitudes, degrees.
Spectra: TypeAlias = Callable[[FloatArray, FloatArray], FloatArray]

_SCALING = 2e-5
# As its labels say where a pixel was not measured.
_INVALID = -20000
# Of the Moon's 180 degrees: its own tiles have one.
_DEGREES = 30
_LABEL = """\
PDS_VERSION_ID                 = PDS3
RECORD_TYPE                    = FIXED_LENGTH
FILE_NAME                      = "{name}.img"
PRODUCT_ID                     = "{name}"
PRODUCT_SET_ID                 = "MI_MAP"
^GEOMETRIC_DATA_ALTITUDE       = ("{name}.img", 1 <BYTES>)
^IMAGE                         = ("{name}.img", {first} <BYTES>)
MISSION_NAME                   = "SELENE"
SPACECRAFT_NAME                = "SELENE-M"
INSTRUMENT_NAME                = "MULTIBAND IMAGER"
INSTRUMENT_ID                  = "MI"
TARGET_NAME                    = "MOON"
NOTE                           = "SYNTHETIC MOON; NOT KAGUYA DATA"
OBJECT                         = GEOMETRIC_DATA_ALTITUDE
  LINES                        = {size}
  LINE_SAMPLES                 = {size}
  SAMPLE_TYPE                  = IEEE_REAL
  SAMPLE_BITS                  = 32
END_OBJECT                     = GEOMETRIC_DATA_ALTITUDE
OBJECT                         = IMAGE
  BANDS                        = 9
  BAND_STORAGE_TYPE            = BAND_SEQUENTIAL
  LINES                        = {size}
  LINE_SAMPLES                 = {size}
  SAMPLE_TYPE                  = MSB_INTEGER
  SAMPLE_BITS                  = 16
  SCALING_FACTOR               = 2.0E-05
  OFFSET                       = 0.0
  FILTER_NAME                  = ("MV1", "MV2", "MV3", "MV4", "MV5", "MN1", "MN2", "MN3", "MN4")
  CENTER_FILTER_WAVELENGTH     = (414 <nm>, 749 <nm>, 901 <nm>, 950 <nm>, 1001 <nm>, 1000 <nm>,
                                  1049 <nm>, 1248 <nm>, 1548 <nm>)
  MAXIMUM                      = {highest}
END_OBJECT                     = IMAGE
OBJECT                         = IMAGE_MAP_PROJECTION
  MAP_PROJECTION_TYPE          = "SIMPLE CYLINDRICAL"
  COORDINATE_SYSTEM_NAME       = "PLANETOCENTRIC"
  A_AXIS_RADIUS                = 1737.4 <km>
  B_AXIS_RADIUS                = 1737.4 <km>
  C_AXIS_RADIUS                = 1737.4 <km>
  POSITIVE_LONGITUDE_DIRECTION = EAST
  MAP_RESOLUTION               = {ppd:.7f} <pixel/degree>
  MAP_SCALE                    = {scale:.10f} <km/pixel>
  MAXIMUM_LATITUDE             = {north:.7f} <degree>
  MINIMUM_LATITUDE             = {south:.7f} <degree>
  WESTERNMOST_LONGITUDE        = {west:.7f} <degree>
  EASTERNMOST_LONGITUDE        = {east:.7f} <degree>
  CENTER_LATITUDE              = 0.0 <degree>
  CENTER_LONGITUDE             = 0.0 <degree>
  LINE_PROJECTION_OFFSET       = {line:.7f} <pixel>
  SAMPLE_PROJECTION_OFFSET     = {sample:.7f} <pixel>
END_OBJECT                     = IMAGE_MAP_PROJECTION
END
"""


def synthetic_spectra(seed: int = 0) -> Spectra:
    """The synthetic Moon in eight bands.

    Parameters
    ----------
    seed : int
        Which of the synthetic Moons.
    """

    def spectra(lat: FloatArray, lon: FloatArray) -> FloatArray:
        where = np.meshgrid(lat, lon, indexing="ij")
        five = reflectance(truth(lat=where[0], lon=where[1], seed=seed))
        return np.concatenate([five, infrared(five)])

    return spectra


def write_map_tiles(
    folder: str | os.PathLike[str], *, ppd: int, spectra: Spectra | None = None
) -> tuple[Path, ...]:
    """Write a whole Moon as 72 map tiles.

    Parameters
    ----------
    folder : path
        Where to; made if it is not there.
    ppd : int
        Pixels per degree, 1 to 512.
    spectra : callable, optional
        What is measured; the synthetic Moon without one.

    Returns
    -------
    tuple of Path
        Their labels.

    Raises
    ------
    InputError
        For a resolution out of range.
    """
    if not 1 <= ppd <= 512:
        raise InputError(f"{ppd} pixels per degree: give 1 to 512")
    place, measured = Path(folder), spectra or synthetic_spectra()
    place.mkdir(parents=True, exist_ok=True)
    norths, wests = range(90, -90, -_DEGREES), range(0, 360, _DEGREES)
    return tuple(_write(place, north, west, ppd, measured) for north in norths for west in wests)


def _write(place: Path, north: int, west: int, ppd: int, spectra: Spectra) -> Path:
    size = _DEGREES * ppd
    centres = (np.arange(size) + 0.5) / ppd
    dn = _numbers(spectra(north - centres, west + centres))
    name = f"MI_MAP_03_{_corner(north, west)}{_corner(north - _DEGREES, west + _DEGREES)}SC"
    altitude = np.zeros((size, size), ">f4").tobytes()
    facts: dict[str, float] = {
        "north": north,
        "south": north - _DEGREES,
        "west": west,
        "east": west + _DEGREES,
    }
    # Counted from 0 at the middle of the first pixel: so far before the equator and the central meridian.
    offsets = {"line": north * ppd - 0.5, "sample": -west * ppd - 0.5}
    facts["scale"] = kilometres(1.0 / ppd)
    label = _LABEL.format(
        name=name, size=size, ppd=ppd, first=len(altitude) + 1, highest=int(dn.max()), **facts, **offsets
    )
    (place / f"{name}.img").write_bytes(altitude + dn.astype(">i2").tobytes())
    path = place / f"{name}.lbl"
    path.write_bytes(label.replace("\n", "\r\n").encode("ascii"))
    return path


def _numbers(measured: FloatArray) -> npt.NDArray[np.int16]:
    """Nine bands of eight: the infrared camera has one at 1000 nm, too."""
    nine = np.concatenate([measured[:5], measured[4:5], measured[5:]])
    numbers = np.rint(np.clip(nine, 0.0, 0.6) / _SCALING)
    return np.where(np.isfinite(numbers), numbers, _INVALID).astype(np.int16)


def _corner(lat: int, lon: int) -> str:
    return f"{'N' if lat >= 0 else 'S'}{abs(lat):02d}E{lon % 360:03d}"
