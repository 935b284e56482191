"""What models are fitted to: spectra and oxides of the stations, as arrays."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lunarcloud.archive import Station
from lunarcloud.models.equations import Reflectance
from lunarcloud.models.inputs import FloatArray
from lunarcloud.moon import Grid, IntArray
from lunarcloud.quantities import OXIDES


class Samples(NamedTuple):
    """Stations that have a reflectance."""

    sites: tuple[str, ...]  #: the order of the station axis of both arrays
    wavelengths_nm: tuple[float, ...]  #: that of the band axis
    reflectance: FloatArray  #: (band, station), fraction
    oxides: FloatArray  #: (oxide, station), wt%, in the order of `OXIDES`; NaN is unknown

    def oxide(self, name: str) -> FloatArray:
        """One oxide at all stations, wt%; NaN is unknown."""
        weights: FloatArray = self.oxides[list(OXIDES).index(name)]
        return weights

    def take(self, stations: npt.NDArray[np.bool_]) -> "Samples":
        """The samples of some stations."""
        sites = tuple(site for site, wanted in zip(self.sites, stations, strict=True) if wanted)
        return Samples(sites, self.wavelengths_nm, self.reflectance[:, stations], self.oxides[:, stations])

    @property
    def equal_spectra(self) -> tuple[tuple[str, ...], ...]:
        """Sites that have one spectrum, such as those in one pixel of a mosaic."""
        by_spectrum: dict[tuple[float, ...], list[str]] = {}
        for site, spectrum in zip(self.sites, self.reflectance.T.tolist(), strict=True):
            by_spectrum.setdefault(tuple(spectrum), []).append(site)
        return tuple(tuple(sites) for sites in by_spectrum.values() if len(sites) > 1)


class SiteMean(NamedTuple):
    """Reflectance of a site: mean and standard deviation of its valid pixels in each band."""

    mean: FloatArray
    spread: FloatArray
    pixels: int


def site_pixels(grid: Grid, station: Station) -> tuple[IntArray, IntArray]:
    """Rows and columns of the mosaic around a station, lines x samples as its table asks.

    The station's pixel is in the middle, or just below and right of it for an even number. Columns go
    around the Moon; rows end at the poles.
    """
    at = grid.pixel(lat=station.lat, lon=station.lon)
    lines, samples = station.pixels
    # The modulus makes column -1 the last one. Beyond a pole a row would have to go on 180 degrees further
    # east: no sample site is that near, so such rows are dropped.
    rows = int(at.row) - lines // 2 + np.arange(lines)
    cols = int(at.col) - samples // 2 + np.arange(samples)
    return rows[(rows >= 0) & (rows < grid.n_rows)], cols % grid.n_cols


def site_mean(reflectance: Reflectance) -> SiteMean | None:
    """The mean spectrum of some pixels (band, row, col); None if none of them is valid.

    A pixel is valid if every band of it is above 0 and not missing (NaN): a mean of different pixels in
    different bands would be the spectrum of no place.
    """
    # Widened before the mean, not after it: the rounding of a sum would become part of the station.
    spectra = np.asarray(reflectance, dtype=np.float64).reshape(len(reflectance), -1)
    spectra = spectra[:, (spectra > 0).all(axis=0)]
    if not spectra.size:
        return None
    return SiteMean(spectra.mean(axis=1), spectra.std(axis=1), spectra.shape[1])
