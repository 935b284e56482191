"""The multispectral cameras whose mosaics can be mapped: bands, names, and when they looked at the Moon."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from lunarcloud.errors import NotFoundError

#: A band stands for a wavelength when its centre is at most this far away, nm. Under half the 50 nm between
#: neighbours of the cameras with filters, so none of them can stand for its neighbour; of a spectrometer with
#: finer bands, the nearest does.
BAND_TOLERANCE_NM = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A camera.

    Attributes
    ----------
    name : str
        What records call it.
    mission, sensor : str
        Spacecraft and camera, as titles and catalogs have them.
    wavelengths_nm : tuple of float
        Centres of the bands, nm, in the order of a mosaic's leading axis; empty for a spectrometer, of whose
        many bands a table names those of a mosaic.
    bands : tuple of str
        Their names, without blanks.
    observed : (datetime, datetime) or None
        First and last observation of its mosaic; None where nobody knows.
    """

    name: str
    mission: str
    sensor: str
    wavelengths_nm: tuple[float, ...]
    bands: tuple[str, ...]
    observed: tuple[datetime, datetime] | None

    @property
    def title(self) -> str:
        """Spacecraft and camera."""
        return f"{self.mission} {self.sensor}"

    def with_bands(self, bands: tuple[str, ...], wavelengths_nm: tuple[float, ...]) -> "Instrument":
        """The camera with the bands of a mosaic; as it is where none are given.

        Parameters
        ----------
        bands : tuple of str
            Their names.
        wavelengths_nm : tuple of float
            Their centres, nm.
        """
        return replace(self, bands=bands, wavelengths_nm=wavelengths_nm) if bands else self


CLEMENTINE = Instrument(
    name="clementine-uvvis",
    mission="Clementine",
    sensor="UVVIS",
    wavelengths_nm=(415.0, 750.0, 900.0, 950.0, 1000.0),
    bands=("A", "B", "C", "D", "E"),
    # Systematic mapping, as the archive's volume description dates it.
    observed=(datetime(1994, 2, 26, tzinfo=UTC), datetime(1994, 4, 21, tzinfo=UTC)),
)

#: Every instrument by its name. One entry adds one.
INSTRUMENTS: Mapping[str, Instrument] = {
    each.name: each
    for each in (
        CLEMENTINE,
        Instrument(
            name="kaguya-mi",
            mission="Kaguya",
            sensor="MI",
            # At 1001 nm, since its maps have the infrared camera's band at 1000 nm, too.
            wavelengths_nm=(415.0, 750.0, 900.0, 950.0, 1001.0, 1050.0, 1250.0, 1550.0),
            bands=("V415", "V750", "V900", "V950", "V1000", "N1050", "N1250", "N1550"),
            # From first light to the end of the mission.
            observed=(datetime(2007, 11, 3, tzinfo=UTC), datetime(2009, 6, 10, tzinfo=UTC)),
        ),
        Instrument(
            name="m3",
            mission="Chandrayaan-1",
            sensor="M3",
            wavelengths_nm=(),
            bands=(),
            # Its two optical periods.
            observed=(datetime(2008, 11, 18, tzinfo=UTC), datetime(2009, 8, 16, tzinfo=UTC)),
        ),
        Instrument(
            name="iim",
            mission="Chang'E-1",
            sensor="IIM",
            wavelengths_nm=(),
            bands=(),
            # From its first picture to the end of the mission.
            observed=(datetime(2007, 11, 26, tzinfo=UTC), datetime(2009, 3, 1, tzinfo=UTC)),
        ),
        Instrument(
            name="other", mission="Unnamed", sensor="camera", wavelengths_nm=(), bands=(), observed=None
        ),
    )
}


def instrument(name: str) -> Instrument:
    """The instrument of a name.

    Raises
    ------
    NotFoundError
        For a name that is not in `INSTRUMENTS`.
    """
    if name not in INSTRUMENTS:
        raise NotFoundError(
            f"unknown instrument {name!r}: there are {', '.join(INSTRUMENTS)}, which stands for any"
        )
    return INSTRUMENTS[name]


def band(wavelengths_nm: Sequence[float], wanted_nm: float) -> int | None:
    """The index of the band nearest to a wavelength, None if it is not within `BAND_TOLERANCE_NM`.

    Parameters
    ----------
    wavelengths_nm : sequence of float
        Centres of the bands, nm.
    wanted_nm : float
        The wavelength, nm.
    """
    distances = [abs(wavelength - wanted_nm) for wavelength in wavelengths_nm]
    nearest = min(range(len(distances)), key=distances.__getitem__, default=None)
    return nearest if nearest is not None and distances[nearest] <= BAND_TOLERANCE_NM else None


def same_bands(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two lists of wavelengths, nm, are of the same bands in the same order."""
    pairs = zip(one, other, strict=False)
    return len(one) == len(other) and all(abs(a - b) <= BAND_TOLERANCE_NM for a, b in pairs)


def listed(wavelengths_nm: Sequence[float]) -> str:
    """Wavelengths for a message: ``415, 750 nm``."""
    return f"{', '.join(f'{each:g}' for each in wavelengths_nm)} nm"
