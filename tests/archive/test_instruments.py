"""Instruments: which band stands for a wavelength, and which lists of bands are the same."""

import pytest

from lunarcloud.archive.instruments import CLEMENTINE, INSTRUMENTS, Instrument, band, instrument, same_bands
from lunarcloud.errors import NotFoundError


@pytest.mark.parametrize("camera", INSTRUMENTS.values(), ids=INSTRUMENTS)
def test_every_instrument_has_a_name_for_each_band_and_dates_in_order(camera: Instrument) -> None:
    assert len(camera.bands) == len(set(camera.bands)) == len(camera.wavelengths_nm)
    assert list(camera.wavelengths_nm) == sorted(camera.wavelengths_nm)
    assert camera.observed is None or camera.observed[0] < camera.observed[1]


@pytest.mark.parametrize(
    "camera", [each for each in INSTRUMENTS.values() if each.bands], ids=lambda camera: camera.name
)
def test_no_band_stands_for_its_neighbour(camera: Instrument) -> None:
    assert [band(camera.wavelengths_nm, each) for each in camera.wavelengths_nm] == list(
        range(len(camera.bands))
    )
    assert not same_bands(camera.wavelengths_nm[1:], camera.wavelengths_nm[:-1])


@pytest.mark.parametrize(("wanted", "index"), [(735, 1), (765, 1), (734.9, None), (765.1, None)])
def test_a_band_stands_for_a_wavelength_within_15_nm(wanted: float, index: int | None) -> None:
    assert band(CLEMENTINE.wavelengths_nm, wanted) == index


def test_no_bands_stand_for_nothing() -> None:
    assert band((), 750.0) is None


def test_an_unknown_instrument_is_refused_with_those_there_are() -> None:
    with pytest.raises(NotFoundError, match="'tmc': there are clementine-uvvis, kaguya-mi, m3, iim, other"):
        instrument("tmc")


def test_a_camera_takes_the_bands_of_a_mosaic_and_keeps_its_own_without() -> None:
    spectrometer = instrument("m3").with_bands(("a", "b"), (750.0, 950.0))
    assert (spectrometer.title, spectrometer.bands) == ("Chandrayaan-1 M3", ("a", "b"))
    assert CLEMENTINE.with_bands((), ()) is CLEMENTINE
