"""Where the pixels of a group lie, for readers that know no CF: the Zarr conventions that GeoZarr builds on.

``spatial:`` says where in a plane each pixel is, ``proj:`` which plane that is, ``multiscales`` which groups
are levels of one map.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from lunarcloud.moon import GEOGRAPHIC, PolarGrid, Raster, lunar_crs
from lunarcloud.storage.layout import dims

#: The attribute that names the conventions a group follows.
CONVENTIONS = "zarr_conventions"
_BOUNDS = (-180.0, -90.0, 180.0, 90.0)


def bounds(raster: Raster) -> tuple[float, float, float, float]:
    """West, south, east and north edge of all pixels: degrees, or around a pole metres."""
    if not isinstance(raster, PolarGrid):
        return _BOUNDS
    across, down = raster.n_cols / 2 * raster.pixel_m, raster.n_rows / 2 * raster.pixel_m
    return -across, -down, across, down


def transform(raster: Raster) -> list[float]:
    """From column and row, 0 at the first pixel's outer corner, to x and y: six numbers as of affine."""
    west, south, east, north = bounds(raster)
    return [(east - west) / raster.n_cols, 0.0, west, 0.0, (south - north) / raster.n_rows, north]


def georeferenced(raster: Raster) -> dict[str, Any]:
    """Attributes of a group of maps that say where its pixels lie."""
    return {
        CONVENTIONS: [_convention("spatial"), _convention("proj")],
        **_plane(raster),
        **_pixels(raster),
    }


def of_the_store(attribute: str) -> bool:
    """Whether an attribute is one of these: not true of a part of the pixels, and no netCDF can hold them."""
    return attribute == CONVENTIONS or attribute.startswith(("spatial:", "proj:"))


def multiscales(levels: Mapping[str, Raster]) -> dict[str, Any]:
    """Attributes of a group of levels.

    Parameters
    ----------
    levels : mapping of str to Raster
        By the name of its group, the finest first; each has pixels a whole number of times as long as the one
        before.
    """
    first, *_ = levels
    same = {"scale": [1.0, 1.0], "translation": [0.0, 0.0]}
    layout = [{"asset": first, "transform": same, **_pixels(levels[first])}]
    layout += [
        {
            "asset": coarse,
            "derived_from": fine,
            "transform": _from_finer(levels[fine], levels[coarse]),
            "resampling_method": "average",
            **_pixels(levels[coarse]),
        }
        for fine, coarse in pairwise(levels)
    ]
    return {
        CONVENTIONS: [_convention(name) for name in _KNOWN],
        "multiscales": {"layout": layout},
        **_plane(levels[first]),
    }


_KNOWN = {
    "multiscales": ("d35379db-88df-4056-af3a-620245f8e347", "Multiscale layout of zarr datasets"),
    "spatial": ("689b58e2-cf7b-45e0-9fff-9cfc0883d6b4", "Spatial coordinate information"),
    "proj": (
        "f17cb550-5864-4468-aeb7-f3180cfb622f",
        "Coordinate reference system information for geospatial data",
    ),
}


def _convention(name: str) -> dict[str, str]:
    uuid, description = _KNOWN[name]
    return {
        "name": name,
        "uuid": uuid,
        "schema_url": f"https://raw.githubusercontent.com/zarr-conventions/{name}/refs/tags/v0.1/schema.json",
        "spec_url": f"https://github.com/zarr-conventions/{name}/blob/v0.1/README.md",
        "description": description,
    }


def _plane(raster: Raster) -> dict[str, Any]:
    """What all levels of a map have in common."""
    code = raster.crs_code if isinstance(raster, PolarGrid) else GEOGRAPHIC
    return {
        "spatial:dimensions": list(dims(raster)),
        "spatial:bbox": list(bounds(raster)),
        "proj:code": code,
        "proj:wkt2": lunar_crs(code).to_wkt("WKT2_2019"),
    }


def _pixels(raster: Raster) -> dict[str, Any]:
    return {"spatial:shape": list(raster.shape), "spatial:transform": transform(raster)}


def _from_finer(fine: Raster, coarse: Raster) -> dict[str, list[float]]:
    """Pixel size and first corner of a level, down and across, in pixels of the one it is derived from."""
    factor = round(transform(coarse)[0] / transform(fine)[0])
    # Around a pole a level may reach farther than the finer one: its corner need not be one of pixels.
    corner = [(fine.n_rows - factor * coarse.n_rows) / 2, (fine.n_cols - factor * coarse.n_cols) / 2]
    return {"scale": [float(factor)] * 2, "translation": corner}
