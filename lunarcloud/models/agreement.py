"""Whether the reflectances of a station table and of a mosaic are one scale, where stations have both."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lunarcloud.models.card import BandAgreement
from lunarcloud.models.inputs import FloatArray

#: Root mean square of the relative differences of a band from which a reader is warned. Clementine's absolute
#: calibration is trusted to about as much, and FeO moves by about 1 wt% for it.
WARNED_ABOVE = 0.05
#: From here on spectra of both are not fitted to together: the origin would be drawn between two scales.
NOT_MIXED_ABOVE = 0.15
#: Fewer stations say nothing of a band.
LEAST_STATIONS = 5


class Compared(NamedTuple):
    """Stations with a reflectance in the table and valid pixels of the mosaic."""

    sites: tuple[str, ...]  #: the order of the station axis of both arrays
    wavelengths_nm: tuple[float, ...]  #: that of the band axis
    table: FloatArray  #: (band, station), fraction
    mosaic: FloatArray  #: (band, station), fraction

    @property
    def bands(self) -> tuple[BandAgreement, ...]:
        """How both agree in each band; empty if the stations are too few to tell."""
        if len(self.sites) < LEAST_STATIONS:
            return ()
        rows = zip(self.wavelengths_nm, self.table, self.mosaic, strict=True)
        return tuple(_of_band(wavelength, one, other) for wavelength, one, other in rows)


def worst(bands: Sequence[BandAgreement]) -> BandAgreement | None:
    """The band in which table and mosaic differ most."""
    return max(bands, key=lambda band: band.difference, default=None)


def _of_band(wavelength_nm: float, table: FloatArray, mosaic: FloatArray) -> BandAgreement:
    # The shortest solution, so that stations of one brightness have a line too.
    (gain, offset), *_ = np.linalg.lstsq(np.column_stack([table, np.ones_like(table)]), mosaic, rcond=None)
    return BandAgreement(
        wavelength_nm=wavelength_nm,
        stations=table.size,
        gain=float(gain),
        offset=float(offset),
        scatter=float(np.std(mosaic - gain * table - offset)),
        difference=float(np.sqrt(np.mean((mosaic / table - 1.0) ** 2))),
    )
