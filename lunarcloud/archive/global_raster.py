"""Rasters of the whole Moon that GDAL opens: that they are, and where their first column lies."""

import math
from typing import TYPE_CHECKING

import numpy as np
from pyproj import CRS

from lunarcloud.errors import ArchiveError
from lunarcloud.moon import require_moon

if TYPE_CHECKING:
    import rasterio

# As PROJ names the parameters of equidistant cylindrical.
_PARALLEL, _MERIDIAN = "Latitude of 1st standard parallel", "Longitude of natural origin"


def first_longitude(dataset: "rasterio.DatasetReader", place: str, slack: float = 0.5) -> float:
    """East longitude of the middle of a whole Moon's first column, degrees.

    Parameters
    ----------
    dataset : rasterio dataset
        In degrees, or in metres in simple cylindrical projection.
    place : str
        Where it is, for errors.
    slack : float
        Pixels that its northern edge may be off the pole.

    Raises
    ------
    ArchiveError
        If it is not the whole Moon in square pixels, north on top, or in another projection.
    GeometryError
        If it is of another body.
    """
    if dataset.crs is None:
        raise ArchiveError(f"{place}: no coordinate reference system; a lunar one is needed")
    crs = require_moon(CRS.from_user_input(dataset.crs), source=place)
    degree, central = (1.0, 0.0) if crs.is_geographic else _simple_cylindrical(crs, place)
    transform = dataset.transform
    if transform.e > 0:
        raise ArchiveError(f"{place}: upside down: its first line is the southernmost; turn it with gdalwarp")
    top, left = transform.f / degree, transform.c / degree
    size = (dataset.height * -transform.e / degree, dataset.width * transform.a / degree)
    pixel = transform.a / degree
    if (
        not np.allclose([top, *size], [90.0, 180.0, 360.0], atol=pixel * slack)
        or dataset.width != 2 * dataset.height
    ):
        raise ArchiveError(
            f"{place}: covers {size[0]:.3f} x {size[1]:.3f} degrees from latitude {top:.3f} in "
            f"{dataset.height} x {dataset.width} pixels; needed is the whole Moon from the north pole, with "
            "square pixels"
        )
    # The corner's longitude, from the central meridian, and half a pixel on to the first pixel's middle.
    return float(left + pixel / 2 + central)


def _simple_cylindrical(crs: CRS, place: str) -> tuple[float, float]:
    """Metres of a degree along the equator, and the central meridian in degrees."""
    operation, ellipsoid = crs.coordinate_operation, crs.ellipsoid
    method = operation.method_name if operation else ""
    found = {each.name: each.value for each in operation.params} if operation else {}
    if ellipsoid is None or "quidistant Cylindrical" not in method or found.get(_PARALLEL, 0.0) != 0.0:
        raise ArchiveError(
            f"{place}: projection {crs.name!r} ({method}); only degrees, or equidistant cylindrical with its "
            "standard parallel on the equator, are read: reproject it with gdalwarp"
        )
    return math.radians(ellipsoid.semi_major_metre), float(found.get(_MERIDIAN, 0.0))
