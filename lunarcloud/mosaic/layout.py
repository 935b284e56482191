"""How a mosaic is stored: one int16 array (band, lat, lon) of the archive's own numbers."""

from lunarcloud.archive import CLEMENTINE, MISSING, Instrument
from lunarcloud.moon import Grid
from lunarcloud.storage import Bands, Layout, Variable

REFLECTANCE = "reflectance"


def mosaic_layout(
    grid: Grid, *, scaling_factor: float, offset: float, instrument: Instrument = CLEMENTINE
) -> Layout:
    """The layout of a mosaic.

    Parameters
    ----------
    grid : Grid
        Where the pixels are.
    scaling_factor, offset : float
        Reflectance (fraction, 0..1) = scaling_factor x DN + offset, as the tiles' labels say; the archive has
        1.35e-4 and 0.
    instrument : Instrument
        Whose bands.

    Returns
    -------
    Layout
        One variable, ``reflectance`` (band, lat, lon).
    """
    # Stored as the archive has it: two bytes a value instead of four, and no rounding between it and us.
    reflectance = Variable(
        name=REFLECTANCE,
        dtype="int16",
        fill=MISSING,
        bands=Bands(names=instrument.bands, wavelengths_nm=instrument.wavelengths_nm),
        attrs={
            "long_name": f"normalised reflectance, {instrument.title}",
            "units": "1",
            "scale_factor": scaling_factor,
            "add_offset": offset,
        },
    )
    return Layout(raster=grid, variables=(reflectance,))
