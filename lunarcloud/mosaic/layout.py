"""How a mosaic is stored: one int16 array (band, lat, lon) of the archive's own numbers."""

from lunarcloud.archive.tiles import MISSING, WAVELENGTHS_NM
from lunarcloud.moon import Grid
from lunarcloud.storage import Bands, Layout, Variable

REFLECTANCE = "reflectance"
BANDS = Bands(names=("A", "B", "C", "D", "E"), wavelengths_nm=WAVELENGTHS_NM)


def mosaic_layout(grid: Grid, *, scaling_factor: float, offset: float) -> Layout:
    """The layout of a mosaic.

    Parameters
    ----------
    grid : Grid
        Where the pixels are.
    scaling_factor, offset : float
        Reflectance (fraction, 0..1) = scaling_factor x DN + offset, as the tiles' labels say; the archive has
        1.35e-4 and 0.

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
        bands=BANDS,
        attrs={
            "long_name": "normalised reflectance, Clementine UVVIS",
            "units": "1",
            "scale_factor": scaling_factor,
            "add_offset": offset,
        },
    )
    return Layout(raster=grid, variables=(reflectance,))
