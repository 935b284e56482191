"""Where the maria of the synthetic Moon lie and what they are made of: the shipped outlines on a grid."""

from functools import lru_cache

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates

from lunarcloud.archive import shipped_maria
from lunarcloud.moon import FloatArray, grid
from lunarcloud.synthetic.composition import MARIA, TYPICAL_MARE

_GRID = grid(4)
# Pixels of that grid, standard deviations of blurs: of shores, and of the rocks of neighbouring maria.
_SHORE, _ROCKS = 1.0, 6.0
# Columns repeated on either side of the seam, so that there is something to interpolate with.
_SEAM = 1


def mare_at(*, lat: FloatArray, lon: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How much of each place is mare, and what the mare there, or the nearest one, is made of.

    Parameters
    ----------
    lat, lon : ndarray, one shape
        Degrees, longitude -180..180.

    Returns
    -------
    mare : ndarray of that shape
        0 far from all outlines, a half on them, 1 deep inside.
    rock : ndarray, shape (3, ...)
        FeO and TiO2, wt%, and OMAT.
    """
    mare, *rock = _planes()
    # The first pixel's centre is half a pixel from the edge that rows and columns are counted from.
    where = [_GRID.row_of(lat) - 0.5, _GRID.col_of(lon) - 0.5 + _SEAM]
    found = [map_coordinates(plane, where, order=1, mode="nearest") for plane in (mare, *rock)]
    return found[0], np.array(found[1:])


@lru_cache(maxsize=1)
def _planes() -> tuple[FloatArray, ...]:
    """Part of mare, FeO, TiO2 and OMAT on the grid."""
    # Slow to import, and only whoever asks for this Moon's truth needs it.
    from affine import Affine
    from rasterio.features import rasterize

    outlines = shipped_maria()
    to_degrees = Affine(1.0 / _GRID.ppd, 0.0, -180.0, 0.0, -1.0 / _GRID.ppd, 90.0)
    numbered = [(outline.shape, number) for number, outline in enumerate(outlines, start=1)]
    number = rasterize(numbered, out_shape=_GRID.shape, transform=to_degrees, dtype="uint8")
    # The rock of the nearest mare, everywhere. In pixels, so wrongly near the poles, where no mare is.
    row, col = distance_transform_edt(number == 0, return_distances=False, return_indices=True)
    rocks = np.array([MARIA.get(outline.name, TYPICAL_MARE) for outline in outlines])[number[row, col] - 1]
    planes = [_blurred((number > 0).astype(np.float64), _SHORE)]
    planes += [_blurred(rocks[..., column], _ROCKS) for column in range(rocks.shape[-1])]
    return tuple(np.pad(plane, ((0, 0), (_SEAM, _SEAM)), mode="wrap") for plane in planes)


def _blurred(plane: FloatArray, width: float) -> FloatArray:
    return np.asarray(gaussian_filter(plane, width, mode=("nearest", "wrap")))
